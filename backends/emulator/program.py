"""One emulated chip with a network on it: the Program learners talk to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe, Reading
from hwnoise.backends.emulator.activations import activate
from hwnoise.backends.emulator.inputs import LayerInputs
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.threads import one_blas_thread
from hwnoise.errors import InputError, MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]


class EmulatorProgram:
    """A chip instance drawn from ``stream``, of the kind ``substrate``, running ``network``.

    Implements ``hwnoise.backends.base.Program``. Time is counted in ticks: every row read takes
    one ``clock.read_period``, on all layers alike.
    """

    def __init__(self, network: Network, substrate: Substrate, stream: Stream, headroom: float) -> None:
        self.network, self.substrate = network, substrate
        self.capabilities = substrate.capabilities()
        self.layers = {
            d.name: Layer(substrate, d, stream.child(d.name), headroom) for d in network.dense_layers()
        }
        self.tick = 0
        self.events: dict[str, int] = Counter()

    def run(self, x: Array, probe: Probe = Probe()) -> Reading:
        """Read the batch ``x`` (samples, n_in) ``probe.passes`` times.

        Returns
        -------
        Reading
            See ``hwnoise.backends.base.Reading``; equal bits for any number of threads.

        Raises
        ------
        InputError, MismatchError
            A wrong shape; a probe that this substrate cannot answer.
        """
        x = self._checked(x)
        self._refuse(probe)
        before = Counter(self.events)
        if "weights" in probe.observe:
            return self._run_between_read_backs(x, probe)
        with one_blas_thread():
            ticks, rows = self._rows(x, probe)
            traces = self._forward(rows, probe)
        if "nodes" in probe.observe:
            traces["inputs"] = LayerInputs(self.network.dense_layers(), x, probe.passes, traces["nodes"])
        return Reading(ticks=ticks, events=dict(Counter(self.events) - before), **traces)

    def read_weights(self) -> dict[str, Array]:
        """Read every weight back through the converters (noisy, counted); biases are digital."""
        found: dict[str, Array] = {}
        with one_blas_thread():
            for name, layer in self.layers.items():
                found[f"{name}.weight"] = layer.read_weights(self.tick)
                found[f"{name}.bias"] = layer.bias.copy()
                self.tick += layer.n_in
                self.events["device_reads"] += layer.n_in * layer.n_out
        return found

    def write(self, update: Mapping[str, Array]) -> None:
        """Add ``update`` to the named parameters; pending parts wait for a device step."""
        for key in update:
            if key.rpartition(".")[0] not in self.layers or key.rpartition(".")[2] not in ("weight", "bias"):
                raise InputError(f"the network on this chip has no parameter '{key}'")
        for name, layer in self.layers.items():
            weight, bias = update.get(f"{name}.weight"), update.get(f"{name}.bias")
            if weight is not None and weight.shape != (layer.n_out, layer.n_in):
                raise InputError(f"{name}.weight: the update has shape {weight.shape}, not {(layer.n_out, layer.n_in)}")
            if bias is not None and bias.shape != (layer.n_out,):
                raise InputError(f"{name}.bias: the update has shape {bias.shape}, not {(layer.n_out,)}")
            self.events["device_writes"] += layer.write(weight, bias, self.tick)

    def advance(self, seconds: float) -> None:
        """Let time pass: devices drift, slow noise moves on."""
        if not (seconds >= 0 and np.isfinite(seconds)):
            raise InputError(f"time advances by a finite number of seconds >= 0, not {seconds}")
        reads = round(seconds / self.substrate.clock.read_period)
        for layer in self.layers.values():
            layer.node.skip(reads, self.tick)
        self.tick += reads

    def correlation(self, ticks: Array) -> dict[str, float]:
        """Correlation of each noise with memory between the first two passes of ``ticks`` [pass, sample]."""
        first, second, s = ticks[0], ticks[1], self.substrate
        found = {}
        if s.one_over_f is not None:
            age = self.tick * s.clock.read_period
            found["one_over_f"] = s.one_over_f.correlation(first, second, age, s.clock.read_period)
        if s.telegraph is not None:
            found["telegraph"] = s.telegraph.correlation(first, second)
        return found

    def diagnostics(self) -> dict[str, Array]:
        """True values, for reports; no learner gets this: ``<layer>.weight``, ``.bias``, ``.writes``."""
        found: dict[str, Array] = {}
        for name, layer in self.layers.items():
            found[f"{name}.weight"] = layer.true_weights(self.tick)
            found[f"{name}.bias"] = layer.bias.copy()
            found[f"{name}.writes"] = layer.array.writes.T
        return found

    def state(self) -> dict[str, Array]:
        """Everything needed to go on bit for bit, as named arrays."""
        found: dict[str, Array] = {"tick": np.array(self.tick, np.uint64)}
        for name, layer in self.layers.items():
            found |= {f"{name}/{key}": value for key, value in layer.state().items()}
        return found | {f"events/{key}": np.array(count, np.int64) for key, count in self.events.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` of a Program with the same network and substrate returned."""
        self._check_state(state)
        self.tick = int(state["tick"])
        self.events = Counter({k.removeprefix("events/"): int(v) for k, v in state.items() if k.startswith("events/")})
        for name, layer in self.layers.items():
            layer.restore({k.removeprefix(f"{name}/"): v for k, v in state.items() if k.startswith(f"{name}/")})

    def _check_state(self, state: Mapping[str, Array]) -> None:
        for key, value in self.state().items():
            if key.startswith("events/"):
                continue
            if key not in state:
                raise InputError(f"the saved chip state lacks '{key}': it is of another network or substrate")
            if state[key].shape != value.shape:
                raise InputError(f"the saved chip state has '{key}' of shape {state[key].shape}, not {value.shape}")

    def _checked(self, x: Array) -> Array:
        x = np.asarray(x, np.float32)
        x = x.reshape(len(x), -1) if x.ndim > 1 else x[None]
        wanted = next(iter(self.layers.values())).n_in
        if x.shape[1] != wanted or not len(x):
            raise InputError(f"inputs of shape {x.shape} do not fit this network, which takes (samples, {wanted})")
        return x

    def _refuse(self, probe: Probe) -> None:
        s, caps = self.substrate, self.capabilities
        if (probe.quiet_passes or probe.quiet_layers) and s.quiet == "none":
            raise MismatchError(f"'{s.name}' cannot be made quiet; average several passes instead")
        if probe.quiet_layers:
            raise MismatchError("the emulator makes whole passes quiet, not single layers")
        if probe.perturbation is not None:
            raise MismatchError("the emulator injects no perturbation: it has the substrate's own noise")
        if "noise" in probe.observe and not caps.handles("node") & {"known", "replayable"}:
            raise MismatchError(f"the node noise of '{s.name}' is not known, only its effect on two passes is")
        if "weights" in probe.observe and (probe.order != "batch" or len(probe.observe) > 1):
            raise MismatchError("weights are read back between passes: ask for them alone, with order='batch'")

    def _rows(self, x: Array, probe: Probe) -> tuple[Array, Array]:
        """All rows in the order they are read, and the tick [pass, sample] of each."""
        passes, samples = probe.passes, len(x)
        rows = np.repeat(x, passes, axis=0) if probe.order == "interleaved" else np.tile(x, (passes, 1))
        ticks = np.arange(self.tick, self.tick + len(rows), dtype=np.uint64)
        return self._by_pass(ticks, samples, probe), rows

    @staticmethod
    def _by_pass(a: Array, samples: int, probe: Probe) -> Array:
        if probe.order == "interleaved":
            return a.reshape(samples, probe.passes, *a.shape[1:]).swapaxes(0, 1)
        return a.reshape(probe.passes, samples, *a.shape[1:])

    def _run_between_read_backs(self, x: Array, probe: Probe) -> Reading:
        """Read the weights back before each pass; the passes follow one after the other."""
        before, single = Counter(self.events), replace(probe, passes=1, observe=frozenset())
        backs, outputs, ticks = [], [], []
        for _ in range(probe.passes):
            backs.append(self.read_weights())
            part = self.run(x, single)
            outputs.append(part.output)
            ticks.append(part.ticks)
        weights = {name: np.stack([back[f"{name}.weight"] for back in backs]) for name in self.layers}
        events = dict(Counter(self.events) - before)
        return Reading(np.concatenate(outputs), weights=weights, ticks=np.concatenate(ticks), events=events)

    def _forward(self, rows: Array, probe: Probe) -> dict[str, Any]:
        """Carry all rows through all layers; what the probe observes is kept, the rest is not."""
        samples = len(rows) // probe.passes
        quiet = self._quiet_rows(samples, probe)
        nodes, noises = {}, {}
        for name, layer in self.layers.items():
            node, noise = layer.forward(rows, self.tick, quiet)
            if "nodes" in probe.observe:
                nodes[name] = self._by_pass(node, samples, probe)
            if "noise" in probe.observe:
                noises[name] = self._by_pass(noise, samples, probe)
            self._count(layer, len(rows))
            rows = activate(layer.activation, node)
        self.events["reads"] += len(rows)
        self.tick += len(rows)
        return {"output": self._by_pass(rows, samples, probe), "nodes": nodes, "noise": noises}

    def _count(self, layer: Layer, rows: int) -> None:
        self.events["conversions_in"] += layer.n_in * rows
        self.events["conversions_out"] += layer.n_out * rows
        self.events["multiplications"] += layer.n_in * layer.n_out * rows

    def _quiet_rows(self, samples: int, probe: Probe) -> Array | None:
        if not probe.quiet_passes:
            return None
        which = np.isin(np.arange(probe.passes), probe.quiet_passes)
        return np.tile(which, samples) if probe.order == "interleaved" else np.repeat(which, samples)
