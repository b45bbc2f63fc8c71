"""What a run would cost: shares of each counter, totals of what is known, and what they lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hwnoise.cost.book import Book
from hwnoise.cost.constant import Constant

Charged = Literal["energy", "latency"]
UNIT: dict[Charged, str] = {"energy": "J", "latency": "s"}


@dataclass(frozen=True)
class Share:
    """What one counter adds to the energy or the latency.

    Attributes
    ----------
    value, low, high : float or None
        In J or s, with the range of the constant; None if unknown or contained elsewhere.
    constant : Constant or None
        What the count was multiplied by.
    within : str
        The counter whose constant contains this cost already; empty if there is none.
    why : str
        Why it is unknown, if there is more to say than that no constant exists.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    constant: Constant | None = None
    within: str = ""
    why: str = ""

    @property
    def is_unknown(self) -> bool:
        """Whether the total lacks this."""
        return self.value is None and not self.within

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        status = "unknown" if self.is_unknown else "within" if self.within else "known"
        found: dict[str, Any] = {"status": status, "value": self.value, "low": self.low, "high": self.high}
        if self.constant is not None:
            found["constant"] = self.constant.model_dump(mode="json", exclude_none=True)
        return found | {key: text for key, text in (("within", self.within), ("why", self.why)) if text}


@dataclass(frozen=True)
class Item:
    """One counter: how often, and what that costs."""

    event: str
    count: int
    energy: Share
    latency: Share


@dataclass(frozen=True)
class Cost:
    """What a run would cost on a real chip, item by item.

    Attributes
    ----------
    substrate : str
        Name of the kind of chip.
    books : tuple of Book
        Sets of constants that were looked into, the user's first.
    items : tuple of Item
        One per counter, in the order of the counters.
    """

    substrate: str
    books: tuple[Book, ...]
    items: tuple[Item, ...]

    def total(self, quantity: Charged) -> tuple[float, float, float] | None:
        """Sum of what is known: value, low and high in J or s; None if nothing is.

        A latency is the sum over events one after the other; what a chip overlaps takes less.
        """
        shares = [getattr(item, quantity) for item in self.items if item.count]
        known = [(s.value, s.low, s.high) for s in shares if s.value is not None]
        if not known:
            return None
        value, low, high = (sum(column) for column in zip(*known, strict=True))
        return value, low, high

    def unknown(self, quantity: Charged) -> tuple[str, ...]:
        """Counters that happened and whose cost is unknown: the total lacks them."""
        return tuple(i.event for i in self.items if i.count and getattr(i, quantity).is_unknown)

    def sentence(self) -> str:
        """Say what the energy comes to, whose number that is, and what it leaves out."""
        from hwnoise.cost.table import spanned

        total, unknown = self.total("energy"), ", ".join(self.unknown("energy"))
        if total is None:
            return (
                "unknown for this chip: counts only, no constant is published"
                if unknown
                else "nothing to charge"
            )
        constants = {i.energy.constant for i in self.items if i.count and i.energy.constant is not None}
        sources = "; ".join(sorted(f"{c.source}, {c.year}, {c.kind}" for c in constants))
        without = f"; without {unknown}, whose energy is unknown" if unknown else ""
        return f"{spanned(total, 'energy')} by {sources}{without}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; energies in J, latencies in s, null where unknown."""
        totals = {q: self.total(q) for q in UNIT}
        return {
            "substrate": self.substrate,
            "constants": [book.name for book in self.books],
            "items": [
                {
                    "event": i.event,
                    "count": i.count,
                    "energy": i.energy.as_dict(),
                    "latency": i.latency.as_dict(),
                }
                for i in self.items
            ],
            **{q: t and dict(zip(("value", "low", "high"), t, strict=True)) for q, t in totals.items()},
            "unknown": {q: list(self.unknown(q)) for q in UNIT},
            "yardsticks": [
                y.model_dump(mode="json", exclude_none=True) for b in self.books for y in b.yardsticks
            ],
        }

    def __str__(self) -> str:
        from hwnoise.cost.table import render

        return render(self)
