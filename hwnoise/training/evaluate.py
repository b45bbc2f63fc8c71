"""How well a network does on chips of a kind: every chip is different, so a number needs an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hwnoise import metrics
from hwnoise.backends.base import Backend, Probe, Program
from hwnoise.errors import InputError
from hwnoise.streams import Stream
from hwnoise.tasks.base import Split, Task
from hwnoise.training.blas import one_blas_thread

if TYPE_CHECKING:
    from hwnoise.network import Network
    from hwnoise.substrate import Substrate

Array = NDArray[Any]
ROWS = 256  # read at a time: enough to keep the products busy, little memory
SplitName = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Evaluation:
    """Accuracy over chip instances.

    Attributes
    ----------
    accuracy : float
        Mean over chips, in [0, 1].
    low, high : float
        95 % interval: Student over chips; with a single chip Wilson over samples.
    chips : tuple of float
        Accuracy of each chip.
    """

    accuracy: float
    low: float
    high: float
    chips: tuple[float, ...]


def samples_to_judge(task: Task, split: SplitName, chips: int) -> Split:
    """The samples of ``split``; InputError where it is none, or there is no chip to read them on."""
    if chips < 1:
        raise InputError(f"chips must be at least 1, not {chips}")
    if split not in ("train", "validation", "test"):
        raise InputError(f"split must be train, validation or test, not {split!r}")
    samples: Split = getattr(task, split)
    return samples


def evaluate(
    network: Network,
    substrate: Substrate,
    backend: Backend,
    task: Task,
    *,
    chips: int = 5,
    stream: Stream,
    split: SplitName = "test",
    **options: Any,
) -> Evaluation:
    """Program ``network`` into fresh chips and read ``split`` once on each, with all noise on.

    Parameters
    ----------
    network, substrate, backend : Network, Substrate, Backend
        What is put on which kind of chip, by what.
    task : Task
        Where the samples come from.
    chips : int
        Fresh chips, >= 1.
    stream : Stream
        Chip k is drawn from its child ``chip/k``.
    split : str
        ``"train"``, ``"validation"`` or ``"test"``.
    **options
        Passed on to ``backend.compile``.

    Raises
    ------
    InputError
        If ``chips`` or ``split`` cannot be used.
    """
    samples = samples_to_judge(task, split, chips)
    right = []
    with one_blas_thread():
        for number in range(chips):
            program = backend.compile(network, substrate, stream.child(f"chip/{number}"), **options)
            right.append(count_correct(program, samples))
    return summarize(right, len(samples))


def summarize(right: list[int], samples: int) -> Evaluation:
    """Turn the correct answers of each chip, out of ``samples``, into mean and 95 % interval."""
    accuracies = [count / samples for count in right]
    if len(right) == 1:
        low, high = metrics.wilson_interval(right[0], samples)
    else:
        low, high = metrics.mean_interval(accuracies)
    return Evaluation(float(np.mean(accuracies)), max(low, 0.0), min(high, 1.0), tuple(accuracies))


def count_correct(program: Program, samples: Split) -> int:
    """Read every sample once and count the right answers."""
    return int((predict(program, samples.x) == labels(samples)).sum())


def predict(program: Program, x: Array) -> Array:
    """Read every row of ``x`` (samples, n_in) once and return the class it is taken for, (samples,) int64."""
    rows = min(ROWS, program.capabilities.max_batch or ROWS)
    parts = [program.run(x[start : start + rows], Probe()).output[0] for start in range(0, len(x), rows)]
    return np.concatenate([metrics.predictions(part) for part in parts])


def labels(samples: Split) -> Array:
    """The class number of each sample, (samples,), also where ``y`` holds one row of targets each."""
    return samples.y if samples.y.ndim == 1 else samples.y.argmax(axis=1)
