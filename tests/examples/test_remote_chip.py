"""A chip in another process is the same chip, bit for bit, and refuses in the same words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chip_server import EXAMPLES, Start
from remote_chip import RemoteChip
from remote_chip.wire import MAX_BYTES

from hwnoise import Network, Program, Stream, fit, learners, optimizers, substrate, tasks, toml
from hwnoise.backends import registry
from hwnoise.backends.base import Perturbation, Probe
from hwnoise.backends.emulator import backend as emulator
from hwnoise.errors import InputError, MismatchError
from hwnoise.substrate import Substrate

NODES = frozenset({"nodes"})
KNOWN = {"name": "known", "kind": "test", "quiet": "chip", "node_noise": {"sigma": 0.1, "handles": ["known"]}}


def both(
    remote: RemoteChip, port: int, kind: Substrate, sizes: str = "2-6-5-2", **options: Any
) -> tuple[Program, Program]:
    """The same chip in this process and in the other one."""
    network = Network.mlp(sizes, Stream(3), gain=2.0)
    here = emulator.compile(network, kind, Stream(3, "chip"), **options)
    return here, remote.compile(network, kind, Stream(3, "chip"), port=port, timeout=60, **options)


def same(ours: Any, theirs: Any) -> None:
    """Assert that two mappings hold the same arrays in the same order, bits, types and layout."""
    assert list(ours) == list(theirs)
    for name in ours:
        a, b = ours[name], theirs[name]
        assert (a.dtype, a.shape, a.strides) == (b.dtype, b.shape, b.strides), name
        assert a.tobytes() == b.tobytes(), name


@pytest.mark.parametrize(
    ("device", "learner", "options"),
    [
        ("pcm", "anp", {}),
        ("pcm", "anp", {"order": "interleaved", "pairs": 2}),
        ("pcm", "np", {"order": "interleaved"}),
        ("pcm", "wp", {}),
        ("smtj", "anp", {"normalizer": "node"}),
    ],
)
def test_training_gives_the_same_bits(
    remote: RemoteChip, port: int, device: str, learner: str, options: dict[str, Any]
) -> None:
    found = []
    for chip in both(remote, port, substrate.load(device), headroom=1.5):
        optimizer = optimizers.make("adam", learning_rate=0.05, weight_decay=0.01)
        history = fit(chip, tasks.load("xor"), learners.make(learner, **options), optimizer, epochs=2)
        figures = [(e.loss, e.accuracy, e.validation_accuracy, e.passes, e.writes) for e in history.epochs]
        found.append((chip.read_weights(), figures, dict(chip.events)))
    (ours, *here), (theirs, *there) = found
    same(ours, theirs)
    assert here == there
    assert here[1]["device_writes"] > 0 or device == "smtj"  # its weights are digital


@pytest.mark.parametrize("order", ["interleaved", "batch"])
def test_every_part_of_a_reading_crosses(remote: RemoteChip, port: int, order: Any) -> None:
    here, there = both(remote, port, substrate.parse(KNOWN))
    x = Stream(1).generator().random((7, 2), np.float32)
    probe = Probe(passes=3, order=order, quiet_passes=(2,), observe=frozenset({"nodes", "noise"}))
    ours, theirs = here.run(x, probe), there.run(x, probe)
    same({"output": ours.output, "ticks": ours.ticks}, {"output": theirs.output, "ticks": theirs.ticks})
    for part in ("nodes", "noise", "inputs"):
        same(getattr(ours, part), getattr(theirs, part))
    assert (ours.events, list(ours.nodes)) == (theirs.events, ["hidden1", "hidden2", "readout"])
    assert dict(here.events) == there.events


def test_weights_read_back_between_passes_cross(remote: RemoteChip, port: int) -> None:
    here, there = both(remote, port, substrate.load("pcm"))
    probe = Probe(passes=2, order="batch", observe=frozenset({"weights"}))
    x = np.ones((3, 2))
    ours, theirs = here.run(x, probe), there.run(x, probe)
    same(ours.weights, theirs.weights)
    assert ours.events == theirs.events


def test_one_sample_may_be_a_plain_row(remote: RemoteChip, port: int) -> None:
    here, there = both(remote, port, substrate.load("pcm"))
    row = np.array([0.0, 1.0])
    assert np.array_equal(here.run(row, Probe(observe=NODES)).output, there.run(row, Probe()).output)


def test_it_shows_the_three_doors_and_nothing_else(remote: RemoteChip, port: int) -> None:
    here, there = both(remote, port, substrate.load("pcm"))
    assert not there.capabilities.checkpoint
    assert there.capabilities.noises == here.capabilities.noises
    doors = {name for name in dir(there) if callable(getattr(there, name)) and not name.startswith("_")}
    assert doors == {"run", "read_weights", "write"}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda chip: chip.run(np.ones((2, 3), np.float32)),
        lambda chip: chip.run(np.ones((0, 2), np.float32)),
        lambda chip: chip.run(np.full((1, 2), np.nan, np.float32)),
        lambda chip: chip.run(np.ones((1, 2)), Probe(passes=0)),
        lambda chip: chip.run(np.ones((1, 2)), Probe(quiet_passes=(0,))),
        lambda chip: chip.run(np.ones((1, 2)), Probe(perturbation=Perturbation(2**64 - 1, 0.1))),
        lambda chip: chip.write({"nowhere.weight": np.zeros((2, 2), np.float32)}),
        lambda chip: chip.write({"readout.bias": np.zeros(3, np.float32)}),
        lambda chip: chip.write({"readout.bias": np.full(2, np.inf, np.float32)}),
    ],
)
def test_a_refusal_has_the_words_it_has_in_process(
    remote: RemoteChip, port: int, wrong: Callable[[Program], Any]
) -> None:
    here, there = both(remote, port, substrate.load("pcm"))
    with pytest.raises(InputError) as ours:
        wrong(here)
    with pytest.raises(InputError) as theirs:
        wrong(there)
    assert (type(theirs.value), str(theirs.value)) == (type(ours.value), str(ours.value))
    there.run(np.ones((1, 2)))  # and it goes on


def test_what_is_too_large_is_refused_before_it_costs_anything(remote: RemoteChip, port: int) -> None:
    _, chip = both(remote, port, substrate.load("pcm"))
    with pytest.raises(InputError, match=r"this reading would take \d+ MiB, over 64 MiB.*smaller batches"):
        chip.run(np.ones((1000, 2)), Probe(passes=10_000))
    with pytest.raises(InputError, match="take smaller batches"):
        chip.run(np.ones((MAX_BYTES // 8 + 1, 2), np.float32))
    assert chip.events == {}
    chip.run(np.ones((1, 2)))


def test_what_synapses_remember_is_not_shown(remote: RemoteChip, port: int) -> None:
    _, chip = both(remote, port, substrate.load("pcm"))
    with pytest.raises(MismatchError, match="single synapses"):
        chip.run(np.ones((1, 2)), Probe(observe=frozenset({"events"})))


@pytest.mark.parametrize(
    "options", [{"port": 0}, {"port": 70_000}, {"port": "http"}, {"timeout": 0}, {"timeout": float("nan")}]
)
def test_options_have_ranges(remote: RemoteChip, options: dict[str, Any]) -> None:
    network = Network.mlp("2-2", Stream(0))
    with pytest.raises(InputError, match=f"backend option {next(iter(options))} must be"):
        remote.compile(network, substrate.load("ideal"), Stream(0), **options)


def test_chips_nobody_holds_make_room(remote: RemoteChip, port: int) -> None:
    network, ideal, held = Network.mlp("2-2", Stream(0)), substrate.load("ideal"), []
    for _ in range(30):
        held = [*held[-2:], remote.compile(network, ideal, Stream(0), port=port)]
    while len(held) < 8:
        held.append(remote.compile(network, ideal, Stream(0), port=port))
    with pytest.raises(InputError, match="holds 8 chips"):
        remote.compile(network, ideal, Stream(0), port=port)
    held[0].run(np.ones((1, 2)))


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with what pip leaves behind of the package's entry points."""
    project = toml.read(EXAMPLES / "remote_chip" / "pyproject.toml")["project"]
    folder = tmp_path / "site" / "remote_chip-0.1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: remote-chip\nVersion: 0.1.0\n", "utf-8")
    lines = [f"[{group}]\n{name} = {target}\n" for group, points in project["entry-points"].items()
             for name, target in points.items()]  # fmt: skip
    (folder / "entry_points.txt").write_text("".join(lines), encoding="utf-8")
    return folder.parent


def test_the_registry_finds_it(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="remote"):
        registry.get("remote")
    monkeypatch.syspath_prepend(str(installed))
    assert "remote" in registry.names()
    assert type(registry.get("remote")).__name__ == "RemoteChip"
    assert "remote_chip.host:RemoteChip" in str(registry.describe())


def test_the_command_line_trains_on_it_until_it_is_killed(
    installed: Path, start: Start, tmp_path: Path
) -> None:
    server, port = start()
    command = [str(Path(sys.executable).with_name("hwnoise")), "train", "--task", "xor", "--seed", "1"]
    command += ["--backend", "remote", "--set", f"backend.port={port}", "--chips", "2"]
    place = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": f"{installed}{os.pathsep}{EXAMPLES}"}}
    channels = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}

    done = subprocess.run([*command, "--epochs", "2", "--out", "short"], **place, **channels, timeout=120)
    assert done.returncode == 0, done.stderr
    with subprocess.Popen([*command, "--epochs", "100000", "--out", "long"], **place, **channels) as training:
        metrics = tmp_path / "long" / "metrics.jsonl"
        while training.poll() is None and not (metrics.exists() and metrics.stat().st_size):
            time.sleep(0.02)
        server.kill()
        _, said = training.communicate(timeout=60)
    assert training.returncode == 1
    assert said.splitlines()[-1].startswith(f"hwnoise: the chip at 127.0.0.1:{port} c")
    assert "Traceback" not in said
