"""The gradient oracle: what the true gradient is, and how well a learner's estimate meets it."""

from __future__ import annotations

from hwnoise.oracle.compare import Alignment, LayerAlignment, alignment
from hwnoise.oracle.exact import forward
from hwnoise.oracle.rank import effective_rank

__all__ = ["Alignment", "LayerAlignment", "alignment", "effective_rank", "forward"]
