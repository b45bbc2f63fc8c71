"""What a run would cost on a real chip: counts times sourced constants; unknown stays unknown."""

from __future__ import annotations

from hwnoise.cost.book import Book, names
from hwnoise.cost.constant import Constant
from hwnoise.cost.estimate import estimate
from hwnoise.cost.result import Cost, Item, Share

__all__ = ["Book", "Constant", "Cost", "Item", "Share", "estimate", "names"]
