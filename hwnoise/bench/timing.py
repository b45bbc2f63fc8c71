"""Two pieces of work timed in turn, and the ratio of their medians with its interval."""

from __future__ import annotations

import gc
import os
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.threads import one_blas_thread
from hwnoise.streams import Stream

Work = Callable[[], object]
Parts = Mapping[str, Work]
RESAMPLES = 1000
MOST = 2000  # repetitions; more would only make the interval slower to compute


@dataclass(frozen=True)
class Case:
    """A piece of work of ours, and what it is compared with.

    Attributes
    ----------
    name : str
    prepare : callable
        Makes our work and the parts of its references; called just before they are timed.
    against : mapping of str to sequence of str
        One row each: what is appended to ``name``, and the parts whose times add up to its reference.
    limit : float, optional
        What the ratio of the first row has to stay below.
    threads : int
        Of ours and of BLAS.
    note : str or callable
        What the reference is, in a few words; a callable is asked for them after all is timed.
    rounds : int
        How often ours is called in one repetition; its time is the mean. More than 1 where a part takes
        many times longer: ours would otherwise begin each time with cold caches and beside the threads of
        the other that still wait for work, and it would not.
    """

    name: str
    prepare: Callable[[], tuple[Work, Parts]]
    against: Mapping[str, Sequence[str]]
    limit: float | None = None
    threads: int = 1
    note: str | Callable[[], str] = ""
    rounds: int = 1

    @property
    def names(self) -> list[str]:
        """The names of its rows."""
        return [self.name + suffix for suffix in self.against]


@dataclass(frozen=True)
class Row:
    """One line of the table, and one entry of ``bench.json``.

    Attributes
    ----------
    name : str
    ours, reference : float [s]
        Medians over the repetitions; the reference is a sum of parts.
    ratio, low, high : float
        ``ours / reference`` and its 95 % interval, which contains it.
    limit : float, optional
    threads, repetitions : int
    parts : dict of str to float [s]
        Median of each part.
    unit, note : str
    """

    name: str
    ours: float
    reference: float
    ratio: float
    low: float
    high: float
    limit: float | None = None
    threads: int = 1
    repetitions: int = 0
    parts: Mapping[str, float] = field(default_factory=dict)
    unit: str = "s"
    note: str = ""


def measure(case: Case, seconds: float, least: int = 5) -> list[Row]:
    """Time a case for about ``seconds``, at least ``least`` repetitions, and compare.

    Ours and every part of the references are called once per repetition, in alternating order, so
    that whatever else the machine does falls on all of them alike.
    """
    ours, parts = case.prepare()
    used = list(dict.fromkeys(name for wanted in case.against.values() for name in wanted))
    with limited(case.threads):
        times = in_turn([_repeated(ours, case.rounds), *(parts[name] for name in used)], seconds, least)
    times[0] /= case.rounds
    taken = dict(zip(used, times[1:], strict=True))
    first_note = case.note() if callable(case.note) else case.note
    rows = []
    for position, (suffix, wanted) in enumerate(case.against.items()):
        reference = np.sum([taken[name] for name in wanted], axis=0)
        ratio, low, high = compare(times[0], reference)
        rows.append(
            Row(
                name=case.name + suffix,
                ours=float(np.median(times[0])),
                reference=float(np.median(reference)),
                ratio=ratio,
                low=low,
                high=high,
                limit=None if position else case.limit,
                threads=case.threads,
                repetitions=len(times[0]),
                parts={name: float(np.median(taken[name])) for name in wanted},
                note=" + ".join(wanted) if position or not first_note else first_note,
            )
        )
    return rows


def _repeated(work: Work, rounds: int) -> Work:
    def run() -> None:
        for _ in range(rounds):
            work()

    return work if rounds == 1 else run


def in_turn(works: Sequence[Work], seconds: float, least: int) -> NDArray[np.float64]:
    """Call all works again and again for about ``seconds``; returns their times (works, repetitions) [s].

    A repetition in which the system gave the processor to someone else is not used, if ``least``
    others are left.
    """
    for work in works:  # compiles, fills caches, starts threads
        work()
    order = list(range(len(works)))
    calm: list[list[float]] = []
    disturbed: list[list[float]] = []
    until = time.perf_counter() + seconds
    with _no_collection():
        while len(calm) + len(disturbed) < least or (time.perf_counter() < until and len(calm) < MOST):
            taken, switches = [0.0] * len(works), _switches()
            for i in order:
                began = time.perf_counter()
                works[i]()
                taken[i] = time.perf_counter() - began
            (calm if _switches() == switches else disturbed).append(taken)
            order.reverse()
    return np.array(calm if len(calm) >= least else calm + disturbed).T


def _switches() -> int:
    """How often the system has taken the processor from this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def compare(ours: NDArray[np.float64], reference: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the ratio of the medians, and its 95 % bootstrap interval over repetitions.

    A repetition is drawn as a whole: what slowed ours slowed its reference too. The draws have a
    seed of their own, so the same times give the same interval.
    """
    ratio = float(np.median(ours) / np.median(reference))
    draw = Stream(0, "bench/bootstrap").generator()
    chosen = draw.integers(len(ours), size=(RESAMPLES, len(ours)))
    ratios = np.median(ours[chosen], axis=1) / np.median(reference[chosen], axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return ratio, min(float(low), ratio), max(float(high), ratio)


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Let the emulator use ``threads`` threads, and BLAS one if that is one."""
    before = os.environ.get("NUMBA_NUM_THREADS")
    os.environ["NUMBA_NUM_THREADS"] = str(threads)
    try:
        with one_blas_thread() if threads == 1 else nullcontext():
            yield
    finally:
        if before is None:
            del os.environ["NUMBA_NUM_THREADS"]
        else:
            os.environ["NUMBA_NUM_THREADS"] = before


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector out of the timings."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
