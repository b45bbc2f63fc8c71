"""A composition of effects: everything a kind of chip has, as one frozen record."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hwnoise import toml
from hwnoise.backends.base import Capabilities, Noise
from hwnoise.devices.adc_nonlinearity import AdcNonlinearity
from hwnoise.devices.clock import Clock
from hwnoise.devices.compatibility import refusals
from hwnoise.devices.conductance import Conductance
from hwnoise.devices.conduction import AnyConduction
from hwnoise.devices.converters import Adc, Dac
from hwnoise.devices.device_noise import DeviceNoise
from hwnoise.devices.device_telegraph import DeviceTelegraph
from hwnoise.devices.drift import Drift
from hwnoise.devices.effect import Effect
from hwnoise.devices.faults import Faults
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.devices.ir_drop import IrDrop
from hwnoise.devices.levels import Levels
from hwnoise.devices.loihi_noise import LoihiNoise
from hwnoise.devices.mismatch import ConverterMismatch, Mismatch, NeuronMismatch
from hwnoise.devices.node_noise import NodeNoise
from hwnoise.devices.one_over_f import OneOverF
from hwnoise.devices.output_noise import OutputNoise
from hwnoise.devices.photonic_mesh import PhotonicMesh
from hwnoise.devices.programming_noise import ProgrammingNoise
from hwnoise.devices.pulsed_update import PulsedUpdate
from hwnoise.devices.read_noise import ReadNoise
from hwnoise.devices.relaxation import Relaxation
from hwnoise.devices.retention import Retention
from hwnoise.devices.short_term_plasticity import ShortTermPlasticity
from hwnoise.devices.source import Source
from hwnoise.devices.stochastic_synapse import StochasticSynapse
from hwnoise.devices.telegraph import Telegraph
from hwnoise.devices.tile import Tile
from hwnoise.devices.write import Write
from hwnoise.devices.write_verify import WriteVerify

Ticks = NDArray[np.uint64]
_SEEN_AT_NODES = frozenset({"known", "replayable", "paired", "mean_subtracted"})
_SEEN_AT_EVENTS = frozenset({"local_event"})
_LASTING = {
    "read": "fresh at every read",
    "memory": "with memory across reads",
    "write": "until the next write",
}


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

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=100)
    kind: str
    summary: str = ""
    quiet: Literal["none", "chip", "layer"] = "none"
    sources: Annotated[tuple[Source, ...], Field(strict=False)] = ()
    clock: Clock = Field(default_factory=Clock)
    tile: Tile | None = None
    conductance: Conductance | None = None
    conduction: AnyConduction | None = None
    levels: Levels | None = None
    programming_noise: ProgrammingNoise | None = None
    write_verify: WriteVerify | None = None
    faults: Faults | None = None
    mismatch: Mismatch | None = None
    drift: Drift | None = None
    relaxation: Relaxation | None = None
    retention: Retention | None = None
    one_over_f: OneOverF | None = None
    device_noise: DeviceNoise | None = None
    device_telegraph: DeviceTelegraph | None = None
    ir_drop: IrDrop | None = None
    read_noise: ReadNoise | None = None
    stochastic_synapse: StochasticSynapse | None = None
    short_term_plasticity: ShortTermPlasticity | None = None
    pulsed_update: PulsedUpdate | None = None
    photonic_mesh: PhotonicMesh | None = None
    node_noise: NodeNoise | None = None
    telegraph: Telegraph | None = None
    dac: Dac | None = None
    adc: Adc | None = None
    output_noise: OutputNoise | None = None
    adc_nonlinearity: AdcNonlinearity | None = None
    converter_mismatch: ConverterMismatch | None = None
    neuron_mismatch: NeuronMismatch | None = None
    fixed_point: FixedPoint | None = None
    loihi_noise: LoihiNoise | None = None
    write: Write = Field(default_factory=Write)

    @model_validator(mode="after")
    def _fits_together(self) -> Substrate:
        for reason in refusals(self):
            raise ValueError(reason)
        return self

    @property
    def arrays(self) -> int:
        """Arrays that are programmed alike, and that passes take in turn."""
        return self.conductance.arrays if self.conductance else 1

    @property
    def clips_sums(self) -> bool:
        """Whether the digital sum of partial sums clips where a converter does (eq:sum-clip)."""
        return self.tile is not None and self.tile.sums == "clipped"

    @property
    def ageing(self) -> Drift | Relaxation | Retention | None:
        """How devices change after they were programmed, if they do."""
        return self.drift or self.relaxation or self.retention

    def effects(self) -> dict[str, Effect]:
        """The effects this substrate has, by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: effect for name, effect in found.items() if isinstance(effect, Effect)}

    def noises(self) -> tuple[Noise, ...]:
        """Every noise as a learner may see it: at each event, on the weight, and as its sum at the node."""
        found = []
        for name, effect in self.effects().items():
            handles, lasts = frozenset(effect.handles), self._time_scale(name, effect)
            at_node = handles if effect.enters == "node" else handles & _SEEN_AT_NODES
            if at_node:
                found.append(Noise(name, "node", at_node, lasts))
            at_event = handles & _SEEN_AT_EVENTS - at_node
            if at_event:
                found.append(Noise(name, "event", at_event, lasts))
            if handles - at_node - at_event:
                found.append(Noise(name, "weight", handles - at_node - at_event, lasts))
        return tuple(found)

    def _time_scale(self, name: str, effect: Effect) -> Literal["read", "memory", "write"]:
        """How long a noise lasts; what a write left changes from pass to pass where two arrays take turns."""
        if name == "programming_noise" and self.arrays > 1:
            return "memory"
        return effect.time_scale

    def capabilities(self) -> Capabilities:
        """What an emulated chip of this kind shows."""
        return Capabilities(noises=self.noises(), quiet=self.quiet, read_period=self.clock.read_period)

    def observability(self) -> tuple[str, ...]:
        """One sentence for each noise: where it enters, how long it lasts, how it can be seen."""
        return tuple(
            f"{n.name} ({n.level}, {_LASTING[n.time_scale]}): {', '.join(sorted(n.handles))}"
            for n in self.noises()
        )

    def correlation(self, first: Ticks, second: Ticks, now: int) -> dict[str, float]:
        """Correlation of each noise that remembers, between reads at ticks ``first`` and ``second``.

        The chip has lived for ``now`` ticks.
        """
        found, period = {}, self.clock.read_period
        if self.one_over_f is not None:
            found["one_over_f"] = self.one_over_f.correlation(first, second, now * period, period)
        if self.programming_noise is not None and self.arrays > 1:
            found["programming_noise"] = 0.0  # the two passes see two arrays (eq:dual-array)
        if self.device_telegraph is not None:
            found["device_telegraph"] = self.device_telegraph.correlation(first, second, period)
        if self.telegraph is not None:
            found["telegraph"] = self.telegraph.correlation(first, second)
        return found

    def to_toml(self) -> str:
        """The substrate as a file that ``load`` reads back equal."""
        return toml.dumps(self.model_dump(mode="json", exclude_none=True))

    def digest(self) -> str:
        """Hash of all numbers: equal for equal substrates."""
        return hashlib.blake2b(self.to_toml().encode(), digest_size=16).hexdigest()
