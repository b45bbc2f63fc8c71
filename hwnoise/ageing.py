"""How well a network does as its chips grow old: programmed once, read again and again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from hwnoise.backends.base import Backend, Program
from hwnoise.compensation import CompensatedChain
from hwnoise.errors import InputError
from hwnoise.streams import Stream
from hwnoise.tasks.base import Split, Task
from hwnoise.training.blas import one_blas_thread
from hwnoise.training.evaluate import SplitName, count_correct, samples_to_judge, summarize

if TYPE_CHECKING:
    from hwnoise.network import Network
    from hwnoise.substrate import Substrate

YEAR = 31_536_000.0  # s, 365 days
TIMES = (1.0, 60.0, 3600.0, 86_400.0, 2_592_000.0, YEAR)  # 1 s, minute, hour, day, 30 days, year
CALIBRATION_ROWS = 64  # training samples on which a drift compensation rests


@dataclass(frozen=True)
class Age:
    """Accuracy of chips of one age.

    Attributes
    ----------
    seconds : float
        Since the first moment after programming of which the substrate's fit speaks.
    accuracy : float
        Mean over chips, in [0, 1].
    low, high : float
        95 % interval: Student over chips; with a single chip Wilson over samples.
    chips : tuple of float
        Accuracy of each chip, the same chips in the same order at every age.
    """

    seconds: float
    accuracy: float
    low: float
    high: float
    chips: tuple[float, ...]


def evaluate_over_time(
    network: Network,
    substrate: Substrate,
    backend: Backend,
    task: Task,
    *,
    times: Sequence[float] = TIMES,
    chips: int = 5,
    stream: Stream,
    compensate: bool = False,
    split: SplitName = "test",
    **options: Any,
) -> tuple[Age, ...]:
    """Program ``network`` into fresh chips, let them age, and read ``split`` at each of ``times``.

    Parameters
    ----------
    network, substrate, backend : Network, Substrate, Backend
        What is put on which kind of chip, by what.
    task : Task
        Where the samples come from.
    times : sequence of float
        Ages [s], >= 0, ascending. Reading a split takes chips microseconds, which are not added.
    chips : int
        Fresh chips, >= 1; they are the chips of ``training.evaluate`` with the same ``stream``.
    stream : Stream
        Chip k is drawn from its child ``chip/k``.
    compensate : bool
        Whether one digital gain per layer makes up for the drift: before each reading, the chip
        reads the first 64 training samples again (see ``CompensatedChain``).
    split : str
        ``"train"``, ``"validation"`` or ``"test"``.
    **options
        Passed on to ``backend.compile``.

    Returns
    -------
    tuple of Age
        One per time.

    Raises
    ------
    InputError
        If times, ``chips`` or ``split`` cannot be used.
    MismatchError
        If ``compensate`` meets a network that is no chain of dense layers.
    """
    ages = _checked(times)
    samples = samples_to_judge(task, split, chips)
    right = []
    with one_blas_thread():
        for number in range(chips):
            parts = (network, substrate, backend, stream.child(f"chip/{number}"))
            chip = _program(*parts, task if compensate else None, options)
            right.append(_right_by_age(chip, ages, samples))
    return tuple(_age(t, list(counts), len(samples)) for t, *counts in zip(ages, *right, strict=True))


def read_over_time(
    program: Program, task: Task, seconds: Sequence[float], split: SplitName = "test"
) -> tuple[Age, ...]:
    """Let one chip age, and read ``split`` at each of ``seconds`` from now; intervals are Wilson's.

    Raises
    ------
    InputError
        If ``seconds`` or ``split`` cannot be used.
    """
    ages, samples = _checked(seconds), samples_to_judge(task, split, 1)
    with one_blas_thread():
        right = _right_by_age(program, ages, samples)
    return tuple(_age(t, [count], len(samples)) for t, count in zip(ages, right, strict=True))


def _program(
    network: Network,
    substrate: Substrate,
    backend: Backend,
    stream: Stream,
    task: Task | None,
    options: dict[str, Any],
) -> Program | CompensatedChain:
    """A chip; with a task to calibrate on, one whose drift is compensated."""
    if task is None:
        return backend.compile(network, substrate, stream, **options)
    return CompensatedChain(network, substrate, backend, stream, task.train.x[:CALIBRATION_ROWS], **options)


def _right_by_age(chip: Program | CompensatedChain, ages: Sequence[float], samples: Split) -> list[int]:
    """Correct answers at each age."""
    right, now = [], 0.0
    for age in ages:
        chip.advance(age - now)
        now = age
        if isinstance(chip, CompensatedChain):
            chip.calibrate()
        right.append(
            count_correct(cast(Program, chip), samples)
        )  # it runs and tells its batch: that is enough
    return right


def _age(seconds: float, right: list[int], samples: int) -> Age:
    found = summarize(right, samples)
    return Age(seconds, found.accuracy, found.low, found.high, found.chips)


def _checked(times: Sequence[float]) -> list[float]:
    ages = [float(t) for t in times]
    if not ages or not all(math.isfinite(t) and t >= 0 for t in ages):
        raise InputError(f"times must be finite numbers of seconds >= 0, at least one, not {list(times)}")
    if any(b <= a for a, b in pairwise(ages)):
        raise InputError(f"times must ascend, each later than the one before, not {list(times)}")
    return ages
