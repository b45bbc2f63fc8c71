"""Our neurons are Lava's, bit for bit: on edge states and random ones, over a hundred million steps."""

from __future__ import annotations

from typing import Any

import lava_models
import numpy as np
import pytest
from loihi_states import EDGES, MUTANTS, STATES, M, drawn, step
from numpy.typing import NDArray

from hwnoise.kernels.loihi_lif import run_lif

Array = NDArray[Any]
QUIET = np.zeros((0, 0, 0), np.int32)
LOWEST = -(2**30)
INPUTS = np.concatenate(
    [EDGES[np.abs(EDGES) <= 2**18], [131071, 131073, 393216, 400000, -400000, 2**25, 2**26 + 1]]
)
DECAYS = (0, 1, 2, 100, 409, 2047, 2048, 4094, 4095)
THRESHOLDS = (0, 1, 10, 2047, 4095, 65536, 131070, 131071)


class Ours:
    """A population of ours, stepped in blocks."""

    def __init__(
        self, n: int, du: int, dv: int, vth: int, bias: Array, low: int = LOWEST, wait: int = 0
    ) -> None:
        self.rule = np.array([du + 1, dv, low, vth << 6, wait], np.int32)
        self.bias = np.broadcast_to(np.asarray(bias, np.int32), n).copy()
        self.u, self.v, self.wait = (np.zeros((1, n), np.int32) for _ in range(3))

    def run(self, current: Array) -> tuple[Array, Array]:
        """Run over (steps, n); return spikes and membranes before the reset."""
        block = np.ascontiguousarray(current, np.int32)[None]
        spikes, seen = np.empty(block.shape, np.int8), np.empty(block.shape, np.int32)
        run_lif(block, QUIET, True, self.bias, self.rule, self.u, self.v, self.wait, spikes, seen)
        return spikes[0], seen[0]


def both(
    kind: str, n: int, rule: tuple[int, int, int], bias: tuple[Array, int], low: int
) -> tuple[Ours, Any]:
    """Return the same population twice."""
    du, dv, vth = rule
    effective = np.asarray(bias[0], np.int32) << bias[1] if bias[1] >= 0 else np.asarray(bias[0]) >> -bias[1]
    ours = Ours(n, du, dv, vth, effective, low << 6 if kind == "ternary" else LOWEST)
    return ours, lava_models.Lif(kind, n, du, dv, vth, bias, vth_low=low)


def set_states(ours: Ours, lava: Any, u: Array, v: Array) -> None:
    ours.u[0], ours.v[0] = u, v
    lava.model.u[:], lava.model.v[:] = u, v


def assert_same(ours: Ours, lava: Any, spikes: Array, expected: Array) -> None:
    assert np.array_equal(spikes, expected)
    assert np.array_equal(ours.u[0], lava.model.u)
    assert np.array_equal(ours.v[0], lava.model.v)


@pytest.mark.parametrize("kind", ["lif", "ternary"])
def test_a_hundred_million_neuron_steps_equal_lava(kind: str, rng: np.random.Generator) -> None:
    """Check eq:loihi-current, eq:loihi-membrane, eq:loihi-spike on edges in every state and input."""
    n, steps, done = 4096, 8, 0
    while done < 52_000_000:
        vth = int(rng.choice(THRESHOLDS))
        bias = (rng.choice([-4096, -1, 0, 1, 4095], n), int(rng.integers(-3, 8)))
        rule = (int(rng.choice(DECAYS)), int(rng.choice(DECAYS)), vth)
        ours, lava = both(kind, n, rule, bias, -int(rng.choice(THRESHOLDS)))
        pool = drawn(rng, INPUTS, (steps, n))
        for _ in range(20):
            set_states(ours, lava, drawn(rng, STATES, (n,)), drawn(rng, STATES, (n,)))
            current = np.roll(pool, rng.integers(n), axis=1)
            spikes, _ = ours.run(current)
            assert_same(ours, lava, spikes, np.array([lava.step(a) for a in current]))
            done += steps * n


@pytest.mark.parametrize("mutant", ["", *MUTANTS])
def test_edges_tell_mutants_from_lava(mutant: str, rng: np.random.Generator) -> None:
    """Check eq:loihi-current, eq:loihi-membrane and eq:loihi-spike against an oracle, and wrong ones."""
    differs = False
    for du in (4095, 100):
        rule = (du, 7, 2048, -64)
        lava = lava_models.Lif("lif", 65536, *rule[:3], (-1, 6))
        u, v = drawn(rng, STATES, (65536,)), drawn(rng, STATES, (65536,))
        a = drawn(rng, INPUTS, (65536,))
        near = rng.random(65536) < 0.1  # membranes that end right at the threshold
        u[near], a[near], v[near] = 0, 0, 0
        lava.model.u[:], lava.model.v[:] = u, v
        a[near] = 2049
        fired = lava.step(a)
        found = step(u.astype(np.int64), v.astype(np.int64), a.astype(np.int64), rule, mutant)
        same = zip(found, (lava.model.u, lava.model.v, fired), strict=True)
        differs |= not all(np.array_equal(x, y) for x, y in same)
    assert differs == bool(mutant)


def test_reset_clears_both_states_at_its_steps(rng: np.random.Generator) -> None:
    """A row of ours that starts from rest is a presentation of LIFReset, interval the length of a row."""
    lava = lava_models.Lif("reset", 64, 300, 200, 500, (3, 2), interval=7, offset=1)
    for _ in range(5):
        current = rng.integers(-400, 600, (7, 64))
        ours = Ours(64, 300, 200, 500, np.full(64, 12))
        spikes, _ = ours.run(current)
        assert_same(ours, lava, spikes, np.array([lava.step(a) for a in current]))
    late = lava_models.Lif("reset", 1, 0, 0, 10, (0, 0), interval=3, offset=4)
    seen = []
    for _ in range(7):
        late.step(np.ones(1))
        seen.append(int(late.model.u[0]))
    assert seen == [64, 127, 190, 64, 127, 190, 64]


def test_a_refractory_membrane_stays_at_zero() -> None:
    """Check eq:loihi-wait: three steps without integration after a spike; ours, without an oracle."""
    ours = Ours(1, 4095, 0, 10, np.zeros(1), wait=3)
    spikes, seen = ours.run(np.full((12, 1), 6))
    assert spikes[:, 0].tolist() == [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert seen[:, 0].tolist() == [384, 768, 0, 0, 0, 384, 768, 0, 0, 0, 384, 768]


def test_losses_are_counted_and_placed() -> None:
    ours = Ours(3, 4095, 0, 131071, np.zeros(3))
    current = np.zeros((1, 4, 3), np.int32)
    current[0, 2, 1], current[0, 3, 0] = 131072, -131073
    spikes = np.empty(current.shape, np.int8)
    found = run_lif(current, QUIET, True, ours.bias, ours.rule, ours.u, ours.v, ours.wait, spikes, QUIET)
    assert found == (2, 2 * 3 + 1)


TABLE = [  # du, dv, u, v, a, bias, vth -> u, v, spike
    (4095, 0, 0, 0, 131071, 0, 131071, 8388544, 8388544, 0),
    (4095, 4095, 0, 0, 131072, 0, 131071, M, 0, 1),
    (4095, 4095, 0, 0, 131073, 0, 131071, -8388544, -8388544, 0),
    (4095, 4095, 0, 0, -131071, 0, 131071, -8388544, -8388544, 0),
    (4095, 4095, 0, 0, -131072, 0, 131071, M, 0, 1),
    (4095, 4095, 0, 0, -131073, 0, 131071, 8388544, 8388544, 0),
    (4095, 4095, 0, 0, 393216, 0, 131071, 8388608, 0, 1),
    (4095, 4095, 0, 0, 400000, 0, 131071, 8822784, 0, 1),
    (4095, 4095, 0, 0, -400000, 0, 131071, -8822784, 1 - M, 0),
    (4095, 0, 0, 639, 0, 0, 10, 0, 639, 0),
    (4095, 0, 0, 640, 0, 0, 10, 0, 640, 0),
    (4095, 0, 0, 641, 0, 0, 10, 0, 0, 1),
    (4095, 0, 0, M - 1, 0, 0, 131071, 0, 0, 1),
    (4095, 0, 0, 1 - M, -100, 0, 131071, -6400, -8388607, 0),
    (0, 4095, 1, 0, 0, 0, 131071, 0, 0, 0),
    (0, 4095, -1, 0, 0, 0, 131071, 0, 0, 0),
    (0, 4095, 4095, 0, 0, 0, 131071, 4094, 4094, 0),
    (0, 4095, -4095, 0, 0, 0, 131071, -4094, -4094, 0),
    (0, 4095, 4096, 0, 0, 0, 131071, 4095, 4095, 0),
    (0, 4095, -4096, 0, 0, 0, 131071, -4095, -4095, 0),
    (4095, 0, 0, 0, 0, 4095 << 7, 131071, 0, 524160, 0),
    (4095, 0, 0, 0, 0, -4096 << 7, 131071, 0, -524288, 0),
]


@pytest.mark.parametrize("row", TABLE)
def test_table_of_edges(row: tuple[int, ...]) -> None:
    """Check eq:loihi-current, eq:loihi-membrane and eq:loihi-spike on hand-computed steps."""
    du, dv, u, v, a, bias, vth, next_u, next_v, fired = row
    ours = Ours(1, du, dv, vth, np.array([bias]))
    ours.u[:], ours.v[:] = u, v
    spikes, _ = ours.run(np.array([[a]]))
    assert (ours.u[0, 0], ours.v[0, 0], spikes[0, 0]) == (next_u, next_v, fired)


@pytest.mark.parametrize(("v", "fired"), [(640, 0), (641, 1), (-640, 0), (-641, -1)])
def test_ternary_thresholds_are_strict(v: int, fired: int) -> None:
    """Check eq:loihi-spike with two thresholds."""
    ours = Ours(1, 4095, 0, 10, np.zeros(1), low=-640)
    ours.v[:] = v
    assert ours.run(np.zeros((1, 1)))[0][0, 0] == fired
