"""What the emulator makes of the same integers, without noise: the other side of the comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.parts import Parts
from hwnoise.backends.emulator.integer.presentation import Presentation
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.integers import IntegerNetwork
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]


def emulate(network: IntegerNetwork, x: Array) -> tuple[dict[str, Array], dict[str, Array]]:
    """Present every sample from rest.

    Parameters
    ----------
    network : IntegerNetwork
    x : (samples, steps, n_in) integers
        0 or 1, or payloads.

    Returns
    -------
    spikes, membranes : dict of str to (samples, steps, n) int8, or int32 with payloads; int32
        Of every population; membranes after the reset of what spiked, as the chip keeps them: 0 where
        neurons are graded.
    """
    quiet = Substrate(name="integers", kind="digital", fixed_point=FixedPoint())
    parts = Parts(network, quiet, Stream(0))
    rows = np.arange(len(x))
    ticks = (rows * x.shape[1]).astype(np.uint64)
    is_binary = x.min() >= 0 and x.max() <= 1
    flat = np.ascontiguousarray(x.reshape(*x.shape[:2], -1), np.int8 if is_binary else np.int32)
    shown = Presentation(parts, flat, rows, ticks, None, sees_all=True, fresh=True)
    shown.run()
    spikes = {name: shown.sent[name] for name in network.neurons}
    graded = {name for name, node in network.neurons.items() if node.kind == "graded"}
    return spikes, {n: np.where((spikes[n] != 0) | (n in graded), 0, v) for n, v in shown.membranes.items()}
