"""Digital neuromorphic chips: networks in integers, as Lava's fixed-point processes compute them."""

from __future__ import annotations

from hwnoise.backends.emulator.integer.program import IntegerProgram

__all__ = ["IntegerProgram"]
