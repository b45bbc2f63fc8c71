"""Every yardstick against its closed form, with matrices written out; mutants are noticed."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles_yardsticks as oracle
import pytest
from gradient_chip import GradientChip, gradient_chip, one_step, told

from hwnoise import Network, learners, losses
from hwnoise.learners.yardsticks.cubic import cubic_step
from hwnoise.learners.yardsticks.lbfgs import two_loops
from hwnoise.learners.yardsticks.solvers import conjugate_gradients, lanczos
from hwnoise.learners.yardsticks.vectors import Layout
from hwnoise.streams import Stream

SAMPLES = 24


def draws(name: str) -> np.random.Generator:
    return Stream(17, name).generator()


def batch(outputs: int = 3, labels: bool = True) -> tuple[Any, Any]:
    generator = draws("batch")
    x = generator.standard_normal((SAMPLES, 4)).astype(np.float32)
    return x, generator.integers(0, outputs, SAMPLES) if labels else generator.standard_normal(
        (SAMPLES, outputs)
    )


def step(chip: GradientChip, name: str, x: Any, y: Any, **options: Any) -> Any:
    """What the learner returns, as a vector."""
    loss = losses.cross_entropy if y.ndim == 1 else losses.squared_error
    return Layout.of(chip.values).pack(one_step(chip, learners.make(name, **options), x, y, loss))


def near(found: Any, wanted: Any, tolerance: float = 1e-3) -> bool:
    return bool(np.linalg.norm(found - wanted) <= tolerance * np.linalg.norm(wanted))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_bp_is_the_gradient(activation: str) -> None:
    """eq:bp against differences of the loss; a batch's sum for its mean is noticed."""
    chip, (x, y) = gradient_chip("4-5-3", activation), batch()
    found, wanted = step(chip, "bp", x, y), oracle.gradient(chip, x, y)
    assert near(found, wanted)
    assert near(step(chip, "bp", x, y, passes=3), wanted)
    assert not near(found * SAMPLES, wanted)


def test_forward_gradient_is_the_slope_along_its_direction() -> None:
    """eq:forward-gradient: (g v) v for the direction that the key draws, and another for another key."""
    chip, (x, y) = gradient_chip("4-5-3"), batch()
    found, gradient = step(chip, "forward-gradient", x, y), oracle.gradient(chip, x, y)
    drawn = np.random.Generator(np.random.Philox(key=1))
    along = np.concatenate(
        [drawn.standard_normal(v.shape, np.float32).reshape(-1) for v in chip.values.values()]
    )
    assert near(found, (gradient @ along) * along)
    other = one_step(chip, learners.make("forward-gradient"), x, y, losses.cross_entropy, key=2)
    assert not near(Layout.of(chip.values).pack(other), found, 0.1)


@pytest.mark.parametrize("readout", ["softmax", "identity"])
def test_dfa_on_a_linear_network_is_a_product_of_matrices(readout: str) -> None:
    """eq:dfa: hidden update e B x^T, read-out the exact gradient; the transposed weights are no feedback."""
    chip = gradient_chip("4-5-3", "identity", readout)
    x, y = batch(labels=readout == "softmax")
    learner = learners.make("dfa", seed=3)
    loss = losses.cross_entropy if readout == "softmax" else losses.squared_error
    found = one_step(chip, learner, x, y, loss)
    output = oracle.quiet_output(chip, Layout.of(chip.values).pack(chip.values), x)
    error = output - np.eye(3)[y] if readout == "softmax" else 2 * (output - y)
    stream = Stream(3, "dfa").child("hidden1").generator()
    feedback = stream.standard_normal((3, 5)) / np.sqrt(3)
    np.testing.assert_allclose(
        found["hidden1.weight"], (error @ feedback).T @ x / SAMPLES, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(found["hidden1.bias"], (error @ feedback).mean(axis=0), rtol=1e-4, atol=1e-6)
    exact = one_step(chip, learners.make("bp"), x, y, loss)
    np.testing.assert_allclose(found["readout.weight"], exact["readout.weight"], rtol=1e-4, atol=1e-6)
    assert not np.allclose(found["hidden1.weight"], exact["hidden1.weight"], rtol=0.1)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_dfa_with_the_forward_weights_as_feedback_is_back_propagation(activation: str) -> None:
    """eq:dfa: slopes of the activations; with one hidden layer only the matrix differs from bp."""
    chip, (x, y) = gradient_chip("4-5-3", activation), batch()
    learner = learners.make("dfa")
    learner.bind(chip.network, chip.capabilities)
    learner._feedback["hidden1"][:] = chip.values["readout.weight"]
    found = told(chip, learner, x, y, losses.cross_entropy)
    exact = one_step(chip, learners.make("bp"), x, y, losses.cross_entropy)
    for name in exact:
        np.testing.assert_allclose(found[name], exact[name], rtol=1e-4, atol=1e-6)


def test_gauss_newton_solves_linear_least_squares_in_one_step() -> None:
    """eq:gauss-newton, eq:conjugate-gradients: undamped, the step of rate 1 ends at the solution of numpy."""
    chip, (x, y) = gradient_chip("4-3", readout="identity"), batch(labels=False)
    update = step(chip, "gauss-newton", x, y, damping=0.0, iterations=30)
    found = Layout.of(chip.values).pack(chip.values) - update
    solved = np.linalg.lstsq(np.column_stack([x, np.ones(SAMPLES)]), y, rcond=None)[0]
    wanted = np.concatenate([solved[:4].T.reshape(-1), solved[4]])
    assert near(found, wanted, 1e-4)
    assert not near(step(chip, "gauss-newton", x, y, damping=0.1, iterations=30), update, 1e-2)


@pytest.mark.parametrize("labels", [True, False])
def test_gauss_newton_is_the_damped_inverse_of_the_matrix(labels: bool) -> None:
    """eq:gauss-newton, eq:damping: B = J^T C J / n with C = 1/p or 2."""
    chip, (x, y) = gradient_chip("4-3-3", readout="softmax" if labels else "identity"), batch(labels=labels)
    jacobian, gradient = oracle.jacobian(chip, x), oracle.gradient(chip, x, y)
    output = oracle.quiet_output(chip, Layout.of(chip.values).pack(chip.values), x)
    curvature = 1 / output if labels else np.full_like(output, 2.0)
    matrix = np.einsum("asc,sc,bsc->ab", jacobian, curvature, jacobian) / SAMPLES
    extra = 0.2 * gradient @ matrix @ gradient / (gradient @ gradient)
    wanted = np.linalg.solve(matrix + extra * np.eye(len(matrix)), gradient)
    found = step(chip, "gauss-newton", x, y, damping=0.2, iterations=60)
    assert near(found, wanted, 1e-3)
    assert not near(found, np.linalg.solve(matrix + 0.2 * np.eye(len(matrix)), gradient), 1e-2)


def test_natural_gradient_does_not_depend_on_the_parametrisation() -> None:
    """eq:natural-gradient: mixed inputs, same change of output; not so the gradient."""
    x, y = batch()
    mix = draws("mix").standard_normal((4, 4)) + 2 * np.eye(4)
    chip = gradient_chip("4-3")
    mixed = GradientChip(chip.network)
    mixed.values["readout.weight"] = chip.values["readout.weight"] @ np.linalg.inv(mix)
    inputs = {"plain": (chip, x.astype(np.float64)), "mixed": (mixed, x @ mix.T)}
    for name, options, same in (
        ("natural-gradient", {"damping": 0.0, "iterations": 60}, True),
        ("bp", {}, False),
    ):
        changes = []
        for program, z in inputs.values():
            at = Layout.of(program.values).pack(program.values)
            update = 1e-4 * step(program, name, z, y, **options)
            changes.append(oracle.quiet_output(program, at - update, z) - oracle.quiet_output(program, at, z))
        assert near(*changes, tolerance=1e-2) is same


def test_natural_gradient_goes_no_further_than_its_divergence() -> None:
    """eq:natural-gradient: KL(before, after) is what was asked for, or less where the minimum is near."""
    chip, (x, y) = gradient_chip("4-3-3"), batch()
    at = Layout.of(chip.values).pack(chip.values)
    before = oracle.quiet_output(chip, at, x)

    def divergence(**options: Any) -> float:
        after = oracle.quiet_output(chip, at - step(chip, "natural-gradient", x, y, **options), x)
        return float(np.sum(before * np.log(before / after), axis=1).mean())

    assert divergence(divergence=1e-4) == pytest.approx(1e-4, rel=0.05)
    assert divergence(divergence=1e-4, fisher="empirical") != pytest.approx(1e-4, rel=0.05)
    assert divergence(divergence=1e-3) == pytest.approx(1e-3, rel=0.1)


def test_the_empirical_fisher_is_the_mean_outer_product() -> None:
    """eq:natural-gradient with the labels there are."""
    chip, (x, y) = gradient_chip("4-3-3"), batch()
    single = np.array([oracle.gradient(chip, x[k : k + 1], y[k : k + 1]) for k in range(SAMPLES)])
    matrix, gradient = single.T @ single / SAMPLES, single.mean(axis=0)
    extra = 0.5 * gradient @ matrix @ gradient / (gradient @ gradient)
    wanted = np.linalg.solve(matrix + extra * np.eye(len(matrix)), gradient)
    options = {"fisher": "empirical", "divergence": 1e6, "damping": 0.5, "iterations": 60}
    assert near(step(chip, "natural-gradient", x, y, **options), wanted)
    assert not near(step(chip, "natural-gradient", x, y, **options | {"fisher": "model"}), wanted, 0.05)


def test_two_loops_are_the_bfgs_matrix() -> None:
    """eq:lbfgs against the recursion with matrices."""
    generator = draws("bfgs")
    root = generator.standard_normal((6, 6))
    matrix, gradient = root @ root.T + np.eye(6), generator.standard_normal(6)
    pairs = [(s, matrix @ s) for s in generator.standard_normal((4, 6))]
    np.testing.assert_allclose(two_loops(pairs, gradient), oracle.bfgs_inverse(pairs) @ gradient, rtol=1e-9)
    assert not near(two_loops(pairs[::-1], gradient), oracle.bfgs_inverse(pairs) @ gradient, 1e-3)
    np.testing.assert_array_equal(two_loops([], gradient), gradient)


def test_lbfgs_learns_the_curvature_from_products() -> None:
    """eq:lbfgs: on a quadratic its steps come to the minimum, whatever a chip makes of their length."""
    chip, (x, y) = gradient_chip("4-2", readout="identity"), batch(2, labels=False)
    solved = np.linalg.lstsq(np.column_stack([x, np.ones(SAMPLES)]), y, rcond=None)[0]
    wanted = np.concatenate([solved[:4].T.reshape(-1), solved[4]])
    learner = learners.make("lbfgs", memory=12, damping=0.0)
    for _ in range(40):
        update = one_step(chip, learner, x, y, losses.squared_error)
        chip.write({name: -0.8 * values for name, values in update.items()})  # writes that fall short
    assert near(Layout.of(chip.values).pack(chip.values), wanted, 1e-3)
    assert {name: values.shape for name, values in learner.state().items()}["pair/0"] == (2, 10)


def test_cubic_sees_the_whole_hessian() -> None:
    """eq:hessian, eq:cubic: (H + M |d| / 2) d = -g with the Hessian by differences, in the full space."""
    chip, (x, y) = gradient_chip("4-2-3"), batch()
    gradient, hessian = oracle.gradient(chip, x, y), oracle.hessian(chip, x, y)
    found = -step(chip, "cubic", x, y, bound=2.0, subspace=len(gradient))
    length = np.linalg.norm(found)
    assert near(hessian @ found + length * found, -gradient, 5e-3)
    assert np.linalg.eigvalsh(hessian)[0] + length > -1e-3
    gauss_newton = -step(chip, "gauss-newton", x, y, damping=0.0, iterations=60)
    assert not near(hessian @ gauss_newton, -gradient, 0.1)


@pytest.mark.parametrize("curvature", [3.0, 0.0, -1.5])
@pytest.mark.parametrize("slope", [-2.0, 0.1])
def test_one_parameter_has_the_cubic_step_in_closed_form(curvature: float, slope: float) -> None:
    """eq:cubic: |x| = (sqrt(h^2 + 2 M |g|) - h) / M; Newton's -g / h is another step."""
    for bound in (0.1, 4.0):
        found = cubic_step(np.array([[curvature]]), np.array([slope]), bound)
        wanted = (np.sqrt(curvature**2 + 2 * bound * abs(slope)) - curvature) / bound
        np.testing.assert_allclose(found, [-np.sign(slope) * wanted], rtol=1e-9)


def test_the_cubic_step_is_a_minimum_also_where_the_gradient_is_blind() -> None:
    """eq:cubic: no random step is lower; at a saddle it goes down the lowest axis."""
    generator = draws("cubic")
    for size in (1, 3, 8):
        root = generator.standard_normal((size, size))
        hessian, gradient = root + root.T, generator.standard_normal(size)

        def model(d: Any, hessian: Any = hessian, gradient: Any = gradient) -> float:
            return float(gradient @ d + d @ hessian @ d / 2 + np.linalg.norm(d) ** 3 / 6)

        found = cubic_step(hessian, gradient, 1.0)
        others = found + generator.standard_normal((200, size)) * generator.uniform(0.01, 3, (200, 1))
        assert all(model(found) <= model(other) for other in others)
    blind = cubic_step(np.diag([-1.0, 2.0]), np.array([0.0, 1.0]), 1.0)
    assert np.linalg.norm(blind) == pytest.approx(2.0)
    assert abs(blind[0]) > 1.9


def test_solvers_solve() -> None:
    """eq:conjugate-gradients against numpy; Lanczos keeps its basis orthonormal."""
    generator = draws("solvers")
    root = generator.standard_normal((7, 7))
    matrix, target = root @ root.T + 0.1 * np.eye(7), generator.standard_normal(7)
    found = conjugate_gradients(lambda v: matrix @ v, target, 60, tolerance=1e-12)
    np.testing.assert_allclose(found, np.linalg.solve(matrix, target), rtol=1e-6)
    assert not near(conjugate_gradients(lambda v: matrix @ v, target, 2), found, 1e-3)
    basis, inner = lanczos(lambda v: (root + root.T) @ v, target, 5)
    np.testing.assert_allclose(basis @ basis.T, np.eye(5), atol=1e-9)
    np.testing.assert_allclose(inner, basis @ (root + root.T) @ basis.T, atol=1e-9)
    assert len(lanczos(lambda v: 2 * v, target, 5)[0]) == 1  # the space ends at once


def test_a_layout_goes_there_and_back() -> None:
    network = Network.mlp("4-5-3", Stream(3, "network"))
    values = network.parameters()
    there = Layout.of(values)
    back = there.unpack(there.pack(values))
    assert list(back) == list(values)
    assert all(np.array_equal(back[name], np.asarray(values[name], np.float32)) for name in values)
