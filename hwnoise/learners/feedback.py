"""What only the host can add to a reading, because only the host knows the labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hwnoise.backends.base import Array, Curvature, Probe, Reading
from hwnoise.slopes import slopes


def informed(reading: Reading, y: Array, probe: Probe, loss: Callable[[Array, Array], Array]) -> Reading:
    """Return ``reading`` with the derivatives of the loss that ``probe`` observes, if any.

    Raises
    ------
    InputError
        If they are wanted and the loss has none.
    """
    if not probe.observe & {"error", "curvature"}:
        return reading
    slope = slopes(loss)
    seen = replace(reading, error=slope.first(reading.output, y))
    if "curvature" not in probe.observe:
        return seen
    bent = Curvature(slope.exact(reading.output, y), slope.expected(reading.output, y))
    return replace(seen, curvature=bent)
