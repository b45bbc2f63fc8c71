"""One palette for page and charts, in light and dark.

Charts are drawn in the light colours, so that each is a picture of its own; the style sheet maps
those colours to the variables of the page, which follow the reader's scheme.
"""

from __future__ import annotations

from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

INK, MUTED, GRID, PAPER = "#1b2631", "#5a6773", "#e2e7ec", "#ffffff"
BLUE, ORANGE, SAND, GREY = "#1f66b0", "#c4560a", "#edbf98", "#8b97a3"  # apart for colour-blind readers too

_NAMES = ("ink", "muted", "grid", "paper", "blue", "orange", "sand", "grey")
_LIGHT = (INK, MUTED, GRID, PAPER, BLUE, ORANGE, SAND, GREY)
_DARK = ("#e7ecf0", "#9dabb8", "#2c3742", "#141a20", "#6fb3f7", "#f59c51", "#7d5029", "#7b8894")

_AXIS = {
    "domainColor": GREY,
    "tickColor": GREY,
    "gridColor": GRID,
    "labelColor": MUTED,
    "titleColor": MUTED,
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titlePadding": 8,
    "labelLimit": 140,
    "tickSize": 4,
}
_LEGEND = {
    "orient": "bottom",
    "title": None,
    "labelColor": INK,
    "labelFontSize": 12,
    "labelLimit": 200,
    "symbolSize": 140,
    "columnPadding": 16,
}

CONFIG: dict[str, Any] = {
    "background": None,
    "aria": False,  # the figure carries one title and one description instead of one per mark
    "font": FONT.replace("'", ""),
    "view": {"stroke": None},
    "axis": _AXIS,
    "legend": _LEGEND,
    "header": {"labelColor": INK, "labelFontSize": 12, "labelLimit": 300},
}


def css() -> str:
    """Return the variables of both schemes and the mapping of the charts' colours to them."""
    light = _variables(_LIGHT)
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{_variables(_DARK)}}}\n"
    mapping = "".join(
        f'svg [{paint}="{colour}"] {{ {paint}: var(--{name}); }}\n'
        for name, colour in zip(_NAMES, _LIGHT, strict=True)
        for paint in ("fill", "stroke")
    )
    return light + dark + mapping


def _variables(colours: tuple[str, ...]) -> str:
    pairs = zip(_NAMES, colours, strict=True)
    return ":root { " + " ".join(f"--{name}: {colour};" for name, colour in pairs) + " }\n"
