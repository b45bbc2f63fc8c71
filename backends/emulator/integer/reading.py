"""What a presentation shows to the outside, in units of the float network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Eligibility, LocalRule, Probe, Reading
from hwnoise.backends.emulator.integer.presentation import Presentation
from hwnoise.backends.emulator.integer.traces import (
    FilterStepTraces,
    StepTraces,
    post_variable,
    pre_trace,
)
from hwnoise.backends.emulator.rows import by_pass
from hwnoise.network import Network
from hwnoise.nodes import Conv1d, Conv2d
from hwnoise.patches import Patches

Array = NDArray[Any]


def take_reading(shown: Presentation, probe: Probe, samples: int, network: Network) -> Reading:
    """Arrange what was ``shown`` as [pass, sample, step, n]; what it cost is the caller's."""
    view = _View(shown, probe, samples)
    parts = shown.parts.populations
    last = shown.parts.output
    spikes = {name: view.arranged(parts[name].payloads(shown.sent[name])) for name in parts}
    firing = {name: s for name, s in spikes.items() if parts[name].spec.kind != "li"}
    membranes = {name: view.arranged(parts[name].floats(v)) for name, v in shown.membranes.items()}
    layers = [name for name, node in network.nodes.items() if node.parameters()]
    wanted = layers if "nodes" in probe.observe else []
    is_integrator = parts[last].spec.kind == "li"
    return Reading(
        output=membranes[last] if is_integrator else spikes[last].astype(np.float32),
        inputs={name: view.arranged(view.inputs(name)).astype(np.float32) for name in wanted},
        nodes={name: view.arranged(view.node(name, network)) for name in wanted},
        ticks=by_pass(view.first_ticks(), probe),
        eligibility={} if probe.local is None else _traces(view, probe.local, spikes, membranes, network),
        spikes={n: s.astype(np.float32) for n, s in firing.items()} if "spikes" in probe.observe else {},
        membranes=membranes if "membranes" in probe.observe else {},
    )


class _View:
    """Rows in the order they were presented, seen by pass and sample."""

    def __init__(self, shown: Presentation, probe: Probe, samples: int) -> None:
        self.shown, self.probe = shown, probe
        self.rows = samples * probe.passes
        self.steps = len(shown.rows) * shown.x.shape[1] // self.rows

    def arranged(self, array: Array) -> Array:
        seen: Array = by_pass(array.reshape(self.rows, self.steps, array.shape[-1]), self.probe)
        return seen

    def first_ticks(self) -> Array:
        later = np.arange(self.rows, dtype=np.uint64) * np.uint64(self.steps)
        return np.asarray(self.shown.ticks[:1] + later)

    def inputs(self, name: str) -> Array:
        """What a layer is sent, when it reaches the neurons; delays of single synapses apart."""
        spikes, steps = self.shown.entering(name), self.shown.x.shape[1]
        last = spikes.shape[1] - self.shown.parts.lag(name)
        now = spikes[:, last - steps : last]
        shown = now[self.shown.rows] if len(now) < len(self.shown.rows) else now
        source = self.shown.parts.populations.get(self.shown.parts.source(name))
        return shown if source is None else source.payloads(shown)

    def node(self, name: str, network: Network) -> Array:
        """The current that a layer brings, its bias included."""
        counts = self.shown.counts.copy()
        current = self.shown.arriving(name) * self.shown.parts.network.synapses[name].scale
        self.shown.counts = counts  # looking costs nothing
        return np.asarray(current, np.float32)


def _traces(
    view: _View, rule: LocalRule, spikes: dict[str, Array], membranes: dict[str, Array], network: Network
) -> dict[str, Eligibility]:
    found: dict[str, Eligibility] = {}
    neurons = view.shown.parts.network.neurons
    keep = {name: 1 - spec.rules.fade(spec.dv) for name, spec in neurons.items()}
    post = {
        name: post_variable(
            spikes[name], membranes[name] - np.float32(neurons[name].offset), rule, keep[name],
            neurons[name].kind == "li",
        )
        for name in spikes
    }  # fmt: skip
    for name, node in network.nodes.items():
        if not node.parameters():
            continue
        target = next(b for a, b in view.shown.parts.network.edges if a == name)
        pre = view.arranged(pre_trace(view.inputs(name), rule, keep[target]))
        ones = pre_trace(np.ones((1, view.steps, 1), np.int8), rule, keep[target])
        factors = pre[0::2] if rule.post.endswith("_difference") else pre, post[target], ones[0, :, 0]
        if isinstance(node, (Conv1d, Conv2d)):
            patches = Patches.of(node, network.input_shapes[name])
            found[name] = FilterStepTraces(*factors, patches)
        else:
            found[name] = StepTraces(*factors)
    return found
