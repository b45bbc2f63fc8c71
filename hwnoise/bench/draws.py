"""Random draws against NumPy's generators, and against writing as much memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwnoise.bench.timing import Case, Parts, Work
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.kernels.philox import fill_words
from hwnoise.streams import Stream

SHAPE = (1024, 1024)
KEY = np.uint64(1)
TICK = np.uint64(0)
MEMORY = "writing 4 MiB"


def cases() -> Iterator[Case]:
    """A million Gaussian draws, a million words."""
    sources = ("NumPy's PCG64", "NumPy's Philox")
    against = {f", to {source}": (source,) for source in (*sources, MEMORY)}
    yield Case("Gaussian fill, 2^20 draws", prepare_gaussian, against)
    yield Case("Philox words, 2^20 words", prepare_words, against)


def prepare_gaussian() -> tuple[Work, Parts]:
    """``fill_gaussian`` and NumPy's ziggurat, both float32 into place."""
    out = np.empty(SHAPE, np.float32)
    pcg, philox = np.random.default_rng(1), Stream(1).generator()
    return lambda: fill_gaussian(KEY, TICK, out), {
        "NumPy's PCG64": lambda: pcg.standard_normal(out=out, dtype=np.float32),
        "NumPy's Philox": lambda: philox.standard_normal(out=out, dtype=np.float32),
        MEMORY: lambda: out.fill(1),
    }


def prepare_words() -> tuple[Work, Parts]:
    """``fill_words`` and NumPy's 32-bit integers."""
    out = np.empty(SHAPE, np.uint32)
    pcg, philox = np.random.default_rng(1), Stream(1).generator()
    return lambda: fill_words(KEY, TICK, out), {
        "NumPy's PCG64": lambda: pcg.integers(2**32, size=SHAPE, dtype=np.uint32),
        "NumPy's Philox": lambda: philox.integers(2**32, size=SHAPE, dtype=np.uint32),
        MEMORY: lambda: out.fill(1),
    }
