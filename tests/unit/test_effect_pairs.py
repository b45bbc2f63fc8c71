"""Any two effects make a chip that works from its file to its saved state, or one sentence with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from effects import TABLES, effect_names, pairs, together
from tiny import assert_same_bits, batch

from hwnoise import Network, Stream, substrate, toml
from hwnoise.backends.base import Probe
from hwnoise.backends.emulator import backend
from hwnoise.errors import InputError
from hwnoise.substrate import Substrate

SHAPE = (5, 4)


def made(*names: str) -> Substrate:
    """A substrate of the effects ``names``."""
    return substrate.parse({"name": "pair", "kind": "test chip", **together(*names)})


def work(kind: Substrate) -> None:
    """Do with a tiny chip of this kind all that a learner does."""
    assert substrate.parse(toml.tomllib.loads(kind.to_toml())) == kind
    timed = kind.fixed_point is not None or kind.neuron_mismatch is not None
    shape = Network.spiking if timed else Network.mlp
    network = shape("5-4-3", Stream(3, "network"))
    first, second = (backend.compile(network, kind, Stream(seed, "chip"), headroom=2.0) for seed in (1, 1))
    x: Any = (batch(6, 5) > 0).astype(np.float32).reshape(2, 3, 5) if timed else batch(3, 5)
    reading = first.run(x, Probe(2, observe=frozenset({"nodes"})))
    assert np.isfinite(reading.output).all()
    layer = next(iter(reading.nodes))
    first.write({f"{layer}.weight": np.full((4, 5), 0.1, np.float32)})
    first.advance(1e-3)
    second.restore(first.state())
    assert_same_bits(first.read_weights(), second.read_weights())
    assert np.array_equal(first.run(x).output, second.run(x).output)


def test_every_effect_is_here() -> None:
    assert sorted(effect_names()) == sorted(TABLES)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_an_effect_works_with_all_others_that_it_can_go_with(name: str) -> None:
    work(made(name))
    for pair in pairs():
        if name != pair[0]:  # each pair once
            continue
        try:
            kind = made(*pair)
        except InputError as refusal:
            assert_is_a_reason(str(refusal))
        else:
            work(kind)


def assert_is_a_reason(sentence: str) -> None:
    """Check that ``sentence`` is one, names an effect and says why."""
    assert "\n" not in sentence
    assert any(name in sentence for name in TABLES)
    assert any(word in sentence for word in (": ", ", and ", " is no ")), sentence


def test_most_pairs_go_together() -> None:
    refused = 0
    for pair in pairs():
        try:
            made(*pair)
        except InputError:
            refused += 1
    assert refused <= 0.2 * len(pairs())
