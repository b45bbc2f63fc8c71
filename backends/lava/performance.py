"""A presentation carried out inside Lava: what goes in, and what is taken from the board afterwards."""

from __future__ import annotations

import numpy as np

from hwnoise.backends.base import Probe
from hwnoise.backends.emulator.integer.parts import Parts
from hwnoise.backends.emulator.integer.presentation import Presentation
from hwnoise.backends.lava.session.board import Board
from hwnoise.backends.lava.session.session import Session


def perform(session: Session, shown: Presentation, probe: Probe) -> None:
    """Do in Lava what ``Presentation.run`` does on the emulator, and leave the same behind.

    Raises
    ------
    InputError
        On a strict chip, if a number left its bits.
    LavaError
        If Lava raised or took too long.
    """
    _hand_over(shown.parts, session.board)
    steps = shown.x.shape[1]
    quiet = np.zeros((len(shown.rows), steps), np.bool_) if shown.quiet is None else shown.quiet
    session.play(shown.x, (shown.ticks, shown.rows, quiet), probe)
    for name in shown.parts.populations:
        _take_back(shown, name, session.board)
    _count_operations(shown)
    for name, tail in shown.parts.tails.items():
        shown.parts.tails[name] = shown.entering(name)[-1:, -tail.shape[1] :].astype(np.int32)


def _hand_over(parts: Parts, board: Board) -> None:
    """Put down what neurons start from."""
    for name, population in parts.populations.items():
        board[f"{name}/states"][:] = population.u[-1], population.v[-1], population.wait[-1]
        board[f"{name}/losses"][:] = population.lost, -1


def _take_back(shown: Presentation, name: str, board: Board) -> None:
    """Take what a population sent, its membranes, and where its neurons stand."""
    population = shown.parts.populations[name]
    layer = shown.parts.network.sources(name)[0]  # its Learner noted what the population did
    shape = (len(shown.rows), shown.x.shape[1], population.spec.n)
    noted = shape[0] * shape[1]
    shown.sent[name] = board[f"{layer}/spikes"][:noted].reshape(shape).copy()
    if shown.sees_all or population.spec.kind == "li":
        shown.membranes[name] = board[f"{layer}/membranes"][:noted].reshape(shape).copy()
    population.u, population.v, population.wait = board[f"{name}/states"][:, np.newaxis].copy()
    population.lost, first = board[f"{name}/losses"].tolist()
    if population.strict and first >= 0:
        population.refuse_losses({0: (1, first)}, shape[1], shape[2], 0)


def _count_operations(shown: Presentation) -> None:
    """Count as the emulator does: every spike that arrives, on every synapse it meets."""
    steps = shown.x.shape[1]
    for name in shown.parts.synapses:
        spikes = shown.entering(name)
        last = spikes.shape[1] - shown.parts.lag(name)
        arriving = int(np.count_nonzero(spikes[:, last - steps : last]))
        shown.counts["synaptic_operations"] += (
            arriving * shown.parts.width(name) * (len(shown.rows) // len(spikes))
        )
