"""What a processor does in one instruction and Numba has no word for: sixteen lanes, bits of a word.

A sum of rows picked at run time stays in registers only if it is a value. Kept in an array it is stored
and loaded again with every few rows, since the compiler cannot know that it lies apart from them. LLVM
splits the lanes into as many registers as a machine needs. All of this is for compiled kernels alone.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

WIDTH = 16  # lanes of float32: a cache line


def instruction(definition: Any) -> Any:
    """Make of what gives types and generates code a function for kernels to call."""
    return intrinsic(definition)


class Lanes(types.Type):
    """The type of ``WIDTH`` float32 side by side."""

    def __init__(self) -> None:
        super().__init__("Lanes")


LANES: Any = Lanes()
VECTOR = ir.VectorType(ir.FloatType(), WIDTH)
ELEMENTS = {types.float32: ir.FloatType()}  # what LLVM calls numbers that are not integers


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)  # type: ignore[no-untyped-call]


@instruction
def no_lanes(typing: Any) -> Any:
    """Return zeros: ``no_lanes()``."""
    return LANES(), lambda context, builder, signature, given: ir.Constant(VECTOR, [0.0] * WIDTH)


@instruction
def add(typing: Any, a: Any, b: Any) -> Any:
    """Return the sum of two: ``add(a, b)``."""
    return LANES(LANES, LANES), lambda context, builder, signature, given: builder.fadd(*given)


@instruction
def lanes_of(typing: Any, row: Any, first: Any) -> Any:
    """Return ``row[first : first + WIDTH]`` of (n,) float32 without gaps; nobody checks that it is there."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return load(context, builder, signature.args[0], given, WIDTH)

    return LANES(row_of(row, types.float32), types.uint64), generate


@instruction
def put(typing: Any, row: Any, first: Any, lanes: Any) -> Any:
    """Overwrite ``row[first : first + WIDTH]``; nobody checks that it is there."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        store(context, builder, signature.args[0], given, given[2], WIDTH)
        return context.get_dummy_value()

    return types.none(row_of(row, types.float32), types.uint64, LANES), generate


@instruction
def equal(typing: Any, lanes: Any, value: Any) -> Any:
    """Return a bit for each lane, from the lowest, which is set where it equals a float32: as uint64."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), given[1], ir.IntType(32)(0))
        order = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), None)
        all_equal = builder.shuffle_vector(one, one, order)
        found = builder.fcmp_ordered("==", given[0], all_equal)
        return builder.zext(builder.bitcast(found, ir.IntType(WIDTH)), ir.IntType(64))

    return types.uint64(LANES, types.float32), generate


@instruction
def lowest_bit(typing: Any, word: Any) -> Any:
    """Return the place of the lowest bit that is set in a uint64, as uint64; 64 if none is."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@instruction
def bit_count(typing: Any, word: Any) -> Any:
    """Return how many bits of a uint64 are set, as uint64."""
    return types.uint64(types.uint64), lambda context, builder, signature, given: builder.ctpop(given[0])


def row_of(row: Any, *kinds: Any) -> Any:
    """The type ``row``, if lanes can be loaded from it: (n,) of one of these kinds, without gaps."""
    if row.ndim != 1 or row.layout != "C" or row.dtype not in kinds:
        raise TypeError(f"expected (n,) of {kinds} without gaps, not {row}")
    return row


def load(context: Any, builder: Any, kind: Any, given: Any, count: int) -> Any:
    """Generate the load of ``count`` numbers of an array of type ``kind``, ``given[1]`` from its start."""
    loaded = builder.load(place(context, builder, kind, given, count))
    loaded.align = kind.dtype.bitwidth // 8
    return loaded


def store(context: Any, builder: Any, kind: Any, given: Any, lanes: Any, count: int) -> None:
    """Generate the store of ``count`` numbers; the rest as in :func:`load`."""
    stored = builder.store(lanes, place(context, builder, kind, given, count))
    stored.align = kind.dtype.bitwidth // 8


def place(context: Any, builder: Any, kind: Any, given: Any, count: int) -> Any:
    """The address of ``count`` numbers of an array of type ``kind``, ``given[1]`` from its start."""
    row = context.make_array(kind)(context, builder, given[0])
    number = ELEMENTS.get(kind.dtype) or ir.IntType(kind.dtype.bitwidth)
    return builder.bitcast(builder.gep(row.data, [given[1]]), ir.VectorType(number, count).as_pointer())
