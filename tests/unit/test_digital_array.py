"""Weights in digital memory, read by devices that are not alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny import Array, assert_same_bits, batch, kind, layers, on_chip

from hwnoise import Stream
from hwnoise.devices.mismatch import Mismatch
from hwnoise.errors import InputError
from hwnoise.testing import assert_gaussian_std, assert_rejects, draws_for_sigma

FROZEN: dict[str, Any] = {"sigma": 0.1}
SHAPE = (9, 20)


def weights() -> Array:
    return Stream(6, "weights").generator().uniform(-1, 1, SHAPE).astype(np.float32)


def factors(seed: int = 1) -> Array:
    """Factors (n_out, n_in) of the devices of layer "a"."""
    drawn = Mismatch(**FROZEN).factors(Stream(seed, "chip/a/mismatch").key, (1, weights().size))
    return drawn.reshape(SHAPE[::-1]).T


def test_every_weight_is_read_by_a_device_of_its_own() -> None:
    """Check eq:mismatch-normal: the same factors before and after a write, others on another chip."""
    program, update = on_chip(layers(weights()), kind(mismatch=FROZEN)), np.full(SHAPE, 0.5, np.float32)
    np.testing.assert_allclose(program.diagnostics()["a.weight"], weights() * factors(), rtol=1e-5)
    program.write({"a.weight": update})
    found = program.diagnostics()["a.weight"]
    np.testing.assert_allclose(found, (weights() + update) * factors(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(program.run(batch(7, 20)).output[0], batch(7, 20) @ found.T, atol=1e-5)
    assert np.abs(found - (weights() + update) * factors(seed=2)).max() > 0.1


def test_storage_is_exact_and_goes_on_where_it_was_saved() -> None:
    first, second = (on_chip(layers(weights()), kind(mismatch=FROZEN)) for _ in range(2))
    first.write({"a.weight": np.full(SHAPE, 0.25, np.float32)})
    second.restore(first.state())
    assert_same_bits(first.read_weights(), second.read_weights())
    np.testing.assert_array_equal(first.state()["layers/a/weight"], (weights() + np.float32(0.25)).T)


@pytest.mark.parametrize("sigma", [0.0, 0.2])
def test_dynamic_mismatch_adds_to_the_noise_of_a_read(sigma: float) -> None:
    """Check eq:mismatch-dynamic beside a read noise: variances add."""
    tables: dict[str, Any] = {"mismatch": {"sigma": 0.1, "refresh": "dynamic"}}
    if sigma:
        tables["read_noise"] = {"sigma": sigma}
    program = on_chip(layers(np.ones((4, 16))), kind(**tables))
    x = np.ones((draws_for_sigma(0.03) // 4, 16), np.float32)
    noise = program.run(x).output[0] - 16
    expected = np.sqrt(16 * (0.1**2 + sigma**2))
    assert_gaussian_std(noise, expected)
    assert_rejects(assert_gaussian_std, noise, 1.03 * expected)


def test_events_of_synapses_have_sizes_that_stay() -> None:
    with pytest.raises(InputError, match=r"mismatch.refresh must be 'frozen' beside it"):
        kind(mismatch={"sigma": 0.1, "refresh": "dynamic"}, stochastic_synapse={"law": "logistic"})
