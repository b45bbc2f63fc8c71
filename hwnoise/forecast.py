"""Before a long run: is the chip's noise too weak or too strong to learn from?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hwnoise import losses
from hwnoise.backends.base import Array, Probe, Program, Reading
from hwnoise.learners.base import Learner, pick_order
from hwnoise.learners.moments import estimates

if TYPE_CHECKING:
    from hwnoise.tasks.base import Task

Batch = tuple[Array, Array, Callable[[Array, Array], Array]]

TASK_SAMPLES = 128  # of the training data; the cosine does not depend on which
STRONG = 1.0  # noise over signal: above it a single read says less about the input than about the noise
SURE = 1e6  # signal-to-noise ratio above which a cosine is 1 to six digits
WEAK = 0.25  # share of the attainable signal-to-noise ratio below which the noise, not the rule, is the limit


@dataclass(frozen=True)
class LayerForecast:
    """What a few probes showed of one layer.

    Attributes
    ----------
    name : str
    size : int
        Values that move: nodes, or weights for a rule that looks at weights.
    moved : float
        Share of the values that differ between two passes, in [0, 1].
    noise_to_signal : float
        Standard deviation of the noise over that of the values without it; infinite without signal.
    kurtosis : float
        Of the differences: 3 for Gaussian noise, 1/p if a share p moves by one step.
    """

    name: str
    size: int
    moved: float
    noise_to_signal: float
    kurtosis: float


@dataclass(frozen=True)
class Forecast:
    """How well one step's estimate should point along the gradient (eq:forecast).

    Attributes
    ----------
    learner : str
    layers : tuple of LayerForecast
    directions : int
        Independent directions per step.
    loss_moved : float
        Share of the loss differences that are not zero.
    loss_change : float
        Standard deviation of a loss difference.
    snr : float
        Squared length of the gradient over the variance of one step's estimate, where all samples
        of a batch share one gradient; they do not quite, so it is an upper bound.
    attainable : float
        The same for Gaussian noise and exact readings: what the rule itself can give.
    """

    learner: str
    layers: tuple[LayerForecast, ...]
    directions: int
    loss_moved: float
    loss_change: float
    snr: float
    attainable: float

    @property
    def cosine(self) -> float:
        """Expected cosine between one step's estimate and the gradient."""
        return math.sqrt(self.snr / (1 + self.snr))

    @property
    def noise_to_signal(self) -> float:
        """The largest of all layers."""
        return max(layer.noise_to_signal for layer in self.layers)

    @property
    def verdict(self) -> Literal["too weak", "too strong", "fine"]:
        """Whether the noise suits learning."""
        if self.snr < WEAK * self.attainable:
            return "too weak"
        return "too strong" if self.noise_to_signal > STRONG else "fine"

    def sentence(self) -> str:
        """The forecast in one sentence, with what to change."""
        moved = sum(layer.size * layer.moved for layer in self.layers) / sum(
            layer.size for layer in self.layers
        )
        worst = max(self.layers, key=lambda layer: layer.noise_to_signal)
        loudest = f"the noise is {worst.noise_to_signal:.2g} of the signal (layer {worst.name})"
        if math.isinf(worst.noise_to_signal):
            loudest = f"layer {worst.name} shows noise and no signal"
        seen = f"{moved:.0%} of the readings differ between two passes, {loudest}"
        if self.verdict == "too weak":
            return (
                f"the noise is too weak to learn from: {seen} and {self.loss_moved:.0%} of the losses react; "
                "take a noisier device, a narrower converter range or more bits"
            )
        if self.verdict == "too strong":
            return f"the noise is too strong: {seen}; take a quieter device, or larger weights and inputs"
        return (
            f"the noise is fine: {seen}; one {self.learner} step should have a cosine of at most "
            f"{self.cosine:.2g} with the gradient"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers for a metrics file."""
        return {**asdict(self), "cosine": self.cosine, "verdict": self.verdict, "sentence": self.sentence()}


def forecast(program: Program, task_or_batch: Task | Batch, learner: Learner, probes: int = 4) -> Forecast:
    """Run a few of the learner's probes on the chip and apply the closed forms.

    The reads are counted in ``program.events`` like any others.

    Parameters
    ----------
    program : Program
        The chip as it is before training.
    task_or_batch : Task, or (x, y, loss)
        Data to read; ``loss(output, y)`` gives one value per pass and sample.
    learner : Learner
        Bound to the program.
    probes : int
        How many probes, >= 1.
    """
    x, y, loss = as_batch(task_or_batch)
    level, probe = learner.needs.level, _probe(learner, len(x), program)
    readings = [program.run(x, probe) for _ in range(probes)]
    loss_pairs = np.concatenate([np.asarray(loss(r.output, y), np.float64)[:2] for r in readings], axis=1)
    pairs = _weight_pairs(readings) if level == "weight" else _node_pairs(readings)
    layers = tuple(_layer(name, values, probe) for name, values in pairs.items())
    directions = learner.directions(len(x))
    size = _moving(readings[0]) if level == "event" else sum(layer.size for layer in layers)
    kurtosis = sum(layer.size * layer.kurtosis for layer in layers) / sum(layer.size for layer in layers)
    change = loss_pairs[0] - loss_pairs[1]
    if level == "weight":
        change = change.reshape(probes, -1).mean(axis=1)
    moved = float(np.mean(change != 0))
    if level == "gradient":
        snr = attainable = _seen_snr(program, learner, (x, y, loss), probes)
    else:
        error = _rounding(loss_pairs)
        snr = _snr(directions * moved, size, kurtosis, float(np.mean(change**2)), error)
        attainable = directions / (size + 1)
    return Forecast(
        learner=learner.name,
        layers=layers,
        directions=directions,
        loss_moved=moved,
        loss_change=float(change.std()),
        snr=snr,
        attainable=attainable,
    )


def as_batch(task_or_batch: Task | Batch) -> Batch:
    """A batch as it is, or the first training samples of a task with its loss."""
    if isinstance(task_or_batch, tuple):
        return task_or_batch
    train = task_or_batch.train
    return train.x[:TASK_SAMPLES], train.y[:TASK_SAMPLES], losses.get(task_or_batch.loss)


def _probe(learner: Learner, batch: int, program: Program) -> Probe:
    """What the learner asks for; of synapses or derivatives, which show no noise, two passes of nodes."""
    probe = learner.ask(0, batch)
    if learner.needs.level == "gradient":
        order = pick_order("auto", program.capabilities)
        what = "membranes" if program.network.is_timed else "nodes"
        return Probe(passes=2, order=order, observe=frozenset({what}))
    if probe.local is not None:  # only sums leave the synapses: look at the membranes themselves
        return Probe(passes=2, order=probe.order, observe=frozenset({"membranes"}))
    if learner.needs.level != "event":
        return probe
    return replace(probe, passes=max(2, probe.passes), observe=frozenset({"nodes"}))


def _seen_snr(program: Program, learner: Learner, batch: Batch, steps: int) -> float:
    """Signal-to-noise ratio of a yardstick's estimates, measured: its noise has no closed form."""
    found = estimates(program, learner, batch, max(steps, 2))
    noise = sum(found.variance(name) for name in found.mean)
    signal = sum(float(np.sum(mean**2)) for mean in found.mean.values()) - noise / found.steps
    return min(max(signal, 0.0) / noise, SURE) if noise else SURE


def _moving(reading: Reading) -> int:
    """Number of weights, each of which is a direction to a rule on events."""
    return sum(reading.inputs[n].shape[-1] * nodes.shape[-1] for n, nodes in reading.nodes.items())


def _node_pairs(readings: list[Reading]) -> dict[str, Array]:
    """Nodes, or mean membranes, in the first two passes: (2, samples, nodes) for every layer."""
    shown = [r.nodes or {n: v.mean(axis=2) for n, v in r.membranes.items()} for r in readings]
    return {n: np.concatenate([values[n][:2] for values in shown], axis=1) for n in shown[0]}


def _weight_pairs(readings: list[Reading]) -> dict[str, Array]:
    """Read-backs before the first two passes: (2, probes, weights) for every layer."""
    return {
        n: np.stack([r.weights[n][:2].reshape(2, -1) for r in readings], axis=1) for n in readings[0].weights
    }


def _layer(name: str, pair: Array, probe: Probe) -> LayerForecast:
    difference = (pair[0] - pair[1]).astype(np.float64)
    square = float(np.mean(difference**2))
    noise = square if probe.quiet_passes else square / 2
    shared = float(np.mean((pair[0] - pair[0].mean()) * (pair[1] - pair[1].mean()), dtype=np.float64))
    return LayerForecast(
        name=name,
        size=pair.shape[-1],
        moved=float(np.mean(difference != 0)),
        noise_to_signal=math.sqrt(noise / shared) if shared > 0 else math.inf if noise else 0.0,
        kurtosis=float(np.mean(difference**4)) / square**2 if square else 3.0,
    )


def _rounding(loss_pairs: Array) -> float:
    """Variance of the rounding error of a float32 loss difference."""
    return float(2 * np.spacing(np.float32(np.abs(loss_pairs).mean())) ** 2 / 12)


def _snr(directions: float, size: int, kurtosis: float, change: float, error: float) -> float:
    """Signal-to-noise ratio from CF-2 (directions), CF-7 (pairs) and CF-5 (loss error), eq:forecast."""
    if change <= error:
        return 0.0
    return directions / (max(size + kurtosis - 2, 1e-9) + size * error / (change - error))
