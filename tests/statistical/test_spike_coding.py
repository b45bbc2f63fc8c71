"""Spikes come as often as the input says, step by step, and independently of each other."""

from __future__ import annotations

import numpy as np
from draws import fresh_key

from hwnoise.coding.encoders import rate
from hwnoise.kernels.philox import fill_words
from hwnoise.kernels.rate_coding import fill_rate_spikes
from hwnoise.testing import assert_probability, assert_rejects, assert_uncorrelated

SHARES = np.array([0.05, 0.5, 0.9], np.float32)
SAMPLES, STEPS = 2000, 100


def spikes(rng: np.random.Generator, shares: np.ndarray) -> np.ndarray:
    return rate(np.tile(shares, (SAMPLES, 1)), STEPS, fresh_key(rng))


def test_spikes_come_as_often_as_the_intensity_says(rng: np.random.Generator) -> None:
    """Check eq:rate-coding; a share that is 2 % too high is noticed."""
    counts = spikes(rng, SHARES).sum(axis=(0, 1))
    wrong = spikes(rng, 1.02 * SHARES).sum(axis=(0, 1))
    for count, off, share in zip(counts, wrong, SHARES, strict=True):
        assert_probability(int(count), SAMPLES * STEPS, float(share))
        if share > 0.1:  # of rare spikes, these are too few to notice 2 %
            assert_rejects(assert_probability, int(off), SAMPLES * STEPS, float(share))


def test_steps_and_inputs_are_independent(rng: np.random.Generator) -> None:
    """Check eq:rate-coding."""
    drawn = spikes(rng, np.full(2, 0.3, np.float32))
    assert_uncorrelated(drawn[:, :-1, 0].ravel(), drawn[:, 1:, 0].ravel())
    assert_uncorrelated(drawn[:, :, 0].ravel(), drawn[:, :, 1].ravel())
    assert_rejects(assert_uncorrelated, drawn[:, :, 0].ravel(), drawn[:, :, 0].ravel())


def test_a_spike_is_a_word_below_its_threshold(rng: np.random.Generator) -> None:
    """Check eq:rate-coding: one tick a step, sample after sample; 0 and 1 are exact."""
    key, shares = fresh_key(rng), rng.random((3, 70), np.float32)
    shares[:, :2] = 0, 1
    out, words = np.empty((3, 5, 70), np.float32), np.empty((15, 70), np.uint32)
    fill_rate_spikes(shares, key, np.uint64(11), out)
    fill_words(key, np.uint64(11), words)
    below = words.reshape(3, 5, 70) < np.floor(shares.astype(np.float64) * 2**32)[:, np.newaxis]
    assert np.array_equal(out, below)
    assert not out[..., 0].any()
    assert out[..., 1].all()
