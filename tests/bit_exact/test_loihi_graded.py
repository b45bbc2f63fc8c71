"""Our graded neurons are Lava's GradedVec, bit for bit: alone on edges, and between its Dense."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import lava_models
import numpy as np
import pytest
from loihi_golden import PAYLOADS
from loihi_networks import graded
from loihi_states import drawn
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.synapses import DenseSynapses
from hwnoise.backends.lava.plan import NEVER
from hwnoise.backends.lava.planning import make_plan
from hwnoise.deploying import script
from hwnoise.deploying.emulation import emulate
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.integers import IntegerSynapses
from hwnoise.kernels import lif, spiking
from hwnoise.kernels.loihi_graded import run_graded
from hwnoise.quantization import quantize
from hwnoise.quantization.grid import prepare

Array = NDArray[Any]
QUIET = np.zeros((0, 0, 0), np.int32)
THRESHOLDS = (0, 1, 2, 3, 127, 128, 129, 4095, 2**16, 2**22 + 1, 2**23 - 1)
MUTANTS = (
    "fires_at_threshold",
    "keeps_its_membrane",
    "one_sided",
    "shifts_up",
    "sends_the_lowest",
    "24_bits",
)


def ours(current: Array, vth: int, noise: Array = QUIET) -> tuple[Array, Array, tuple[int, int]]:
    """Payloads and membranes over (steps, n), and what was lost."""
    spikes, seen = np.empty((2, 1, *current.shape), np.int32)
    lost = run_graded(current[None].astype(np.int32), noise, np.int32(vth), spikes, seen)
    return spikes[0], seen[0], lost


def plainly(current: Array, vth: int, mutant: str = "") -> Array:
    """The rule in 64 bits, or a wrong one."""
    kept, found = np.zeros(current.shape[1], np.int64), np.empty(current.shape, np.int64)
    for t, a in enumerate(current.astype(np.int64)):
        v = kept + a * (64 if mutant == "shifts_up" else 1)
        v = (v + 2**23) % 2**24 - 2**23 if mutant == "24_bits" else v
        size = v if mutant == "one_sided" else np.abs(v)
        sent = size >= vth if mutant == "fires_at_threshold" else size > vth
        sent &= (v != -(2**31)) | (mutant == "sends_the_lowest")
        found[t] = np.where(sent, v, 0)
        kept = np.where(sent, 0, v) if mutant == "keeps_its_membrane" else kept
    return found


@pytest.mark.parametrize("vth", THRESHOLDS)
def test_graded_spikes_equal_lava(vth: int, rng: np.random.Generator) -> None:
    """Check eq:loihi-graded on powers of two and their neighbours of both signs, to the ends of 32 bits."""
    current = drawn(rng, PAYLOADS, (64, 4096))
    lava = lava_models.Graded(4096, vth)
    expected = np.array([lava.step(a) for a in current])
    spikes, seen, _ = ours(current, vth)
    assert np.array_equal(spikes, expected)
    assert np.array_equal(seen, current)
    assert not lava.model.v.any()


@pytest.mark.parametrize("mutant", ["", *MUTANTS])
def test_edges_tell_mutants_from_lava(mutant: str, rng: np.random.Generator) -> None:
    """Check eq:loihi-graded against the page, and wrong ones."""
    current, lava = drawn(rng, PAYLOADS, (40, 512)), lava_models.Graded(512, 4)
    expected = np.array([lava.step(a) for a in current])
    assert np.array_equal(plainly(current, 4, mutant), expected) == (mutant == "")


@pytest.mark.parametrize("exponents", [(0, -8), (-3, 1), (7, 7)])
def test_payloads_through_dense_layers_equal_lava(
    exponents: tuple[int, int], rng: np.random.Generator
) -> None:
    """Check eq:loihi-graded and eq:loihi-sum: Dense, GradedVec, Dense, GradedVec, sums that wrap included."""
    steps, sizes = 30, (40, 24, 12)
    sent = expected = rng.integers(-(2**15), 2**15, (steps, sizes[0]))
    for n_in, n_out, exponent, vth in zip(sizes[:2], sizes[1:], exponents, (500, 3), strict=True):
        weight = prepare(rng.integers(-256, 256, (n_out, n_in)))
        synapses = lava_models.Synapses("dense", weight, 24, weight_exp=exponent)
        lava = lava_models.Graded(n_out, vth)
        late = [synapses.step(s) for s in [*expected, np.zeros(n_in)]][1:]  # Dense sends a step later
        expected = np.array([lava.step(a) for a in late])
        current = np.zeros((1, steps, n_out), np.int32)
        part = DenseSynapses(IntegerSynapses(weight, 1.0, exponent, message_bits=24))
        part.bring(sent[None].astype(np.int32), current)
        sent = ours(current[0], vth)[0]
        assert np.array_equal(sent, expected)
        assert 0.3 < np.mean(sent != 0) <= 1


def test_noise_is_in_64ths_of_what_arrives() -> None:
    """Check eq:loihi-graded with noise, floored, and the wrap at 32 bits."""
    current = np.array([[0, 0, 5, 2**31 - 1]])
    noise = np.array([64, -1, 640, 64], np.int32)[None, None]
    spikes, seen, lost = ours(current, 1, noise)
    assert seen.tolist() == [[1, -1, 15, -(2**31)]]
    assert spikes.tolist() == [[0, 0, 15, 0]]
    assert lost == (1, 3)


def test_what_is_beyond_24_bits_passes_and_is_counted() -> None:
    current = np.zeros((4, 3), np.int64)
    current[2] = [2**23 - 1, 2**23, 0]
    current[3, 0] = -(2**23)
    spikes, _, lost = ours(current, 10)
    assert np.array_equal(spikes, current)
    assert lost == (2, 2 * 3 + 1)


def test_an_emitted_script_sends_the_emulators_payloads(tmp_path: Path, rng: np.random.Generator) -> None:
    """GradedVec takes no name, and its threshold may be the number that makes an integrator of a LIF."""
    held, _ = quantize(graded(rng), FixedPoint())
    x = (rng.random((3, 12, 30)) < 0.3).astype(np.int32)
    paths = script.emit(tmp_path, make_plan(held, 12), x, None, "Payloads.")
    subprocess.run([sys.executable, paths[0]], check=True, timeout=100, stdout=subprocess.DEVNULL)
    sent = emulate(held, x)[0]["n4"]
    assert np.array_equal(np.load(tmp_path / "outputs.npz")["outputs"], sent)
    assert np.abs(sent).max() > 1
    last = replace(held.neurons["n4"], vth=NEVER)
    assert make_plan(replace(held, nodes={**held.nodes, "n4": last}), 12).spikes


def test_float_neurons_without_decay_are_lavas(rng: np.random.Generator) -> None:
    """Check eq:lif-graded: with decay 0 a float neuron is GradedVec; with decay 1 it is not."""
    x, same = rng.integers(-20, 21, (1, 50, 64)).astype(np.float32), []
    lava = lava_models.Graded(64, 7)
    expected = np.array([lava.step(a) for a in x[0]])
    for decay in (0, 1):
        neuron = np.repeat(np.array([[decay], [1], [0], [7], [7], [0]], np.float32), 64, axis=1)
        spikes = np.empty_like(x)
        spiking.graded(x, neuron, lif.ZERO, False, np.zeros((1, 64), np.float32), spikes, x[:0])
        same.append(np.array_equal(spikes[0], expected))
    assert same == [True, False]
