"""Panels as one Vega-Lite specification: formulas in blue, simulated devices in orange."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from textwrap import wrap

from hwnoise.datasheet.panel import Axis, Curve, Panel
from hwnoise.report.encoding import Row, Spec, rows
from hwnoise.report.theme import BLUE, CONFIG, GREY, INK, MUTED, ORANGE, PAPER

WIDTH, HEIGHT = 380, 260  # px of a picture
COLUMNS = 2
_AXIS, _LINE, _BESIDE = 70, 14, 120  # px below a picture, a line of its caption, between two pictures
_LETTERS = 74  # of a caption, in a line as wide as a picture
_KEY = "blue: the formula, with a band of one standard deviation; orange: simulated devices"


def sheet(panels: Sequence[Panel], title: str, subtitle: str) -> Spec:
    """All panels side by side under one heading."""
    lines = max(len(_caption(panel)) for panel in panels)
    heading = {
        "text": title,
        "subtitle": [*wrap(subtitle, _LETTERS * min(COLUMNS, len(panels))), _KEY],
        "anchor": "start",
        "fontSize": 18,
        "subtitleFontSize": 12,
        "subtitleColor": MUTED,
        "color": INK,
        "offset": 18,
        "subtitlePadding": 6,
    }
    return {
        "title": heading,
        "background": PAPER,
        "padding": 24,
        "columns": COLUMNS,
        "bounds": "flush",
        "spacing": {"row": _AXIS + _LINE * (2 + lines), "column": _BESIDE},
        "concat": [picture(panel, lines) for panel in panels],
        "config": {key: value for key, value in CONFIG.items() if key != "background"},
    }


def picture(panel: Panel, lines: int = 1) -> Spec:
    """One panel: bands below, then single devices, lines, error bars and dots; ``lines`` for its caption."""
    caption = _caption(panel)
    heading = {
        "text": panel.title,
        "subtitle": caption + [" "] * (lines - len(caption)),
        "anchor": "start",
        "frame": "group",
        "fontSize": 14,
        "fontWeight": 600,
        "color": INK,
        "subtitleColor": MUTED,
        "subtitleFontSize": 11,
        "offset": 10,
        "subtitlePadding": 4,
    }
    layers = [_bands(panel), _singles(panel), _lines(panel), _names(panel), _bars(panel), _dots(panel)]
    return {
        "title": heading,
        "width": WIDTH,
        "height": HEIGHT,
        "layer": [layer for layer in layers if layer is not None],
    }


def _caption(panel: Panel) -> list[str]:
    return wrap(panel.caption, _LETTERS, break_on_hyphens=False)


def _bands(panel: Panel) -> Spec | None:
    banded = [found for found in panel.formula if found.low]
    if not banded:
        return None
    mark = {"type": "area", "color": BLUE, "opacity": 0.18}
    ends = {"y": _encoded("low", panel.y, panel), "y2": {"field": "high"}}
    return {"data": rows(_points(banded)), "mark": mark, "encoding": _across(panel) | ends | _apart()}


def _lines(panel: Panel) -> Spec | None:
    mark = {"type": "line", "color": BLUE, "strokeWidth": 2}
    return _plain(panel, panel.formula, mark)


def _singles(panel: Panel) -> Spec | None:
    mark = {"type": "line", "color": GREY, "strokeWidth": 1, "opacity": 0.8}
    return _plain(panel, panel.singles, mark)


def _dots(panel: Panel) -> Spec | None:
    mark = {"type": "point", "filled": True, "color": ORANGE, "size": 30, "opacity": 1}
    return _plain(panel, panel.simulated, mark)


def _bars(panel: Panel) -> Spec | None:
    barred = [found for found in panel.simulated if found.low]
    if not barred:
        return None
    mark = {"type": "rule", "color": ORANGE, "strokeWidth": 1.25}
    ends = {"y": _encoded("low", panel.y, panel), "y2": {"field": "high"}}
    return {"data": rows(_points(barred)), "mark": mark, "encoding": _across(panel) | ends}


def _names(panel: Panel) -> Spec | None:
    """The label of each line where there are several, behind its end."""
    named = [found for found in panel.formula if found.label]
    if not named:
        return None
    ends = [{"x": found.x[-1], "y": found.y[-1], "label": found.label} for found in named]
    mark = {"type": "text", "align": "left", "dx": 6, "color": INK, "fontSize": 11}
    text = {"y": _encoded("y", panel.y, panel), "text": {"field": "label", "type": "nominal"}}
    return {"data": rows(ends), "mark": mark, "encoding": _across(panel) | text}


def _plain(panel: Panel, curves: Sequence[Curve], mark: Spec) -> Spec | None:
    if not curves:
        return None
    encoding = _across(panel) | {"y": _encoded("y", panel.y, panel)} | _apart()
    return {"data": rows(_points(curves)), "mark": mark, "encoding": encoding}


def _points(curves: Sequence[Curve]) -> list[Row]:
    """One row a point; only what is drawn."""
    return [
        {"x": x, "y": y, "label": found.label}
        | ({"low": found.low[k], "high": found.high[k]} if found.low else {})
        for found in curves
        for k, (x, y) in enumerate(zip(found.x, found.y, strict=True))
    ]


def _across(panel: Panel) -> Spec:
    return {"x": _encoded("x", panel.x, panel)}


def _encoded(field: str, axis: Axis, panel: Panel) -> Spec:
    kind = {"type": "log", "nice": False} if axis.log else {"zero": axis.zero, "nice": True}
    shown: Spec = {"domain": False, "ticks": False, "labelPadding": 6, "labelFlush": False}
    shown |= _marks(axis, panel) if axis.log else {"tickCount": 6, "format": ".6~g"}
    return {"field": field, "type": "quantitative", "title": axis.title, "scale": kind, "axis": shown}


def _marks(axis: Axis, panel: Panel) -> Spec:
    """Ticks of a logarithmic axis: its own, or the powers of ten."""
    low, high = _extent(axis, panel)
    if axis.ticks:
        inside = [(value, text) for value, text in axis.ticks if 0.99 * low <= value <= 1.01 * high]
        names = ", ".join(f"'{value:.0f}': '{text}'" for value, text in inside)
        return {"values": [value for value, _ in inside], "labelExpr": f"({{{names}}})[datum.value]"}
    powers = [10.0**n for n in range(ceil(log10(low)), floor(log10(high)) + 1)]
    readable = low >= 1e-3 and high < 1e12
    return {"values": powers, "format": "~s" if readable else "~e"}


def _extent(axis: Axis, panel: Panel) -> tuple[float, float]:
    curves = (*panel.formula, *panel.simulated, *panel.singles)
    values = [
        v for found in curves for v in (found.x if axis is panel.x else found.y + found.low + found.high)
    ]
    return min(values), max(values)


def _apart() -> Spec:
    return {"detail": {"field": "label", "type": "nominal"}}
