"""Score: who plays what at which of Lava's steps, read by every process of the graph.

A run begins with one step for orders to the synapses. Then the rows follow each other, ``gap`` steps
between them; a population ``depth`` synapses behind the input comes in ``depth`` steps later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from hwnoise.backends.base import LocalRule, Order, Probe
from hwnoise.backends.lava.session.board import Layout

Array = NDArray[Any]
WRITE, READ, CREDIT, TELL = 1, 2, 4, 8  # take over parameters, show them, answer credit, tell factors
_START, _ROWS, _STEPS, _GAP, _NOTED, _FRESH, _ORDERS, _LAYER = range(8)
_PASSES, _INTERLEAVED, _SUMS, _PRE, _POST = range(8, 13)
_PRES = ("spike", "trace")
_POSTS = ("membrane_difference", "drive_difference", "membrane_excess", "spike_excess")
_AS_MEMBRANE = -1.0  # stands for a decay of None


class Score:
    """A view of the board's arrays ``score``, ``decay``, ``ticks``, ``which`` and ``quiet``."""

    def __init__(self, board: Mapping[str, Array]) -> None:
        self._header, self._decay = board["score"], board["decay"]
        self.ticks, self.which, self.quiet = board["ticks"], board["which"], board["quiet"]

    @staticmethod
    def layout(steps: int) -> Layout:
        """Return the arrays that a score of up to so many steps needs, rows counted."""
        return {
            "score": ((13,), "int64"),
            "decay": ((1,), "float64"),
            "ticks": ((steps,), "uint64"),
            "which": ((steps,), "int64"),
            "quiet": ((steps,), "bool"),
        }

    def order(self, start: int, orders: int, layer: int = 0) -> None:
        """Begin a run at Lava's step ``start`` in which there is nothing but orders; 1 step."""
        self._header[[_START, _ROWS, _ORDERS, _LAYER]] = start, 0, orders, layer

    def play(self, start: int, ticks: Array, which: Array, quiet: Array, steps: int, gap: int) -> None:
        """Begin a run at Lava's step ``start``: a row at each of ``ticks`` presents sample ``which``.

        ``quiet`` (rows, steps) says where there is no noise.
        """
        rows = len(ticks)
        self.ticks[:rows], self.which[:rows], self.quiet[: rows * steps] = ticks, which, quiet.ravel()
        self._header[[_START, _ROWS, _STEPS, _GAP, _NOTED]] = start, rows, steps, gap, rows

    def look(self, probe: Probe, orders: int) -> None:
        """Say what is wanted of the run beside its output, and what to do before it."""
        rule = probe.local or LocalRule()
        self._header[[_FRESH, _ORDERS, _PASSES]] = probe.reset, orders, probe.passes
        self._header[[_INTERLEAVED, _SUMS]] = probe.order == "interleaved", probe.local is not None
        self._header[[_PRE, _POST]] = _PRES.index(rule.pre), _POSTS.index(rule.post)
        self._decay[0] = _AS_MEMBRANE if rule.decay is None else rule.decay

    def place(self, time_step: int, depth: int) -> tuple[int, int] | None:
        """Return row and step that a population plays now, or None while it rests."""
        start, rows, steps, gap = self._header[:4].tolist()
        row, step = divmod(time_step - start - 2 - depth, max(steps + gap, 1))
        return (row, step) if 0 <= row < rows and step < steps else None

    def orders(self, time_step: int) -> int:
        """Return the orders of this step, 0 for none."""
        return int(self._header[_ORDERS]) if time_step == self._header[_START] + 1 else 0

    def tells(self, time_step: int) -> bool:
        """Whether neurons tell their synapses the third factor in this step."""
        return bool(self.orders(time_step) & TELL)

    def begins(self, place: tuple[int, int]) -> bool:
        """Whether neurons are to forget what was before this step."""
        return place[1] == 0 and bool(self._header[_FRESH])

    def ends(self, place: tuple[int, int]) -> bool:
        """Whether nothing comes after this step."""
        return place == (self.rows - 1, self.steps - 1)

    @property
    def rows(self) -> int:
        """Rows of this run."""
        return int(self._header[_ROWS])

    @property
    def rows_noted(self) -> int:
        """Rows of the last run that had any."""
        return int(self._header[_NOTED])

    @property
    def steps(self) -> int:
        """Steps of a row."""
        return int(self._header[_STEPS])

    @property
    def layer(self) -> int:
        """Which synapses an order for credit is for."""
        return int(self._header[_LAYER])

    @property
    def probe(self) -> Probe:
        """The passes of this run, their order, and the local rule."""
        order: Order = "interleaved" if self._header[_INTERLEAVED] else "batch"
        return Probe(int(self._header[_PASSES]), order, local=self._rule if self._header[_SUMS] else None)

    @property
    def _rule(self) -> LocalRule:
        decay = float(self._decay[0])
        return LocalRule(
            _PRES[self._header[_PRE]],  # type: ignore[arg-type]  # one of the two
            _POSTS[self._header[_POST]],  # type: ignore[arg-type]  # one of the four
            None if decay == _AS_MEMBRANE else decay,
        )
