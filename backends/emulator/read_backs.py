"""Passes with the weights read back before each: what weight perturbation asks for."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Probe, Program, Reading


class TakesTurns(Program, Protocol):
    """A chip that can run on either of two arrays."""

    def on_array(self, number: int) -> AbstractContextManager[None]:
        """Run and read back on array ``number``, counted round and round."""


def run_between_read_backs(program: TakesTurns, x: NDArray[Any], probe: Probe) -> Reading:
    """Read all weights back, then the batch ``x`` once, as often as ``probe`` has passes.

    Where two arrays are programmed alike, passes take them in turn.
    """
    before, backs, parts = Counter(program.events), [], []
    for which in range(probe.passes):
        with program.on_array(which):
            backs.append(program.read_weights())
            quiet = (0,) if which in probe.quiet_passes else ()
            parts.append(program.run(x, Probe(order=probe.order, quiet_passes=quiet)))
    weights = [name for name in backs[0] if name.endswith(".weight")]
    return Reading(
        output=np.concatenate([part.output for part in parts]),
        weights={name.removesuffix(".weight"): np.stack([back[name] for back in backs]) for name in weights},
        ticks=np.concatenate([part.ticks for part in parts]),
        events=dict(Counter(program.events) - before),
    )
