"""A cost as a table for people: counts, joules and seconds where known, and a note for each constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwnoise.cost.constant import Constant
from hwnoise.cost.result import UNIT, Charged, Share

if TYPE_CHECKING:
    from hwnoise.cost.result import Cost

_PREFIXES = ((1e-15, "f"), (1e-12, "p"), (1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""), (1e3, "k"))


def render(cost: Cost) -> str:
    """Return the table, what its totals lack, and who says so."""
    notes: list[Constant] = []
    rows: list[tuple[str, ...]] = [("event", "count", "energy", "latency")]
    for item in cost.items:
        cells = (_cell(getattr(item, quantity), quantity, notes) for quantity in UNIT)
        rows.append((item.event, f"{item.count:,}", *cells) if item.count else (item.event, "0", "–", "–"))
    rows.append(("total of what is known", "", *(_total(cost, quantity) for quantity in UNIT)))
    lines = [*_aligned(rows), *_lacking(cost)]
    lines += [f"[{number}] {sentence(constant)}" for number, constant in enumerate(notes, 1)]
    lines += [f"for comparison: {sentence(y)}" for book in cost.books for y in book.yardsticks]
    return "\n".join(lines)


def sentence(constant: Constant) -> str:
    """What the constant is, at which resolution, in which technology, who says so and how they know."""
    low, high = constant.bounds
    per = " each" if constant.event else ""
    span = f" ({low:g} to {high:g})" if low < high else ""
    bits = [f"{n} bit {way}" for n, way in ((constant.bits_in, "in"), (constant.bits_out, "out")) if n]
    year = str(constant.year) if constant.year and str(constant.year) not in constant.source else ""
    source = ", ".join(part for part in (constant.source, year) if part)
    facts = ", ".join(part for part in (constant.kind, constant.node, constant.voltage, *bits) if part)
    facts = "" if constant.kind == "user" else f", {facts}"
    note = f"; {constant.note}" if constant.note else ""
    return f"{constant.value:g} {constant.unit}{per}{span}{facts}: {source}{note}"


def with_prefix(value: float, unit: str) -> str:
    """Three digits and an SI prefix: ``8.06 µJ``."""
    if value == 0:
        return f"0 {unit}"
    scale, prefix = next((p for p in reversed(_PREFIXES) if abs(value) >= 0.9995 * p[0]), _PREFIXES[0])
    shown = f"{value / scale:.3g}"
    return f"{float(shown):,g} {prefix}{unit}"


def _cell(share: Share, quantity: Charged, notes: list[Constant]) -> str:
    if share.within:
        return f"in {share.within}"
    if share.value is None or share.constant is None:
        return "unknown"
    if share.constant not in notes:
        notes.append(share.constant)
    low = share.value if share.low is None else share.low
    high = share.value if share.high is None else share.high
    return f"{spanned((share.value, low, high), quantity)} [{notes.index(share.constant) + 1}]"


def _total(cost: Cost, quantity: Charged) -> str:
    total = cost.total(quantity)
    return "unknown" if total is None else spanned(total, quantity)


def spanned(amount: tuple[float, float, float], quantity: Charged) -> str:
    """An amount with its range, in the unit of ``quantity``."""
    value, low, high = (with_prefix(each, UNIT[quantity]) for each in amount)
    return value if low == high else f"{value} ({low} to {high})"


def _lacking(cost: Cost) -> list[str]:
    """A sentence for each total that is not the whole, and one for each reason."""
    lines = []
    for quantity in UNIT:
        if events := cost.unknown(quantity):
            lines.append(f"{quantity} does not hold {', '.join(events)}: unknown, give constants to add them")
    reasons = (getattr(item, q).why for item in cost.items for q in UNIT if item.count)
    return lines + [why for why in dict.fromkeys(reasons) if why]


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    a, b, c, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [f"{e:<{a}}  {n:>{b}}  {x:<{c}}  {y}".rstrip() for e, n, x, y in rows]
