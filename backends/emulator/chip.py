"""What every emulated chip has beside its way of running: layers, a clock, counters, a state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.checks import check_state, checked_reads, checked_update
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.threads import one_blas_thread
from hwnoise.network import Network
from hwnoise.substrate import Substrate
from hwnoise.tiling import Tiling

Array = NDArray[Any]


class Chip:
    """A chip instance of the kind ``substrate`` with the arrays of ``network`` on it.

    Time is counted in ticks: every row read takes one ``clock.read_period``, on all layers alike.

    Attributes
    ----------
    layers : dict of str to Layer
        By node name, input side first.
    tick : int
        Read periods since the network was put on the chip.
    events : dict of str to int
        What was done so far, counted.
    """

    def __init__(self, network: Network, substrate: Substrate, layers: dict[str, Layer]) -> None:
        self.network, self.substrate, self.layers = network, substrate, layers
        self.capabilities = substrate.capabilities()
        self.tick = 0
        self.events: dict[str, int] = Counter()

    def read_weights(self) -> dict[str, Array]:
        """Read every weight back through the converters (noisy, counted); biases are digital."""
        found: dict[str, Array] = {}
        with one_blas_thread():
            for name, layer in self.layers.items():
                found[f"{name}.weight"] = self._shaped(name, layer.read_weights(self.tick * layer.rate))
                found[f"{name}.bias"] = layer.bias.copy()
                self._let_pass(layer.n_in)
                self.events["device_reads"] += layer.n_in * layer.n_out
        return found

    def write(self, update: Mapping[str, Array]) -> None:
        """Add ``update`` to the named parameters; pending parts wait for a device step.

        Raises
        ------
        InputError
            For an unknown parameter, a wrong shape or a value that is not finite; nothing is written.
        """
        update = checked_update(update, self.network.parameters(), self.layers)
        for name, layer in self.layers.items():
            weight, bias, pulses = update.get(f"{name}.weight"), update.get(f"{name}.bias"), layer.pulses
            checked = layer.verifying_reads
            self.events["device_writes"] += layer.write(weight, bias, self.tick * layer.rate)
            if layer.pulses > pulses:
                self.events["pulses"] += layer.pulses - pulses
            if layer.verifying_reads > checked:
                self.events["device_reads"] += layer.verifying_reads - checked

    @contextmanager
    def on_array(self, number: int) -> Iterator[None]:
        """Run and read back on array ``number`` of each layer, counted round and round (eq:dual-array)."""
        for part in self._every_part():
            part.chosen = number % len(part.placements)
        try:
            yield
        finally:
            for part in self._every_part():
                part.chosen = 0

    def advance(self, seconds: float) -> None:
        """Let time pass: devices drift, slow noise moves on."""
        self._let_pass(checked_reads(seconds, self.substrate.clock.read_period, self.tick))

    def correlation(self, ticks: Array) -> dict[str, float]:
        """Correlation of each noise with memory between the first two passes of ``ticks`` [pass, sample]."""
        return self.substrate.correlation(ticks[0], ticks[1], self.tick)

    @property
    def tiles(self) -> dict[str, Tiling]:
        """How each layer is split over arrays: sizes, places and ``utilisation``."""
        return {name: layer.tiling for name, layer in self.layers.items()}

    def diagnostics(self) -> dict[str, Array]:
        """True values, for reports; no learner gets this: ``<layer>.weight``, ``.bias``, ``.writes``."""
        found: dict[str, Array] = {}
        for name, layer in self.layers.items():
            found[f"{name}.weight"] = self._shaped(name, layer.true_weights(self.tick * layer.rate))
            found[f"{name}.bias"] = layer.bias.copy()
            writes = np.concatenate([part.array.writes.T for part in layer.parts])
            found[f"{name}.writes"] = self._shaped(name, writes)
        return found

    def state(self) -> dict[str, Array]:
        """Everything needed to go on bit for bit, as named arrays."""
        counts = {f"events/{key}": np.array(count, np.int64) for key, count in self.events.items()}
        return {"tick": np.array(self.tick, np.uint64), **counts, **self._held()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` of a Program with the same network and substrate returned."""
        check_state(state, {"tick": np.array(0), **self._held()})
        self.tick = int(state["tick"])
        self.events = Counter({key: int(count) for key, count in below("events/", state).items()})
        for name, layer in self.layers.items():
            layer.restore(below(f"layers/{name}/", state))

    def _held(self) -> dict[str, Array]:
        """What the chip's own parts hold, named as in ``state``."""
        return {
            f"layers/{name}/{key}": array
            for name, layer in self.layers.items()
            for key, array in layer.state().items()
        }

    def _shaped(self, name: str, weight: Array) -> Array:
        """What an array holds (n_out, n_in), in the shape of the node's weight: filters have more axes."""
        return weight.reshape(self.network.parameters()[f"{name}.weight"].shape)

    def _count(self, layer: Layer, rows: int) -> None:
        for part in layer.parts:
            reads, tiling = part.slices * rows, part.tiling
            self.events["conversions_in"] += reads * part.n_in * len(tiling.column_slices)
            self.events["conversions_out"] += reads * part.n_out * len(tiling.row_slices)
            self.events["multiplications"] += reads * part.n_in * part.n_out

    def _let_pass(self, reads: int) -> None:
        """Move the clock on by periods in which no node is read."""
        for layer in self.layers.values():
            for part in layer.parts:
                part.node.skip(reads * layer.rate, self.tick * layer.rate)
        self.tick += reads

    def _every_part(self) -> list[Layer]:
        """All layers, or in place of one its groups."""
        return [part for layer in self.layers.values() for part in layer.parts]


def below(prefix: str, state: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays of ``state`` whose names begin with ``prefix``, by the rest of their names."""
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
