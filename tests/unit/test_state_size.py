"""What a chip of many devices keeps for each of them."""

from __future__ import annotations

import numpy as np
import pytest

from hwnoise import substrate
from hwnoise.backends.emulator.placement import placed
from hwnoise.streams import Stream

SIDE = 512  # sizes are proportional to it, squared
BYTES = {  # a device: what must survive, without what is computed from it again
    "wan": 14.0,  # pairs that do not age
    "pcm": 18.0,  # pairs that drift; the state of the 1/f noise is rebuilt from counters
    "hermes_two_device": 18.0,
    "ecram": 12.0,
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_of_state_per_device(name: str) -> None:
    kind = substrate.load(name)
    array = placed(kind, np.ones((SIDE, SIDE), np.float32), Stream(1), 1.0)
    planes = 1 if kind.conductance is None else kind.conductance.planes
    found = sum(values.nbytes for values in array.state().values()) / SIDE**2 / planes
    assert found == pytest.approx(BYTES[name], abs=0.01)
