"""Repair on chip: what it wins back, beside what else brings a chip back to its network."""

from __future__ import annotations

from hwnoise.repair.compare import compare
from hwnoise.repair.comparison import ChipRepair, Comparison
from hwnoise.repair.reprogramming import reprogram, rewrite

__all__ = ["ChipRepair", "Comparison", "compare", "reprogram", "rewrite"]
