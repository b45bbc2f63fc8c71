"""What a run has seen so far: one record for each finished epoch, running sums for the one under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Epoch:
    """One pass through the training data; a line of ``metrics.jsonl``.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    loss, accuracy : float
        Means over all noisy passes that training made anyway; they cost no extra read.
    validation_accuracy : float
        One pass over the validation samples, with the chip's noise, after the epoch.
    passes : int
        Samples read in this epoch, each pass counted, validation included.
    passes_per_second : float
        Training passes over the time they took, updates and writes included.
    writes : int
        Device programmings in this epoch.
    seconds : float
        Wall time of the epoch.
    """

    epoch: int
    loss: float
    accuracy: float
    validation_accuracy: float
    passes: int
    passes_per_second: float
    writes: int
    seconds: float


@dataclass
class Sums:
    """Totals over the steps made in the epoch under way."""

    loss: float = 0.0
    correct: int = 0
    passes: int = 0
    writes: int = 0
    seconds: float = 0.0


@dataclass
class History:
    """Where a run stands and how it got there.

    Attributes
    ----------
    epochs : list of Epoch
        Finished epochs, in order.
    step : int
        Updates made in the epoch under way; 0 between epochs.
    sums : Sums
        Totals of the epoch under way.
    first_loss : float or None
        Mean loss of the very first batch, before anything was learned.
    weights : dict of str to array
        Parameters as read back when the epoch began; only weight decay asks for them.
    """

    epochs: list[Epoch] = field(default_factory=list)
    step: int = 0
    sums: Sums = field(default_factory=Sums)
    first_loss: float | None = None
    weights: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Wall time spent in training, over all sittings."""
        return sum(epoch.seconds for epoch in self.epochs) + self.sums.seconds

    @property
    def passes(self) -> int:
        """Samples read, each pass counted."""
        return sum(epoch.passes for epoch in self.epochs) + self.sums.passes

    @property
    def writes(self) -> int:
        """Device programmings."""
        return sum(epoch.writes for epoch in self.epochs) + self.sums.writes

    def close(self, validation_accuracy: float, passes: int, seconds: float) -> Epoch:
        """Turn the running sums into the record of a finished epoch and start the next one.

        Parameters
        ----------
        validation_accuracy : float
            Share of validation samples read correctly.
        passes : int
            Samples read for it.
        seconds : float
            Time it took.
        """
        sums = self.sums
        record = Epoch(
            epoch=len(self.epochs) + 1,
            loss=sums.loss / sums.passes,
            accuracy=sums.correct / sums.passes,
            validation_accuracy=validation_accuracy,
            passes=sums.passes + passes,
            passes_per_second=sums.passes / max(sums.seconds, 1e-9),
            writes=sums.writes,
            seconds=sums.seconds + seconds,
        )
        self.epochs.append(record)
        self.step, self.sums = 0, Sums()
        return record

    def to_dict(self) -> dict[str, Any]:
        """The numbers without the arrays, for a checkpoint; floats survive JSON unchanged."""
        return {
            "epochs": [asdict(epoch) for epoch in self.epochs],
            "step": self.step,
            "sums": asdict(self.sums),
            "first_loss": self.first_loss,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], weights: dict[str, NDArray[Any]]) -> History:
        """The inverse of ``to_dict``, with the arrays put back."""
        epochs = [Epoch(**record) for record in stored["epochs"]]
        return cls(epochs, stored["step"], Sums(**stored["sums"]), stored["first_loss"], weights)
