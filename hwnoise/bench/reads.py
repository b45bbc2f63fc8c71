"""Reads with fresh noise against the products and draws they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from hwnoise import substrate
from hwnoise.backends.emulator.digital_array import DigitalArray
from hwnoise.backends.emulator.read import View, noisy_product
from hwnoise.backends.emulator.threads import for_each, one_blas_thread, thread_count
from hwnoise.bench.timing import Case, Parts, Work
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.streams import Stream

Floats = NDArray[np.float32]
Shape = tuple[int, int]
SHAPES: tuple[Shape, ...] = ((784, 256), (1024, 1024))
BATCHES = (1, 32, 256)
LIMIT = 1.15  # of the products and draws that a noisy read cannot do without
FAR = {
    (784, 256): 97,
    (1024, 1024): 17,
}  # arrays that no cache holds together; primes, so that all take turns
KEY = np.uint64(1)
TICK = np.uint64(0)

PRODUCTS = ("x @ W", "x² @ S²", "fill of y")
STREAM = ("stream W, S²",)
AGAINST: Mapping[str, tuple[str, ...]] = {"": PRODUCTS, ", to one product": PRODUCTS[:1]}
AGAINST_ONE: Mapping[str, tuple[str, ...]] = {
    "": STREAM,
    ", to products and fill": PRODUCTS,
    ", to one product": PRODUCTS[:1],
}


def cases() -> Iterator[Case]:
    """Every shape and batch on one thread, vectors also from memory; the largest batch on all threads."""
    for shape in SHAPES:
        for batch in BATCHES:
            against = AGAINST_ONE if batch == 1 else AGAINST
            yield Case(named(shape, batch), partial(prepare, shape, batch), against, LIMIT)
        name = named(shape, 1).replace("read", "read from memory")
        yield Case(name, partial(prepare_far, shape), AGAINST_ONE, LIMIT)
    threads = thread_count()
    if threads > 1:
        for shape in SHAPES:
            name = f"{named(shape, 256)} on {threads} threads"
            yield Case(name, partial(prepare_parallel, shape, 256), AGAINST, threads=threads)


def named(shape: Shape, batch: int) -> str:
    """Return ``"noisy read 784x256 batch 32"``."""
    return f"noisy read {shape[0]}x{shape[1]} batch {batch}"


def white_view(shape: Shape, number: int = 0) -> View:
    """An array as a Program reads it: white read noise of its own size for every device."""
    stream = Stream(0, f"bench/{number}")
    kind = substrate.load("ideal", {"read_noise.sigma": 0.05, "read_noise.dependence": "sqrt"})
    weight = stream.generator().uniform(-1, 1, shape).astype(np.float32)
    return DigitalArray(kind, weight, stream, 1.0).view(0)


def prepare(shape: Shape, batch: int) -> tuple[Work, Parts]:
    """One array, read again and again: it stays as near to the processor as it fits."""
    return read_in_turn([white_view(shape)], *inputs_and_outputs(shape, batch))


def prepare_far(shape: Shape) -> tuple[Work, Parts]:
    """So many arrays in rotation that each comes from memory when its turn is there."""
    views = [white_view(shape, number) for number in range(FAR[shape])]
    return read_in_turn(views, *inputs_and_outputs(shape, 1))


def prepare_parallel(shape: Shape, batch: int) -> tuple[Work, Parts]:
    """Ours on its tiles, one BLAS thread each; the reference on the threads of BLAS."""
    x, y = inputs_and_outputs(shape, batch)
    single, parts = read_in_turn([white_view(shape)], x, y)
    shares = np.array_split(np.empty_like(y), thread_count())

    def ours() -> None:
        with one_blas_thread():
            single()

    fill = partial(for_each, partial(fill_gaussian, KEY, TICK), shares, True)
    return ours, {**parts, "fill of y": fill}


def read_in_turn(views: Sequence[View], x: Floats, y: Floats) -> tuple[Work, Parts]:
    """A read, and its parts: two products, a fill, a pass over both matrices; each on the next array."""
    squared, other = x**2, np.empty_like(y)
    turn = cycle([(view, view.weight, view.fresh) for view in views if view.fresh is not None])

    def ours() -> None:
        view, _, _ = next(turn)
        noisy_product(view, x, 0, y)

    def mean() -> None:
        _, weight, _ = next(turn)
        np.matmul(x, weight, out=other)

    def variance() -> None:
        _, _, fresh = next(turn)
        np.matmul(squared, fresh, out=other)

    def stream() -> None:  # a pass over both matrices with next to no arithmetic: the fastest that BLAS has
        _, weight, fresh = next(turn)
        np.dot(weight.ravel(), fresh.ravel())

    fill = partial(fill_gaussian, KEY, TICK, other)
    return ours, {"x @ W": mean, "x² @ S²": variance, "fill of y": fill, "stream W, S²": stream}


def inputs_and_outputs(shape: Shape, batch: int) -> tuple[Floats, Floats]:
    """Inputs without a zero among them, and room for the outputs."""
    x = Stream(0, "bench/x").generator().uniform(0.1, 1, (batch, shape[0])).astype(np.float32)
    return x, np.empty((batch, shape[1]), np.float32)
