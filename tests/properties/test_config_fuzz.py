"""Whatever is written in a configuration file, it is a run or one sentence."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from hwnoise import toml
from hwnoise.errors import InputError
from hwnoise.training import RunConfig, load_config
from hwnoise.training.config import OptimizerConfig
from hwnoise.training.load import merge, resolve

KEYS = sorted(
    {*RunConfig.model_fields, *OptimizerConfig.model_fields, "set", "read_noise.sigma", "learner.pairs", ""}
)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.dates(),
    st.sampled_from(KEYS),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
TABLES = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), VALUES, max_size=6)


def run_or_sentence(content: bytes) -> RunConfig | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exp.toml"
        path.write_bytes(content)
        try:
            return load_config(path)
        except InputError as error:
            sentence = str(error)
        assert sentence.startswith(str(path))
        return None


@given(TABLES)
def test_any_table_is_a_run_or_a_sentence(table):
    config = run_or_sentence(tomli_w.dumps(table).encode("utf-8", "surrogatepass"))
    if config is not None:
        resolved = resolve(config)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "config.toml"
            path.write_text(
                toml.dumps(resolved.model_dump(exclude={"out"}, exclude_none=True)), encoding="utf-8"
            )
            assert resolve(load_config(path)) == resolved.model_copy(update={"out": None})


@given(st.binary(max_size=80))
def test_any_bytes_are_a_run_or_a_sentence(content):
    run_or_sentence(content)


@given(st.text(max_size=60))
def test_any_setting_is_a_run_or_a_sentence(setting):
    with suppress(InputError):
        load_config(None, (setting,))


@given(TABLES, TABLES)
def test_what_lies_above_wins_in_a_merge(below, above):
    both = merge(below, above)
    assert both.keys() == below.keys() | above.keys()
    assert merge(both, above) == both or any(value != value for value in _leaves(above))


def _leaves(item: object) -> list[object]:
    if isinstance(item, dict):
        return [leaf for value in item.values() for leaf in _leaves(value)]
    if isinstance(item, list):
        return [leaf for value in item for leaf in _leaves(value)]
    return [item]


def test_the_fuzz_would_notice_an_unchecked_error(monkeypatch):
    monkeypatch.setattr("hwnoise.training.load.validate", lambda table, source: {}["unchecked"])
    with pytest.raises(KeyError):
        run_or_sentence(b"epochs = 1")
