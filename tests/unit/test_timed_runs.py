"""Runs of networks with time: what is chosen for the user, what is learned, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwnoise import Network, Stream, nir_io, tasks, training
from hwnoise.coding import Codec
from hwnoise.errors import InputError, MismatchError
from hwnoise.training.load import resolve
from hwnoise.training.presenting import choose_codec
from hwnoise.training.setup import build, choose_network


def config(**table: Any) -> Any:
    return resolve(training.load_config(None, (), seed=7, **table))


def timed_file(folder: Path, coding: Codec | None = None) -> str:
    network = Network.spiking("64-12-10", Stream(3, "network"))
    if coding is not None:
        network = replace(network, metadata={"coding": coding.as_metadata()})
    nir_io.write(folder / "net.nir", network)
    return str(folder / "net.nir")


def test_loihi2_picks_a_spiking_network_a_coding_and_a_rule() -> None:
    chosen = config(task="digits", device="loihi2")
    assert (chosen.coding, chosen.learner, chosen.steps) == ("rate", "three-factor", 8)
    assert build(chosen).network.is_spiking


def test_xylo_has_no_noise_to_learn_from_but_networks_of_its_own() -> None:
    """The run is refused for want of noise alone: the network resets as the chip does."""
    chosen = config(task="digits", device="xylo")
    with pytest.raises(MismatchError, match="this chip shows no noise; learners that would fit: none"):
        build(chosen)
    assert choose_network(chosen.model_copy(update={"network": "64-12-10"}), Stream(7)).reset == "subtract"
    own = config(task="digits", device="loihi2", network="64-12-10")
    assert choose_network(own, Stream(7)).reset == "zero"


def test_a_device_without_time_keeps_its_defaults() -> None:
    chosen = config(task="digits", device="pcm")
    assert (chosen.coding, chosen.steps, chosen.learner, chosen.headroom) == (None, None, "anp", 1.5)


def test_a_coding_makes_any_device_spike() -> None:
    chosen = config(task="digits", device="pcm", network="64-12-10", coding="latency")
    assert (chosen.learner, chosen.tau) == ("three-factor", 4e-3)
    assert build(chosen).network.is_spiking


def test_a_network_file_brings_its_coding(tmp_path: Path) -> None:
    chosen = config(task="digits", network=timed_file(tmp_path, Codec("latency", 5, 3.0)))
    assert (chosen.coding, chosen.learner) == (None, "three-factor")
    assert Codec.from_metadata(build(chosen).network.metadata) == Codec("latency", 5, 3.0)
    overruled = config(task="digits", network=timed_file(tmp_path, Codec("latency", 5)), coding="rate")
    assert Codec.from_metadata(build(overruled).network.metadata) == Codec("rate", 5)


def test_signed_inputs_are_noticed() -> None:
    task, network = tasks.load("breast-cancer"), Network.spiking("30-4-2", Stream(3))
    codec = choose_codec(config(task="breast-cancer", coding="rate"), network, task)
    assert codec is not None
    assert codec.low == -1


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"task": "order", "coding": "rate"}, ["rate", "order", "native"]),
        ({"task": "digits", "coding": "native"}, ["native", "digits", "rate, latency or constant"]),
        ({"task": "digits", "coding": "rate", "learner": "anp"}, ["anp", "snp, three-factor"]),
        ({"task": "digits", "learner": "snp", "device": "ideal"}, ["snp", "time axis"]),
    ],
)
def test_what_does_not_fit_is_refused(table: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(MismatchError) as caught:
        build(config(**table))
    assert all(word in str(caught.value) for word in words)


def test_a_file_without_time_cannot_be_coded(tmp_path: Path) -> None:
    nir_io.write(tmp_path / "net.nir", Network.mlp("64-12-10", Stream(3)))
    with pytest.raises(MismatchError, match="neurons that remember"):
        build(config(task="digits", network=str(tmp_path / "net.nir"), coding="rate"))
    nir_io.write(tmp_path / "net.nir", Network.mlp("16-12-4", Stream(3)))
    with pytest.raises(MismatchError, match="order have a time axis"):
        build(config(task="order", network=str(tmp_path / "net.nir")))


def test_no_such_coding_is_one_sentence() -> None:
    with pytest.raises(InputError, match="coding"):
        config(task="digits", coding="burst")


def test_digits_are_learned_on_loihi2_and_the_run_can_be_read_again(tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    chosen = config(task="digits", device="loihi2", epochs=12, out=out, chips=1)
    summary = training.run(chosen, progress="quiet")
    assert summary.flat()["accuracy_after"] > 0.7
    kept = nir_io.read(tmp_path / "run" / "network.nir")
    assert Codec.from_metadata(kept.metadata) == Codec("rate", 8)
    assert "integers" in kept.metadata, "without its scales, the network would become other integers"
    flat = summary.flat()
    assert abs(flat["accuracy_fresh_chips"] - flat["accuracy_after"]) < 0.05
    assert summary.content["alignment"] is None
    assert {row["name"] for row in summary.content["layers"]} == {"hidden1_neurons", "readout_neurons"}


def test_a_stopped_run_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    class StopError(Exception):
        """Ends a run at a step."""

    class Stopper:
        def on_step(self, history: Any) -> None:
            if len(history.epochs) == 1 and history.step == 3:
                raise StopError

        def on_epoch(self, history: Any, record: Any) -> None:
            """Nothing."""

    def parts() -> Any:
        return build(config(task="order", epochs=2, device="loihi2"))

    def fit(experiment: Any, **options: Any) -> Any:
        return training.fit(
            experiment.program, experiment.task, experiment.learner, experiment.optimizer, epochs=2,
            batch_size=256, stream=Stream(7, "train"), **options,
        )  # fmt: skip

    whole, first, second = parts(), parts(), parts()
    fit(whole)
    history = training.History()
    first.learner.calibrate(first.program)
    with pytest.raises(StopError):
        fit(first, callbacks=[Stopper()], start=history)
    for name in ("program", "learner", "optimizer"):
        getattr(second, name).restore(getattr(first, name).state())
    fit(second, start=history)
    one, two = whole.program.state(), second.program.state()
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[key], two[key]) for key in one)
