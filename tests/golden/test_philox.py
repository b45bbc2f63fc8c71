"""The generator gives the words its authors published, and the fills the bits they always gave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import oracles_random
import pytest

from hwnoise import Stream
from hwnoise.kernels.bernoulli import fill_bernoulli
from hwnoise.kernels.gaussian import fill_gaussian
from hwnoise.kernels.philox import fill_words, philox
from hwnoise.kernels.rademacher import fill_rademacher
from hwnoise.kernels.uniform import fill_uniform

LINES = (Path(__file__).parent / "philox_known_answers.txt").read_text(encoding="utf-8").splitlines()
KNOWN = [[int(word, 16) for word in line.split()] for line in LINES if not line.startswith("#")]
PHILOX = {"kernel": lambda c, k: philox(*map(np.uint32, c + k)), "oracle": oracles_random.philox}


@pytest.mark.parametrize("which", PHILOX)
@pytest.mark.parametrize("line", KNOWN, ids=["zeros", "ones", "pi"])
def test_known_answers(line: list[int], which: str) -> None:
    """Check eq:philox-round and eq:philox-key."""
    assert [int(word) for word in PHILOX[which](line[:4], line[4:6])] == line[6:]


def test_first_draws(golden: Callable[[str, str], None]) -> None:
    """A change here is a changelog entry "Streams changed"."""
    address = Stream(7, "golden").key, np.uint64(2**32 + 5)
    text = [f"# first 16 draws of Stream(7, 'golden') at tick {address[1]}, as hexadecimal words"]
    for fill, kind in (
        (fill_words, "u4"),
        (fill_uniform, "f4"),
        (fill_gaussian, "f4"),
        (fill_rademacher, "f4"),
    ):
        out = np.empty((1, 16), kind)
        fill(*address, out)
        text.append(" ".join([fill.__name__, *(f"{word:08x}" for word in out.view("u4")[0])]))
    bits = np.empty((1, 16), np.uint8)
    fill_bernoulli(*address, 0.3, bits)
    text.append(" ".join(["fill_bernoulli", *map(str, bits[0])]))
    golden("philox_first_draws.txt", "\n".join(text) + "\n")
