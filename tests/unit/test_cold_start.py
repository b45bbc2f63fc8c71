"""Nothing heavy is imported before it is needed: the first second belongs to the user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

VERY_HEAVY = {"numba", "torch", "lava", "scipy", "sklearn", "rich", "altair", "h5py", "nir", "matplotlib"}
HEAVY = VERY_HEAVY | {"pydantic"}  # which Typer itself loads as soon as a command has arguments


def loaded_after(code: str) -> set[str]:
    """Top-level packages in ``sys.modules`` of a fresh interpreter that ran ``code``."""
    program = f"import sys\n{code}\nprint('LOADED', *{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize(
    "code",
    ["import hwnoise", "import hwnoise.cli", "from hwnoise.cli import main; main(['--help'])"],
)
def test_importing_and_help_cost_next_to_nothing(code: str) -> None:
    assert loaded_after(code) & HEAVY == set()


@pytest.mark.parametrize("words", [["train", "--help"], ["train", "--no-such-flag"]])
def test_a_command_that_does_nothing_loads_next_to_nothing(words: list[str]) -> None:
    assert loaded_after(f"from hwnoise.cli import main; main({words})") & VERY_HEAVY == set()


def test_the_first_start_is_known_until_a_kernel_is_kept(tmp_path: Path) -> None:
    program = (
        "from hwnoise.training.first_start import nothing_is_compiled as nothing\n"
        "from hwnoise.kernels.rademacher import rademacher_of\n"
        "import numpy as np\n"
        "before = nothing(); rademacher_of(np.uint32(1)); print(before, nothing())"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == ["True", "False"]


def test_the_test_sees_what_is_loaded() -> None:
    assert "pydantic" in loaded_after("import hwnoise.substrate")
