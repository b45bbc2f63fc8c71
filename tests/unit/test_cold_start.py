"""Nothing heavy is imported before it is needed: the first second belongs to the user."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numba", "torch", "lava", "pydantic", "scipy", "sklearn", "rich", "altair", "h5py", "nir", "matplotlib")


def loaded_after(code: str) -> set[str]:
    """Top-level packages in ``sys.modules`` of a fresh interpreter that ran ``code``."""
    program = f"import sys\n{code}\nprint('LOADED', *{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize(
    "code",
    [
        "import hwnoise",
        "import hwnoise.cli",
        "from hwnoise.cli import main; main(['--help'])",
        "from hwnoise.cli import main; main(['train', '--help'])",
        "from hwnoise.cli import main; main(['train', '--no-such-flag'])",
    ],
)
def test_imports_nothing_heavy(code: str) -> None:
    assert not loaded_after(code) & set(HEAVY)


def test_the_test_sees_what_is_loaded() -> None:
    assert "pydantic" in loaded_after("import hwnoise.substrate")
