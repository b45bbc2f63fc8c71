"""What every test may use: a generator of its own, and comparison with a golden file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from hwnoise import Stream

# A first compiled call takes longer than hypothesis' deadline; the same examples every time.
settings.register_profile("hwnoise", deadline=None, derandomize=True, database=None)
settings.load_profile("hwnoise")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=0, help="seed of the rng fixture; another each night")


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a generator seeded from ``--seed`` and the name of the test: fixed, and the test's own."""
    name = f"{request.node.path.stem}::{request.node.name}"
    return Stream(request.config.getoption("--seed"), name).generator()


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Return ``check(file, text)``: equal to ``tests/golden/file``? HWNOISE_REGENERATE=1 rewrites it."""

    def check(file: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / file
        if os.environ.get("HWNOISE_REGENERATE") == "1":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), (
            f"differs from {path.name}: HWNOISE_REGENERATE=1 rewrites it"
        )

    return check


@pytest.fixture(scope="session", autouse=True)
def global_generator_untouched() -> Iterator[None]:
    """Fail the session if anything drew from NumPy's global generator or re-seeded it."""
    before = np.random.get_state(legacy=False)["state"]  # noqa: NPY002 -- looks, does not draw
    yield
    after = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    assert before["pos"] == after["pos"], "something drew from NumPy's global generator"
    assert np.array_equal(before["key"], after["key"]), "something re-seeded NumPy's global generator"
