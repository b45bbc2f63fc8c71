"""The few Vega-Lite encodings that all charts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hwnoise.report.theme import INK

Spec = dict[str, Any]
Row = Mapping[str, Any]

# CSS pixels: with its axis, a chart is readable on a phone, and two fit side by side on a desktop.
WIDTH = 320
NARROW = 260  # where names stand to the left of the plot

NAMES_AXIS: Spec = {"domain": False, "ticks": False, "labelColor": INK, "labelPadding": 8}


def names(field: str, order: Sequence[str]) -> Spec:
    """One row per name, in the given order."""
    return {"field": field, "type": "nominal", "sort": list(order), "title": None, "axis": NAMES_AXIS}


def quantity(field: str, title: str, axis: Spec, *, zero: bool = True, nice: bool = True) -> Spec:
    """A number on a linear axis."""
    scale = {"zero": zero, "nice": nice}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis, "scale": scale}


def scale(field: str, domain: Sequence[str], values: Sequence[Any], legend: Spec | None) -> Spec:
    """A fixed colour or dash pattern for each name."""
    fixed = {"domain": list(domain), "range": list(values)}
    return {"field": field, "type": "nominal", "scale": fixed, "legend": legend}


def rows(found: Sequence[Row]) -> Spec:
    """Data that travels inside the specification."""
    return {"values": [dict(row) for row in found]}
