"""For the report: how well a learner's estimate points along the true gradient of this very chip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hwnoise.backends.base import Array, Program
from hwnoise.forecast import Batch, as_batch
from hwnoise.learners.base import Learner
from hwnoise.streams import Stream

if TYPE_CHECKING:
    from hwnoise.network import Network
    from hwnoise.tasks.base import Task

# Of a layer's root mean square weight: small enough for the curvature, large enough for a float32 loss.
STEP = 1e-2
_STREAM = Stream(0, "alignment")


@dataclass(frozen=True)
class LayerAlignment:
    """Estimate against central differences, on a sample of the weights of one layer or of all.

    Attributes
    ----------
    name : str
    weights : int
        How many weights were compared.
    cosine : float
        Between the averaged estimate and the gradient, in [-1, 1]; 0 if either vanishes.
    ceiling : float
        What an estimator without bias, as noisy as this one, would show: cosine / ceiling near 1
        means that only noise is in the way.
    gain : float
        Length of the averaged estimate along the gradient, over the gradient's; 1 is unbiased.
    bias : float
        Length of (mean estimate - gradient) over the gradient's, the noise of the mean taken off.
    snr : float
        Squared length of the mean over the variance, of a single step's estimate.
    """

    name: str
    weights: int
    cosine: float
    ceiling: float
    gain: float
    bias: float
    snr: float


@dataclass(frozen=True)
class Alignment:
    """``layers`` one by one, ``overall`` for all their sampled weights, from ``steps`` estimates."""

    layers: tuple[LayerAlignment, ...]
    overall: LayerAlignment
    steps: int


def alignment(
    program: Program,
    learner: Learner,
    batch: Task | Batch,
    *,
    weights: int = 40,
    directions: int = 64,
    stream: Stream = _STREAM,
) -> Alignment:
    """Compare a learner's estimates with central differences of the noise-free network.

    The gradient is taken on a float64 copy of the network with the weights that are on the chip,
    so the chip is not asked for it, and training never sees it. A chip that can be restored is left
    as it was, the learner always.

    Parameters
    ----------
    program : Program
        Its ``diagnostics()`` give the true weights; without them they are read back.
    learner : Learner
        Bound to the program.
    batch : Task, or (x, y, loss)
        The batch on which both gradients are taken.
    weights : int
        Weights sampled per layer, >= 1.
    directions : int
        Steps averaged, >= 2.
    stream : Stream
        Which weights are sampled.
    """
    x, y, loss = as_batch(batch)
    parameters = _true_parameters(program)
    chosen = _sample(parameters, weights, stream)
    truth = {
        name: _central_differences(program.network, parameters, name, where, (x, y, loss))
        for name, where in chosen.items()
    }
    with _left_as_it_was(program, learner):
        seen = _estimates(program, learner, (x, y, loss), chosen, directions)
    layers = tuple(_compare(name.removesuffix(".weight"), seen[name], truth[name]) for name in seen)
    together = [
        np.concatenate(part, axis=-1) for part in (list(seen.values()), [truth[name] for name in seen])
    ]
    return Alignment(layers, _compare("all", *together), directions)


def effective_rank(update: Array) -> float:
    """Exponential of the entropy of the normalised singular values of ``update`` (n_out, n_in).

    It falls by half if two halves of a chip share their noise, while the length of the update
    looks as usual. O. Roy and M. Vetterli, EUSIPCO 2007.

    Examples
    --------
    >>> round(effective_rank(np.eye(5)), 6)
    5.0
    """
    singular = np.linalg.svd(np.asarray(update, np.float64), compute_uv=False)
    share = singular[singular > 0] / singular.sum()
    return float(np.exp(-np.sum(share * np.log(share))))


def forward(network: Network, parameters: Mapping[str, Array], x: Array) -> Array:
    """The network without noise or converters, in float64: output (samples, classes)."""
    values = np.asarray(x, np.float64)
    for layer in network.dense_layers():
        values = values @ parameters[f"{layer.name}.weight"].T + parameters[f"{layer.name}.bias"]
        values = _ACTIVATIONS[layer.activation](values)
    return values


def _softmax(a: Array) -> Array:
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda a: a,
    "relu": lambda a: np.asarray(np.maximum(a, 0)),
    "tanh": np.tanh,
    "sigmoid": lambda a: np.asarray(0.5 * (1 + np.tanh(0.5 * a))),
    "softmax": _softmax,
}


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


def _central_differences(
    network: Network, parameters: Mapping[str, Array], name: str, where: Array, batch: Batch
) -> Array:
    x, y, loss = batch
    flat = parameters[name].reshape(-1)
    step = STEP * float(np.sqrt(np.mean(flat**2))) or STEP
    slopes = []
    for index in where:
        here, ends = flat[index], []
        for sign in (1, -1):
            flat[index] = here + sign * step
            ends.append(np.mean(loss(forward(network, parameters, x)[None], y), dtype=np.float64))
        flat[index] = here
        slopes.append((ends[0] - ends[1]) / (2 * step))
    return np.array(slopes)


def _estimates(
    program: Program, learner: Learner, batch: Batch, chosen: Mapping[str, Array], steps: int
) -> dict[str, Array]:
    """The sampled entries of ``steps`` estimates: (steps, weights) for every layer that has any."""
    x, y, loss = batch
    seen: dict[str, list[Array]] = {}
    for step in range(steps):
        reading = program.run(x, learner.ask(step, len(x)))
        estimate = learner.tell(reading, loss(reading.output, y))
        for name in chosen.keys() & estimate.keys():
            seen.setdefault(name, []).append(estimate[name].reshape(-1)[chosen[name]])
    return {name: np.asarray(seen[name], np.float64) for name in chosen if name in seen}


@contextmanager
def _left_as_it_was(program: Program, learner: Learner) -> Iterator[None]:
    memory = learner.state()
    chip = program.state() if program.capabilities.checkpoint else None
    try:
        yield
    finally:
        learner.restore(memory)
        if chip is not None:
            program.restore(chip)


def _compare(name: str, estimates: Array, truth: Array) -> LayerAlignment:
    mean, variance = estimates.mean(axis=0), float(estimates.var(axis=0, ddof=1).sum())
    rest = variance / len(estimates)  # of |mean|^2 that is only noise
    length, wanted = float(np.linalg.norm(mean)), float(np.linalg.norm(truth))
    along = float(mean @ truth)
    snr = max(length**2 - rest, 0.0) / variance if variance else 0.0
    off = max(float(np.sum((mean - truth) ** 2)) - rest, 0.0)
    return LayerAlignment(
        name=name,
        weights=len(truth),
        cosine=along / (length * wanted) if length * wanted else 0.0,
        ceiling=float(np.sqrt(len(estimates) * snr / (1 + len(estimates) * snr))),
        gain=along / wanted**2 if wanted else 0.0,
        bias=float(np.sqrt(off)) / wanted if wanted else 0.0,
        snr=snr,
    )
