"""The comparison of a repair with what else brings a chip back, and what the commands make of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import PAIRS, chip, kind

from hwnoise import Network, Stream, nir_io, training
from hwnoise.cli import main
from hwnoise.errors import MismatchError
from hwnoise.repair import ChipRepair, Comparison, compare, reprogram, rewrite
from hwnoise.training.load import resolve

Capture = pytest.CaptureFixture[str]
NOISY = {"programming_noise": {"sigma": {"shape": "polynomial", "coefficients": [1.0]}}}
UNEVEN = kind(conductance={}, write={"step": 0.01}, mismatch={"sigma": 0.2})
DRIFT = {
    "mean": {"shape": "polynomial", "coefficients": [0.05]},
    "std": {"shape": "polynomial", "coefficients": [0.0]},
}
CHIP = ChipRepair(0.8, 0.6, 0.7, 0.75, None, 0.87, 0.8, 100, 1000, 2.0)
FOUND = Comparison("4-2", "pcm", "anp", 7, 86_400.0, 0.9, (CHIP, replace(CHIP, repaired=0.81)))


# Writing again


def test_rewriting_draws_anew_and_keeps_the_target() -> None:
    substrate = kind(conductance={}, write={"step": 0.04}, **NOISY)
    program = chip(substrate)
    before = program.diagnostics()
    rewrite(program, program.network, substrate)
    after, exact = program.diagnostics(), program.network.parameters()
    for name, weight in exact.items():
        if name.endswith(".weight"):
            assert (after[name] != before[name]).mean() > 0.9
            assert np.all(after[name.replace("weight", "writes")] == 2)
            assert abs((after[name] - weight).mean()) < 0.2 * np.ptp(weight)


def test_rewriting_a_perfect_chip_changes_nothing() -> None:
    program = chip(PAIRS)
    before = program.diagnostics()
    rewrite(program, program.network, PAIRS)
    for name, weight in program.network.parameters().items():
        np.testing.assert_allclose(
            program.diagnostics()[name], before[name], atol=1e-5 * np.abs(weight).max()
        )


def test_rewriting_undoes_drift() -> None:
    substrate = kind(conductance={}, write={"step": 0.04}, drift=DRIFT)
    program = chip(substrate)
    program.advance(1e4)  # reads of a microsecond: 10^10 of them
    drifted = np.abs(program.diagnostics()["hidden1.weight"]).sum()
    rewrite(program, program.network, substrate)
    exact = np.abs(program.network.parameters()["hidden1.weight"]).sum()
    assert drifted < 0.8 * exact
    assert np.abs(program.diagnostics()["hidden1.weight"]).sum() == pytest.approx(exact, rel=1e-3)


def test_reading_back_corrects_what_blind_writing_leaves() -> None:
    off = {}
    for verify in (False, True):
        program = chip(UNEVEN, "20-20-10")
        rounds = sum(1 for _ in reprogram(program, program.network, UNEVEN, 5000, verify=verify))
        exact = program.network.parameters()["hidden1.weight"]
        off[verify] = np.abs(program.diagnostics()["hidden1.weight"] - exact).mean()
        assert rounds > 1
    assert off[True] < 0.3 * off[False]


def test_writes_are_made_up_to_the_budget_and_no_round_beyond() -> None:
    program = chip(PAIRS)
    each = 2 * sum(a.size for name, a in program.network.parameters().items() if name.endswith("weight"))
    for _ in reprogram(program, program.network, PAIRS, each + 1):
        pass
    assert program.events["device_writes"] == 2 * each


# The table


def test_recovery_counts_what_the_best_alternative_leaves() -> None:
    found = FOUND.recovery()
    assert found is not None
    assert found["chips"] == pytest.approx([0.8, 0.4])
    assert found["value"] == pytest.approx(0.6)
    assert found["low"] < 0.6 < found["high"]


def test_a_share_of_nothing_is_not_given() -> None:
    found = replace(FOUND, exact=0.755)
    assert found.recovery() is None
    assert "less than a point" in "\n".join(found.lines())


def test_the_table_has_a_line_for_each_stage_that_applies() -> None:
    text = "\n".join(FOUND.lines())
    assert "4-2 on 2 chips of 'pcm', seed 7, repaired by anp" in text
    assert "1 day later " in text
    assert "drift compensated" in text
    assert "by what it reads back" not in text  # None on these chips
    assert "later" not in "\n".join(replace(FOUND, age=0.0).lines())
    assert max(map(len, text.splitlines())) < 80


def test_intervals_of_accuracies_lie_between_0_and_1() -> None:
    stage = replace(FOUND, chips=(CHIP, replace(CHIP, repaired=0.2))).stages()["repaired"]
    assert (stage["low"], stage["high"]) == (0.0, 1.0)


def test_one_chip_has_no_interval() -> None:
    found = replace(FOUND, chips=(CHIP,))
    assert found.stages()["repaired"] == {"value": 0.87, "low": None, "high": None, "chips": [0.87]}
    assert json.loads(json.dumps(found.as_dict()))["recovery"]["low"] is None


# From a file to the table


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on exact arithmetic, which is as good as trained elsewhere."""
    folder = tmp_path_factory.mktemp("repair") / "run"
    words = f"train --epochs 15 --seed 3 --quiet --chips 1 --out {folder} --set adc.bits=8"
    assert main(words.split()) == 0
    return folder


def ask(words: list[str], capsys: Capture) -> dict[str, object]:
    assert main([*words, "--json", "--quiet"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_damaged_chip_is_repaired(trained: Path, capsys: Capture) -> None:
    faults = ["--set", "faults.stuck_low=0.05", "--set", "faults.stuck_high=0.05"]
    words = ["evaluate", str(trained), "--repair", "--chips", "1", "--epochs", "10", *faults]
    found = ask(words, capsys)
    (only,) = found["chips"]  # type: ignore[misc]
    assert found["age"] == 2_592_000
    assert only["repaired"] > max(only["aged"], only["compensated"], only["reprogrammed"]) + 0.02
    assert ask(words, capsys)["stages"] == found["stages"]  # from the same seed


def test_training_starts_from_a_file_and_tells_what_became_of_it(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.nir"
    nir_io.write(path, nir_io.read(trained / "network.nir"))
    config = training.load_config(
        None, weights=path, age=1e6, epochs=2, chips=1, seed=1, out=tmp_path / "run"
    )
    summary = training.run(config, progress="quiet")
    flat, text = summary.flat(), "\n".join(summary.lines())
    assert flat["accuracy_exact"] > 0.6
    assert flat["accuracy_programmed"] > flat["accuracy_aged"] - 0.1
    assert all(words in text for words in ("without hardware", "programmed", "aged"))
    again = training.run(
        training.load_config(tmp_path / "run" / "config.toml", out=tmp_path / "again"), progress="quiet"
    )
    assert again.flat()["accuracy_after"] == flat["accuracy_after"]


def test_small_steps_are_the_default_only_from_trained_weights(trained: Path) -> None:
    fresh = resolve(training.load_config(None, seed=1))
    started = resolve(training.load_config(None, seed=1, weights=trained))
    assert started.optimizer.learning_rate < fresh.optimizer.learning_rate
    assert (started.headroom, started.learner) == (1.0, "anp")


def test_spiking_networks_start_small_too(tmp_path: Path) -> None:
    nir_io.write(tmp_path / "s.nir", Network.spiking("64-8-10", Stream(1)))
    config = resolve(training.load_config(None, weights=tmp_path / "s.nir", device="loihi2", seed=1))
    assert (config.learner, config.optimizer.learning_rate) == ("snp", 0.0003)


def test_a_spiking_network_has_no_drift_to_compensate(tmp_path: Path) -> None:
    nir_io.write(tmp_path / "s.nir", Network.spiking("64-8-10", Stream(1)))
    flags = {"weights": tmp_path / "s.nir", "device": "loihi2", "coding": "rate", "steps": 2}
    found = compare(resolve(training.load_config(None, **flags, seed=1, epochs=1, chips=1)))
    assert found.stages().keys() == {"programmed", "repaired"}


def test_a_learner_with_derivatives_is_no_repair(trained: Path) -> None:
    flags = {"weights": trained, "backend": "snntorch", "learner": "bp", "chips": 1, "seed": 1, "epochs": 1}
    with pytest.raises(MismatchError, match="bp takes derivatives"):
        compare(resolve(training.load_config(None, **flags)))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("evaluate --repair", "--repair wants a trained network"),
        ("evaluate RUN --repair --ages 1,2", "--ages wants one number, not '1,2'"),
        ("evaluate RUN --repair --compensate", "leave out --compensate"),
        ("evaluate RUN --epochs 3", "--epochs is for --repair"),
        ("train --from RUN --network 64-10", "leave out either --network 64-10 or --from"),
        ("train --from RUN --chip x", "a chip brings its own weights"),
        ("train --from nowhere.nir", "no such file"),
        ("train --from nowhere.pt --network 64-10", "nowhere.pt"),
        ("train --from RUN --age -1", "age"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    words: str, sentence: str, trained: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words.replace("RUN", str(trained)).split()) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
