"""Our float neurons follow Lava's floating-point models to a millionth, spike for spike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lava_models import _model as lava_model
from numpy.typing import NDArray
from timed import DT, chain, watched

from hwnoise.nodes import LI, LIF, CubaLIF, Node, RefractoryLIF, TernaryLIF

Array = NDArray[Any]
N, STEPS = 50, 300
DU, DV, BIAS = 0.3, 0.1, 0.02
PERIOD = 3
ONES = np.ones(N)


class Port:
    """Hands over what was put in, keeps a copy of what was sent."""

    value: Array

    def recv(self) -> Array:
        return self.value

    def send(self, value: Array) -> None:
        self.value = np.array(value, np.float64)


def lava(name: str, x: Array, du: float, **more: Any) -> tuple[Array, Array]:
    """Spikes and membranes after the reset (steps, n) of one of Lava's models."""
    model = lava_model("lif", name, {"refractory_period": PERIOD})
    model.u, model.v, model.bias_mant = np.zeros(N), np.zeros(N), np.full(N, BIAS)
    model.du, model.dv, model.refractory_period_end = du, DV, np.zeros(N, int)
    for key, value in more.items():
        setattr(model, key, value)
    model.a_in, model.s_out = Port(), Port()
    spikes, membranes = np.empty_like(x), np.empty_like(x)
    for t, current in enumerate(x):
        model.time_step, model.a_in.value = t + 1, current.astype(np.float64)
        model.run_spk()
        spikes[t], membranes[t] = model.s_out.value, model.v
    return spikes, membranes


def ours(x: Array, **nodes: Node) -> tuple[Array, Array]:
    """Spikes of the last node, and its membranes, 0 after each spike."""
    reading = watched(chain(nodes, convention="lava"), x[None])
    spikes = reading.output[0, 0]
    return spikes, np.where(spikes != 0, 0, reading.membranes[list(nodes)[-1]][0, 0])


CASES: dict[str, tuple[str, float, dict[str, Any], dict[str, Node]]] = {
    "lif": (
        "PyLifModelFloat",
        1.0,
        {"vth": 1.0},
        {"n": LIF(DT / DV * ONES, ONES, BIAS / DV * ONES, ONES)},
    ),
    "current": (
        "PyLifModelFloat",
        DU,
        {"vth": 1.0},
        {"n": CubaLIF(DT / DU * ONES, DT / DV * ONES, ONES, BIAS / DV * ONES, ONES)},
    ),
    "refractory": (
        "PyLifRefractoryModelFloat",
        DU,
        {"vth": 1.0},
        {
            "u": LI(DT / DU * ONES, ONES, 0 * ONES),
            "n": RefractoryLIF(DT / DV * ONES, ONES, BIAS / DV * ONES, ONES, PERIOD * DT * ONES),
        },
    ),
    "ternary": (
        "PyTernLifModelFloat",
        1.0,
        {"vth_hi": 1.0, "vth_lo": -0.5},
        {"n": TernaryLIF(DT / DV * ONES, ONES, BIAS / DV * ONES, ONES, -0.5 * ONES)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_lava_floating_point(case: str, rng: np.random.Generator) -> None:
    """Check eq:lif-membrane, eq:synapse-current, eq:lif-refractory and eq:lif-ternary against Lava."""
    name, du, more, nodes = CASES[case]
    x = rng.normal(0.05, 0.2, (STEPS, N)).astype(np.float32)
    spikes, membranes = ours(x, **nodes)
    expected, seen = lava(name, x, du, **more)
    np.testing.assert_array_equal(spikes, expected)
    np.testing.assert_allclose(membranes, seen, atol=1e-6)
    assert np.abs(expected).mean() > 0.005
