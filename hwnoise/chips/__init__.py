"""Chip instances to keep: named, saved, reloaded, cloned, or made of conductances that were measured."""

from __future__ import annotations

from hwnoise.chips.file import load, save
from hwnoise.chips.measured import conductances, from_conductances
from hwnoise.chips.named import NamedChip, make

__all__ = ["NamedChip", "conductances", "from_conductances", "load", "make", "save"]
