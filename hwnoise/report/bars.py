"""Charts made of bars: levels per layer, cosines per layer, histograms per group."""

from __future__ import annotations

from collections.abc import Sequence

from hwnoise.report.encoding import NARROW, WIDTH, Row, Spec, names, quantity, rows, scale
from hwnoise.report.theme import BLUE, GREY, INK, ORANGE, PAPER, SAND

_LEVELS = {"signal": ("signal", BLUE), "noise": ("noise", SAND), "fresh": ("fresh part", ORANGE)}


def levels(layers: Sequence[Row]) -> Spec:
    """Draw signal, noise and the fresh part of the noise for every layer.

    Parameters
    ----------
    layers : sequence of mappings
        ``name``, ``signal``, ``noise`` and ``fresh``: standard deviations in node units, or None.
    """
    found = [
        {"layer": layer["name"], "kind": kind, "value": layer[key], "lane": "a" if key == "signal" else "b"}
        for layer in layers
        for key, (kind, _) in _LEVELS.items()
        if layer[key] is not None
    ]
    kinds, colours = zip(*_LEVELS.values(), strict=True)
    row = names("layer", [str(layer["name"]) for layer in layers])
    spread = "standard deviation at the node"
    return {
        "width": NARROW,
        "height": {"step": 17},
        "data": rows(found),
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "y": row | {"scale": {"paddingInner": 0.35, "paddingOuter": 0.2}},
            "yOffset": {"field": "lane", "type": "nominal", "scale": {"paddingInner": 0.12}},
            # the fresh part lies on the noise it is a part of
            "x": quantity("value", spread, {"tickCount": 5, "labelFlush": False}) | {"stack": None},
            "color": scale("kind", kinds, colours, {"symbolType": "square"}),
        },
    }


def cosines(found: Sequence[tuple[str, float]], *, whole: str | None = None) -> Spec:
    """Draw a cosine in -1..1 per row; the row named ``whole`` stands out."""
    values = [
        {"name": name, "value": value, "label": f"{value:.2f}", "whole": name == whole, "end": max(0, value)}
        for name, value in found
    ]
    low, high = min(value for _, value in found), max(value for _, value in found)
    domain = {"domain": [min(0.0, 1.1 * low), max(0.1, 1.25 * high)], "nice": True}  # room for the label
    axis = {"tickCount": 5, "labelFlush": False}
    x = quantity("value", "cosine with the gradient", axis) | {"scale": domain}
    label = {"type": "text", "align": "left", "dx": 6, "fontSize": 12, "color": INK}
    colour = {"condition": {"test": "datum.whole", "value": BLUE}, "value": GREY}
    text = {"x": x | {"field": "end"}, "text": {"field": "label", "type": "nominal"}}
    return {
        "width": NARROW,
        "height": {"step": 30},
        "data": rows(values),
        "encoding": {"y": names("name", [name for name, _ in found])},
        "layer": [
            {"mark": {"type": "bar", "height": 16}, "encoding": {"x": x, "color": colour}},
            {"mark": label, "encoding": text},
        ],
    }


def histograms(bins: Sequence[tuple[str, float, float, float]], *, x_title: str, y_title: str) -> Spec:
    """Draw one small histogram per group, all on the same axes.

    Parameters
    ----------
    bins : sequence of (group, from, to, share)
        The share of the group that lies in this bin, in 0..1.
    x_title, y_title : str
        The quantities, with units.
    """
    found = [{"group": group, "from": low, "to": high, "share": share} for group, low, high, share in bins]
    groups = list(dict.fromkeys(group for group, *_ in bins))
    header = {"title": None, "labelOrient": "top", "labelAnchor": "start", "labelPadding": 2}
    x_axis = {"tickCount": 6, "grid": False, "labelFlush": False}
    y_axis = {"format": "~%", "tickCount": 3, "domain": False, "ticks": False}
    return {
        "data": rows(found),
        "facet": {"row": {"field": "group", "type": "nominal", "sort": groups, "header": header}},
        "spacing": 12,
        "spec": {
            "width": WIDTH,
            "height": 76,
            "mark": {"type": "bar", "color": BLUE, "stroke": PAPER, "strokeWidth": 0.75},
            "encoding": {
                "x": quantity("from", x_title, x_axis, nice=False) | {"bin": "binned"},
                "x2": {"field": "to"},
                "y": quantity("share", y_title, y_axis),
            },
        },
    }
