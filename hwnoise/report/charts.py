"""Vega-Lite specifications: small functions from data to a chart, as plain dictionaries.

They know nothing of run folders or HTML; ``bars.py`` has the ones made of bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hwnoise.report.encoding import NAMES_AXIS, NARROW, WIDTH, Row, Spec, names, quantity, rows, scale
from hwnoise.report.theme import BLUE, GREY, GRID, INK, ORANGE, PAPER

_MANY_POINTS = 15  # dots on a line help up to here and blur it beyond
_MANY_CLASSES = 15  # a count still fits into its cell
_CELL, _LARGEST = 36, 360  # px


def curve(
    points: Sequence[tuple[float, float | None, str]],
    *,
    x_title: str,
    y_title: str,
    styles: Mapping[str, tuple[str, Sequence[int]]],
    percent: bool = False,
) -> Spec:
    """Draw lines over a common axis.

    Parameters
    ----------
    points : sequence of (x, y, series)
        A missing ``y`` interrupts its line.
    x_title, y_title : str
        The quantities, with units.
    styles : mapping of series to (colour, dashes)
        Their order is the order of the legend; one series needs no legend.
    percent : bool
        Whether ``y`` is a share in 0..1.
    """
    legend = {"symbolStrokeWidth": 2.5, "symbolType": "stroke"} if len(styles) > 1 else None
    colours, dashes = zip(*styles.values(), strict=True)
    y_axis: Spec = {"tickCount": 5, "domain": False, "ticks": False, "minExtent": 34}
    y_axis |= {"format": ".0%"} if percent else {}
    xs = [x for x, *_ in points]
    steps = int(max(xs) - min(xs)) if all(float(x).is_integer() for x in xs) else 6
    ticks = max(1, min(6, steps))  # none between two epochs
    x_axis = {"grid": False, "format": ".6~g", "tickCount": ticks}
    dots = {"size": 28} if len(points) <= _MANY_POINTS * len(styles) else False
    return {
        "width": WIDTH,
        "height": 200,
        "data": {"values": [{"x": x, "y": y, "series": series} for x, y, series in points]},
        "mark": {"type": "line", "strokeWidth": 2.25, "strokeCap": "round", "point": dots},
        "encoding": {
            "x": quantity("x", x_title, x_axis, zero=False, nice=False),
            "y": quantity("y", y_title, y_axis, zero=False),
            "color": scale("series", list(styles), colours, legend),
            "strokeDash": scale("series", list(styles), [list(dash) for dash in dashes], legend),
        },
    }


def intervals(found: Sequence[Row], *, domain: tuple[float, float], guess: float | None = None) -> Spec:
    """Draw a share per row with its interval and the single values behind it.

    Parameters
    ----------
    found : sequence of mappings
        ``name``, ``value``, ``low`` and ``high`` in 0..1 (``low`` and ``high`` may be None), and
        ``single``, a list of values.
    domain : (float, float)
        What the axis shows.
    guess : float, optional
        Where guessing would be; drawn as a dotted line.
    """
    axis: Spec = {"format": "~%", "tickCount": 5, "labelFlush": False}
    clipped = {"scale": {"domain": list(domain), "nice": False, "clamp": True}}
    x = quantity("value", "accuracy", axis) | clipped
    place = {"x": x, "y": names("name", [row["name"] for row in found])}
    labels = [{**row} | {"label": f"{100 * row['value']:.1f} %"} for row in found]
    singles = [{"name": row["name"], "value": value} for row in found for value in row["single"]]
    known = [row for row in found if row["low"] is not None and row["high"] is not None]
    label = {"type": "text", "dy": -16, "fontSize": 12, "fontWeight": 600, "color": INK}
    bar = {"type": "rule", "strokeWidth": 7, "strokeCap": "round", "color": BLUE, "opacity": 0.4}
    tick = {"type": "tick", "thickness": 1.5, "size": 14, "color": ORANGE}
    dot = {"type": "point", "filled": True, "size": 70, "color": BLUE, "opacity": 1}
    line = {"type": "rule", "strokeDash": [2, 3], "color": GREY, "strokeWidth": 1.5}
    guesses = [] if guess is None else [{"value": guess}]
    text = {"text": {"field": "label", "type": "nominal"}}
    ends = {"x": x | {"field": "low"}, "x2": {"field": "high"}}
    return {
        "width": NARROW,
        "height": {"step": 52},
        "layer": [
            {"data": rows(labels), "mark": label, "encoding": place | text},
            {"data": rows(guesses), "mark": line, "encoding": {"x": x}},
            {"data": rows(known), "mark": bar, "encoding": place | ends},
            {"data": rows(singles), "mark": tick, "encoding": place},
            {"data": rows(found), "mark": dot, "encoding": place},
        ],
    }


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Spec:
    """Draw a confusion matrix: blue where the answer is right, orange where it is wrong.

    Parameters
    ----------
    counts : (classes, classes) int
        Row: true class; column: answer.
    classes : sequence of str
        Names, all different.
    """
    cells = [
        {"true class": classes[i], "answer": classes[j], "right": i == j, "count": n, "share": n / sum(row)}
        for i, row in enumerate(counts)
        for j, n in enumerate(row)
        if n
    ]
    fill = {"condition": {"test": "datum.right", "value": BLUE}, "value": ORANGE}
    # the square root makes one error among fifty visible
    depth = {"field": "share", "type": "quantitative", "legend": None} | {
        "scale": {"type": "sqrt", "domain": [0, 1], "range": [0, 1]}
    }
    rect: Spec = {
        "mark": {"type": "rect", "cornerRadius": 2},
        "encoding": {"fill": fill, "fillOpacity": depth},
    }
    ink = {"condition": {"test": "datum.share > 0.36", "value": PAPER}, "value": INK}
    text: Spec = {
        "mark": {"type": "text", "fontSize": 12},
        "encoding": {"text": {"field": "count", "type": "quantitative"}, "fill": ink},
    }
    side = min(_LARGEST, _CELL * max(4, len(classes)))
    return {
        "width": side,
        "height": side,
        "view": {"fill": GRID, "fillOpacity": 0.5},
        "data": rows(cells),
        "encoding": {"x": _answers(classes), "y": _classes("true class", classes)},
        "layer": [rect, text] if len(classes) <= _MANY_CLASSES else [rect],
    }


def _classes(title: str, classes: Sequence[str]) -> Spec:
    axis = NAMES_AXIS | {"labelOverlap": len(classes) > _MANY_CLASSES, "labelPadding": 5}
    axis |= {"grid": True, "tickBand": "extent", "gridColor": PAPER, "gridWidth": 2}  # cells, also empty ones
    domain = {"domain": list(classes), "padding": 0.04}
    return {"field": title, "type": "nominal", "title": title, "axis": axis, "scale": domain}


def _answers(classes: Sequence[str]) -> Spec:
    encoding = _classes("answer", classes)
    slant = 0 if max(map(len, classes)) <= 3 else -40
    return encoding | {"axis": encoding["axis"] | {"orient": "top", "labelAngle": slant}}
