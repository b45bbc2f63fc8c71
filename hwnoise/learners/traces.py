"""What rules on local traces share: their one option, and how they look at a reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from hwnoise.backends.base import Reading, Traces
from hwnoise.errors import InputError, MismatchError


def share(learner: str, option: str, value: object) -> float | None:
    """Return ``value`` if it is None or a number in [0, 1); InputError otherwise."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise InputError(
            f"learner {learner}: {option} must be a number from 0 to below 1, or left out, not {value!r}"
        )
    return float(value)


def traces(learner: str, reading: Reading) -> Mapping[str, Traces]:
    """Return what the synapses of every layer summed up.

    Raises
    ------
    MismatchError
        If there is nothing, although the probe asked for it.
    """
    if not reading.eligibility:
        raise MismatchError(f"learner {learner} asked for traces, and the chip showed none")
    return cast("Mapping[str, Traces]", reading.eligibility)


def steps_of(reading: Reading) -> int:
    """Steps of time behind one output, whether it still has a time axis or not."""
    return int(reading.output.shape[2]) if reading.output.ndim == 4 else reading.steps
