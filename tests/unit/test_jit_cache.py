"""The compile cache is never stale, survives company and read-only folders, and is the only one."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from source_tree import ROOT

from hwnoise.kernels import _jit

CALLED = "from hwnoise.kernels._jit import kernel\n\n@kernel\ndef half(x):\n    return x * 0.5\n"
CALLER = """from hwnoise.kernels._jit import kernel
from hwnoise.kernels.called import half

@kernel
def quarter(x):
    return half(half(x))
"""
CALL = """from hwnoise.kernels.caller import quarter
print(quarter(8.0), sum(quarter.stats.cache_hits.values()) if hasattr(quarter, 'stats') else 'plain')
"""


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    """Return the kernels folder of a small package of the same name, with our decorator."""
    folder = tmp_path / "hwnoise" / "kernels"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for name in ("__init__.py", "_jit.py"):
        shutil.copy(ROOT / "kernels" / name, folder)
    (folder / "called.py").write_text(CALLED, encoding="utf-8")
    (folder / "caller.py").write_text(CALLER, encoding="utf-8")
    return folder


def start(kernels: Path, script: str = CALL, **variables: str) -> subprocess.Popen[str]:
    """Start ``script`` on that package, with a cache folder below it unless ``variables`` name one."""
    root = kernels.parents[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    environment |= {"PYTHONPATH": str(root), "XDG_CACHE_HOME": str(root / "user"), **variables}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", script]
    return subprocess.Popen(command, env=environment, cwd=root, stdout=pipe, stderr=pipe, text=True)


def call(kernels: Path, script: str = CALL, **variables: str) -> tuple[list[str], str]:
    """Run ``script`` to its end; return the words it printed and its standard error."""
    out, err = start(kernels, script, **variables).communicate(timeout=120)
    return out.split(), err


def compiled_files(kernels: Path) -> set[Path]:
    return set((kernels / "__pycache__").glob("*.nbc"))


def test_an_edit_of_a_called_kernel_reaches_its_callers(kernels: Path) -> None:
    """Numba's own cache answers 2.0 to the third call too: it stamps the caller's file only."""
    assert call(kernels) == (["2.0", "0"], "")
    assert call(kernels) == (["2.0", "1"], "")
    old = compiled_files(kernels)
    (kernels / "called.py").write_text(CALLED.replace("0.5", "0.25"), encoding="utf-8")
    assert call(kernels) == (["0.5", "0"], "")
    assert call(kernels) == (["0.5", "1"], "")
    new = compiled_files(kernels)
    assert len(old) == len(new) == 2, "one file a function: what the edit made useless is gone"
    assert not old & new


def test_two_processes_may_compile_at_once(kernels: Path) -> None:
    """Both with two signatures of one function: the index of Numba's own cache would be shared."""
    script = "from hwnoise.kernels.caller import quarter\nprint(*(quarter(x) for x in {}))"
    both = [start(kernels, script.format(order)) for order in ("(8.0, 8)", "(8, 8.0)")]
    assert [process.communicate(timeout=120) for process in both] == [("2.0 2.0\n", "")] * 2
    again = script.format("(8.0, 8)") + "\nprint(sum(quarter.stats.cache_hits.values()))"
    assert call(kernels, again) == (["2.0", "2.0", "2"], "")


def test_a_read_only_package_uses_the_users_cache(kernels: Path) -> None:
    (kernels / "__pycache__").write_text("a file, so that no folder can be made", encoding="utf-8")
    assert call(kernels) == (["2.0", "0"], "")
    assert call(kernels) == (["2.0", "1"], "")
    assert len(list((kernels.parents[1] / "user").rglob("*.nbc"))) == 2


def test_without_any_writable_folder_kernels_still_run_and_say_so(kernels: Path) -> None:
    for path in (kernels / "__pycache__", kernels.parents[1] / "user"):
        path.write_text("a file, so that no folder can be made", encoding="utf-8")
    printed, err = call(kernels)
    assert printed == ["2.0", "0"]
    assert err.count("set NUMBA_CACHE_DIR to one that is") == 1


def test_a_full_disk_stops_no_run(kernels: Path) -> None:
    full = "import hwnoise.kernels._jit as j\n\ndef full(*a): raise OSError(28, 'No space left on device')\n"
    printed, err = call(kernels, full + "j._CompiledFiles._save_data = full\n" + CALL)
    assert printed == ["2.0", "0"]
    assert "No space left on device" in err


def test_kernels_run_uncompiled(kernels: Path) -> None:
    assert call(kernels, NUMBA_DISABLE_JIT="1") == (["2.0", "plain"], "")


def test_a_fork_runs_and_compiles(kernels: Path) -> None:
    script = """import os
from hwnoise.kernels.caller import quarter
quarter(8.0)
if os.fork() == 0:
    os._exit(0 if quarter(8.0) == quarter(8) == 2.0 else 1)
print(os.waitstatus_to_exitcode(os.wait()[1]))"""
    assert call(kernels, script) == (["0"], "")


def test_a_users_own_kernel_is_stamped_with_its_file_too(kernels: Path) -> None:
    own = kernels.parents[1] / "own.py"
    script = "import own\nprint(own.scale(8.0), sum(own.scale.stats.cache_hits.values()))"
    for expected in (["2.0", "0"], ["2.0", "1"]):
        own.write_text(CALLER.replace("quarter", "scale"), encoding="utf-8")
        assert call(kernels, script) == (expected, "")
    own.write_text(CALLER.replace("quarter", "scale").replace("half(half(x))", "half(x)"), encoding="utf-8")
    assert call(kernels, script) == (["4.0", "0"], "")


def test_the_digest_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1", encoding="utf-8")
    seen = {_jit.digest(tmp_path)}
    (tmp_path / "a.py").write_text("2", encoding="utf-8")
    seen.add(_jit.digest(tmp_path))
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    seen.add(_jit.digest(tmp_path))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.py").touch()
    seen.add(_jit.digest(tmp_path))
    assert len(seen) == 4


def test_division_by_zero_is_ieee_and_products_are_not_fused() -> None:
    @_jit.kernel(inline=True)
    def divide(x: float, y: float) -> float:
        return x / y

    @_jit.kernel
    def fused(x: np.ndarray) -> float:
        return x[0] * x[1] + x[2]

    tiny = 2.0**-30
    assert divide(1.0, 0.0) == np.inf
    assert fused(np.array([1 + tiny, 1 - tiny, -1.0])) == 0.0  # one rounding only would leave -2**-60


WORDS = {"types", "intrinsic", "models", "register_model"}  # those that describe an instruction


def test_no_kernel_compiles_itself() -> None:
    """Only ``_jit.py`` takes from numba what compiles: a bare ``njit`` would bring the stale cache back."""
    for path in sorted((ROOT / "kernels").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            whole = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            found = [name for name in whole if name.partition(".")[0] == "numba"]
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "numba":
                found += [a.name for a in node.names if a.name not in WORDS]
            assert path.name == "_jit.py" or not found, f"{path.name} imports {found[0]}"
