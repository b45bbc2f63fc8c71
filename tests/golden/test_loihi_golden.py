"""Loihi's arithmetic as Lava 0.10.0 computed it once: checked also where Lava is not installed.

``tests/bit_exact/test_lava_golden.py`` shows that Lava still gives these files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from loihi_golden import STEPS, N, frozen_graded, frozen_neurons, frozen_synapses
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.synapses import DenseSynapses
from hwnoise.integers import IntegerSynapses
from hwnoise.kernels.loihi_graded import run_graded
from hwnoise.kernels.loihi_lif import run_lif
from hwnoise.quantization.grid import prepare

Array = NDArray[Any]


def test_neurons_as_frozen(golden: Callable[[str, str], None]) -> None:
    """Check eq:loihi-current, eq:loihi-membrane and eq:loihi-spike."""

    def run(rule: tuple[int, ...], u: Array, v: Array, current: Array) -> tuple[Array, Array, Array]:
        du, dv, vth, mantissa, exponent = rule
        numbers = np.array([du + 1, dv, -(2**30), vth << 6, 0], np.int32)
        bias, spikes = np.full(N, mantissa << exponent, np.int32), np.empty((1, STEPS, N), np.int8)
        none = np.zeros((0, 0, 0), np.int32)
        u, v = u[None].copy(), v[None].copy()
        run_lif(current[None], none, True, bias, numbers, u, v, np.zeros((1, N), np.int32), spikes, none)
        return spikes[0].astype(np.int64), u[0], v[0]

    golden("loihi_neurons.txt", frozen_neurons(run))


def test_graded_spikes_as_frozen(golden: Callable[[str, str], None]) -> None:
    """Check eq:loihi-graded."""

    def run(vth: int, current: Array) -> Array:
        spikes, none = np.empty((1, STEPS, N), np.int32), np.zeros((0, 0, 0), np.int32)
        run_graded(current[None], none, np.int32(vth), spikes, none)
        return spikes[0]

    golden("loihi_graded.txt", frozen_graded(run))


def test_synapses_as_frozen(golden: Callable[[str, str], None]) -> None:
    """Check eq:loihi-grid and eq:loihi-sum."""

    def run(case: tuple[int, int], weight: Array, spikes: Array) -> tuple[Array, Array]:
        held = prepare(weight)
        part = DenseSynapses(IntegerSynapses(held, 1.0, case[1], message_bits=case[0]))
        current = np.zeros((1, STEPS, len(weight)), np.int32)
        part.bring(spikes[None], current)
        return held, current[0]

    golden("loihi_synapses.txt", frozen_synapses(run))
