"""What synapses that release at random remember of a network with time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Eligibility, Probe
from hwnoise.backends.emulator.rows import by_pass
from hwnoise.backends.emulator.timed.array_stage import ArrayStage
from hwnoise.backends.emulator.timed.convolution import ConvolutionStage
from hwnoise.backends.emulator.timed.stage import Floats
from hwnoise.errors import MismatchError


@dataclass(frozen=True)
class PresentedReleases:
    """Releases of all steps, credited by presentation: every step has the credit of its own.

    Attributes
    ----------
    each : Eligibility
        Of every step by itself, in the order in which they were read.
    probe : Probe
    steps : int
        Of a presentation.
    """

    each: Eligibility
    probe: Probe
    steps: int

    def correlate(self, credit: NDArray[Any]) -> NDArray[Any]:
        """Sum of ``credit`` [pass, sample] times the score of each weight over all steps: (n_out, n_in)."""
        wide = np.empty((credit.size, self.steps), np.float32)
        by_pass(wide, self.probe)[...] = np.asarray(credit)[..., None]
        return self.each.correlate(wide.reshape(1, -1))


def releases_of(name: str, stage: ArrayStage, given: Floats, tick: int, probe: Probe) -> PresentedReleases:
    """What the synapses of an array remember of ``given`` (rows, steps, n_in), read from ``tick`` on.

    Raises
    ------
    MismatchError
        For a convolution, whose synapses serve many places.
    """
    if isinstance(stage, ConvolutionStage):
        raise MismatchError(f"node {name!r}: synapses of a convolution do not remember where they released")
    rows, steps, n_in = given.shape
    each = stage.layer.eligibility(given.reshape(rows * steps, n_in), tick, ONE_PASS)
    return PresentedReleases(each, probe, steps)
