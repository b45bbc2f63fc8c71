"""Timings against Lava and snnTorch: what is compared computes the same. Nothing here looks at how fast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hwnoise.backends.lava.group import LavaError
from hwnoise.backends.lava.stopwatch import Stopwatch
from hwnoise.bench import __main__ as command
from hwnoise.bench import lava_steps, spiking, torch_path
from hwnoise.bench.table import share
from hwnoise.bench.timing import Case, measure

SMALL = "20-8-4"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of a few neurons, so that nothing takes long."""
    monkeypatch.setattr(spiking, "SIZES", SMALL)
    monkeypatch.setattr(spiking, "BATCH", 4)
    monkeypatch.setattr(spiking, "STEPS", 5)
    monkeypatch.setattr(spiking, "ACTIVITY", 0.5)


def test_the_promises_are_the_limits() -> None:
    limits = {case.name: case.limit for case in command.every_case()}
    for sizes in ("784-128-10", "1024-1024-10"):
        assert limits[f"integers {sizes} batch 1, 10% active"] == 1 / 300
        assert limits[f"integers {sizes} batch 1, 2% active"] is None
        assert limits[f"integers {sizes} batch 1, 50% active"] is None
    assert limits["Leaky 784-128-10 batch 128, no noise"] == 1 / 5
    assert limits["Leaky 784-128-10 batch 128, constant noise"] == 1 / 3
    for what in ("NoisyLinear, Leaky", "torch backend"):
        assert limits[f"{what} 784-128-10 batch 128, constant noise"] == 1.5
        assert limits[f"{what} 784-128-10 batch 128, state-dependent noise"] == 2.5


def test_the_network_is_the_one_that_snntorch_runs(small: None) -> None:
    """Equal weights, spikes and conventions: on dyadic weights all spikes are equal."""
    own, x = spiking.network(), spiking.spikes()
    dyadic = {name: np.rint(8 * value) / 8 for name, value in own.parameters().items()}
    own = own.with_parameters(dyadic)
    program = spiking.TimedProgram(own, spiking.chip("no noise"), spiking.Stream(0), 1.0)
    run = spiking.stepper(own)
    first, second = spiking.linear_layers(own)
    with torch.no_grad():
        theirs = run(torch.from_numpy(x).transpose(0, 1), first, second).transpose(0, 1).numpy()
    assert theirs.any()
    np.testing.assert_array_equal(program.run(x).output[0], theirs)


def test_a_chip_with_noise_is_noisy(small: None) -> None:
    for noise in (spiking.CONSTANT, spiking.DEPENDENT):
        program = spiking.TimedProgram(spiking.network(), spiking.chip(noise), spiking.Stream(0), 1.0)
        reading = program.run(spiking.spikes(), spiking_probe())
        first, second = reading.membranes["hidden1_neurons"]
        assert (first != second).any()


def spiking_probe() -> Any:
    from hwnoise.backends.base import Probe

    return Probe(passes=2, observe=frozenset({"membranes"}))


@pytest.mark.parametrize("prepare", [spiking.prepare, torch_path.prepare_modules, torch_path.prepare_program])
def test_every_way_can_be_timed(prepare: Any, small: None) -> None:
    arguments = (spiking.CONSTANT, 1) if prepare is spiking.prepare else (spiking.CONSTANT,)
    ours, parts = prepare(*arguments)
    rows = measure(Case("work", lambda: (ours, parts), {"": tuple(parts)}, note=lambda: "late"), 0, least=2)
    assert [row.note for row in rows] == ["late"]
    assert rows[0].ratio > 0


def test_lava_takes_all_steps_whenever_it_is_told_and_then_goes() -> None:
    """The case compares everything once; the note says what both had in common."""
    rival = lava_steps.Rival(SMALL, 0.5, steps=30)
    ours, parts = rival.prepare()
    ours()
    parts[lava_steps.LAVA]()
    parts[lava_steps.LAVA]()
    assert rival.note().startswith("Lava, 30 steps, ")
    assert "spikes in both" in rival.note()


def test_a_stopwatch_whose_child_is_gone_says_so() -> None:
    program = lava_steps.chip(SMALL)
    watch = Stopwatch(program.integers(), lava_steps.inputs(SMALL, 0.5, 4))
    folder = watch._folder
    watch._child.kill()
    watch._child.wait()
    with pytest.raises(LavaError, match="Lava ended with status"):
        watch.run()
    watch.close()
    assert not folder.exists()


def test_rows_of_what_is_not_installed_are_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spiking, "find_spec", lambda name: None)
    monkeypatch.setattr(lava_steps.detect, "installed", lambda: None)
    assert spiking.missing() == ["snntorch"]
    assert lava_steps.missing() == ["lava-nc"]
    assert [*spiking.cases(), *torch_path.cases(), *lava_steps.cases()] == []


@pytest.mark.parametrize(
    ("ratio", "short", "text"),
    [(1 / 312, False, "1/312"), (0.25, False, "0.25"), (1.5, False, "1.50"), (1 / 300, True, "1/300"),
     (0.2, True, "1/5"), (1.15, True, "1.15")],
)  # fmt: skip
def test_small_ratios_read_as_fractions(ratio: float, short: bool, text: str) -> None:
    assert share(ratio, short) == text


def test_rounds_are_calls_of_ours_within_one_repetition() -> None:
    calls: list[str] = []
    parts = {"other": lambda: calls.append("other")}
    case = Case("work", lambda: (lambda: calls.append("ours"), parts), {"": ("other",)}, rounds=3)
    measure(case, 0, least=2)
    assert calls.count("ours") == 3 * calls.count("other")
