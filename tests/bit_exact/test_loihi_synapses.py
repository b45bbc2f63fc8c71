"""Our synapses are Lava's, bit for bit: weights as it prepares them, sums, exponents, payloads, delays."""

from __future__ import annotations

from typing import Any

import lava_models
import numpy as np
import pytest
from loihi_states import drawn
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.synapses import DenseSynapses
from hwnoise.errors import InputError
from hwnoise.integers import IntegerSynapses, SignMode
from hwnoise.quantization.grid import limits, nearest, prepare, sign_mode_of

Array = NDArray[Any]
WEIGHTS = np.array([*range(-300, 301), -1000, 1000])
MODES: tuple[SignMode, ...] = ("mixed", "excitatory", "inhibitory")
CODES = {"mixed": 1, "excitatory": 2, "inhibitory": 3}


def ours(weight: Array, exponent: int, message_bits: int, delay: Array | None = None) -> DenseSynapses:
    return DenseSynapses(IntegerSynapses(weight, 1.0, exponent, message_bits=message_bits, delay=delay))


def brought(synapses: DenseSynapses, spikes: Array) -> Array:
    """What ``spikes`` (steps, n_in) bring: (steps, n_out)."""
    current = np.zeros((1, len(spikes), len(synapses.spec.weight)), np.int32)
    synapses.bring(spikes[None], current)
    return current[0].astype(np.int64)


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("mode", MODES)
def test_weights_are_prepared_as_lava_does(mode: SignMode, bits: int) -> None:
    """Check eq:loihi-grid on every weight from -300 to 300, and that what is on the grid stays."""
    from lava.utils.weightutils import SignMode as LavaMode

    weight = WEIGHTS[None].astype(np.int32)
    lava = lava_models.Synapses("dense", weight, 0, num_weight_bits=bits, sign_mode=LavaMode(CODES[mode]))
    lava.step(np.zeros(WEIGHTS.size))
    assert np.array_equal(prepare(weight, bits, mode), lava.model.weights)
    ready = nearest(weight, bits, mode)
    assert np.array_equal(prepare(ready, bits, mode), ready)
    low, high, step = limits(bits, mode)
    assert (ready.min(), ready.max()) == (low, high)
    assert not (ready % step).any()


def test_a_mixed_weight_loses_its_last_bit() -> None:
    """Check eq:loihi-grid: keeping that bit would be noticed."""
    assert prepare(np.array([300, 255, 253, 1, -1, -2, -3, -255, -257])).tolist() == [
        254, 254, 252, 0, -2, -2, -4, -256, -256,
    ]  # fmt: skip
    assert prepare(np.array([300, 256, 255, 1, 3]), 7).tolist() == [254, 254, 254, 0, 2]
    assert prepare(np.array([-300, -256, -255, -1, -3]), 4).tolist() == [-240, -240, -240, 0, 0]
    assert [sign_mode_of(np.array(w)) for w in ([0, 0], [-1, 0], [-1, 1])] == [
        "excitatory",
        "inhibitory",
        "mixed",
    ]


@pytest.mark.parametrize(("bits", "mode"), [(0, "mixed"), (9, "mixed"), (8, "null")])
def test_an_unknown_grid_is_refused(bits: int, mode: Any) -> None:
    with pytest.raises(InputError, match="1 to 8 bits"):
        limits(bits, mode)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("message_bits", [0, 8])
@pytest.mark.parametrize("exponent", [-8, -2, -1, 0, 1, 5])
def test_sums_equal_lava(kind: str, message_bits: int, exponent: int, rng: np.random.Generator) -> None:
    """Check eq:loihi-sum: one step later in Lava, and at no other step; mutants of shift and delay fail."""
    for active in (0.0, 0.05, 0.3, 0.9):
        weight = prepare(drawn(rng, WEIGHTS[:-2], (33, 150)))
        spikes = drawn(rng, np.array([-128, -1, 1, 127, 5]), (25, 150)) * (rng.random((25, 150)) < active)
        lava = lava_models.Synapses(kind, weight, message_bits, weight_exp=exponent)
        sent = np.array([lava.step(s) for s in spikes])
        found = brought(ours(weight, exponent, message_bits), spikes.astype(np.int32))
        assert np.array_equal(found[:-1], sent[1:])
        assert not sent[0].any()
        if active:
            assert not np.array_equal(found[:-1], sent[:-1])
        if active and exponent < -1:  # mixed weights are even
            whole = brought(ours(weight, 0, message_bits), spikes.astype(np.int32))
            toward_zero = np.sign(whole) * (np.abs(whole) >> -exponent)
            assert not np.array_equal(toward_zero[:-1], sent[1:])


@pytest.mark.parametrize(
    ("message_bits", "exponent", "spikes", "expected"),
    [(0, -2, [1, 0], 1), (0, -2, [0, 1], -2), (8, 0, [-3, 5], -48), (0, 0, [-3, 5], 0)],
)
def test_table_of_sums(message_bits: int, exponent: int, spikes: list[int], expected: int) -> None:
    """Check eq:loihi-sum on weights 6 and -6."""
    found = brought(ours(np.array([[6, -6]]), exponent, message_bits), np.array([spikes], np.int32))
    assert found.tolist() == [[expected]]


@pytest.mark.parametrize("exponent", [-3, 0, 2])
@pytest.mark.parametrize("message_bits", [0, 8])
def test_delays_equal_lava(exponent: int, message_bits: int, rng: np.random.Generator) -> None:
    """Check eq:loihi-delay: each delay's sum is shifted by itself, 63 steps the longest."""
    weight, delay = prepare(rng.integers(-256, 256, (9, 20))), rng.integers(0, 64, (9, 20))
    spikes = (rng.integers(-9, 10, (150, 20)) * (rng.random((150, 20)) < 0.2)).astype(np.int32)
    lava = lava_models.Synapses("delay", weight, message_bits, weight_exp=exponent, delay=delay)
    sent = np.array([lava.step(s) for s in spikes])
    found = brought(ours(weight, exponent, message_bits, delay), spikes)
    assert np.array_equal(found[:-1], sent[1:])


def test_a_busy_layer_becomes_one_product_with_the_same_bits(rng: np.random.Generator) -> None:
    """Check eq:loihi-sum: dense and event by event."""
    weight = prepare(rng.integers(-256, 256, (70, 130)))
    spikes = (rng.integers(-127, 128, (4, 50, 130)) * (rng.random((4, 50, 130)) < 0.6)).astype(np.int32)
    for message_bits in (0, 8):
        for exponent in (-3, 0, 4):
            part = ours(weight, exponent, message_bits)
            dense, events = np.zeros((2, 4, 50, 70), np.int32)
            done = part.bring(spikes, dense)
            for sample in range(4):
                for t in range(50):
                    part.bring_step(spikes[sample : sample + 1], t, events[sample : sample + 1, t : t + 1])
            assert np.array_equal(dense, events)
            assert done == np.count_nonzero(spikes) * 70
