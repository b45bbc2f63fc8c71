"""What a processor does with many small integers at once and Numba has no word for; see ``lanes``.

``WIDTH`` sums of 16 bits are one value, which stays in registers while rows picked at run time are added.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import models, register_model

from hwnoise.kernels.lanes import instruction, load, row_of, store

WIDTH = 32  # sums of 16 bits: a cache line
WORD = 64  # elements that one word has a bit for


class Sums(types.Type):
    """The type of ``WIDTH`` int16 side by side."""

    def __init__(self) -> None:
        super().__init__("Sums")


SUMS, SHORTS = Sums(), ir.VectorType(ir.IntType(16), WIDTH)
INTS = ir.VectorType(ir.IntType(32), WIDTH)


@register_model(Sums)
class _SumsModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, SHORTS)  # type: ignore[no-untyped-call]


@instruction
def no_sums(typing: Any) -> Any:
    """Return zeros: ``no_sums()``."""
    return SUMS(), lambda context, builder, signature, given: ir.Constant(SHORTS, [0] * WIDTH)


@instruction
def add_weights(typing: Any, sums: Any, row: Any, first: Any) -> Any:
    """Return ``sums + row[first : first + WIDTH]``, modulo 2**16; nobody checks that they are there.

    ``row`` is (n,) int8 or int16 without gaps.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        weights = load(context, builder, signature.args[1], given[1:], WIDTH)
        return builder.add(given[0], builder.sext(weights, SHORTS) if row.dtype == types.int8 else weights)

    return SUMS(SUMS, row_of(row, types.int8, types.int16), types.uint64), generate


@instruction
def add_sums(typing: Any, total: Any, first: Any, sums: Any) -> Any:
    """Add ``sums`` to ``total[first : first + WIDTH]`` of (n,) int32; nobody checks that they are there."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        before = load(context, builder, signature.args[0], given, WIDTH)
        total_now = builder.add(before, builder.sext(given[2], INTS))
        store(context, builder, signature.args[0], given, total_now, WIDTH)
        return context.get_dummy_value()

    return types.none(row_of(total, types.int32), types.uint64, SUMS), generate


@instruction
def which_active(typing: Any, row: Any, first: Any) -> Any:
    """Return a bit for each of ``row[first : first + WORD]``, from the lowest, set where it is not 0: uint64.

    ``row`` is (n,) int8 or int32 without gaps; nobody checks that they are there.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        found = load(context, builder, signature.args[0], given, WORD)
        differs = builder.icmp_signed("!=", found, ir.Constant(found.type, None))
        return builder.bitcast(differs, ir.IntType(WORD))

    return types.uint64(row_of(row, types.int8, types.int32), types.uint64), generate
