"""A data sheet as a file: PNG, SVG, or a page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from hwnoise.datasheet.charts import sheet
from hwnoise.datasheet.panel import Panel
from hwnoise.errors import InputError
from hwnoise.files import check_target, replacing
from hwnoise.report.encoding import Spec
from hwnoise.substrate import Substrate

PIXELS = 2.0  # of a PNG, for one of the drawing: sharp on a dense screen, and in print


def draw(panels: Sequence[Panel], kind: Substrate, path: Path) -> None:
    """Write the pictures of ``kind`` to ``path``; its ending says in which form.

    Raises
    ------
    InputError
        An ending other than .png, .svg or .html, a folder that is not there, or a write that the
        system refuses.
    """
    form = form_of(path)
    content = form(sheet(panels, f"{kind.name}: {kind.kind}", kind.summary), kind.name)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def form_of(path: Path) -> Callable[[Spec, str], bytes]:
    """How a file of this ending is made; InputError where it is none of ours, or has no folder."""
    if path.suffix.lower() not in _FORMS:
        raise InputError(f"--plot draws a .png, .svg or .html file, not {path.name!r}")
    check_target(path)
    return _FORMS[path.suffix.lower()]


def _svg(spec: Spec, name: str) -> bytes:
    from vl_convert import vegalite_to_svg

    drawn: str = vegalite_to_svg(spec, allowed_base_urls=[])
    return drawn.encode()


def _png(spec: Spec, name: str) -> bytes:
    from vl_convert import vegalite_to_png

    drawn: bytes = vegalite_to_png(spec, scale=PIXELS, allowed_base_urls=[])
    return drawn


def _html(spec: Spec, name: str) -> bytes:
    head = f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(name)}</title>\n'
    return head.encode() + _svg(spec, name) + b"\n</html>\n"


_FORMS: dict[str, Callable[[Spec, str], bytes]] = {".png": _png, ".svg": _svg, ".html": _html}
