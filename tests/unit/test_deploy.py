"""``hwnoise deploy``: a network becomes integers, runs in Lava, is compared, and is written out."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from loihi_networks import convolutional

from hwnoise import deploying, nir_io, substrate, tasks
from hwnoise.backends.emulator.integer import IntegerProgram
from hwnoise.backends.lava import detect, runner
from hwnoise.cli import main
from hwnoise.deploying import netx, rates
from hwnoise.deploying.emulation import emulate
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError, MismatchError
from hwnoise.integers import IntegerNetwork, IntegerSynapses
from hwnoise.network import Network
from hwnoise.quantization.ranges import check_room
from hwnoise.streams import Stream


@pytest.fixture
def spiking(tmp_path: Path) -> Path:
    path = tmp_path / "spiking.nir"
    nir_io.write(path, Network.spiking("64-12-10", Stream(3), tau=2e-3, gain=2.0))
    return path


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out))


def test_deploy_compares_every_step_and_writes_what_runs_alone(
    spiking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--task", "digits", "--samples", "6", "--verify", "--emit", str(out), "--json"]
    assert main(["deploy", str(spiking), *arguments]) == 0
    found = told(capsys)
    assert (found["backend"], found["real"], found["mismatches"]) == ("lava", False, 0)
    assert (found["samples"], found["neurons"]) == (6, 22)
    assert found["comparison"]["values"] == 2 * found["steps"] * 22
    assert found["spikes"] > 0
    _assert_script_agrees(out, found["accuracy"])


def test_a_network_of_floats_says_what_quantization_lost(
    spiking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scales are chosen with validation samples; one that brings its integers has none to lose."""
    arguments = ["--task", "digits", "--samples", "9", "--emit", str(tmp_path / "out")]
    assert main(["deploy", str(spiking), *arguments, "--json"]) == 0
    found = told(capsys)["quantization"]
    assert (found["data"], found["samples"]) == ("validation samples", 9)
    assert [layer["name"] for layer in found["report"]["layers"]] == ["hidden1", "readout"]
    assert 0.9 < found["agreement"]["hidden1_neurons"] <= 1
    assert found["losses"] == {"hidden1_neurons": 0, "readout_neurons": 0}
    assert 0 <= found["accuracy"] <= 1
    assert main(["deploy", str(spiking), *arguments]) == 0
    shown = capsys.readouterr().out
    for words in ("quantized with 9 validation samples", "spikes as in the float network", "same answers"):
        assert words in shown
    chip = IntegerProgram(nir_io.read(spiking), substrate.load("loihi2"), Stream(1), 1.0)
    nir_io.write(tmp_path / "held.nir", chip.network.with_parameters(chip.read_weights()))
    held = deploying.load(tmp_path / "held.nir", samples=3)
    assert held.quantized is None
    assert "it brings the chip's integers" in deploying.deploy(held, emit=tmp_path / "held").notes[-1]


def test_synapses_are_counted_as_the_room_of_a_chip_is(tmp_path: Path, rng: np.random.Generator) -> None:
    """Zeros of a matrix take their place; a filter is kept once, whatever the places it is used at."""
    filters = convolutional(rng)
    idle = filters.with_parameters({"readout.weight": np.zeros((5, 16), np.float32)})
    for name, network in {"filters": filters, "idle": idle}.items():
        nir_io.write(tmp_path / f"{name}.nir", network)
        subject = deploying.load(tmp_path / f"{name}.nir", samples=2, steps=4)
        found = deploying.deploy(subject, emit=tmp_path / name)
        pools = sum(node.weight.size for node in subject.integers.synapses.values() if node.is_relay)
        assert found.synapses == 3 * 9 + 4 * 3 * 9 + 5 * 16 + pools
        check_room(subject.integers, FixedPoint(synapses=found.synapses))
        with pytest.raises(InputError, match="one chip has room for"):
            check_room(subject.integers, FixedPoint(synapses=found.synapses - 1))


def _assert_script_agrees(folder: Path, accuracy: float) -> None:
    """The emitted script needs nothing of hwnoise and classifies alike."""
    command = [sys.executable, "-I", str(folder / "run_in_lava.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert f"accuracy {accuracy:.4f}" in done.stdout
    text = (folder / "run_in_lava.py").read_text(encoding="utf-8")
    assert "import hwnoise" not in text
    assert "from hwnoise" not in text


def test_a_difference_is_found_named_and_left_with_1(
    spiking: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Negative control: one weight of the deployed network is another than the emulator's."""

    def wrong(network: IntegerNetwork, x: Any, **options: Any) -> runner.Recording:
        nodes = dict(network.nodes)
        first: Any = nodes["hidden1"]
        nodes["hidden1"] = replace(
            first, weight=np.where(first.weight == first.weight.max(), 0, first.weight)
        )
        spikes, membranes = emulate(replace(network, nodes=nodes), x)
        return runner.Recording(spikes, membranes, "readout_neurons", 0.0, False)

    monkeypatch.setattr(runner, "run", wrong)
    assert main(["deploy", str(spiking), "--samples", "5", "--verify"]) == 1
    assert "mismatches, first in the spike of hidden1_neurons neuron" in capsys.readouterr().out


def test_writing_needs_no_lava(
    spiking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(detect, "installed", lambda: None)
    file = tmp_path / "net.net"
    assert main(["deploy", str(spiking), "--emit-netx", str(file), "--json"]) == 0
    assert (told(capsys)["files"], file.exists()) == ([str(file)], True)
    assert main(["deploy", str(spiking), "--emit-netx", str(file), "--quiet"]) == 0  # takes its place
    capsys.readouterr()
    assert main(["deploy", str(spiking)]) == 2
    assert "lava-nc 0.10.0 is needed and it is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gone.nir"], "gone.nir: no such run folder or file"),
        (["{spiking}", "--to", "brian"], "--to must be lava, not 'brian'"),
        (["{spiking}", "--device", "pcm"], "'pcm' does not compute in Loihi's integers"),
        (["{spiking}", "--samples", "0"], "samples must be at least 1"),
        (["{spiking}", "--steps", "0"], "steps must be at least 1, not 0"),
        (["{spiking}", "--timeout", "0"], "--timeout must be a number of seconds > 0, not 0"),
        (["{relu}"], "has no spiking neurons"),
        (["{tanh}", "--task", "digits"], "(tanh) cannot become spikes"),
    ],
)
def test_what_cannot_be_deployed_is_one_sentence(
    arguments: list[str], sentence: str, spiking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for activation in ("relu", "tanh"):
        network = Network.mlp("64-8-10", Stream(1), activation=activation)
        nir_io.write(tmp_path / f"{activation}.nir", network)
    places = {"spiking": spiking, "relu": tmp_path / "relu.nir", "tanh": tmp_path / "tanh.nir"}
    assert main(["deploy", *(word.format(**places) for word in arguments)]) == 2
    printed = capsys.readouterr().err
    assert sentence in printed
    assert printed.count("\n") == 1


def test_relu_layers_become_rates_that_classify_alike() -> None:
    """Threshold balancing: the spiking network agrees with the one of numbers on most samples."""
    task = tasks.load("digits")
    network = Network.mlp("64-24-10", Stream(5))
    found = rates.convert(network, task.train.x, 64)
    x = task.test.x[:100]
    _, membranes = emulate(found.integers, found.encode(x))
    spiking = membranes["readout_neurons"][:, -1].argmax(axis=-1)
    exact = rates.forward(network.dense_layers(), x).argmax(axis=-1)
    assert np.mean(spiking == exact) > 0.85


def test_no_sum_of_a_converted_network_can_overflow() -> None:
    """The worst input at every step, over all steps: currents and the last membrane stay in their bits."""
    network = Network.mlp("40-30-5", Stream(2), gain=5.0)
    x = np.ones((4, 40), np.float32)
    found = rates.convert(network, x, 32)
    for name, synapses in found.integers.synapses.items():
        is_last = name == "readout"
        payload, times = (1, 32) if is_last else (rates.PAYLOAD, 1)
        most = np.abs(synapses.weight).sum(axis=1).max() * payload * times
        assert most * 2.0**synapses.exponent < 2**17


@pytest.mark.parametrize("exponent", [-2, 0, 1, 3])
def test_a_netx_file_holds_the_network(exponent: int, tmp_path: Path) -> None:
    """Read as netx reads: where no power of two had to move, the very same numbers; else in proportion."""
    network = deployable(exponent)
    notes = netx.write(tmp_path / "net.net", network)
    assert len(notes) == (2 if exponent in (-2, 3) else 0)
    with h5py.File(tmp_path / "net.net") as file:
        assert list(file["layer"]) == ["0", "1"]
        for group, name in zip(file["layer"].values(), ("w", "out"), strict=True):
            synapses, cells = network.synapses[name], network.neurons[f"{name}_cells"]
            power = -exponent if notes else 0
            weight = group["weight"][()].astype(int)
            np.testing.assert_array_equal(weight, synapses.weight * 2.0 ** (exponent + power))
            assert group["type"][0] == b"dense"
            assert group["neuron/iDecay"][()] - 1 == cells.du
            assert group["neuron/vDecay"][()] == cells.dv
            assert group["neuron/vThMant"][()] == (
                cells.vth if cells.kind == "li" else cells.vth * 2.0**power
            )
            np.testing.assert_array_equal(group["bias"][()], cells.bias_mant * 2.0**power)


def test_a_netx_file_has_the_layout_that_lava_dl_loads(tmp_path: Path) -> None:
    """Names, types and shapes as lava-dl 0.6.0 has loaded and run them."""
    netx.write(tmp_path / "net.net", deployable(0))
    found = {}
    with h5py.File(tmp_path / "net.net") as file:
        file["layer/0"].visititems(lambda name, item: found.update({name: item}))
        shapes = {name: (item.dtype.kind, item.shape) for name, item in found.items() if name != "neuron"}
        assert shapes == {
            "type": ("S", (1,)),
            "shape": ("i", (3,)),
            "weight": ("f", (4, 6)),
            "bias": ("f", (4,)),
            "neuron/type": ("S", (1,)),
            "neuron/iDecay": ("i", ()),
            "neuron/vDecay": ("i", ()),
            "neuron/vThMant": ("i", ()),
            "neuron/refDelay": ("i", ()),
            "neuron/gradedSpike": ("b", ()),
        }
        assert found["shape"][()].tolist() == [4, 1, 1]
        assert found["neuron/type"][0] == b"CUBA"


def deployable(exponent: int) -> IntegerNetwork:
    template = deploying.convert(Network.mlp("6-4-3", Stream(1)), np.ones((2, 6), np.float32), 8).integers
    nodes: dict[str, Any] = {}
    for old, new in (("hidden1", "w"), ("readout", "out")):
        synapses, cells = template.synapses[old], template.neurons[f"{old}_neurons"]
        weight = (synapses.weight // 4 * 2).astype(np.int32)
        nodes[new] = replace(synapses, weight=weight, exponent=exponent, message_bits=0)
        bias = 8 * np.arange(1, cells.n + 1, dtype=np.int32)
        nodes[f"{new}_cells"] = replace(cells, bias_mant=bias, vth=cells.vth if cells.kind == "li" else 800)
    edges = (
        ("input", "w"),
        ("w", "w_cells"),
        ("w_cells", "out"),
        ("out", "out_cells"),
        ("out_cells", "output"),
    )
    return IntegerNetwork(nodes, edges)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"delay": np.ones((4, 6), np.int32)}, "'w': only dense synapses without delays"),
        ({"weight": np.zeros((4, 6), np.int32)}, "all its weights are 0"),
        ({"weight": np.full((4, 6), -64, np.int32)}, "only inhibit, and netx shifts the strongest, -64"),
    ],
)
def test_what_netx_has_not_is_one_sentence(change: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    network = deployable(0)
    first: IntegerSynapses = network.synapses["w"]
    nodes = {**network.nodes, "w": replace(first, **change)}
    with pytest.raises(MismatchError, match=sentence):
        netx.write(tmp_path / "net.net", replace(network, nodes=nodes))
    assert not list(tmp_path.iterdir())
