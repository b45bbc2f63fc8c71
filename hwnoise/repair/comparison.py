"""What became of a network on chips of a kind: the numbers, and the table that shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from hwnoise import metrics


@dataclass(frozen=True)
class ChipRepair:
    """One chip: accuracies in [0, 1] on the test samples, with all its noise.

    Attributes
    ----------
    programmed, aged : float
        With the network just put on it; and after the time that was let pass.
    compensated : float or None
        Aged, with global drift compensation; None where that does not apply.
    reprogrammed, verified : float or None
        Aged and written again with at least as many writes as the repair made: blindly, and by what was
        read back; None where nothing is programmed. Of their rounds, the one that reads the validation
        samples best, although a chip could not go back to it.
    repaired, repaired_aged : float
        Aged and repaired by the learner; and once more after the same time.
    writes, passes : int
        Device writes and reads of the repair.
    seconds : float
        Wall time of the repair.
    """

    programmed: float
    aged: float
    compensated: float | None
    reprogrammed: float | None
    verified: float | None
    repaired: float
    repaired_aged: float
    writes: int
    passes: int
    seconds: float

    @property
    def best_without(self) -> float:
        """The best that was reached without learning."""
        found = (self.aged, self.compensated, self.reprogrammed, self.verified)
        return max(value for value in found if value is not None)


@dataclass(frozen=True)
class Comparison:
    """A repair beside its alternatives, on several chips.

    Attributes
    ----------
    network, device, learner : str
        What was repaired where by what.
    seed : int
    age : float
        Seconds that chips aged.
    exact : float
        Accuracy of the network without any hardware, in [0, 1].
    chips : tuple of ChipRepair
    """

    network: str
    device: str
    learner: str
    seed: int
    age: float
    exact: float
    chips: tuple[ChipRepair, ...]

    def recovery(self) -> dict[str, Any] | None:
        """Share won back of what the best alternative leaves; None where that is under a point on some chip.

        Returns
        -------
        dict or None
            ``value``, ``low`` and ``high`` (95 %, Student over chips), and ``chips``.
        """
        lost = [self.exact - chip.best_without for chip in self.chips]
        if min(lost) < LEAST:
            return None
        return _interval(
            [(chip.repaired - chip.best_without) / gap for chip, gap in zip(self.chips, lost, strict=True)]
        )

    def stages(self) -> dict[str, dict[str, Any]]:
        """Accuracy at each stage that applies: ``value``, ``low``, ``high``, ``chips``."""
        names = [name for name in _STAGES if self.age or "aged" not in name]
        found = {name: [getattr(chip, name) for chip in self.chips] for name in names}
        return {name: _interval(values, most=1.0) for name, values in found.items() if None not in values}

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, for ``--json``."""
        plain = asdict(self)
        return {**plain, "stages": self.stages(), "recovery": self.recovery()}

    def lines(self) -> Iterator[str]:
        """Yield the table, a line for each stage."""
        count = len(self.chips)
        yield (
            f"{self.network} on {count} chip{'s' * (count > 1)} of '{self.device}', seed {self.seed}, "
            f"repaired by {self.learner}"
        )
        yield f"{'without hardware':<{_WIDTH}}{100 * self.exact:5.1f} %"
        for name, found in self.stages().items():
            yield f"{_STAGES[name].format(age=_days(self.age)):<{_WIDTH}}{_shown(found)}"
        yield from self._verdict()

    def _verdict(self) -> Iterator[str]:
        found = self.recovery()
        if found is None:
            yield "on some chip less than a point is left to win back: no share of it is given"
        else:
            left = _interval([self.exact - chip.best_without for chip in self.chips])
            yield f"{'left by the best of them without learning':<{_WIDTH}}{100 * left['value']:5.1f} points"
            yield f"{'of which learning won back':<{_WIDTH}}{_shown(found)}"
        writes, passes, seconds = (
            sum(getattr(chip, key) for chip in self.chips) / len(self.chips)
            for key in ("writes", "passes", "seconds")
        )
        yield f"a repair took {passes:,.0f} reads, {writes:,.0f} device writes and {seconds:.0f} s"


LEAST = 0.01  # a share of less than a point would be noise over noise
_WIDTH = 44
_STAGES = {
    "programmed": "programmed",
    "aged": "{age} later",
    "compensated": "  drift compensated",
    "reprogrammed": "  written again, as often as by the repair",
    "verified": "  written again by what it reads back",
    "repaired": "  repaired by its own noise",
    "repaired_aged": "and once more {age} later",
}


def _interval(values: list[float], most: float | None = None) -> dict[str, Any]:
    """Mean and 95 % interval over chips, within 0 and ``most`` if that is given; of a single chip none."""
    mean = sum(values) / len(values)
    low, high = metrics.mean_interval(values) if len(values) > 1 else (None, None)
    if most is not None and low is not None and high is not None:
        low, high = max(low, 0.0), min(high, most)
    return {"value": mean, "low": low, "high": high, "chips": values}


def _shown(found: dict[str, Any]) -> str:
    shown = f"{100 * found['value']:5.1f} %"
    if found["low"] is None:
        return shown
    return f"{shown} [{100 * found['low']:.1f}, {100 * found['high']:.1f}]"


def _days(seconds: float) -> str:
    days = seconds / 86_400
    return f"{days:g} day{'s' * (days != 1)}" if days >= 1 else f"{seconds:g} s"
