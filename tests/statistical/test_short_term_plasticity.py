"""Synapses that tire and warm up: the published recursion, and releases that follow it."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles_synapse as oracle
import pytest
from numpy.typing import NDArray
from tiny import PERIOD, assert_same_bits, kind, layers, on_chip

from hwnoise import InputError
from hwnoise.backends.emulator.release_state import ReleaseState
from hwnoise.devices.short_term_plasticity import ShortTermPlasticity
from hwnoise.testing import assert_probability, assert_rejects, draws_for_mean

Array = NDArray[Any]
USE, RECOVERY, FACILITATION = 0.3, 20.0, 8.0  # reads
TIRED = {"recovery_time": RECOVERY * PERIOD, "facilitation_time": FACILITATION * PERIOD}
SYNAPSE = {"law": "fixed", "probability": USE}


def state(lines: int, **times: float) -> ReleaseState:
    """Fresh synapses on ``lines`` input lines."""
    return ReleaseState(ShortTermPlasticity(**(times or TIRED)), USE, lines, PERIOD)


@pytest.mark.parametrize(
    "times",
    [
        TIRED,
        {"recovery_time": 2e-5},
        {"facilitation_time": 8e-6},
        {"recovery_time": 1e-7, "facilitation_time": 1e-3},
    ],
)
def test_it_follows_the_recursion(times: dict[str, float], rng: np.random.Generator) -> None:
    """Check eq:plasticity-use and eq:plasticity-resources on irregular trains, line by line."""
    x = (rng.random((60, 5)) < 0.4).astype(np.float32)
    found = state(5, **times).factors(x, 7)
    for line in range(5):
        when = np.flatnonzero(x[:, line])
        recovery, facilitation = (times.get(k, 0.0) / PERIOD for k in ("recovery_time", "facilitation_time"))
        expected = oracle.plasticity(list(when + 7.0), USE, recovery, facilitation)
        assert found[when, line] == pytest.approx(np.array(expected), rel=1e-5)
    assert not found[x == 0].any()
    assert found.max() <= 1 / USE


def test_a_regular_train_settles_where_the_papers_say() -> None:
    """Check eq:plasticity-use and eq:plasticity-resources at their fixed point."""
    spacing, ones = 5, np.ones((1, 1), np.float32)
    synapses = state(1)
    for event in range(200):
        factor = float(synapses.factors(ones, spacing * event)[0, 0])
    late_f, late_r = np.exp(-spacing / FACILITATION), np.exp(-spacing / RECOVERY)
    u = USE / (1 - (1 - USE) * late_f)
    assert factor == pytest.approx(u / USE * (1 - late_r) / (1 - (1 - u) * late_r), rel=1e-5)


def test_releases_come_as_often_as_it_says(rng: np.random.Generator) -> None:
    """Check eq:plasticity-use and eq:plasticity-resources in what synapses transmit, event after event."""
    synapses = draws_for_mean(0.0045)  # 2 % of the smallest probability here
    chip = on_chip(
        layers(np.ones((synapses, 1))),
        kind(stochastic_synapse=SYNAPSE, short_term_plasticity=TIRED),
        seed=int(rng.integers(2**31)),
    )
    sent = chip.run(np.ones((6, 1), np.float32)).output[0]
    expected = oracle.plasticity([0.0, 1, 2, 3, 4, 5], USE, RECOVERY, FACILITATION)
    for row, factor in zip(sent, expected, strict=True):
        released = int((row > 0).sum())
        assert_probability(released, synapses, USE * factor)
        assert_rejects(assert_probability, released, synapses, USE * factor * 1.02)
    released = int((sent[-1] > 0).sum())
    assert_rejects(assert_probability, released, synapses, USE)  # a synapse that never tires
    only_tired = oracle.plasticity([0.0, 1, 2, 3, 4, 5], USE, RECOVERY, 0.0)
    assert_rejects(assert_probability, released, synapses, USE * only_tired[-1])


def test_batches_pauses_and_saved_states_change_nothing() -> None:
    """The state moves with reads and time, and not with calls."""
    on = kind(stochastic_synapse={**SYNAPSE, "release": "certain"}, short_term_plasticity=TIRED)
    x = (np.arange(40).reshape(10, 4) % 3 > 0).astype(np.float32)
    whole, parts, saved = (on_chip(layers(np.ones((2, 4))), on) for _ in range(3))
    expected = whole.run(x).output[0]
    first = parts.run(x[:3]).output[0]
    saved.restore(parts.state())
    rest = [chip.run(x[3:]).output[0] for chip in (parts, saved)]
    assert np.array_equal(np.concatenate([first, rest[0]]), expected)
    assert np.array_equal(rest[0], rest[1])
    assert_same_bits(parts.state(), saved.state())
    whole.advance(1.0)
    assert np.array_equal(whole.run(x[:1]).output[0], expected[:1])  # rested


def test_other_synapses_do_not_tire() -> None:
    with pytest.raises(InputError, match=r"law must be 'fixed', not 'logistic'"):
        kind(stochastic_synapse={"law": "logistic"}, short_term_plasticity=TIRED)
    with pytest.raises(InputError, match=r"changes probabilities of release, and there is no \[stoch"):
        kind(short_term_plasticity=TIRED)
    with pytest.raises(InputError, match="nothing changes otherwise"):
        kind(stochastic_synapse=SYNAPSE, short_term_plasticity={})
