"""The errors a user can meet, each one sentence long."""

from __future__ import annotations


class HwnoiseError(Exception):
    """A sentence for the user; the command line prints it and leaves with ``exit_code``."""

    exit_code = 2


class InputError(HwnoiseError):
    """Something the user gave (a file, a flag, a shape, a name) cannot be used."""


class MismatchError(InputError):
    """A learner needs to observe what the substrate does not show, or a network does not fit."""


class DivergenceError(HwnoiseError):
    """Training produced numbers that are not finite, or a loss that ran away."""

    exit_code = 1


class ConnectionLostError(HwnoiseError):
    """A chip in another process stopped answering."""

    exit_code = 1
