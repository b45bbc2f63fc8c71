"""Devices that are not linear in the voltage, read in torch: outputs of the emulator, and derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tiny import batch, kind, layers

from hwnoise import Probe, Stream
from hwnoise.backends.emulator import backend as emulator
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.snntorch import backend as torch_backend
from hwnoise.backends.snntorch.device_reader import DeviceReader
from hwnoise.backends.snntorch.straight_through import smooth_read

torch.set_num_threads(1)
MILO: dict[str, Any] = {
    "law": "polynomial", "n2": [7.063e-3, 5.711e-3, 1.541e-3, 1.388e-4],
    "n3": [1.2968e-3, 6.7919e-4, 8.871e-5], "g_low": 62.5, "g_high": 225.0, "v_max": 0.5, "v_read": 0.5,
}  # fmt: skip
CELLS = {"g_min": 62.5, "g_max": 225.0}
TILE = {"rows": 4, "columns": 8}
DRIFT = {key: {"shape": "polynomial", "coefficients": [nu]} for key, nu in (("mean", 0.05), ("std", 0.0))}
CURVED = kind(conductance=CELLS, conduction=MILO, dac={"bits": 22, "range": 2.0}, tile=TILE, drift=DRIFT)
NETWORK = layers(batch(5, 7, seed=1))


def a_layer(on: Any) -> Layer:
    """The one layer of the network, on an emulated chip."""
    return emulator.compile(NETWORK, on, Stream(2)).layers["a"]


def test_the_backend_has_the_bits_of_the_emulator() -> None:
    found, expected = (each.compile(NETWORK, CURVED, Stream(2)) for each in (torch_backend, emulator))
    x = 2 * batch(9, 7)
    assert np.array_equal(found.run(x, Probe(2)).output, expected.run(x, Probe(2)).output)


@pytest.mark.parametrize("law", [MILO, {"law": "cubic", "a": 0.25, "v_read": 1.0}])
def test_a_read_in_torch_alone_bends_as_well(law: dict[str, Any]) -> None:
    """Check eq:conduction-sum, with a quiet row and noise on the others."""
    on = kind(conductance=CELLS, conduction=law, dac={"bits": 8}, read_noise={"sigma": 0.02}, quiet="chip",
              tile=TILE)  # fmt: skip
    x, still = batch(70, 7), np.arange(70) % 9 == 0
    node, _ = a_layer(on).forward(x, 3, still)
    found, _ = DeviceReader(a_layer(on)).read(torch.tensor(x), 3, torch.tensor(still), Probe())
    np.testing.assert_allclose(found.numpy(), node, atol=1e-5)


@pytest.mark.parametrize("tick", [0, 10**12])
def test_derivatives_by_inputs_are_those_of_the_curve(tick: int) -> None:
    """Check eq:conduction-sum against differences of reads, also of old devices; a straight one differs."""
    layer, x, step = a_layer(CURVED), batch(6, 7).astype(np.float32), 0.02
    for on, bound in ((CURVED, 0.002), (kind(conductance=CELLS, drift=DRIFT), 0.05)):
        lines = torch.tensor(x, requires_grad=True)
        smooth = smooth_read(a_layer(on), lines, tick, torch.tensor(NETWORK.parameters()["a.weight"]))
        (slope,) = torch.autograd.grad(smooth.sum(), lines)
        up, down = np.repeat(x, 7, 0), np.repeat(x, 7, 0)
        moved = np.tile(np.eye(7, dtype=np.float32), (6, 1)) * np.float32(step)
        change = layer.forward(up + moved, tick)[0].sum(1) - layer.forward(down - moved, tick)[0].sum(1)
        off = np.abs(change.reshape(6, 7) / (2 * step) - slope.numpy()).max()
        assert (off < bound) == (on is CURVED), off
