"""A draw is a pure function of (key, tick, element): nothing else about a call can be seen in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import oracles_random
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hwnoise.kernels.bernoulli import fill_bernoulli
from hwnoise.kernels.gaussian import box_muller, fill_gaussian, gaussian64, gaussian_at
from hwnoise.kernels.philox import fill_words, word_at, words64
from hwnoise.kernels.rademacher import fill_rademacher
from hwnoise.kernels.uniform import fill_uniform

Array = NDArray[Any]

FILLS: dict[str, tuple[Callable[..., None], str, tuple[float, ...]]] = {
    "words": (fill_words, "u4", ()),
    "uniform": (fill_uniform, "f4", ()),
    "gaussian": (fill_gaussian, "f4", ()),
    "rademacher": (fill_rademacher, "f4", ()),
    "bernoulli": (fill_bernoulli, "u1", (0.3,)),
}
KEYS = st.integers(0, 2**64 - 1)
TICKS = st.sampled_from([0, 1, 2**32 - 1, 2**63, 2**64 - 2]) | st.integers(0, 2**64 - 1)
CHUNKS = st.sampled_from([0, 1, 2**28 - 1, 2**28, 2**32 - 1]) | st.integers(0, 2**32 - 1)
SHAPES = st.tuples(st.integers(0, 5), st.integers(0, 200))

each_fill = pytest.mark.parametrize("name", FILLS)
few = settings(max_examples=30)


def draw(name: str, key: int, tick: int, shape: tuple[int, int], chunk: int = 0) -> Array:
    out = np.empty(shape, FILLS[name][1])
    fill_into(name, key, tick, out, chunk)
    return out


def fill_into(name: str, key: int, tick: int, out: Array, chunk: int = 0) -> None:
    fill, _, parameters = FILLS[name]
    fill(np.uint64(key), np.uint64(tick % 2**64), *parameters, out, 64 * chunk)


@few
@given(KEYS, TICKS, SHAPES, CHUNKS)
def test_words_are_the_oracle_s(key: int, tick: int, shape: tuple[int, int], chunk: int) -> None:
    """Check eq:philox-layout, counters beyond 32 bits included."""
    rows, columns = min(shape[0], 2), min(shape[1], 70)
    expected = oracles_random.words(key, tick, rows, columns, first=64 * chunk)
    assert np.array_equal(draw("words", key, tick, (rows, columns), chunk), expected)


@each_fill
@few
@given(KEYS, TICKS, SHAPES, CHUNKS, st.integers(0, 5))
def test_rows_may_be_split(
    name: str, key: int, tick: int, shape: tuple[int, int], chunk: int, cut: int
) -> None:
    whole = draw(name, key, tick, shape, chunk)
    parts = np.empty_like(whole)
    fill_into(name, key, tick, parts[:cut], chunk)
    fill_into(name, key, tick + min(cut, shape[0]), parts[cut:], chunk)
    assert np.array_equal(whole, parts)


@each_fill
@few
@given(KEYS, TICKS, SHAPES, CHUNKS, st.integers(0, 3))
def test_columns_may_be_split(
    name: str, key: int, tick: int, shape: tuple[int, int], chunk: int, cut: int
) -> None:
    """The parts are strided views, as a caller's tiles are."""
    whole = draw(name, key, tick, shape, chunk)
    parts = np.empty_like(whole)
    fill_into(name, key, tick, parts[:, : 64 * cut], chunk)
    fill_into(name, key, tick, parts[:, 64 * cut :], chunk + cut)
    assert np.array_equal(whole, parts)


@each_fill
@few
@given(KEYS, TICKS, SHAPES, st.integers(1, 100))
def test_width_changes_no_value(name: str, key: int, tick: int, shape: tuple[int, int], more: int) -> None:
    wider = draw(name, key, tick, (shape[0], shape[1] + more))
    assert np.array_equal(draw(name, key, tick, shape), wider[:, : shape[1]])


@each_fill
def test_threads_change_no_bit(name: str) -> None:
    whole = draw(name, 3, 5, (64, 1000))
    parts = np.empty_like(whole)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda r: fill_into(name, 3, 5 + r, parts[r : r + 8]), range(0, 64, 8)))
    assert np.array_equal(whole, parts)


@few
@given(KEYS, TICKS, CHUNKS)
def test_every_access_gives_the_same_draw(key: int, tick: int, chunk: int) -> None:
    """Check eq:gaussian-pair and eq:philox-layout: by fill, by chunk and by element, bit for bit."""
    address = np.uint64(key), np.uint64(tick), np.uint64(chunk)
    words, same, draws = np.empty(64, np.uint32), np.empty(64, np.uint32), np.empty(64, np.float32)
    words64(*address, words)
    gaussian64(*address, same, draws)
    elements = range(64 * chunk, 64 * chunk + 64)
    assert np.array_equal(words, same)
    assert words.tolist() == [word_at(*address[:2], e) for e in elements]
    assert draws.tolist() == [gaussian_at(*address[:2], e) for e in elements]
    assert np.array_equal(draws, draw("gaussian", key, tick, (1, 64), chunk)[0])
    pairs = [box_muller(words[e], words[e + 16]) for e in (*range(16), *range(32, 48))]
    assert pairs == list(
        zip(*(draws.reshape(2, 2, 16)[:, half].ravel().tolist() for half in (0, 1)), strict=True)
    )


def test_uncompiled_kernels_give_the_same_bits() -> None:
    """The source means to Python what it means to the compiler: no overflow, no wider intermediate."""
    script = """import numpy as np
from hwnoise.kernels.gaussian import fill_gaussian
out = np.empty((2, 70), np.float32)
fill_gaussian(np.uint64(2**64 - 3), np.uint64(2**63), out, 64 * (2**32 - 1))
print(*out.view(np.uint32).ravel())"""
    command = [sys.executable, "-W", "error", "-c", script]
    plain = subprocess.run(
        command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=True
    )
    compiled = draw("gaussian", 2**64 - 3, 2**63, (2, 70), 2**32 - 1).view(np.uint32).ravel()
    assert [int(bits) for bits in plain.stdout.split()] == compiled.tolist()
