"""Standard normal draws in torch: those of ``hwnoise.kernels.gaussian``, bit for bit.

Every product and every sum is a torch operation of its own and so is rounded; nothing is fused.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hwnoise.backends.snntorch.words import LANES, LOW, words
from hwnoise.kernels import gaussian as rule

LOG, SIN, COS = ([float(c) for c in row] for row in (rule.LOG, rule.SIN, rule.COS))


def gaussian(
    key: int, tick: int, rows: int, columns: int, device: torch.device | str = "cpu", first: int = 0
) -> Tensor:
    """Return standard normal draws (rows, columns) float32, addressed as in ``words`` (eq:gaussian-pair)."""
    whole = -(-columns // 64) * 64
    lanes = words(key, tick, rows, whole, device, first).view(rows, whole // 64, 4, LANES)
    pairs = box_muller(lanes[:, :, 0::2], lanes[:, :, 1::2])
    return torch.stack(pairs, dim=3).reshape(rows, whole)[:, :columns]


def box_muller(radius_word: Tensor, angle_word: Tensor) -> tuple[Tensor, Tensor]:
    """Return two independent draws from two words, element by element (eq:gaussian-pair)."""
    radius = rounded_sqrt(_square_radius(radius_word))
    cosine, sine = _cosine_and_sine(angle_word)
    return radius * cosine, radius * sine


def rounded_sqrt(x: Tensor) -> Tensor:
    """Return the float32 nearest to the root of ``x``; ``torch.sqrt`` may be one digit off on a CPU."""
    return torch.sqrt(x.to(torch.float64)).to(torch.float32)


def _square_radius(word: Tensor) -> Tensor:
    """Return ``-2 ln u`` for ``u = (word + 1/2) 2**-32`` (eq:gaussian-radius)."""
    upper = word >= 2**31
    x = torch.where(upper, LOW - word, word).to(torch.float32) * float(rule.UNIT) + float(rule.HALF_UNIT)
    bits = x.view(torch.int32)
    mantissa = ((bits & 0x007FFFFF) | 0x3F000000).view(torch.float32)  # in [1/2, 1)
    exponent = ((bits >> 23) - 126).to(torch.float32)
    f = torch.where(upper, -x, mantissa - 1.0)
    log2 = torch.where(upper, torch.zeros_like(x), exponent)
    return log2 * float(rule.MINUS_2_LN_2) + _horner(LOG, f) * f


def _cosine_and_sine(word: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosine and sine of ``2 pi word / 2**32`` (eq:gaussian-angle)."""
    rest = (word << 2) & LOW
    x = (rest - (rest >> 31 << 32)).to(torch.float32) * float(rule.QUADRANT)
    y = x * x
    sine, cosine = _horner(SIN, y) * x, _horner(COS, y)
    quadrant = (word + 0x20000000) & 0xC0000000
    swap = (quadrant & int(rule.SWAP)) != 0
    along, across = torch.where(swap, sine, cosine), torch.where(swap, cosine, sine)
    turned = ((quadrant ^ (quadrant << 1)) & int(rule.SIGN)) != 0
    return torch.where(turned, -along, along), torch.where((quadrant & int(rule.SIGN)) != 0, -across, across)


def _horner(coefficients: list[float], x: Tensor) -> Tensor:
    """Evaluate a polynomial whose coefficients rise in power."""
    *lower, total = coefficients
    value = x * total + lower[-1]
    for c in reversed(lower[:-1]):
        value = value * x + c
    return value
