"""Philox4x32-10 in torch: the words of ``hwnoise.kernels.philox``, bit for bit, on any torch device.

A word is kept in an int64, whose products wrap modulo 2**64: that is the 32 x 32 bit product of the rule.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hwnoise.kernels import philox as rule

LOW = 0xFFFFFFFF
LANES = 16  # blocks side by side in a chunk of 64 elements


def words(
    key: int, tick: int, rows: int, columns: int, device: torch.device | str = "cpu", first: int = 0
) -> Tensor:
    """Return uniform words, element ``first + j`` of tick ``tick + r`` at ``[r, j]`` (eq:philox-layout).

    Parameters
    ----------
    key, tick : int
        As in ``hwnoise.kernels.philox.fill_words``.
    rows, columns : int
    device : torch.device or str
    first : int
        Element of column 0, a multiple of 64.

    Returns
    -------
    (rows, columns) int64
        From 0 to 2**32 - 1.
    """
    chunks = -(-columns // 64)
    blocks = torch.arange(chunks * LANES, device=device) + first // 64 * LANES
    ticks = torch.arange(rows, device=device)[:, None] + _signed(int(tick))
    counter = (blocks & LOW, blocks >> 32, ticks & LOW, (ticks >> 32) & LOW)
    found = _philox(counter, int(key) & LOW, int(key) >> 32)
    lanes = torch.stack([word.view(rows, chunks, LANES) for word in found], dim=2)
    return lanes.view(rows, chunks * 64)[:, :columns]


def _philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], k0: int, k1: int) -> tuple[Tensor, ...]:
    """Return the four words of each counter under one key (eq:philox-round, eq:philox-key)."""
    rows, blocks = len(counter[2]), len(counter[0])
    c0, c1, c2, c3 = (part.expand(rows, blocks) for part in counter)
    for _ in range(10):
        product_0, product_1 = c0 * int(rule.MULTIPLIER_0), c2 * int(rule.MULTIPLIER_1)
        c0 = (product_1 >> 32) & LOW ^ c1 ^ k0
        c1 = product_1 & LOW
        c2 = (product_0 >> 32) & LOW ^ c3 ^ k1
        c3 = product_0 & LOW
        k0, k1 = (k0 + int(rule.WEYL_0)) & LOW, (k1 + int(rule.WEYL_1)) & LOW
    return c0, c1, c2, c3


def _signed(tick: int) -> int:
    """The 64-bit pattern of ``tick`` as two's complement."""
    return (tick + 2**63) % 2**64 - 2**63
