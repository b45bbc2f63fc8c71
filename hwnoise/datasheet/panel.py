"""What one picture of a data sheet shows: a formula and simulated devices over common axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from hwnoise.devices.effect import Effect
    from hwnoise.substrate import Substrate


@dataclass(frozen=True)
class Axis:
    """One axis of a picture.

    Attributes
    ----------
    title : str
        The quantity, with its unit.
    log : bool
        Whether the axis is logarithmic.
    zero : bool
        Whether a linear axis begins at 0.
    ticks : tuple of (float, str)
        Where it is marked and how, if not at round numbers.
    """

    title: str
    log: bool = False
    zero: bool = False
    ticks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Curve:
    """Values over a common axis, with or without a range.

    Attributes
    ----------
    x, y : tuple of float
        Of equal length.
    low, high : tuple of float
        One standard deviation below and above ``y``; empty where there is none.
    label : str
        What tells it from the other curves of its picture.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture: what the paper's formula says, and what simulated devices do.

    Attributes
    ----------
    name : str
        Key for machines, such as ``"programming"``.
    title, caption : str
        For people; the caption names fit and source.
    x, y : Axis
    formula, simulated : tuple of Curve
        Lines with bands; dots with error bars.
    singles : tuple of Curve
        Single simulated devices, as faint lines.
    """

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    formula: tuple[Curve, ...] = ()
    simulated: tuple[Curve, ...] = ()
    singles: tuple[Curve, ...] = ()

    def record(self) -> dict[str, Any]:
        """All that is drawn, as plain values for JSON."""
        return asdict(self)


def curve(
    x: ArrayLike, y: ArrayLike, spread: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None, label: str = ""
) -> Curve:
    """Make a Curve of arrays.

    Parameters
    ----------
    x, y : (n,) array
    spread : (n,) array, or a pair of them, optional
        Standard deviation about ``y``, or the lower and the upper end themselves.
    label : str
    """
    if spread is None:
        return Curve(_floats(x), _floats(y), label=label)
    low, high = (
        spread if isinstance(spread, tuple) else (np.subtract(y, spread), np.add(y, spread))
    )  # one number a point, or both ends
    return Curve(_floats(x), _floats(y), _floats(low), _floats(high), label)


def origin(kind: Substrate, effect: Effect) -> str:
    """Where a formula comes from, for a caption; empty where nothing is said."""
    source = next((source for source in kind.sources if source.key == effect.source), None)
    cited = f"{_first(source.authors)}, {source.venue}, {source.year}" if source else ""
    found = "; ".join(part for part in (effect.fit, cited) if part)
    return f" ({found})" if found else ""


def _first(authors: str) -> str:
    """The first of several authors, with "et al."."""
    first, comma, _ = authors.partition(",")
    return f"{first} et al." if comma else first


def _floats(values: ArrayLike) -> tuple[float, ...]:
    array = np.asarray(values, np.float64)
    found: Sequence[float] = array.tolist()
    return tuple(found)
