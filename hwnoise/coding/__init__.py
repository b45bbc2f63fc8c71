"""Numbers to spikes and back, so that a network with time learns the tasks of one without."""

from __future__ import annotations

from hwnoise.coding.codec import CODINGS, Codec
from hwnoise.coding.program import CodedBackend, CodedProgram

__all__ = ["CODINGS", "Codec", "CodedBackend", "CodedProgram"]
