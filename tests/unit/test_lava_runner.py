"""Lava's hazards, each contained: what hangs, forks, leaks or crashes there is one sentence here."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lava_leftovers import leftovers

import hwnoise.backends.lava.processes as processes
from hwnoise.backends.lava import runner
from hwnoise.backends.lava.planning import make_plan
from hwnoise.errors import InputError, MismatchError
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses

WEIGHT = np.array([[100, -60, 40], [20, 80, -100]], np.int32)
PATH = (("input", "w"), ("w", "cells"), ("cells", "output"))


def network(vth: int = 90, weight: Any = WEIGHT, **synapses: Any) -> IntegerNetwork:
    cells = IntegerNeurons((2,), 900, 250, vth, 1.0)
    return IntegerNetwork({"w": IntegerSynapses(weight, 1.0, **synapses), "cells": cells}, PATH)


def spikes(samples: int, steps: int = 5) -> Any:
    return np.ones((samples, steps, 3), np.int32)


@pytest.fixture
def broken_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delay that our checks would refuse, smuggled past them: Lava's model raises at its first step."""

    def smuggled(integers: IntegerNetwork, steps: int) -> Any:
        plan = make_plan(integers, steps)
        dense, cells = plan.processes
        settings = dense.settings | {"delays": np.full((2, 3), 70)}
        return replace(plan, processes=(replace(dense, kind="DelayDense", settings=settings), cells))

    monkeypatch.setattr(runner, "make_plan", smuggled)


def test_a_model_that_raises_ends_the_run_and_is_named(broken_model: None) -> None:
    began = time.monotonic()
    with pytest.raises(
        runner.LavaError, match=r"step 1 of PyDelayDenseModelBitAcc: ValueError: .* 63"
    ) as caught:
        runner.run(network(), spikes(2), timeout=100)
    assert time.monotonic() - began < 60
    assert "Traceback" in str(caught.value.__cause__)
    assert caught.value.exit_code == 1
    assert not leftovers()


def test_a_run_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(runner.LavaError, match="did not finish within 3 s and was stopped"):
        runner.run(network(), spikes(40_000), timeout=3)
    assert not leftovers()


LONG_RUN = """
import numpy as np
from hwnoise.backends.lava import runner
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
synapses = IntegerSynapses(np.full((2, 3), 20, np.int32), 1.0)
nodes = {"w": synapses, "cells": IntegerNeurons((2,), 0, 0, 90, 1.0)}
network = IntegerNetwork(nodes, (("input", "w"), ("w", "cells"), ("cells", "output")))
print("ready", flush=True)
"""


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for temporary files whose name leaves room for sockets in it."""
    with tempfile.TemporaryDirectory(prefix="t-") as name:
        yield Path(name)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_when_the_parent_ends_nothing_stays_behind(number: signal.Signals, short_folder: Path) -> None:
    code = LONG_RUN + "runner.run(network, np.ones((40_000, 5, 3), np.int32), timeout=100)"
    environment = {"PATH": "", "TMPDIR": str(short_folder), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        _wait_for(lambda: list(short_folder.glob("hwnoise-lava-*/*.npy")))
        parent.send_signal(number)
        _, errors = parent.communicate(timeout=30)
    assert (number == signal.SIGINT) == (b"KeyboardInterrupt" in errors)
    assert not leftovers(str(short_folder))
    _wait_for(lambda: not list(short_folder.iterdir()))


def _wait_for(is_so: Any) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_thread_pools_of_numba_and_torch_do_not_reach_lava() -> None:
    code = LONG_RUN + (
        "import numba, torch\n"
        "@numba.njit(parallel=True)\n"
        "def total(x):\n"
        "    s = 0.0\n"
        "    for i in numba.prange(len(x)):\n"
        "        s += x[i]\n"
        "    return s\n"
        "total(np.ones(1000)), torch.ones(300, 300) @ torch.ones(300, 300)\n"
        "print(runner.run(network, np.ones((1, 5, 3), np.int32), timeout=60).spikes['cells'].shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert "(1, 5, 2)" in done.stdout


def test_a_graph_runs_once() -> None:
    code = (
        "from pathlib import Path\n"
        + LONG_RUN
        + "from hwnoise.backends.lava import configuration, graph, planning\n"
        "once = graph.Graph(planning.make_plan(network, 5), np.ones((5, 3), np.int32))\n"
        "once.run(configuration.simulation(Path('.')))\n"
        "once.run(configuration.simulation(Path('.')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1  # and not a segmentation fault
    assert "RuntimeError: a Lava graph runs once: build another one" in done.stderr


def test_the_compiler_finds_only_harmless_files_beside_our_processes() -> None:
    """Lava executes every file in a process's folder, so these import Lava, NumPy and kernels alone."""
    for path in Path(processes.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                module = str(node.module)
                ours = module.removeprefix("hwnoise.").startswith(("kernels.", "backends.lava.processes."))
                assert ours or module.partition(".")[0] in ("__future__", "lava", "typing"), path


def test_a_changed_threshold_is_a_new_graph() -> None:
    """Lava reads thresholds and weights at its first step only, so every run builds its processes."""
    plans = [make_plan(network(vth), 5) for vth in (90, 100)]
    assert [plan.processes[1].settings["vth"] for plan in plans] == [90, 100]


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"weight": WEIGHT * 0.5}, "weight must be whole numbers"),
        ({"weight": WEIGHT * 3}, "weight must be -256 to 254, not 300"),
        ({"weight": WEIGHT + 1}, "multiple of 2, not 101"),
        ({"vth": 131_073}, "vth must be 0 to 131071, not 131073"),
        ({"delay": np.full((2, 3), 64)}, "delay must be 0 to 63, not 64"),
        ({"exponent": 9}, "exponent must be -8 to 7, not 9"),
    ],
)
def test_what_lava_would_silently_change_is_refused(bad: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make_plan(network(**bad), 5)


def test_what_lava_has_no_process_for_is_refused() -> None:
    waiting = replace(network().neurons["cells"], refractory=2)
    with pytest.raises(MismatchError, match=r"'cells' wait 2 steps .* no fixed-point model"):
        make_plan(IntegerNetwork({**network().nodes, "cells": waiting}, PATH), 5)


def test_ways_of_unequal_length_are_refused() -> None:
    square = IntegerSynapses(np.full((2, 2), 20, np.int32), 1.0)
    nodes = {
        **network().nodes,
        "up": square,
        "late": network().neurons["cells"],
        "skip": network().synapses["w"],
    }
    nodes = {name: nodes[name] for name in ("w", "skip", "cells", "up", "late")}
    edges = (
        *PATH[:2],
        ("cells", "up"),
        ("up", "late"),
        ("input", "skip"),
        ("skip", "late"),
        ("late", "output"),
    )
    with pytest.raises(MismatchError, match=r"'skip' sends to 'late' lags 1 steps .* another way 2"):
        make_plan(IntegerNetwork(nodes, edges), 5)


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (spikes(1).astype(float), "Lava takes integers"),
        (spikes(1)[0], "Lava takes integers"),
        (spikes(1)[..., :2], "takes 3 inputs a step, and was given 2"),
    ],
)
def test_input_of_another_form_is_refused(x: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        runner.run(network(), x)


def test_a_chip_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(InputError, match="no Loihi 2 can be reached: Lava's extension for it"):
        runner.run(network(), spikes(1), hardware=True)
    nodes = {**network().nodes, "cells": replace(network(131_072).neurons["cells"], kind="li")}
    with pytest.raises(InputError, match="'cells' is a membrane, and only spikes leave a Loihi 2"):
        runner.run(IntegerNetwork(nodes, PATH), spikes(1), hardware=True)
