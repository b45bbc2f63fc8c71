"""A substrate as a data sheet: its formulas and simulated devices, to be held against a paper."""

from __future__ import annotations

from hwnoise.datasheet import (
    ageing,
    conduction,
    mismatch,
    neurons,
    programming,
    pulses,
    reading,
    spectrum,
    transfer,
    traps,
)
from hwnoise.datasheet.drawing import draw, form_of
from hwnoise.datasheet.panel import Axis, Curve, Panel
from hwnoise.errors import InputError
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

__all__ = ["Axis", "Curve", "Panel", "draw", "form_of", "panels"]
_SUBJECTS = (
    programming, ageing, reading, spectrum, traps, conduction, neurons, pulses, mismatch, transfer,
)  # fmt: skip


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """Simulate devices of ``kind`` and return a picture of everything they do.

    Parameters
    ----------
    kind : Substrate
    stream : Stream
        The devices are drawn from it.

    Raises
    ------
    InputError
        If no effect of the substrate can be drawn.
    """
    found = [
        panel
        for subject in _SUBJECTS
        for panel in subject.panels(kind, stream.child(subject.__name__.rpartition(".")[2]))
    ]
    if not found:
        raise InputError(
            f"'{kind.name}' has nothing to draw: no programming noise, levels, ageing, read noise, "
            "telegraph noise, curves, noise of neurons, pulses, mismatch or converters"
        )
    return found
