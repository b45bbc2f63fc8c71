"""What the files of a run folder hold, as far as a report shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from hwnoise.report.activity import Activity

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Magnitude = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A JSON object: unknown keys are left alone, so that newer runs stay readable."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Epoch(Part):
    """One line of ``metrics.jsonl``; what is not finite or not measured is None."""

    epoch: Count
    loss: float | None = None
    train_accuracy: Share | None = Field(None, validation_alias=AliasChoices("train_accuracy", "accuracy"))
    validation_accuracy: Share | None = None
    reads: Count | None = Field(None, validation_alias=AliasChoices("reads", "passes"))
    writes: Count | None = None
    seconds: Magnitude | None = None


class Accuracy(Part):
    """A share of right answers in 0..1 and its 95 % interval; ``chips`` holds one value per chip."""

    value: Share
    low: float | None = None
    high: float | None = None
    chips: tuple[Share, ...] = ()


class Layer(Part):
    """Root-mean-square signal and noise at the nodes of one layer, in node units.

    ``fresh_fraction`` is the share of the noise *variance* that two passes do not share.
    """

    name: str
    n_in: Count | None = None
    n_out: Count | None = None
    signal: Magnitude | None = None
    noise: Magnitude | None = None
    fresh_fraction: Share | None = None


class Alignment(Part):
    """How the estimate compares with the gradient, on all weights or a sample of them.

    ``layers`` holds cosines, ``ranks`` the effective rank of each layer's averaged estimate.
    """

    cosine: float | None = None
    bias: Magnitude | None = None
    variance: Magnitude | None = None
    snr: float | None = None
    layers: dict[str, float | None] = {}
    ranks: dict[str, float | None] = {}
    weights: Count | None = None
    directions: Count | None = None
    gradient: str | None = None


class Histogram(Part):
    """Devices counted by how often they were written; bin ``i`` has ``edges[i] <= writes < edges[i + 1]``."""

    edges: tuple[float, ...]
    counts: tuple[Count, ...]

    @model_validator(mode="after")
    def _fits(self) -> Histogram:
        if len(self.edges) != len(self.counts) + 1:
            raise ValueError(f"has {len(self.counts)} counts and {len(self.edges)} edges, one more is right")
        if sorted(self.edges) != list(self.edges):
            raise ValueError("has edges that do not rise")
        return self


class Forecast(Part):
    """What the closed forms said before the run."""

    verdict: str | None = None
    sentence: str | None = None


class Summary(Part):
    """``summary.json``: what a finished run knows. A chip that shows less leaves keys out."""

    task: str | None = None
    device: str | None = None
    learner: str | None = None
    backend: str | None = None
    network: str | None = None
    seed: int | None = None
    epochs: Count | None = None
    accuracy_before: Accuracy | None = None
    accuracy_after: Accuracy | None = None
    accuracy_fresh_chips: Accuracy | None = None
    confusion: tuple[tuple[Count, ...], ...] | None = None
    classes: tuple[str | int | float, ...] | None = None
    layers: tuple[Layer, ...] | None = None
    alignment: Alignment | None = None
    writes_per_device: dict[str, Histogram] | None = None
    events: dict[str, Count] | None = None
    energy: str | None = None
    writing: str | None = None
    forecast: Forecast | None = None
    observability: tuple[str, ...] | None = None
    seconds: Magnitude | None = None
    passes: Count | None = None
    work: Count | None = None
    writes: Count | None = None
    version: str | None = None
    command: str | None = None

    @model_validator(mode="after")
    def _square(self) -> Summary:
        rows = self.confusion or ()
        if any(len(row) != len(rows) for row in rows):
            raise ValueError("confusion must have as many columns as rows")
        if rows and self.classes and len(self.classes) != len(rows):
            raise ValueError(f"{len(rows)} rows of confusion need {len(rows)} classes")
        return self


@dataclass(frozen=True)
class Record:
    """Everything the page shows; ``summary`` is None while the run goes on, ``activity`` without time."""

    name: str
    epochs: tuple[Epoch, ...]
    summary: Summary | None
    manifest: dict[str, Any] | None
    activity: Activity | None = None
