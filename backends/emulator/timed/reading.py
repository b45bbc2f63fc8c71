"""What a run of a network with time shows of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Eligibility, LocalRule, Probe, Reading, Traces
from hwnoise.backends.emulator.rows import by_pass
from hwnoise.backends.emulator.timed.array_stage import ArrayStage
from hwnoise.backends.emulator.timed.convolution import ConvolutionStage
from hwnoise.backends.emulator.timed.population import Population
from hwnoise.backends.emulator.timed.releases import releases_of
from hwnoise.backends.emulator.timed.stage import Floats, Outcome, Stage
from hwnoise.backends.emulator.timed.traces import FilterTraces, LayerTraces
from hwnoise.network import Network
from hwnoise.nodes import Output

Array = NDArray[Any]


@dataclass(frozen=True)
class Seen:
    """All that a run computed: what each node was given and gave, (rows, steps, n), from ``tick`` on."""

    tick: int
    given: dict[str, Floats] = field(default_factory=dict)
    gave: dict[str, Outcome] = field(default_factory=dict)


def reading_of(network: Network, stages: Mapping[str, Stage], seen: Seen, probe: Probe) -> Reading:
    """What of ``seen`` the probe asked for, as [pass, sample, step, ...]."""

    def shown(values: Floats) -> Array:
        return by_pass(values, probe)

    arrays = [name for name, stage in stages.items() if isinstance(stage, ArrayStage)]
    neurons = {name: stage for name, stage in stages.items() if isinstance(stage, Population)}
    spiking = [name for name, stage in neurons.items() if stage.step.threshold is not None]
    wants, noise = probe.observe, {n: seen.gave[n].known for n in arrays}
    output = next(name for name, node in network.nodes.items() if isinstance(node, Output))
    rows, steps, _ = seen.gave[output].out.shape
    ticks = np.arange(seen.tick, seen.tick + rows * steps, steps, dtype=np.uint64)
    return Reading(
        output=shown(seen.gave[output].out),
        inputs={n: shown(seen.given[n]) for n in arrays if "nodes" in wants},
        nodes={n: shown(seen.gave[n].out) for n in arrays if "nodes" in wants},
        noise={n: shown(known) for n, known in noise.items() if "noise" in wants and known is not None},
        ticks=by_pass(ticks, probe),
        eligibility=_remembered(network, stages, seen, probe),
        spikes={n: shown(seen.gave[n].out) for n in spiking if "spikes" in wants},
        membranes={n: shown(_membranes(seen, n)) for n in neurons if "membranes" in wants},
    )


def _remembered(
    network: Network, stages: Mapping[str, Stage], seen: Seen, probe: Probe
) -> Mapping[str, Eligibility]:
    """What the synapses of each array remember, by a local rule or of their own releases."""
    if probe.local is not None:
        return _traces(network, stages, seen, probe, probe.local)
    if "events" not in probe.observe:
        return {}
    return {
        name: releases_of(name, stage, seen.given[name], seen.tick, probe)
        for name, stage in stages.items()
        if isinstance(stage, ArrayStage)
    }


def _traces(
    network: Network, stages: Mapping[str, Stage], seen: Seen, probe: Probe, rule: LocalRule
) -> dict[str, Traces]:
    """What the synapses of each array summed up."""
    found: dict[str, Traces] = {}
    order = {name: place for place, name in enumerate(network.nodes)}
    for name, stage in stages.items():
        if not isinstance(stage, ArrayStage):
            continue
        fed = next((b for a, b in network.edges if a == name and isinstance(stages[b], Population)), None)
        post, decay = _post(seen, stages, name, fed, rule)
        pre = seen.given[name]
        if fed is not None and order[fed] < order[name]:  # a loop: what arrives now acts a step later
            pre = np.concatenate([np.zeros_like(pre[:, :1]), pre[:, :-1]], axis=1)
        seen_by_pass = by_pass(pre, probe), by_pass(post, probe)
        if isinstance(stage, ConvolutionStage):
            found[name] = FilterTraces(rule, *seen_by_pass, decay, stage.patches)
        else:
            found[name] = LayerTraces(rule, *seen_by_pass, decay)
    return found


def _post(
    seen: Seen, stages: Mapping[str, Stage], name: str, fed: str | None, rule: LocalRule
) -> tuple[Floats, Floats]:
    """The post variable (rows, steps, n_out) of an array, from its neurons or its nodes; how traces fade."""
    if fed is None:
        post = seen.gave[name].out
        fades = np.zeros(post.shape[-1], np.float32)
    else:
        stage = stages[fed]
        assert isinstance(stage, Population)
        fades = stage.step.decay
        if rule.post == "drive_difference":
            post = seen.given[fed]
        elif rule.post == "spike_excess":
            post = seen.gave[fed].out  # of an integrator, its membrane
        else:
            post = _membranes(seen, fed)
    return post, fades if rule.decay is None else np.full_like(fades, rule.decay)


def _membranes(seen: Seen, name: str) -> Floats:
    membranes = seen.gave[name].membranes
    assert membranes is not None
    return membranes
