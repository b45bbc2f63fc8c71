"""For the report: how well a learner's estimate points along the true gradient of this very chip."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hwnoise.backends.base import Array, Program
from hwnoise.forecast import Batch, as_batch
from hwnoise.learners.base import Learner
from hwnoise.learners.moments import Moments, estimates
from hwnoise.oracle.rank import effective_rank
from hwnoise.oracle.truth import Truth, by_back_propagation, by_central_differences
from hwnoise.streams import Stream

if TYPE_CHECKING:
    from hwnoise.tasks.base import Task

_STREAM = Stream(0, "alignment")


@dataclass(frozen=True)
class LayerAlignment:
    """Estimate against gradient, on the weights of one layer or of all (eq:alignment).

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
        Length of (mean estimate - gradient) over the gradient's, the noise of both means taken off.
    variance : float
        Variance of a single step's estimate, summed over weights, over the gradient's squared length.
    snr : float
        Squared length of the mean over the variance, of a single step's estimate; infinite if none.
    rank : float or None
        Effective rank of the averaged estimate of the whole layer (eq:effective-rank); None for all layers.
    """

    name: str
    weights: int
    cosine: float
    ceiling: float
    gain: float
    bias: float
    variance: float
    snr: float
    rank: float | None


@dataclass(frozen=True)
class Alignment:
    """What ``alignment`` found.

    Attributes
    ----------
    layers : tuple of LayerAlignment
    overall : LayerAlignment
        For the compared weights of all layers.
    steps : int
        Estimates averaged.
    source : str
        Where the gradient comes from.
    """

    layers: tuple[LayerAlignment, ...]
    overall: LayerAlignment
    steps: int
    source: str


def alignment(
    program: Program,
    learner: Learner,
    batch: Task | Batch,
    *,
    weights: int = 40,
    directions: int = 64,
    stream: Stream = _STREAM,
) -> Alignment:
    """Compare a learner's estimates with the gradient of the network on the chip.

    Where the program offers derivatives, the gradient is that of back-propagation, for every
    weight. Elsewhere it is taken by central differences on a float64 copy of the network with the
    weights that are on the chip, for a sample of them: the chip is not asked, and training never
    sees it. A chip that can be restored is left as it was, the learner always.

    Parameters
    ----------
    program : Program
        Its ``diagnostics()`` give the true weights; without them they are read back.
    learner : Learner
        Bound to the program.
    batch : Task, or (x, y, loss)
        The batch on which both gradients are taken.
    weights : int
        Weights sampled per layer for central differences, >= 1.
    directions : int
        Steps averaged, >= 2.
    stream : Stream
        Which weights are sampled.

    Raises
    ------
    MismatchError
        Without derivatives, if the network is no chain of dense layers.
    """
    data = as_batch(batch)
    with _left_as_it_was(program):
        truth = _truth(program, data, weights, directions, stream)
        seen = estimates(program, learner, data, directions, truth.entries)
    names = [name for name in truth.gradient if name in seen.mean]
    layers = tuple(_layer(name, seen, truth) for name in names)
    return Alignment(layers, _overall(names, seen, truth), directions, truth.source)


def _truth(program: Program, batch: Batch, weights: int, directions: int, stream: Stream) -> Truth:
    if program.capabilities.gradient:
        return by_back_propagation(program, batch, directions)
    return by_central_differences(program, batch, weights, stream)


def _layer(name: str, seen: Moments, truth: Truth) -> LayerAlignment:
    mean = seen.pick(name, seen.mean[name])
    variances = seen.variance(name), truth.variance[name]
    rank = effective_rank(seen.mean[name])
    return _compare(name.removesuffix(".weight"), mean, truth.gradient[name], variances, seen.steps, rank)


def _overall(names: list[str], seen: Moments, truth: Truth) -> LayerAlignment:
    mean = np.concatenate([seen.pick(name, seen.mean[name]) for name in names])
    wanted = np.concatenate([truth.gradient[name] for name in names])
    variances = sum(seen.variance(name) for name in names), sum(truth.variance[name] for name in names)
    return _compare("all", mean, wanted, variances, seen.steps, None)


def _compare(
    name: str, mean: Array, truth: Array, variances: tuple[float, float], steps: int, rank: float | None
) -> LayerAlignment:
    """Statistics of eq:alignment; ``variances`` of one estimate, and of the gradient it is held against."""
    variance, uncertain = variances
    rest = variance / steps  # of |mean|^2 that is only noise
    length, along = float(np.linalg.norm(mean)), float(mean @ truth)
    square = max(float(truth @ truth) - uncertain, 0.0)
    snr = max(length**2 - rest, 0.0) / variance if variance else math.inf
    off = max(float(np.sum((mean - truth) ** 2)) - rest - uncertain, 0.0)
    product = length * float(np.linalg.norm(truth))
    return LayerAlignment(
        name=name,
        weights=len(truth),
        cosine=along / product if product else 0.0,
        ceiling=math.sqrt(steps * snr / (1 + steps * snr)) if variance else 1.0,
        gain=along / square if square else 0.0,
        bias=math.sqrt(off / square) if square else 0.0,
        variance=variance / square if square else 0.0,
        snr=snr,
        rank=rank,
    )


@contextmanager
def _left_as_it_was(program: Program) -> Iterator[None]:
    chip = program.state() if program.capabilities.checkpoint else None
    try:
        yield
    finally:
        if chip is not None:
            program.restore(chip)
