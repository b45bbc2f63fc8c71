"""Lava is absent, present, or another version: what is said, and what is mended."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hwnoise.backends import registry
from hwnoise.backends.lava import detect
from hwnoise.errors import InputError


@pytest.mark.parametrize(
    ("python", "lines"),
    [
        ((3, 10), ['pip install "hwnoise[lava]"']),
        (
            (3, 12),
            [
                'pip install "hwnoise[lava]"',
                "pip install --no-deps --ignore-requires-python lava-nc==0.10.0",
            ],
        ),
        ((3, 14), []),
    ],
)
def test_the_commands_that_install_it(python: tuple[int, int], lines: list[str]) -> None:
    assert list(detect.install_lines(python)) == lines


@pytest.mark.parametrize(
    ("version", "python", "words"),
    [
        ("0.10.0", (3, 13), []),
        (None, (3, 11), ["it is not installed", "hwnoise[lava]", "--ignore-requires-python"]),
        ("0.9.0", (3, 10), ["0.9.0 is installed", "hwnoise[lava]"]),
        (None, (3, 14), ["Python 3.10 to 3.13, and this is Python 3.14"]),
    ],
)
def test_what_is_wrong_is_one_sentence(
    version: str | None, python: tuple[int, int], words: list[str]
) -> None:
    found = detect.problem(version, python)
    assert bool(found) == bool(words)
    assert all(word in found for word in words)


def test_without_lava_the_backend_names_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "installed", lambda: None)
    with pytest.raises(InputError, match=r"lava-nc==0\.10\.0"):
        detect.require()
    (row,) = [row for row in registry.describe() if row["name"] == "lava"]
    assert (row["available"], "lava-nc==0.10.0" in row["install"]) == (False, True)


def test_the_shim_leaves_no_trace_and_works_after_the_start_method_was_set() -> None:
    code = """
import dataclasses, multiprocessing
before = dataclasses.dataclass, multiprocessing.set_start_method
multiprocessing.set_start_method("spawn")
from hwnoise.backends.lava.shim import import_lava
import_lava()
import_lava()
from lava.proc.lif.process import LIF
print(LIF.__name__, before == (dataclasses.dataclass, multiprocessing.set_start_method))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["LIF", "True"]


def test_nothing_but_the_child_imports_lava() -> None:
    code = """
import sys
import hwnoise.cli.app, hwnoise.deploying, hwnoise.backends.lava.planning, hwnoise.backends.lava.runner
print([name for name in sys.modules if name.partition(".")[0] in ("lava", "torch")])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
