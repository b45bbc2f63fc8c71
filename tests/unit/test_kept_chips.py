"""``--chip``, ``--save-chip`` and ``--cost``: a chip goes from run to run, and is judged as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwnoise import chips, training
from hwnoise.cli import main

QUICK = ["--task", "xor", "--network", "2-4-2", "--epochs", "2", "--seed", "3", "--chips", "2", "-q"]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that holds the run ``a`` and its chip."""
    monkeypatch.chdir(tmp_path)
    assert main(["train", *QUICK, "--out", "a", "--save-chip", "a.safetensors"]) == 0
    return tmp_path


def shown(words: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_saved_chip_is_the_chip_of_the_run(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = chips.load("a.safetensors")
    assert (kept.name, kept.substrate.name, kept.about["task"]) == ("a", "pcm", "xor")
    again = training.trained_chip("a")
    x = np.random.default_rng(0).random((5, 2))
    assert (kept.program.run(x).output == again.program.run(x).output).all()
    found = [shown(["evaluate", "--chip", path], capsys) for path in ("a", "a.safetensors")]
    assert found[0] == found[1]
    assert len(found[0]["chips"]) == 1


def test_training_goes_on_with_the_very_chip(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--chip", "a.safetensors", "--epochs", "2", "--seed", "4", "-q", "--chips", "2"]
    found = shown([*words, "--out", "b", "--save-chip", "b.safetensors"], capsys)
    first, second = (chips.load(f"{name}.safetensors") for name in "ab")
    assert second.stream == first.stream
    ticks = [int(chip.program.state()["tick"]) for chip in (first, second)]
    assert ticks[1] - ticks[0] >= found["passes"]
    assert main([*words, "--out", "b", "--resume", "--save-chip", "b.safetensors"]) == 0  # in its place


def test_a_chip_brings_its_own_network_and_device(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, sentence in (
        (["train", "--chip", "a", "--device", "pcm"], "a chip brings its own device"),
        (["train", "--chip", "a", "--network", "2-4-2"], "a chip brings its own network"),
        (["train", "--chip", "nowhere"], "nowhere: no such file"),
        (["train", "--chip", str(trained)], "holds no chip"),
        (["evaluate", "--chip", "a", "--device", "pcm", "--chips", "3"], "leave out --device, --chips"),
        (["evaluate", "a", "--chip", "a"], "leave out a"),
        (["evaluate", "--chip", "a", "--ages", "1", "--compensate"], "does not go with --chip"),
        (["evaluate", "--chip", "a", "--task", "digits"], "does not fit task digits"),
    ):
        capsys.readouterr()
        assert main(words) == 2
        assert sentence in capsys.readouterr().err


def test_a_chip_is_judged_at_ages_from_now(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(["evaluate", "--chip", "a", "--ages", "1,3600"], capsys)
    assert [age["seconds"] for age in found] == [1.0, 3600.0]
    assert main(["evaluate", "--chip", "a"]) == 0
    assert "on chip 'a' (pcm)" in capsys.readouterr().out


def test_cost_counts_one_reading_of_the_samples(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--chip", "a"], ["a", "--chips", "1"]):
        spent = shown(["evaluate", *words, "--cost"], capsys)["cost"]
        counts = {item["event"]: item["count"] for item in spent["items"]}
        samples = counts["reads"]
        assert counts["multiplications"] == samples * (2 * 4 + 4 * 2)
        assert spent["energy"]["value"] > 0
    Path("mine.toml").write_text('conversions_out = "1 pJ"\nmultiplications = "0 J"\n', encoding="utf-8")
    assert main(["evaluate", "a", "--chips", "1", "--constants", "mine.toml"]) == 0
    text = capsys.readouterr().out
    assert f"reading {samples} samples once on one chip" in text
    assert "given by the user" in text
    assert {"ages", "cost"} == set(shown(["evaluate", "--chip", "a", "--ages", "5", "--cost"], capsys))
