"""Pictures of neurons over time: what the file keeps, what the page says, and that differences are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sample_run

from hwnoise import report, substrate, tasks
from hwnoise.backends.emulator import backend
from hwnoise.coding import Codec, CodedBackend
from hwnoise.deploying.comparison import compare
from hwnoise.deploying.deploy import Deployment
from hwnoise.deploying.emulation import emulate
from hwnoise.deploying.picture import write_picture
from hwnoise.deploying.quantized import Quantized, quantize_with
from hwnoise.deploying.subject import Subject
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import InputError
from hwnoise.network import Network
from hwnoise.quantization import quantize
from hwnoise.report import markup, spiking
from hwnoise.report.activity import Activity, course_of, read_activity, write_activity
from hwnoise.streams import Stream
from hwnoise.training.activity import record_activity
from hwnoise.training.presenting import with_codec

STEPS = 6


def observed(device: str) -> Activity:
    """Digits in a spiking network on a chip, shown as spike rates."""
    network = Network.spiking("64-12-10", Stream(3), tau=2e-3, gain=2.0)
    coded = with_codec(network, Codec("rate", steps=STEPS))
    program = CodedBackend(backend).compile(coded, substrate.load(device), Stream(1))
    found = record_activity(program, tasks.load("digits"))
    assert found is not None
    return found


@pytest.mark.parametrize("device", ["ideal", "pcm", "loihi2"])
def test_a_run_keeps_spikes_and_membranes_of_a_few_samples(device: str) -> None:
    found = observed(device)
    inputs, hidden, readout = found.courses
    assert [course.name for course in found.courses] == ["input", "hidden1_neurons", "readout_neurons"]
    for course, n in ((inputs, 64), (hidden, 12)):
        assert course.spikes is not None
        assert course.spikes.shape == (3, STEPS, n)
        assert course.spikes.any()
    assert hidden.membranes is not None
    assert hidden.membranes.shape == (3, STEPS, 3)
    assert readout.spikes is None
    assert readout.membranes is not None
    assert readout.membranes.shape == (3, STEPS, 10)
    assert len(set(found.titles)) == 3


def test_membranes_cross_the_threshold_where_their_neuron_spikes() -> None:
    hidden = observed("ideal").courses[1]
    assert hidden.spikes is not None
    assert hidden.neurons is not None
    assert hidden.membranes is not None
    assert hidden.thresholds is not None
    sent = hidden.spikes[..., hidden.neurons] > 0
    np.testing.assert_array_equal(hidden.membranes > hidden.thresholds, sent)


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path, found = tmp_path / "activity.safetensors", observed("ideal")
    write_activity(path, found)
    again = read_activity(path)
    assert again is not None
    assert again.titles == found.titles
    for one, other in zip(found.courses, again.courses, strict=True):
        for key, value in vars(one).items():
            np.testing.assert_array_equal(value, getattr(other, key))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(InputError, match=r"activity\.safetensors: damaged"):
        read_activity(path)
    assert read_activity(tmp_path / "none") is None


def test_the_page_shows_what_neurons_did_where_there_is_time(tmp_path: Path) -> None:
    folder = sample_run.write_run(tmp_path / "run")
    assert "Spikes and membranes" not in report.write(folder).read_text(encoding="utf-8")
    write_activity(folder / "activity.safetensors", observed("ideal"))
    page = report.write(folder).read_text(encoding="utf-8")
    for words in ("Spikes and membranes", "Membranes of hidden1", "Membranes of readout", "threshold 1."):
        assert words in page


def test_large_populations_are_thinned_and_said_so(rng: np.random.Generator) -> None:
    sent = (rng.random((2, 5, 784)) < 0.1).astype(np.int8)
    figure = spiking.spikes([course_of("input", sent, None)], ("a", "b"))
    assert "every 17th of 784 in input" in figure.description
    drawn = [row for row in figure.spec["vconcat"][0]["data"]["values"] if row["step"] > 0]
    assert len(drawn) == np.count_nonzero(sent[:, :, ::17])
    assert figure.numbers.rows[0][2:] == tuple(str(int(each.sum())) for each in sent)


def test_a_silent_sample_keeps_its_panel_and_the_others_their_place() -> None:
    sent = np.zeros((3, 5, 4), np.int8)
    sent[2] = 1
    figure = spiking.spikes([course_of("hidden1_neurons", sent, None)], ("a", "b", "c"))
    assert list(dict.fromkeys(row["sample"] for row in figure.spec["vconcat"][0]["data"]["values"])) == [
        "a", "b", "c",
    ]  # fmt: skip
    drawn = markup.svg(figure, "x")
    assert drawn.count(">0</text>") == 3  # an axis each


def test_a_network_without_time_has_no_such_pictures() -> None:
    program = backend.compile(Network.mlp("64-8-10", Stream(1)), substrate.load("ideal"), Stream(1))
    assert record_activity(program, tasks.load("digits")) is None


@pytest.fixture(scope="module")
def subject() -> Subject:
    """A spiking network as integers, and random spikes."""
    integers, _ = quantize(Network.spiking("20-8-4", Stream(2), tau=2e-3, gain=2.0), FixedPoint())
    x = (Stream(5).generator().random((4, STEPS, 20)) < 0.4).astype(np.int32)
    return Subject("net.nir", integers, x, np.array([0, 1, 2, 3]))


def page_of(path: Path, subject: Subject, theirs: tuple[Any, Any], lost: Quantized | None = None) -> str:
    ours = emulate(subject.integers, subject.x)
    found = Deployment(
        "lava", 12, 192, 4, STEPS, 4 * STEPS, real=False, seconds=1.0, spikes=3,
        comparison=compare((ours[0], theirs[0]), (ours[1], theirs[1])), quantization=lost,
    )  # fmt: skip
    write_picture(path, subject, found, ours, theirs)
    return path.read_text(encoding="utf-8")


def test_a_deployment_that_agrees_shows_zero_everywhere(tmp_path: Path, subject: Subject) -> None:
    page = page_of(tmp_path / "lava.html", subject, emulate(subject.integers, subject.x))
    assert "The line is zero everywhere: no spike and no membrane differs at any step." in page
    assert "576 spikes and membranes, all equal" in page
    assert "not on a chip" in page


def test_what_quantization_lost_stands_beside_it(tmp_path: Path, subject: Subject) -> None:
    network = Network.spiking("20-8-4", Stream(2), tau=2e-3, gain=2.0)
    chip = substrate.load("loihi2")
    _, account = quantize_with(network, chip, "samples of random spikes", subject.x, subject.labels)
    same = emulate(subject.integers, subject.x)
    page = page_of(tmp_path / "lava.html", subject, same, account)
    assert "Scales were chosen with 4 samples of random spikes" in page
    assert f"{100 * account.agreement['hidden1_neurons']:.2f}\N{NO-BREAK SPACE}%" in page
    assert f"{100 * account.report.layers[0].weight_error:.2f}\N{NO-BREAK SPACE}%" in page
    assert "Quantization" not in page_of(tmp_path / "lava.html", subject, same)


def test_a_difference_is_drawn_and_named(tmp_path: Path, subject: Subject) -> None:
    """Negative control: one membrane of one step is another."""
    spikes, membranes = emulate(subject.integers, subject.x)
    membranes["hidden1_neurons"][3, 2, 5] += 7
    page = page_of(tmp_path / "lava.html", subject, (spikes, membranes))
    assert "They differ in membranes of hidden1." in page
    assert "1 of 576 spikes and membranes differ between the emulator and Lava" in page
    assert "zero everywhere" not in page


def test_a_chip_that_shows_spikes_alone_is_drawn_without_membranes(tmp_path: Path, subject: Subject) -> None:
    spikes, _ = emulate(subject.integers, subject.x)
    page = page_of(tmp_path / "lava.html", subject, ({"hidden1_neurons": spikes["hidden1_neurons"]}, {}))
    assert "Spikes in" in page or "every tick is a spike" in page
    assert "Membrane of" not in page
