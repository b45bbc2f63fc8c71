"""Charts over the steps of a presentation: spike rasters, membranes, differences of two recordings.

Vega-Lite specifications as in ``charts``: functions from data to a chart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hwnoise.report.encoding import NAMES_AXIS, Row, Spec, quantity, rows, scale
from hwnoise.report.theme import BLUE, INK, ORANGE

PANEL = 190  # px: three presentations side by side take the width of two charts
_HEIGHT, _ROW = 130, 3.4
_TIME: Spec = {"grid": False, "tickCount": 4, "format": "d", "labelFlush": False}
_SIZE: Spec = {"tickCount": 3, "domain": False, "ticks": False, "minExtent": 34}


def raster(
    populations: Sequence[tuple[str, int, Sequence[Row]]], *, titles: Sequence[str], steps: int
) -> Spec:
    """Draw every spike as a tick, one panel for each population and presentation.

    Parameters
    ----------
    populations : sequence of (name, rows, spikes)
        ``rows`` neurons are shown; a spike has ``sample`` (a title), ``step``, ``row`` and ``sign``.
    titles : sequence of str
        Of the presentations, all different.
    steps : int
    """
    panels = []
    for number, (name, count, spikes) in enumerate(populations):
        height = max(40.0, _ROW * count)
        is_last = number == len(populations) - 1
        panels.append(
            {
                "data": rows([*_unseen(titles), *spikes]),
                "facet": {"column": _columns(titles, shown=number == 0)},
                "spacing": 20,
                "spec": {
                    "width": PANEL,
                    "height": height,
                    "mark": {
                        "type": "tick",
                        "thickness": 2,
                        "opacity": 1,
                        "clip": True,
                        "size": 0.85 * height / count,
                    },
                    "encoding": {
                        "x": _time(steps, "step" if is_last else None),
                        "y": _neurons(name, count),
                        "color": _sign(),
                    },
                },
            }
        )
    return {"vconcat": panels, "spacing": 8}


def membranes(
    found: Sequence[Row],
    thresholds: Sequence[float],
    *,
    titles: Sequence[str],
    steps: int,
    colours: Mapping[str, str],
) -> Spec:
    """Draw membranes over the steps, one panel for each presentation, and thresholds as dashed lines.

    Parameters
    ----------
    found : sequence of mappings
        ``sample`` (a title), ``step``, ``neuron``, ``kind`` and ``value``.
    thresholds : sequence of float
        All different; empty for integrators.
    titles, steps
        As for ``raster``.
    colours : mapping of kind to colour
        Their order is the order of the legend; lines of later kinds lie on top.
    """
    legend = {"symbolStrokeWidth": 2.5, "symbolType": "stroke"} if len(colours) > 1 else None
    line: Spec = {
        "mark": {"type": "line", "strokeWidth": 1.8, "strokeCap": "round", "interpolate": "linear"},
        "encoding": {
            "x": _time(steps, "step"),
            "y": quantity("value", "membrane", _SIZE, zero=False),
            "color": scale("kind", list(colours), list(colours.values()), legend),
            "detail": {"field": "neuron", "type": "nominal"},
            "order": {"field": "step", "type": "quantitative"},
        },
    }
    rules: list[Spec] = [
        {
            "data": rows([{"level": level}]),  # of its own: else it is drawn once for every point
            "mark": {"type": "rule", "strokeDash": [4, 3], "color": INK, "strokeWidth": 1},
            "encoding": {"y": {"field": "level", "type": "quantitative"}},
        }
        for level in thresholds
    ]
    return {
        "data": rows(sorted(found, key=lambda row: list(colours).index(row["kind"]))),
        "facet": {"column": _columns(titles)},
        "spacing": 20,
        "spec": {"width": PANEL, "height": _HEIGHT, "layer": [line, *rules]},
    }


def differences(found: Sequence[Row], *, names: Sequence[str], steps: int) -> Spec:
    """Draw the smallest and the largest difference at each step, one panel below the other.

    Parameters
    ----------
    found : sequence of mappings
        ``population``, ``step``, ``low`` and ``high``.
    names : sequence of str
        Of the populations, in order.
    steps : int
    """
    most = max([1.0, *(abs(row[end]) for row in found for end in ("low", "high"))])
    axis = _SIZE | {"values": [-most, 0, most], "format": ",d"}
    y = quantity("low", "", axis, nice=False) | {"title": None, "scale": {"domain": [-most, most]}}
    shared = {"x": _time(steps, "step"), "y": y}
    header: Spec = {"title": None, "labelOrient": "top", "labelAnchor": "start", "labelPadding": 2}
    return {
        "data": rows(found),
        "facet": {"row": {"field": "population", "type": "nominal", "sort": list(names), "header": header}},
        "spacing": 20,
        "spec": {
            "width": 3 * PANEL,
            "height": 52,
            "layer": [
                {
                    "mark": {"type": "area", "color": ORANGE, "opacity": 0.5},
                    "encoding": shared | {"y2": {"field": "high"}},
                },
                {"mark": {"type": "line", "color": BLUE, "strokeWidth": 2}, "encoding": shared},
                {
                    "mark": {"type": "line", "color": BLUE, "strokeWidth": 2},
                    "encoding": shared | {"y": y | {"field": "high"}},
                },
            ],
        },
    }


def overlay(found: Sequence[Row], *, titles: Sequence[str], steps: int, sources: tuple[str, str]) -> Spec:
    """Draw a membrane as it was recorded twice: the first source a line, the second one dots on it.

    Parameters
    ----------
    found : sequence of mappings
        ``sample`` (a title), ``step``, ``source`` and ``value``.
    titles, steps
        As for ``raster``.
    sources : (str, str)
    """
    colour = scale("source", list(sources), [BLUE, ORANGE], {"symbolType": "circle"})
    shared = {"x": _time(steps, "step"), "y": quantity("value", "membrane", _SIZE, zero=False)}
    first, second = sources
    return {
        "data": rows(found),
        "facet": {"column": _columns(titles)},
        "spacing": 20,
        "spec": {
            "width": PANEL,
            "height": _HEIGHT,
            "layer": [
                {
                    "transform": [{"filter": {"field": "source", "equal": first}}],
                    "mark": {"type": "line", "strokeWidth": 1.8},
                    "encoding": shared | {"color": colour},
                },
                {
                    "transform": [{"filter": {"field": "source", "equal": second}}],
                    "mark": {"type": "point", "filled": True, "size": 14, "opacity": 1},
                    "encoding": shared | {"color": colour},
                },
            ],
        },
    }


def _unseen(titles: Sequence[str]) -> list[Row]:
    """One point before the first step for each sample, which is cut off: a silent one has its panel, too."""
    return [{"sample": title, "step": -1, "row": 0, "sign": 1} for title in titles]


def _columns(titles: Sequence[str], shown: bool = True) -> Spec:
    header: Spec = {"title": None, "labelAnchor": "start", "labels": shown, "labelPadding": 4 if shown else 0}
    return {"field": "sample", "type": "nominal", "sort": list(titles), "header": header}


def _time(steps: int, title: str | None) -> Spec:
    place = {"domain": [0, max(1, steps)], "nice": False}
    axis = _TIME if title else _TIME | {"labels": False}
    return {"field": "step", "type": "quantitative", "title": title, "axis": axis, "scale": place}


def _neurons(name: str, count: int) -> Spec:
    axis = NAMES_AXIS | {"labels": False, "grid": False, "titleAngle": 0, "titleAlign": "right"}
    place = {"domain": [-0.5, count - 0.5], "nice": False, "reverse": True}
    return {"field": "row", "type": "quantitative", "title": name, "axis": axis, "scale": place}


def _sign() -> Spec:
    """Spikes are blue; those of -1, which ternary neurons send, are orange."""
    return {"condition": {"test": "datum.sign < 0", "value": ORANGE}, "value": BLUE}
