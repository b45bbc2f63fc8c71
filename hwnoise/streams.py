"""The only door to randomness: a seed, split by name into independent streams."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Stream:
    """A named stream of random numbers, a pure function of ``(seed, name)``.

    A stream holds no state: a draw is addressed by ``(key, tick, element)`` and can be
    drawn again at will (Philox4x32-10, see ``hwnoise.kernels.philox``).

    Parameters
    ----------
    seed : int
        Any integer; the user's ``--seed``.
    name : str
        Path of the stream, for example ``"chip/hidden/one_over_f"``.

    Examples
    --------
    >>> Stream(7).child("chip").child("read") == Stream(7, "chip/read")
    True
    >>> bool(Stream(7, "a").key == Stream(7, "b").key)
    False
    """

    seed: int
    name: str = ""

    def child(self, name: str) -> Stream:
        """Return the stream ``name`` below this one."""
        return Stream(self.seed, f"{self.name}/{name}" if self.name else name)

    @property
    def key(self) -> np.uint64:
        """The 64-bit Philox key: the first bytes of BLAKE2b over seed and name."""
        digest = hashlib.blake2b(f"{self.seed}:{self.name}".encode(), digest_size=8).digest()
        return np.uint64(int.from_bytes(digest, "little"))

    def generator(self) -> np.random.Generator:
        """A NumPy Philox generator on this stream, for host-side work (shuffles, initial weights)."""
        return np.random.Generator(np.random.Philox(key=int(self.key)))


def draw_seed() -> int:
    """Draw a fresh 64-bit seed from the operating system, to be printed by the caller."""
    return secrets.randbits(63)
