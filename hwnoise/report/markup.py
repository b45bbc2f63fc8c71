"""HTML from data: every string is escaped here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from hwnoise.report.encoding import Spec
from hwnoise.report.theme import CONFIG

_MOST_ROWS = 200  # a table for people; longer ones are thinned and say so
_NOISE = re.compile(r' (?:class|role|aria-\w+|pointer-events|xmlns\S*)="[^"]*"| opacity="1"')
_EMPTY = re.compile(r'<path class="(?:back|fore)ground"(?![^>]* fill=)[^>]*/>')


@dataclass(frozen=True)
class Table:
    """Headers and rows of plain text; the first column names the row.

    Cells are numbers, flush right, unless ``words`` says that they are text.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: bool = False


@dataclass(frozen=True)
class Figure:
    """A chart, what it shows in one sentence, and the numbers behind it; ``wide`` takes the room of two."""

    title: str
    description: str
    spec: Spec
    numbers: Table
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """A heading, sentences that say what is to be seen, and what shows it."""

    title: str
    sentences: Sequence[str]
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    items: Sequence[str] = ()
    code: str | None = None
    name: str = field(init=False)

    def __post_init__(self) -> None:
        """Derive the anchor from the title."""
        object.__setattr__(self, "name", re.sub(r"\W+", "-", self.title.lower()))


def section(part: Section) -> str:
    """Write a section: words on one side, what they speak of on the other."""
    words = "".join(f"<p>{escape(sentence)}</p>\n" for sentence in part.sentences)
    shown = [figure(each, f"{part.name}-{n}") for n, each in enumerate(part.figures, 1)]
    if part.code is not None:
        shown.append(f"<pre><code>{escape(part.code)}</code></pre>\n")
    shown += [table(each) for each in part.tables]
    if part.items:
        shown.append("<ul>\n" + "".join(f"<li>{escape(item)}</li>\n" for item in part.items) + "</ul>\n")
    evidence = f'<div class="evidence">\n{"".join(shown)}</div>\n' if shown else ""
    return (
        f'<section id="{part.name}">\n<div class="words">\n<h2>{escape(part.title)}</h2>\n{words}</div>\n'
        f"{evidence}</section>\n"
    )


def figure(part: Figure, name: str) -> str:
    """Write a chart with its caption, and its numbers behind a fold."""
    kind = ' class="wide"' if part.wide else ""
    return (
        f"<figure{kind}>\n<figcaption>{escape(part.title)}</figcaption>\n"
        f"{svg(part, name)}\n"
        f"<details><summary>The numbers</summary>\n{table(part.numbers)}</details>\n</figure>\n"
    )


def svg(part: Figure, name: str) -> str:
    """Draw a chart as SVG that scales with the page, with one title and one description.

    Vega gives every group roles and classes; one picture with one text is what a screen reader
    needs, and a third of the bytes.
    """
    from vl_convert import vegalite_to_svg

    drawn = vegalite_to_svg(part.spec | {"config": CONFIG}, allowed_base_urls=[])
    head, body = drawn.split(">", 1)
    width, height = (float(re.findall(rf' {side}="([\d.]+)"', head)[0]) for side in ("width", "height"))
    body = re.sub(r"<[^>]*>", lambda tag: _NOISE.sub("", tag[0]), _EMPTY.sub("", body))
    return (
        f'<svg role="img" aria-labelledby="{name}-title {name}-desc" viewBox="0 0 {width:g} {height:g}" '
        f'style="max-width: {1.15 * width:.0f}px">'
        f'<title id="{name}-title">{escape(part.title)}</title>'
        f'<desc id="{name}-desc">{escape(part.description)}</desc>{body}'
    )


def table(part: Table) -> str:
    """Write a table that scrolls sideways on its own where the screen is narrow."""
    step = -(-len(part.rows) // _MOST_ROWS)
    rows = part.rows[::step] if step > 1 else part.rows
    note = f"<p>Every {step}th of {len(part.rows):,} rows.</p>\n" if step > 1 else ""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in part.headers)
    body = "".join(f"<tr>{_cells(row)}</tr>\n" for row in rows)
    kind = ' class="words"' if part.words else ""
    return (
        f'<div class="table" tabindex="0">{note}<table{kind}>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def _cells(row: Iterable[str]) -> str:
    first, *others = row
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
    return f'<th scope="row">{escape(first)}</th>{cells}'
