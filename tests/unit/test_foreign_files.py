"""A network file of another tool leaves things open: they are asked for, and what is taken is said."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest

from hwnoise.cli import main

FLAGS = ("--task", "digits", "--device", "loihi2", "--chips", "1", "--seed", "1")


@pytest.fixture
def foreign(tmp_path: Path, rng: np.random.Generator) -> str:
    """A spiking network without a word on its time step or its reset."""
    ones = np.ones(10, np.float32)
    nodes = {
        "input": nir.Input(np.array([64])),
        "fc": nir.Linear(rng.normal(size=(10, 64)).astype(np.float32)),
        "lif": nir.LIF(0.01 * ones, 10 * ones, 0 * ones, ones),
        "output": nir.Output(np.array([10])),
    }
    names = list(nodes)
    path = tmp_path / "foreign.nir"
    nir.write(str(path), nir.NIRGraph(nodes, list(pairwise(names))))
    return str(path)


def evaluate(file: str, *more: str) -> int:
    return main(["evaluate", file, *FLAGS, *more])


def test_what_nobody_states_is_asked_for(foreign: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(foreign) == 2
    assert "does not state dt, its time step in seconds (dt=..., --dt)" in capsys.readouterr().err


def test_what_the_user_states_is_enough(foreign: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(foreign, "--dt", "1e-3", "--reset", "zero", "--convention", "nir") == 0
    assert "state" not in capsys.readouterr().err


def test_what_a_tool_assumes_is_said(foreign: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(foreign, "--convention", "norse") == 0
    said = capsys.readouterr().err
    assert "dt; taken is 0.001 s, as norse has it" in said
    assert "reset; taken is zero, the default of norse" in said


def test_a_network_of_ones_own_leaves_nothing_open(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--network", "64-10", "--dt", "0.1", *FLAGS]) == 2
    assert "dt is for a network from a file" in capsys.readouterr().err
