"""The frozen files of Loihi's arithmetic are Lava's own numbers, not ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lava_models
import numpy as np
from loihi_golden import N, frozen_graded, frozen_neurons, frozen_synapses
from numpy.typing import NDArray

Array = NDArray[Any]


def test_lava_gives_the_frozen_neurons(golden: Callable[[str, str], None]) -> None:
    def run(rule: tuple[int, ...], u: Array, v: Array, current: Array) -> tuple[Array, Array, Array]:
        lava = lava_models.Lif("lif", N, *rule[:3], rule[3:])  # type: ignore[arg-type]  # mantissa, exponent
        lava.model.u[:], lava.model.v[:] = u, v
        spikes = np.array([lava.step(a) for a in current])
        return spikes, lava.model.u, lava.model.v

    golden("loihi_neurons.txt", frozen_neurons(run))


def test_lava_gives_the_frozen_graded_spikes(golden: Callable[[str, str], None]) -> None:
    def run(vth: int, current: Array) -> Array:
        lava = lava_models.Graded(N, vth)
        return np.array([lava.step(a) for a in current])

    golden("loihi_graded.txt", frozen_graded(run))


def test_lava_gives_the_frozen_synapses(golden: Callable[[str, str], None]) -> None:
    def run(case: tuple[int, int], weight: Array, spikes: Array) -> tuple[Array, Array]:
        lava = lava_models.Synapses("dense", weight, case[0], weight_exp=case[1])
        sent = [lava.step(s) for s in [*spikes, np.zeros_like(spikes[0])]]
        return lava.model.weights, np.array(sent[1:])

    golden("loihi_synapses.txt", frozen_synapses(run))
