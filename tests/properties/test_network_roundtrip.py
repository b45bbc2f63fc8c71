"""For all networks: written and read is equal. For all damage: an equal network or one sentence."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hwnoise import nir_io
from hwnoise import nodes as n
from hwnoise.errors import InputError
from hwnoise.network import Network
from hwnoise.streams import Stream

SEAL_SIZE = len(nir_io._seal(b""))
DTYPES = st.sampled_from([np.float32, np.float64])
NAMES = st.text(min_size=1, max_size=8).filter(lambda s: s.isprintable() and "/" not in s and s != ".")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def values(
    shape: tuple[int, ...], low: float = -(2.0**100), high: float = 2.0**100
) -> st.SearchStrategy[np.ndarray]:
    return DTYPES.flatmap(
        lambda dtype: arrays(dtype, shape, elements=st.floats(low, high, width=32).map(dtype))
    )


def neuron(size: int) -> st.SearchStrategy[n.Node]:
    any_, tau = values((size,)), values((size,), 2.0**-20, 2.0**20)
    return st.one_of(
        st.builds(n.Scale, any_),
        st.builds(n.Delay, tau),
        st.builds(n.Threshold, any_),
        st.builds(n.Integrator, any_),
        st.builds(n.IF, any_, any_, any_),
        st.builds(n.LI, tau, any_, any_),
        st.builds(n.LIF, tau, any_, any_, any_, any_),
        st.builds(n.CubaLI, tau, tau, any_, any_, any_),
        st.builds(n.CubaLIF, tau, tau, any_, any_, any_, any_, any_),
        st.sampled_from([n.Relu, n.Tanh, n.Sigmoid, n.Softmax]).map(lambda kind: kind((size,))),
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Draw a chain of dense layers and neurons, at times with a loop through a neuron."""
    size = draw(st.integers(1, 4))
    middle: list[n.Node] = []
    shape = (size,)
    for _ in range(draw(st.integers(1, 4))):
        out = draw(st.integers(1, 4))
        weight = draw(values((out, *shape)))
        middle += [
            draw(st.builds(n.Linear, st.just(weight)) | st.builds(n.Affine, st.just(weight), values((out,))))
        ]
        middle += [draw(neuron(out))]
        shape = (out,)
    names = draw(st.lists(NAMES, min_size=len(middle) + 2, max_size=len(middle) + 2, unique=True))
    nodes = dict(zip(names, [n.Input((size,)), *middle, n.Output(shape)], strict=True))
    edges = list(pairwise(names))
    if middle[-1].is_stateful and draw(st.booleans()):
        edges.append((names[-2], names[-2]))
    return Network(
        nodes,
        tuple(draw(st.permutations(edges))),
        dt=draw(st.none() | st.floats(1e-9, 1e3)),
        reset=draw(st.sampled_from([None, "zero", "subtract", "none"])),
        metadata=draw(st.dictionaries(st.text(), JSON, max_size=2)),
    )


@settings(max_examples=60)
@given(networks())
def test_any_network_comes_back_bit_for_bit(network: Network):
    with tempfile.TemporaryDirectory() as folder:
        nir_io.write(Path(folder) / "x.nir", network)
        back = nir_io.read(Path(folder) / "x.nir")
    assert back == network
    assert back.order() == network.order()


@given(networks())
def test_order_puts_every_node_behind_one_that_feeds_it(network: Network):
    place = {name: i for i, name in enumerate(network.order())}
    assert len(place) == len(network.nodes)
    for name in network.order()[1:]:
        assert any(place[a] < place[name] for a, b in network.edges if b == name)


@pytest.fixture(scope="module")
def sealed() -> tuple[Network, bytes]:
    network = Network.mlp("5-4-3", Stream(1))
    with tempfile.TemporaryDirectory() as folder:
        nir_io.write(Path(folder) / "x.nir", network)
        return network, (Path(folder) / "x.nir").read_bytes()


def read_bytes(data: bytes) -> Network | None:
    """Return the network in a file of these bytes, None if it was refused in a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.nir").write_bytes(data)
        try:
            return nir_io.read(Path(folder) / "x.nir")
        except InputError as error:
            sentence = str(error)
    assert "\n" not in sentence
    return None


@settings(max_examples=300)
@given(data=st.data())
def test_no_flipped_byte_goes_unnoticed(sealed: tuple[Network, bytes], data: st.DataObject):
    content = sealed[1]
    damaged = bytearray(content)
    where = st.integers(0, len(content) - SEAL_SIZE - 1)
    for place in data.draw(st.lists(where, min_size=1, max_size=4, unique=True)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    assert read_bytes(bytes(damaged)) is None


@settings(max_examples=10)
@given(cut=st.integers(0, 10_000))
def test_a_truncated_file_is_refused_or_whole(sealed: tuple[Network, bytes], cut: int):
    network, content = sealed
    found = read_bytes(content[: max(0, len(content) - cut)])
    assert found is None if cut > SEAL_SIZE else found == network


@settings(max_examples=10)
@given(data=st.data())
def test_damage_in_a_foreign_file_never_takes_us_down(sealed: tuple[Network, bytes], data: st.DataObject):
    damaged = bytearray(sealed[1][:-SEAL_SIZE])
    used = [i for i, byte in enumerate(damaged) if byte]
    for place in data.draw(st.lists(st.sampled_from(used), min_size=1, max_size=8, unique=True)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    read_bytes(bytes(damaged))
