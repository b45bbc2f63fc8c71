"""What crosses a socket arrives as it was, and what should not have been sent is survived."""

from __future__ import annotations

import socket
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from remote_chip.messages import Place, Placed, Refused, Run, Write, network_arrays
from remote_chip.rack import Rack
from remote_chip.wire import PeerError, pack, receive

from hwnoise import Network, Stream, substrate
from hwnoise.backends.base import Probe

LAYERS, ARRAYS = network_arrays(Network.mlp("2-3-2", Stream(0)))
IDEAL = substrate.load("ideal").model_dump(mode="json", exclude_none=True)
PLACE = Place(layers=LAYERS, substrate=IDEAL, stream=Stream(0)).model_dump(mode="json")
RUN = Run(chip=1, probe=Probe()).model_dump(mode="json")
WRITE = Write(chip=1).model_dump(mode="json")
KEYS = sorted({*PLACE, *RUN, *RUN["probe"], *PLACE["layers"][0], *PLACE["stream"], *IDEAL})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5)
    | st.sampled_from(["place", "run", "write", "read_weights", "nodes", "weights", "batch", "relu"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip


def through(data: bytes) -> tuple[Any, Any]:
    """What the other side makes of ``data``."""
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(data)
        return receive(theirs, 5.0)


def test_arrays_arrive_in_order_with_bits_types_and_layout() -> None:
    a = Stream(1).generator().random((5, 4, 3), np.float32)
    sent = {
        "z": a.swapaxes(0, 1), "a": a, "m": a[::2, :, 1], "nan": np.array([np.nan, -0.0, np.inf]),
        "tick": np.array([[2**64 - 1]], np.uint64), "empty": np.zeros((0, 3)), "scalar": np.array(7),
    }  # fmt: skip
    message, found = through(pack({"say": "grüezi"}, sent))
    assert message == {"say": "grüezi"}
    assert list(found) == list(sent)  # safetensors alone would sort them
    for name, array in sent.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()
        order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
        assert found[name].transpose(order).flags.c_contiguous
    np.testing.assert_array_equal(found["z"].sum(), sent["z"].sum())


@given(st.binary(max_size=60), st.integers(0, 200))
@example(pack({}, {})[:18] + b"[" * 100, 0)
def test_damaged_frames_are_told_apart(noise: bytes, where: int) -> None:
    good = pack({"do": "run"}, {"x": np.ones((2, 2), np.float32)})
    damaged = good[:where] + noise + good[where + len(noise) :]
    try:
        _, arrays = through(damaged)
    except PeerError:
        return
    assert all(isinstance(array, np.ndarray) for array in arrays.values())


@given(
    message=st.sampled_from([PLACE, RUN, WRITE]) | VALUES,
    changes=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2),
    inside=st.sampled_from(["", "probe", "stream", "substrate"]),
    shape=st.lists(st.integers(0, 3), max_size=3),
    name=st.sampled_from(["x", "readout.bias", "hidden1.weight"]),
    fill=st.floats(width=32),
)
def test_the_chip_answers_whatever_it_is_asked(
    message: Any, changes: dict[str, Any], inside: str, shape: list[int], name: str, fill: float
) -> None:
    rack = Rack()
    assert isinstance(rack.answer(PLACE, ARRAYS)[0], Placed)
    if isinstance(message, dict):
        part = message.get(inside)
        message = message | ({inside: part | changes} if isinstance(part, dict) else changes)
    answer, arrays = rack.answer(message, ARRAYS | {name: np.full(shape, fill, np.float32)})
    pack(answer.model_dump(mode="json"), arrays)
    answer, arrays = rack.answer(RUN, {"x": np.ones((1, 2), np.float32)})
    assert arrays["output"].shape == (1, 1, 2)


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([], "layers tuple should have at least 1 item"),
        ([PLACE["layers"][0]] * 2, "names of layers must differ"),
        ([{"name": "elsewhere", "activation": "relu"}], "'elsewhere.weight' must be there"),
        ([{"name": "hidden1", "activation": "sing"}], "layers.0.activation"),
        (PLACE["layers"][::-1], "a softmax only at its end"),
    ],
)
def test_a_network_that_is_none_is_refused(layers: list[Any], sentence: str) -> None:
    answer, _ = Rack().answer(PLACE | {"layers": layers}, ARRAYS)
    assert isinstance(answer, Refused)
    assert sentence in answer.sentence
