"""What every node of a network is: frozen values, read-only arrays, a shape in and a shape out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError

Array = NDArray[Any]
Shape = tuple[int, ...]


class Node(ABC):
    """One primitive of a network: a frozen dataclass whose fields are the symbols of its equation.

    Two nodes are equal when their kinds, values and dtypes are. Arrays are stored as read-only
    float32; float64 is kept where it was given.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # equality goes by array values

    @property
    def kind(self) -> str:
        """Name of the primitive, as it is written in files and messages."""
        return type(self).__name__

    @property
    def is_stateful(self) -> bool:
        """Whether the node remembers, so that a loop may close through it."""
        return False

    @property
    def is_spiking(self) -> bool:
        """Whether the node sends spikes and is reset by them."""
        return False

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape this node gives for an input of ``shape``, or raise InputError."""

    def parameters(self) -> dict[str, Array]:
        """Return the trainable arrays: ``weight`` and ``bias``, where the node has them."""
        return {name: getattr(self, name) for name in ("weight", "bias") if hasattr(self, name)}

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_equal(getattr(self, f.name), getattr(other, f.name)) for f in _fields(self))

    def __repr__(self) -> str:
        shown = (f"{f.name}={brief(getattr(self, f.name))}" for f in _fields(self))
        return f"{self.kind}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Callable[..., Node], tuple[Any, ...]]:
        """Rebuild through the constructor, so that a copy's arrays are read-only as well."""
        return type(self), tuple(getattr(self, f.name) for f in _fields(self))


def store(node: Node, name: str, value: object) -> None:
    """Set a field of a frozen node; for ``__post_init__`` only."""
    object.__setattr__(node, name, value)


def store_array(node: Node, name: str, ndim: int | None = None) -> Array:
    """Replace the field ``name`` by its read-only, finite float array; return it.

    Raises
    ------
    InputError
        If it is not an array of finite numbers, is empty, or has not ``ndim`` dimensions.
    """
    array = _as_floats(getattr(node, name), f"{node.kind}.{name}")
    if ndim is not None and array.ndim != ndim:
        raise InputError(f"{node.kind}.{name} must have {ndim} dimensions, got shape {array.shape}")
    store(node, name, array)
    return array


def as_shape(value: object, what: str) -> Shape:
    """Return a tuple of whole numbers >= 1 from a sequence or an integer array."""
    sizes = tuple(np.atleast_1d(to_array(value, what)).tolist())
    if not sizes or not all(type(n) is int and n >= 1 for n in sizes):
        raise InputError(f"{what} must be whole numbers >= 1, got {brief(value)}")
    return sizes


def to_array(value: object, what: str) -> Array:
    """Return ``value`` as an array of whatever it holds."""
    try:
        return np.asarray(value)
    except ValueError:
        raise InputError(f"{what} must be a rectangular array, got {brief(value)}") from None


def brief(value: object) -> str:
    """Show a value in a message: short, on one line."""
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"{value.dtype}{list(value.shape)}"
    text = repr(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def shape_text(shape: Shape) -> str:
    """Write a shape as people do: ``2x34x34``."""
    return "x".join(map(str, shape))


def _as_floats(value: object, what: str) -> Array:
    given = to_array(value, what)
    if given.dtype.kind not in "fiu" or given.size == 0:
        raise InputError(f"{what} must be a non-empty array of real numbers, got {brief(given)}")
    wide = isinstance(value, (np.ndarray, np.generic)) and given.dtype.kind == "f"
    dtype = np.dtype(np.float64 if wide and given.itemsize >= 8 else np.float32)
    if given is value and given.dtype == dtype and _is_ours(given):
        return given
    with np.errstate(over="ignore"):
        array = np.array(given, dtype=dtype, order="C")
    if not np.isfinite(array).all():
        raise InputError(f"{what} must be finite {dtype} numbers, got {_first_bad(given, array)}")
    array.setflags(write=False)
    return array


def _is_ours(array: Array) -> bool:
    """Whether an array went through here before: then it is shared instead of copied."""
    flags = array.flags
    return not flags.writeable and flags.owndata and flags.c_contiguous and bool(np.isfinite(array).all())


def _first_bad(given: Array, array: Array) -> object:
    return given[~np.isfinite(array)].flat[0]


def _equal(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and a == b


def _fields(node: Node) -> tuple[Any, ...]:
    return fields(node)  # type: ignore[arg-type]  # every concrete node is a dataclass
