"""What a chip of many devices keeps for each of them."""

from __future__ import annotations

import numpy as np
import pytest

from hwnoise import substrate
from hwnoise.backends.emulator import device_state
from hwnoise.backends.emulator.device_state import DeviceState
from hwnoise.backends.emulator.placement import placed
from hwnoise.errors import InputError
from hwnoise.streams import Stream

SIDE = 512  # sizes are proportional to it, squared
BYTES = {  # a device: what must survive, without what is computed from it again
    "wan": 12.0,  # pairs that do not age
    "pcm": 16.0,  # pairs that drift; the state of the 1/f noise is rebuilt from counters
    "hermes_two_device": 16.0,
    "ecram": 12.0,
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_of_state_per_device(name: str) -> None:
    kind = substrate.load(name)
    array = placed(kind, np.ones((SIDE, SIDE), np.float32), Stream(1), 1.0)
    planes = 1 if kind.conductance is None else kind.conductance.planes
    found = sum(values.nbytes for values in array.state().values()) / SIDE**2 / planes
    assert found == pytest.approx(BYTES[name], abs=0.01)


def test_ticks_of_writes_are_kept_as_long_as_a_weight_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_state, "SPARE", 5)
    state = DeviceState.unprogrammed(np.zeros(10, np.float32), planes=2, ages=False)
    expected, everything = np.zeros(10, np.uint64), np.arange(10)
    for write in range(200):
        due, tick = [write % 7, 7 + write % 2], 10**12 + 3 * (write // 2)
        state.programmed_at[due] = state.note_write(tick)
        expected[due] = tick
        assert np.array_equal(state.ticks_of(everything), expected)
        assert len(state.write_ticks) <= 10 + 5 + 1


def test_a_state_that_contradicts_itself_is_refused() -> None:
    array = placed(substrate.load("pcm"), np.ones((3, 4), np.float32), Stream(1), 1.0)
    saved = array.state()
    saved["programmed_at"][5] = 1
    with pytest.raises(InputError, match="'programmed_at' of 1, but only 1 'write_ticks'"):
        array.restore(saved)
