"""The true gradient of a network that is on a chip: by back-propagation, else by central differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hwnoise.backends.base import Array, Program
from hwnoise.forecast import Batch
from hwnoise.learners.moments import estimates
from hwnoise.learners.yardsticks.bp import BackPropagation
from hwnoise.oracle.exact import forward
from hwnoise.streams import Stream

if TYPE_CHECKING:
    from hwnoise.network import Network

# Of a layer's root mean square weight: small enough for the curvature, large enough for a float32 loss.
STEP = 1e-2


@dataclass(frozen=True)
class Truth:
    """The gradient of the mean loss by the weights.

    Attributes
    ----------
    gradient : dict of str to (n,) float64
        By parameter name; flat.
    entries : dict of str to (n,) int
        Which weights were looked at, as flat indices; a parameter that is not named was in full.
    variance : dict of str to float
        Of the gradient itself, summed over entries: not 0 where it is a mean over noisy passes.
    source : str
        How it was found.
    """

    gradient: Mapping[str, Array]
    entries: Mapping[str, Array]
    variance: Mapping[str, float]
    source: str


def by_back_propagation(program: Program, batch: Batch, passes: int) -> Truth:
    """All weights: without noise where the chip can be quiet, else the mean over ``passes`` noisy passes."""
    quiet = program.capabilities.quiet != "none"
    bp = BackPropagation(quiet=quiet)
    bp.bind(program.network, program.capabilities)
    found = estimates(program, bp, batch, 1 if quiet else passes)
    names = [name for name in found.mean if name.endswith(".weight")]
    return Truth(
        gradient={name: found.mean[name].reshape(-1) for name in names},
        entries={},
        variance={name: 0.0 if quiet else found.variance(name) / passes for name in names},
        source="back-propagation" + (" without noise" if quiet else ", mean over noisy passes"),
    )


def by_central_differences(program: Program, batch: Batch, weights: int, stream: Stream) -> Truth:
    """A sample of ``weights`` per layer, on a float64 copy of the network without noise or converters."""
    parameters = _true_parameters(program)
    entries = _sample(parameters, weights, stream)
    gradient = {
        name: _slopes(program.network, parameters, name, where, batch) for name, where in entries.items()
    }
    return Truth(gradient, entries, dict.fromkeys(entries, 0.0), "central differences")


def _true_parameters(program: Program) -> dict[str, Array]:
    diagnostics = getattr(program, "diagnostics", None)
    found: Mapping[str, Array] = diagnostics() if diagnostics is not None else program.read_weights()
    # in C order, so that a flat view of it is a view: single weights are moved in place
    return {
        n: np.array(v, np.float64, order="C") for n, v in found.items() if n.endswith((".weight", ".bias"))
    }


def _sample(parameters: Mapping[str, Array], weights: int, stream: Stream) -> dict[str, Array]:
    generator = stream.generator()
    sizes = {name: values.size for name, values in parameters.items() if name.endswith(".weight")}
    return {n: np.sort(generator.permutation(size)[:weights]) for n, size in sizes.items()}


def _slopes(
    network: Network, parameters: Mapping[str, Array], name: str, where: Array, batch: Batch
) -> Array:
    x, y, loss = batch
    flat = parameters[name].reshape(-1)
    step = STEP * float(np.sqrt(np.mean(flat**2))) or STEP
    found = []
    for index in where:
        here, ends = flat[index], []
        for sign in (1, -1):
            flat[index] = here + sign * step
            ends.append(np.mean(loss(forward(network, parameters, x)[None], y), dtype=np.float64))
        flat[index] = here
        found.append((ends[0] - ends[1]) / (2 * step))
    return np.array(found)
