"""From float networks to the integers of a chip, and back."""

from __future__ import annotations

from hwnoise.quantization.dequantize import dequantize
from hwnoise.quantization.grid import prepare
from hwnoise.quantization.quantize import integers_of, quantize, scaled
from hwnoise.quantization.ranges import check_ranges
from hwnoise.quantization.report import LayerReport, QuantizationReport

__all__ = [
    "LayerReport",
    "QuantizationReport",
    "check_ranges",
    "dequantize",
    "integers_of",
    "prepare",
    "quantize",
    "scaled",
]
