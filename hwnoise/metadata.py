"""What a network carries beside its graph: its time step, what a spike resets, and notes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hwnoise.errors import InputError
from hwnoise.nodes.base import brief

RESETS = ("zero", "subtract", "none")


def checked_dt(dt: float | None) -> float | None:
    """Return a time step [s] as a float; InputError unless it is finite and > 0, or None."""
    if dt is None:
        return None
    if isinstance(dt, bool) or not isinstance(dt, (int, float, np.number)) or not 0 < dt < math.inf:
        raise InputError(f"dt must be a finite number of seconds > 0, got {brief(dt)}")
    return float(dt)


def checked_reset(reset: str | None) -> str | None:
    """Return a reset rule; InputError unless it is one of ``RESETS``, or None."""
    if reset is not None and not (isinstance(reset, str) and reset in RESETS):
        raise InputError(f"reset must be one of {', '.join(RESETS)}, got {brief(reset)}")
    return reset


def json_values(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy in the form a file gives it back, lists for tuples; InputError for what JSON has not."""
    try:
        values = json.loads(json.dumps(dict(metadata), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"metadata must hold JSON values only: {error}") from None
    return dict(values)
