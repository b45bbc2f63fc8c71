"""Photonic meshes: an exact decomposition, phases off by the right amount, and blocks set as a whole."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import oracles_devices as oracle
import pytest
from numpy.typing import NDArray
from scipy import stats
from tiny import assert_same_bits, batch, chip, kind, layers, on_chip

from hwnoise import InputError, Stream
from hwnoise.backends.emulator.mesh_array import MeshArray
from hwnoise.devices.photonic_mesh import PhotonicMesh
from hwnoise.kernels import photonic_mesh as kernel
from hwnoise.testing import (
    assert_distribution,
    assert_gaussian_std,
    assert_mean,
    assert_rejects,
    assert_uncorrelated,
    draws_for_sigma,
)

Array = NDArray[Any]


def decomposed(matrices: Array) -> tuple[Array, Array]:
    """Phases and signs of the meshes that are ``matrices`` (blocks, n, n)."""
    blocks, n, _ = matrices.shape
    phases, signs = np.empty((blocks, n * (n - 1) // 2)), np.empty((blocks, n))
    kernel.decompose(matrices.copy(), phases, signs)
    return phases, signs


@pytest.mark.parametrize("n", [2, 3, 8, 17])
def test_every_orthogonal_matrix_is_a_mesh(n: int, rng: np.random.Generator) -> None:
    """Check eq:mesh-rotations: there and back, and rotation by rotation."""
    matrices = stats.ortho_group.rvs(n, size=20, random_state=rng).reshape(20, n, n)
    matrices[0] = np.eye(n)
    phases, signs = decomposed(matrices)
    assert ((phases >= 0) & (phases < 2 * math.pi)).all()
    assert set(np.unique(signs)) <= {-1.0, 1.0}
    back = np.empty_like(matrices)
    kernel.compose(phases, signs, back)
    assert back == pytest.approx(matrices, abs=1e-12)
    assert oracle.mesh(phases[7], signs[7]) == pytest.approx(matrices[7], abs=1e-12)


def test_neighbours_share_a_column_and_no_waveguide() -> None:
    """Check eq:mesh-phase: who heats whom, both ways round."""
    effect = PhotonicMesh(block=6)
    places = [(c, r) for c in range(5) for r in range(5, c, -1)]
    beside = effect.neighbours()
    assert beside.shape == (effect.shifters, 2)
    for m, pair in enumerate(beside):
        for other in pair[pair >= 0]:
            (c, r), (c2, r2) = places[m], places[other]
            assert 2 * c - r == 2 * c2 - r2
            assert abs(r - r2) == 2
            assert m in beside[other]


def test_phases_are_off_by_gain_and_heat(rng: np.random.Generator) -> None:
    """Check eq:mesh-phase: the mean is the phase and its heat, the spread that of the shifters."""
    effect, blocks = PhotonicMesh(block=4, phase_spread=0.02, crosstalk=0.05), draws_for_sigma(0.02)
    phases = np.broadcast_to(rng.uniform(0.5, 6, 6), (blocks, 6)).copy()
    gain, out = 1 + 0.02 * rng.standard_normal((blocks, 6)), np.empty((blocks, 6))
    kernel.disturb(phases, effect.neighbours(), effect.crosstalk, gain, out)
    for m, pair in enumerate(effect.neighbours()):
        heat = [0.05 * phases[0, j] for j in pair if j >= 0]
        spread = 0.02 * math.hypot(phases[0, m], *heat)
        assert_mean(out[:, m], phases[0, m] + sum(heat), spread)
        assert_gaussian_std(out[:, m], spread)
        assert_rejects(assert_gaussian_std, 1.02 * out[:, m], spread)
    assert any((pair >= 0).any() for pair in effect.neighbours())


def test_shifters_of_a_chip_spread_as_they_should(rng: np.random.Generator) -> None:
    """Check eq:mesh-phase in the gains that a chip draws: their spread, and none alike."""
    on = kind(photonic_mesh={"block": 8, "phase_spread": 0.03})
    array = MeshArray(on, np.zeros((400, 500), np.float32), Stream(int(rng.integers(2**62))), 1.0)
    left, middle, right = array._gains
    gains = np.concatenate([left.ravel(), right.ravel()])
    assert len(gains) >= draws_for_sigma(0.02)
    assert_mean(gains, 1.0, 0.03)
    assert_gaussian_std(gains - 1, 0.03)
    assert_rejects(assert_gaussian_std, 1.02 * (gains - 1), 0.03)
    assert_distribution(gains, stats.norm(1, 0.03).cdf)
    assert_uncorrelated(gains[1:], gains[:-1])
    assert_uncorrelated(left.ravel(), right.ravel())
    assert_rejects(assert_uncorrelated, left.ravel(), left.ravel())
    assert len(np.unique(gains)) > 0.99 * len(gains)
    assert middle.shape == (50 * 63, 8)


def test_a_mesh_without_errors_is_the_network() -> None:
    """Check eq:mesh-rotations on a chip: ragged blocks, any weights, within float32."""
    exact, mesh = (chip(on, "20-11-3") for on in (kind(), kind(photonic_mesh={"block": 8})))
    assert mesh.run(batch(9, 20)).output == pytest.approx(exact.run(batch(9, 20)).output, abs=1e-5)


def test_a_block_is_what_its_phases_make_of_it() -> None:
    """Check eq:mesh-rotations and eq:mesh-phase together, against the oracle's matrices."""
    effect = PhotonicMesh(block=5, crosstalk=0.02, phase_bits=6)
    wanted = Stream(3).generator().normal(size=(1, 5, 5))
    wanted /= 1.2 * np.linalg.norm(wanted[0], 2)
    gains = np.full((1, 10), 1.01), np.full((1, 5), 0.98), np.full((1, 10), 0.99)
    left, values, right = np.linalg.svd(wanted)

    def mesh(matrix: Array, gain: float) -> Array:
        phases, signs = decomposed(matrix)
        step = 2 * math.pi / 64
        held = gain * np.rint(phases[0] / step) * step
        heat = [sum(held[j] for j in pair if j >= 0) for pair in effect.neighbours()]
        return oracle.mesh(held + 0.02 * np.array(heat), signs[0])

    step = 2 * math.pi / 64
    passed = np.cos(0.98 * np.rint(np.arccos(values[0]) / step) * step)
    expected = mesh(left, 1.01) @ np.diag(passed) @ mesh(right, 0.99)
    assert effect.realised(wanted, gains)[0] == pytest.approx(expected, abs=1e-10)


def test_writes_gather_until_a_block_is_worth_setting() -> None:
    """A block is set as a whole; what is too small waits, and survives a saved state."""
    on = kind(photonic_mesh={"block": 4, "phase_spread": 0.01}, write={"step": 0.05})
    program = on_chip(layers(np.eye(6, 8)), on, headroom=2.0)
    before = program.diagnostics()["a.weight"]
    update = np.zeros((6, 8), np.float32)
    update[0, 0] = 0.06  # of a range of 2
    program.write({"a.weight": update})
    assert np.array_equal(program.diagnostics()["a.weight"], before)
    other = on_chip(layers(np.eye(6, 8)), on, headroom=2.0)
    other.restore(program.state())
    for each in (program, other):
        each.write({"a.weight": update})
    after = program.diagnostics()["a.weight"]
    assert program.events["device_writes"] == 16
    assert after[0, 0] - before[0, 0] == pytest.approx(0.12, abs=0.01)
    assert np.array_equal(after[4:], before[4:])
    assert_same_bits(program.diagnostics(), other.diagnostics())


@pytest.mark.parametrize(
    "other", [{"read_noise": {"sigma": 0.1}}, {"mismatch": {"sigma": 0.1}}, {"levels": {"count": 4}}]
)
def test_light_has_no_devices(other: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(other)) if "levels" in other else "is no single device"):
        kind(photonic_mesh={}, **other)
