"""Counts times constants: energy and latency of each event, and what remains unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from typing import TYPE_CHECKING

from hwnoise.cost.book import Book, Given, open_books
from hwnoise.cost.constant import Constant
from hwnoise.cost.result import UNIT, Charged, Cost, Item, Share
from hwnoise.errors import InputError

if TYPE_CHECKING:
    from hwnoise.devices.composition import Substrate


def estimate(
    events: Mapping[str, int], substrate: Substrate, constants: Given | Sequence[Given] | None = None
) -> Cost:
    """Multiply what a chip counted by sourced constants (eq:cost).

    Parameters
    ----------
    events : mapping of str to int
        ``Program.events`` or ``Reading.events``: reads, conversions_in, conversions_out,
        multiplications, device_reads, device_writes, pulses; on spiking chips synaptic_operations,
        neuron_updates, spikes, ...
    substrate : Substrate
        Says which built-in set holds (by name or kind) and at which resolution.
    constants : set name, TOML file, mapping, or a sequence of these, optional
        The user's own; they stand before the built-in ones. A mapping or a file gives
        ``device_writes = "100 pJ"`` or ``[[constants]]`` tables (see ``Constant``).

    Returns
    -------
    Cost
        ``str`` of it is a table, ``as_dict`` the same for JSON.

    Raises
    ------
    InputError
        For a count that is no whole number >= 0, an unknown set, a malformed constant, or one for
        what another constant contains already.

    Examples
    --------
    >>> from hwnoise import substrate
    >>> cost = estimate({"multiplications": 1_000_000, "device_writes": 20}, substrate.load("pcm"))
    >>> f"{cost.total('energy')[0]:.3g} J", cost.unknown("energy")
    ('8.06e-07 J', ('device_writes',))
    """
    counts = {event: _count(event, count) for event, count in events.items()}
    books = open_books(substrate, constants)
    bits = (
        substrate.dac.bits if substrate.dac is not None else 0,
        substrate.adc.bits if substrate.adc is not None else 0,
    )
    energy, latency = (_shares(counts, quantity, books, bits) for quantity in UNIT)
    items = (Item(event, count, energy[event], latency[event]) for event, count in counts.items())
    return Cost(substrate.name, books, tuple(items))


def _shares(
    counts: Mapping[str, int], quantity: Charged, books: Sequence[Book], bits: tuple[int, int]
) -> dict[str, Share]:
    """What each counter adds to ``quantity``."""
    found = {event: _look_up(event, quantity, books, bits) for event in counts}
    used = {event: constant for event, constant in found.items() if isinstance(constant, Constant)}
    inside = {
        event: outer for outer, constant in used.items() for event in constant.covers if event in counts
    }
    for event, outer in inside.items():
        if event in used:
            raise InputError(
                f"the {quantity} of {event} is contained in that of {outer} ({used[outer].source}) already: "
                f"give {outer} a constant of its own too"
            )
    return {
        event: _share(counts[event], constant, inside.get(event, "")) for event, constant in found.items()
    }


def _look_up(event: str, quantity: Charged, books: Sequence[Book], bits: tuple[int, int]) -> Constant | str:
    """The first book's constant, or why there is none."""
    reasons = [book.find(event, quantity, bits) for book in books]
    first = next((found for found in reasons if isinstance(found, Constant)), None)
    why = [found for found in reasons if isinstance(found, str)] + [
        b.why_unknown for b in books if b.why_unknown
    ]
    return first or "; ".join(dict.fromkeys(why))


def _share(count: int, found: Constant | str, within: str) -> Share:
    if within:
        return Share(within=within)
    if isinstance(found, str):
        return Share(why=found)
    value, low, high = (count * each for each in found.si)
    return Share(value, low, high, found)


def _count(event: str, count: object) -> int:
    try:
        number = index(count)  # type: ignore[arg-type]  # that it may fail is the point
    except TypeError:
        number = -1
    if number < 0:
        raise InputError(f"events: {event} must be a whole number >= 0, not {str(count)[:60]}")
    return number
