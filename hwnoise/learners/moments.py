"""Mean and spread of what a learner makes of one batch, step after step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from hwnoise.backends.base import Array, Program
from hwnoise.learners.base import Learner
from hwnoise.learners.feedback import informed

Entries = Mapping[str, Array]


@dataclass
class Moments:
    """Running mean and total variance of estimates, by parameter (eq:estimate-moments).

    Parameters
    ----------
    entries : mapping of str to int array, optional
        Flat indices that count for the variance; all of a parameter that is not named.

    Attributes
    ----------
    steps : int
    mean : dict of str to float64 array
        Of the shape of the parameter.

    Notes
    -----
    B. Welford, Technometrics 4:419 (1962): one pass, and no difference of large numbers.
    """

    entries: Entries = field(default_factory=dict)
    steps: int = 0
    mean: dict[str, Array] = field(default_factory=dict)
    _squares: dict[str, float] = field(default_factory=dict)

    def add(self, estimate: Mapping[str, Array]) -> None:
        """Take one more estimate in."""
        self.steps += 1
        for name, values in estimate.items():
            mean = self.mean.setdefault(name, np.zeros(values.shape))
            before = values - mean
            mean += before / self.steps
            square = self.pick(name, before * (values - mean)).sum()
            self._squares[name] = self._squares.get(name, 0.0) + float(square)

    def pick(self, name: str, values: Array) -> Array:
        """The entries of ``values`` that count, flat."""
        flat = values.reshape(-1)
        return flat[self.entries[name]] if name in self.entries else flat

    def variance(self, name: str) -> float:
        """Sum over entries of the variance of a single estimate; needs two steps."""
        return max(self._squares[name], 0.0) / (self.steps - 1)


def estimates(
    program: Program,
    learner: Learner,
    batch: tuple[Array, Array, Callable[[Array, Array], Array]],
    steps: int,
    entries: Entries | None = None,
) -> Moments:
    """Let ``learner`` estimate the gradient of one batch ``steps`` times, writing nothing.

    Parameters
    ----------
    program, learner : Program, Learner
        Bound to each other; the reads are counted, and both are left as they were.
    batch : (x, y, loss)
    steps : int
        >= 1; step ``k`` has key ``k``.
    entries : mapping, optional
        See ``Moments``.
    """
    x, y, loss = batch
    found = Moments(dict(entries or {}))
    with _left_as_it_was(learner):
        for step in range(steps):
            probe = learner.ask(step, len(x))
            reading = program.run(x, probe)
            lost = loss(reading.output, y)
            found.add(learner.tell(informed(reading, y, probe, loss), lost))
    return found


@contextmanager
def _left_as_it_was(learner: Learner) -> Iterator[None]:
    memory = {name: np.array(values) for name, values in learner.state().items()}
    try:
        yield
    finally:
        learner.restore(memory)
