"""The integers a weight can be: what the chip makes of any number, and the nearest it can hold."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.integers import SignMode

Array = NDArray[Any]


def sign_mode_of(weight: Array) -> SignMode:
    """Return the mode that ``weight`` asks for: by its signs, all zeros being excitatory."""
    if weight.size == 0 or weight.min() >= 0:
        return "excitatory"
    return "inhibitory" if weight.max() <= 0 else "mixed"


def limits(bits: int, sign_mode: SignMode) -> tuple[int, int, int]:
    """Return the smallest weight, the largest, and the step between two (eq:loihi-grid).

    Raises
    ------
    InputError
        Unless ``bits`` is 1 to 8 and the mode is one of the three.
    """
    if not 1 <= bits <= 8 or sign_mode not in get_args(SignMode):
        raise InputError(
            f"weights have 1 to 8 bits and are {', '.join(get_args(SignMode))}, not {bits}, {sign_mode!r}"
        )
    if sign_mode == "signed":
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1, 1
    step = 1 << (8 - bits + (sign_mode == "mixed"))
    largest = 256 - step
    return {"mixed": (-256, largest, step), "excitatory": (0, largest, step)}.get(
        sign_mode, (-largest, 0, step)
    )  # fmt: skip


def prepare(weight: Array, bits: int = 8, sign_mode: SignMode | None = None) -> Array:
    """Return what the chip makes of the integers ``weight``: clipped, low bits cut off (eq:loihi-grid).

    Parameters
    ----------
    weight : array of integers
    bits : int
        1 to 8.
    sign_mode : str, optional
        By default that of the signs in ``weight``.

    Returns
    -------
    int32 array
        As Lava 0.10.0's Dense holds them after its first step: cut off away from what is nearest, so
        weights of our own are rounded by ``nearest`` first, and this leaves them as they are.
    """
    mode = sign_mode or sign_mode_of(weight)
    low, high, step = limits(bits, mode)
    if mode == "signed":
        return np.clip(weight, low, high).astype(np.int32)
    turned = -weight if mode == "inhibitory" else weight
    cut = np.clip(turned, -256 if mode == "mixed" else 0, 255).astype(np.int32) // step * step
    return np.asarray(-cut if mode == "inhibitory" else cut, np.int32)


def nearest(weight: Array, bits: int, sign_mode: SignMode) -> Array:
    """Return the weights nearest to the real numbers ``weight`` that the chip can hold, int32."""
    low, high, step = limits(bits, sign_mode)
    return np.clip(np.rint(np.asarray(weight, np.float64) / step) * step, low, high).astype(np.int32)
