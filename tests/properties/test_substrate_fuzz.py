"""Malformed substrate files: a chip that runs, or one sentence that names the place; nothing else."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tiny import batch, chip

from hwnoise import Network, Stream, substrate, toml
from hwnoise.backends.base import Probe
from hwnoise.backends.emulator import backend
from hwnoise.errors import InputError
from hwnoise.substrate import Substrate

Table = dict[str, Any]
Place = tuple[Any, ...]
TEXTS = {name: substrate.load(name).to_toml() for name in substrate.names()}
PRESETS = {name: toml.tomllib.loads(text) for name, text in TEXTS.items()}


def places(item: Any, above: Place = ()) -> Iterator[Place]:
    """Where something stands in a nested table."""
    pairs = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
    for key, below in pairs:
        yield (*above, key)
        yield from places(below, (*above, key))


PLACES = [(name, place) for name, table in PRESETS.items() for place in places(table)]
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 0.5, 2, 1e-300, 1e300, -1e300, 1e-12, 1e9, 5e-324, 2**63, 10**30]),
    st.floats(),
    st.integers(-(2**70), 2**70),
)
KEYS = st.one_of(st.sampled_from(["sigma", "scale", "shape", "", "a.b", "a\nb", "é"]), st.text(max_size=5))
VALUES = st.recursive(
    st.one_of(NUMBERS, st.booleans(), st.text(max_size=20), st.sampled_from(["off", "vector", "paired"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=4,
)


def outcome(content: bytes, overrides: Table | None = None) -> str:
    """Load and run a file of this content: "" if that went well, else the sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.toml"
        path.write_bytes(content)
        try:
            loaded = substrate.load(path, overrides)
        except InputError as error:
            sentence = str(error)
        else:
            run_through(loaded)
            return ""
    assert sentence.startswith((f"{path}: ", "--set "))
    assert sentence.isprintable()
    return sentence.removeprefix(f"{path}: ")


def run_through(loaded: Substrate) -> None:
    """Do with a tiny chip of this kind all that a learner does; every number stays finite."""
    assert substrate.parse(toml.tomllib.loads(loaded.to_toml())) == loaded
    program, x = chip(loaded, "5-4-3") if loaded.fixed_point is None else spiking_chip(loaded), batch(3, 5)
    if loaded.fixed_point is not None:
        x = (x[:, None] > 0).astype(np.float32)  # one step a sample
    for order in ("interleaved", "batch"):
        reading = program.run(x, Probe(2, order, observe=frozenset({"nodes"})))  # type: ignore[arg-type]
        assert np.isfinite(reading.output).all()
        assert all(np.isfinite(values).all() for values in reading.nodes.values())
    assert all(0 <= share <= 1.000001 for share in map(abs, program.correlation(reading.ticks).values()))
    program.write({"readout.weight": np.full((3, 4), 0.1, np.float32)})
    program.advance(1.0)
    assert all(np.isfinite(values).all() for values in program.read_weights().values())
    assert len(loaded.observability()) == len(loaded.noises())


def spiking_chip(loaded: Substrate) -> Any:
    """A chip of whole numbers with a small network of neurons."""
    network = Network.spiking("5-4-3", Stream(3, "network"))
    if loaded.fixed_point is not None and loaded.fixed_point.arithmetic == "xylo":
        network = replace(network, reset="subtract")
    return backend.compile(network, loaded, Stream(1, "chip"))


def as_file(table: Table) -> bytes:
    return toml.dumps(table).encode()


def at(table: Table, place: Place) -> Any:
    for key in place:
        table = table[key]
    return table


@given(st.sampled_from(PLACES), VALUES)
@example(("pcm", ("clock", "read_period")), 1e6)
@example(("pcm", ("one_over_f", "q", "exponent")), -4)
@example(("smtj", ("telegraph", "flip")), 1)
@example(("wan", ("adc",)), {"bits": 2, "rounding": "stochastic"})
@settings(max_examples=250)
def test_a_wrong_value_is_named_or_works(where: tuple[str, Place], value: Any) -> None:
    name, place = where
    table = copy.deepcopy(PRESETS[name])
    at(table, place[:-1])[place[-1]] = value
    sentence = outcome(as_file(table))
    named = [str(key) for key in place if isinstance(key, str)]
    assert not sentence or any(key in sentence for key in named), sentence


@given(st.sampled_from(PLACES))
@settings(max_examples=120)
def test_a_missing_key_is_named_or_has_a_default(where: tuple[str, Place]) -> None:
    name, place = where
    table = copy.deepcopy(PRESETS[name])
    del at(table, place[:-1])[place[-1]]
    sentence = outcome(as_file(table))
    assert not sentence or str(place[-1] if isinstance(place[-1], str) else place[0]) in sentence


@given(st.sampled_from(PLACES), KEYS, VALUES)
@settings(max_examples=100)
def test_an_unknown_key_is_refused_with_the_known_ones(
    where: tuple[str, Place], key: str, value: Any
) -> None:
    name, place = where
    table = copy.deepcopy(PRESETS[name])
    holder = at(table, place[:-1])
    assume(isinstance(holder, dict) and f"unknown_{key}" not in holder)
    holder[f"unknown_{key}"] = value
    sentence = outcome(as_file(table))
    assert "is not a known key; " in sentence
    assert "unknown_" in sentence


@given(st.sampled_from(sorted(TEXTS)), st.data())
@settings(max_examples=100)
def test_a_damaged_text_is_one_sentence_or_works(name: str, data: st.DataObject) -> None:
    text = TEXTS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        stop = data.draw(st.integers(start, min(len(text), start + 20)))
        text = text[:start] + data.draw(st.text(max_size=5)) + text[stop:]
    outcome(text.encode(errors="replace"))


@given(st.binary(max_size=200))
def test_any_bytes_are_one_sentence(data: bytes) -> None:
    assert outcome(data)


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(["dac.bits", "drift", "x", "write.mode"]), KEYS), VALUES, max_size=2
    )
)
@settings(max_examples=100)
def test_any_overrides_are_one_sentence_or_work(overrides: Table) -> None:
    outcome(TEXTS["pcm"].encode(), overrides)
