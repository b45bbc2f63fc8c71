"""A last neuron whose membrane is the output becomes a leaky integrator, which chips have."""

from __future__ import annotations

import numpy as np
import pytest
import snntorch
import torch
from snntorch import utils
from tiny import EXACT
from torch import nn

from hwnoise import Stream
from hwnoise.backends.emulator import backend
from hwnoise.backends.snntorch import from_network, to_network
from hwnoise.errors import InputError
from hwnoise.nodes import LI


def modules(**last: object) -> list[nn.Module]:
    torch.manual_seed(3)
    rule = {"reset_mechanism": "none", "output": True} | last
    hidden = snntorch.Leaky(0.5, reset_mechanism="zero", init_hidden=True)
    return [nn.Linear(6, 5), hidden, nn.Linear(5, 3), snntorch.Leaky(0.9, init_hidden=True, **rule)]


def test_its_output_is_the_membrane_of_snntorch() -> None:
    model = nn.Sequential(*modules())
    network = to_network(model, dt=1e-3, membranes=True)
    assert isinstance(network.nodes["leaky4"], LI)
    x = (torch.rand(7, 9, 6) < 0.5).float()
    utils.reset(model)
    with torch.no_grad():
        expected = torch.stack([model(now)[1] for now in x.unbind(1)], dim=1).numpy()
    found = backend.compile(network, EXACT, Stream(1)).run(x.numpy()).output[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert to_network(from_network(network), dt=1e-3, membranes=True) == network


@pytest.mark.parametrize(
    "last", [snntorch.Leaky(0.9), snntorch.Leaky(1.0, reset_mechanism="none"), nn.Softmax(-1)]
)
def test_only_a_leaky_without_reset_has_a_membrane_to_show(last: nn.Module) -> None:
    with pytest.raises(InputError, match="can be a membrane only of a Leaky"):
        to_network([*modules()[:3], last], membranes=True)
