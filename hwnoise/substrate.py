"""What kind of chip: a composition of effects with measured numbers and citations. Pure data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hwnoise import toml, validation
from hwnoise.backends.base import Capabilities, Noise
from hwnoise.devices.clock import Clock
from hwnoise.devices.conductance import Conductance
from hwnoise.devices.converters import Adc, Dac
from hwnoise.devices.drift import Drift
from hwnoise.devices.effect import Effect
from hwnoise.devices.node_noise import NodeNoise
from hwnoise.devices.one_over_f import OneOverF
from hwnoise.devices.programming_noise import ProgrammingNoise
from hwnoise.devices.read_noise import ReadNoise
from hwnoise.devices.telegraph import Telegraph
from hwnoise.devices.write import Write
from hwnoise.errors import InputError

_NODE_HANDLES = frozenset({"known", "replayable", "paired", "mean_subtracted"})
_NODE_EFFECTS = frozenset({"node_noise", "telegraph"})


class Source(BaseModel):
    """A citation: what ``hwnoise cite`` prints."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str
    authors: str
    title: str
    venue: str
    year: int = Field(ge=1900, le=2100)
    doi: str = ""
    arxiv: str = ""

    def __str__(self) -> str:
        where = f"doi:{self.doi}" if self.doi else f"arXiv:{self.arxiv}" if self.arxiv else ""
        return f"{self.authors}: {self.title}. {self.venue}, {self.year}. {where}".strip()


class Substrate(BaseModel):
    """A kind of chip: every effect it has, or None where it has not.

    Attributes
    ----------
    name, kind, summary : str
        What it is called, what it is, and one sentence on it.
    quiet : str
        Whether its noise can be switched off: ``"none"``, ``"chip"`` or ``"layer"``.
    sources : tuple of Source
        Citations; effects refer to them by key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    kind: str
    summary: str = ""
    quiet: Literal["none", "chip", "layer"] = "none"
    sources: tuple[Source, ...] = ()
    clock: Clock = Clock()
    conductance: Conductance | None = None
    programming_noise: ProgrammingNoise | None = None
    drift: Drift | None = None
    one_over_f: OneOverF | None = None
    read_noise: ReadNoise | None = None
    node_noise: NodeNoise | None = None
    telegraph: Telegraph | None = None
    dac: Dac | None = None
    adc: Adc | None = None
    write: Write = Write()

    @model_validator(mode="after")
    def _fits_together(self) -> Substrate:
        for name in ("programming_noise", "drift", "one_over_f"):
            if getattr(self, name) is not None and self.conductance is None:
                raise ValueError(f"{name} acts on conductances, and there is no [conductance] table")
        if self.one_over_f is not None:
            self.one_over_f.check(self.clock.read_period)
        keys = {source.key for source in self.sources}
        for name, effect in self.effects().items():
            if effect.source and effect.source not in keys:
                raise ValueError(f"{name}.source '{effect.source}' is the key of no [[sources]] entry")
        return self

    def effects(self) -> dict[str, Effect]:
        """The effects this substrate has, by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: effect for name, effect in found.items() if isinstance(effect, Effect)}

    def noises(self) -> tuple[Noise, ...]:
        """Every noise as a learner may see it: on the weight itself, and as its sum at the node."""
        found = []
        for name, effect in self.effects().items():
            handles = frozenset(effect.handles)
            at_node = handles if name in _NODE_EFFECTS else handles & _NODE_HANDLES
            if at_node:
                found.append(Noise(name, "node", at_node, effect.time_scale))
            if handles - at_node:
                found.append(Noise(name, "weight", handles - at_node, effect.time_scale))
        return tuple(found)

    def capabilities(self) -> Capabilities:
        """What an emulated chip of this kind shows."""
        return Capabilities(noises=self.noises(), quiet=self.quiet, read_period=self.clock.read_period)

    def observability(self) -> tuple[str, ...]:
        """One sentence for each noise: where it enters, how long it lasts, how it can be seen."""
        lasts = {"read": "fresh at every read", "memory": "with memory across reads", "write": "until the next write"}
        return tuple(
            f"{n.name} ({n.level}, {lasts[n.time_scale]}): {', '.join(sorted(n.handles))}" for n in self.noises()
        )

    def to_toml(self) -> str:
        """The substrate as a file that ``load`` reads back equal."""
        return toml.dumps(self.model_dump(mode="json", exclude_none=True))

    def digest(self) -> str:
        """Hash of all numbers: equal for equal substrates."""
        return hashlib.blake2b(self.to_toml().encode(), digest_size=16).hexdigest()


def names() -> tuple[str, ...]:
    """Names of the presets."""
    folder = resources.files("hwnoise.devices") / "presets"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def load(name: str | Path, overrides: Mapping[str, Any] | None = None) -> Substrate:
    """Load a preset or a TOML file, with ``"effect.parameter"`` overrides.

    Parameters
    ----------
    name : str or Path
        A preset's name (``names()``), or a path to a TOML file of the same form.
    overrides : mapping, optional
        Dotted keys to values; text is read as a TOML literal. A table's name with the value
        ``"off"`` removes that effect.

    Raises
    ------
    InputError
        One sentence naming file, key and allowed range.
    """
    text = str(name)
    if text in names():
        file = resources.files("hwnoise.devices") / "presets" / f"{text}.toml"
        with resources.as_file(file) as path:
            table = toml.read(path)
    elif text.endswith(".toml") or Path(text).exists():
        table = toml.read(text)
    else:
        raise InputError(f"device '{text}' is neither a preset nor a TOML file{validation.suggest(text, names())}")
    for key, entry in (overrides or {}).items():
        _set(table, key, toml.value(entry) if isinstance(entry, str) else entry)
    return parse(table, text)


def parse(table: Mapping[str, Any], where: str = "substrate") -> Substrate:
    """Validate a nested mapping of the TOML form; ``where`` names it in errors."""
    try:
        return Substrate.model_validate(table)
    except ValidationError as error:
        raise validation.sentence(error, where, _known(error)) from None


def _set(table: dict[str, Any], key: str, entry: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise InputError(f"--set {key}: '{part}' is not a table")
    if entry == "off" and last in Substrate.model_fields:
        table.pop(last, None)
    else:
        table[last] = entry


def _known(error: ValidationError) -> tuple[str, ...]:
    model: Any = Substrate
    for part in error.errors()[0]["loc"][:-1]:
        model = _EFFECTS.get(str(part), model)
    return tuple(model.model_fields)


_EFFECTS: dict[str, type[BaseModel]] = {
    "clock": Clock,
    "conductance": Conductance,
    "programming_noise": ProgrammingNoise,
    "drift": Drift,
    "one_over_f": OneOverF,
    "read_noise": ReadNoise,
    "node_noise": NodeNoise,
    "telegraph": Telegraph,
    "dac": Dac,
    "adc": Adc,
    "write": Write,
    "sources": Source,
}


def describe() -> list[dict[str, Any]]:
    """Name, kind, summary, source and observability of every preset."""
    return [
        {
            "name": s.name,
            "kind": s.kind,
            "summary": s.summary,
            "source": "; ".join(str(source) for source in s.sources),
            "observability": "; ".join(s.observability()) or "none: it has no noise",
        }
        for s in map(load, names())
    ]
