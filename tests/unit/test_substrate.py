"""Substrates are data: presets load, a file of one's own works like one, mistakes are told in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hwnoise import substrate, toml
from hwnoise.errors import InputError
from hwnoise.substrate import Substrate

HEAD = 'name = "mine"\nkind = "test chip"\n'
SOURCE = {"key": "paper", "authors": "A. Author", "title": "Noise", "venue": "Journal", "year": 2020}
CURVES = {
    "polynomial": {"shape": "polynomial", "coefficients": [0.1, 0.2]},
    "clipped_log": {"shape": "clipped_log", "slope": -0.1, "intercept": 0.2, "low": 0.0, "high": 1.0},
    "clipped_power": {"shape": "clipped_power", "amplitude": 0.1, "exponent": 0.5, "floor": 1e-3, "cap": 0.2},
}
EVERYTHING: dict[str, Any] = {
    "name": "everything",
    "kind": "every effect at once",
    "summary": "With \"quotes\", a\ttab and µS.",
    "quiet": "chip",
    "sources": [SOURCE, {**SOURCE, "key": "other", "doi": "10.1/x", "arxiv": "2001.00001"}],
    "clock": {"read_period": 1e-6, "source": "paper"},
    "conductance": {"g_max": 20.0, "scaling": "layer"},
    "programming_noise": {"sigma": CURVES["polynomial"], "reference_g_max": 25.0, "scale": 0.5},
    "drift": {"mean": CURVES["clipped_log"], "std": CURVES["polynomial"], "t0": 10.0},
    "one_over_f": {"q": CURVES["clipped_power"], "t_read": 1e-6, "t0": 10.0, "handles": ["paired"]},
    "read_noise": {"sigma": 0.01, "dependence": "sqrt", "fit": "white", "source": "other"},
    "node_noise": {"sigma": 0.1, "handles": ["known"]},
    "telegraph": {"amplitude": 0.1, "flip": 0.1, "offset": -0.2, "sigma": 0.01},
    "dac": {"bits": 6, "range": 2.0},
    "adc": {"bits": 7, "range": 5.0},
    "write": {"mode": "ideal", "step": 0.1},
}  # fmt: skip
OPTIONAL = [
    "conductance",
    "programming_noise",
    "drift",
    "one_over_f",
    "read_noise",
    "node_noise",
    "telegraph",
    "dac",
    "adc",
]


def refusal(call: Any, *args: Any) -> str:
    with pytest.raises(InputError) as caught:
        call(*args)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 600
    return sentence


def saved(folder: Path, text: str | bytes) -> Path:
    path = folder / "mine.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# Presets


@pytest.mark.parametrize("name", substrate.names())
def test_a_preset_loads_states_its_sources_and_survives_a_file(name: str, tmp_path: Path) -> None:
    preset = substrate.load(name)
    assert preset.name == name
    assert preset.kind
    assert preset.summary
    again = substrate.load(saved(tmp_path, preset.to_toml()))
    assert again == preset
    assert again.digest() == preset.digest()
    for effect, parameters in preset.effects().items():
        assert not parameters.fit or parameters.source, f"{effect} has a fit and no source"


def test_the_three_first_presets_are_there() -> None:
    assert {"ideal", "pcm", "smtj"} <= set(substrate.names())


def test_what_the_presets_let_one_see() -> None:
    assert substrate.load("ideal").observability() == ()
    assert substrate.load("smtj").observability() == (
        "telegraph (node, with memory across reads): mean_subtracted, paired",
    )
    assert substrate.load("pcm").observability() == (
        "programming_noise (weight, until the next write): readback",
        "one_over_f (node, with memory across reads): mean_subtracted, paired",
        "one_over_f (weight, with memory across reads): readback",
    )


def test_the_presets_are_described_for_lists() -> None:
    rows = {row["name"]: row for row in substrate.describe()}
    assert set(rows) == set(substrate.names())
    assert rows["ideal"]["observability"] == "none: it has no noise"
    assert "doi:10.1038/s41467-020-16108-9" in rows["pcm"]["source"]
    assert "arXiv:2412.12783" in rows["smtj"]["source"]
    assert all(row["kind"] and row["summary"] for row in rows.values())


def test_capabilities_hold_what_a_learner_may_know() -> None:
    shown = substrate.load("pcm").capabilities()
    assert shown.read_period == 250e-9
    assert shown.quiet == "none"
    assert shown.handles("node") == {"paired", "mean_subtracted"}
    assert shown.handles("weight") == {"readback"}
    assert substrate.load("ideal").capabilities().noises == ()


def test_stochastic_rounding_is_a_noise_and_plain_rounding_is_none() -> None:
    stochastic = substrate.load("ideal", {"adc.rounding": "stochastic"})
    assert stochastic.observability() == ("adc (node, fresh at every read): mean_subtracted, paired",)
    assert substrate.load("ideal", {"adc.bits": 8}).observability() == ()


# Files


def test_everything_survives_a_file(tmp_path: Path) -> None:
    everything = substrate.parse(EVERYTHING)
    assert set(everything.effects()) == set(EVERYTHING) - {"name", "kind", "summary", "quiet", "sources"}
    assert substrate.load(saved(tmp_path, everything.to_toml())) == everything


@pytest.mark.parametrize("effect", [*OPTIONAL, "clock", "write"])
def test_every_table_survives_a_file_and_counts(effect: str, tmp_path: Path) -> None:
    table = {key: EVERYTHING[key] for key in ("name", "kind", "sources", "conductance", effect)}
    one = substrate.parse(table)
    assert substrate.load(saved(tmp_path, one.to_toml())) == one
    bare = substrate.parse({key: table[key] for key in ("name", "kind", "sources")})
    assert bare.digest() != one.digest()


def test_a_file_may_leave_out_all_but_its_name(tmp_path: Path) -> None:
    mine = substrate.load(saved(tmp_path, HEAD))
    assert mine.effects().keys() == {"clock", "write"}
    assert substrate.load(str(tmp_path / "mine.toml")) == mine


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["name is missing"]),
        ('name = "x"', ["kind is missing"]),
        ("name = x", ["not valid TOML", "line 1"]),
        (HEAD + "[read_noise]\nsigma = -0.1", ["read_noise.sigma", ">= 0", "-0.1"]),
        (HEAD + "[read_noise]\nsigma = 99", ["read_noise.sigma", "<= 10", "99"]),
        (HEAD + "[read_noise]\nsigma = 'lots'", ["read_noise.sigma", "number", "'lots'"]),
        (HEAD + "[read_noise]\nsigma = true", ["read_noise.sigma", "number", "True"]),
        (HEAD + "[read_noise]\nsigma = nan", ["read_noise.sigma", "finite"]),
        (HEAD + "[read_noise]\nsigma = [0.1]", ["read_noise.sigma", "number", "[0.1]"]),
        (HEAD + "[read_noise]\nsigma = 2020-01-01", ["read_noise.sigma", "number"]),
        (HEAD + "[read_noise]\nsigna = 0.1", ["read_noise.signa", "did you mean 'sigma'?"]),
        (HEAD + "[read_nose]\nsigma = 0.1", ["read_nose", "did you mean 'read_noise'?"]),
        (HEAD + "[zzz]", ["zzz", "known:", "telegraph"]),
        (HEAD + "read_noise = 0.1", ["read_noise must be a table", "0.1"]),
        (HEAD + "sources = 1", ["sources", "1"]),
        (HEAD + "[[sources]]\nkey = 'a'", ["sources.0.authors is missing"]),
        (HEAD + "[read_noise]\nsource = 'b'", ["read_noise.source 'b'", "[[sources]]"]),
        (HEAD + "[drift]", ["drift.mean is missing"]),
        (HEAD + "[stochastic_synapse]", ["stochastic_synapse.law is missing"]),
        (HEAD + f"[device_noise]\nsigma = {{ shape = '{'x' * 999}' }}", ["device_noise.sigma.shape must be"]),
        (HEAD + f"[device_noise]\nsource = '{'x' * 999}'", ["device_noise.source", "100"]),
        (
            HEAD + "[pulsed_update]\nlifetime = 1e-300\nmodel = { shape = 'constant_step' }",
            ["lifetime must be 0, or at least 1 in size, not 1e-300"],
        ),
        (HEAD + "[write]\nstep = 0", ["write.step", "> 0"]),
        (HEAD + "[write]\nmode = 'fast'", ["write.mode", "'accumulate' or 'ideal'", "'fast'"]),
        (HEAD + "[clock]\nread_period = 0", ["clock.read_period", ">= 1e-12"]),
        (HEAD + "[clock]\nhandles = ['paired']", ["clock.handles must be empty"]),
        (HEAD + "[adc]\nhandles = ['paired']", ["adc.handles must be empty"]),
        (HEAD + "[adc]\nbits = 8.5", ["adc.bits", "integer", "8.5"]),
        (HEAD + f"[adc]\nbits = 0x{'f' * 6000}", ["adc.bits", "<= 22"]),
        (HEAD + f"[adc]\nbits = {'9' * 6000}", ["not valid TOML"]),
        (HEAD + '["a\\nb"]', ["'a\\nb' is not a known key"]),
        ("a." * 3000 + "b = 1", []),
        ("x = " + "[" * 5000, ["not valid TOML", "nested too deeply"]),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(text: str, words: list[str], tmp_path: Path) -> None:
    path = saved(tmp_path, text)
    sentence = refusal(substrate.load, path)
    assert sentence.startswith(f"{path}: ")
    assert all(word in sentence for word in words)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"drift.mean.slop": 1}, ["drift.mean.slop", "did you mean 'slope'?"]),
        ({"one_over_f.q.shape": "cubic"}, ["one_over_f.q", "'cubic'", "'polynomial'"]),
        ({"drift.mean.low": 2.0}, ["drift.mean", "low = 2.0", "high"]),
        ({"one_over_f.t_read": 1e-6}, ["clock.read_period must be at least one_over_f.t_read"]),
        ({"one_over_f.t0": 1e-3}, ["one_over_f.t0 must be at least"]),
        ({"conductance": "off"}, ["no [conductance] table"]),
        ({"write": "off"}, ["write must be a table", "'off'"]),
        ({"nothing": "off"}, ["nothing is not a known key"]),
        ({"name.first": 1}, ["--set name.first", "'name' is not a table"]),
        ({"sources.key": "x"}, ["'sources' is not a table"]),
        ({"": 1}, ["is not a known key"]),
        ({"drift.": 1}, ["is not a known key"]),
        ({"dac.range": 0}, ["dac.range", "'vector'"]),
        ({"quiet": "loud"}, ["quiet", "'chip'", "'loud'"]),
    ],
)
def test_what_is_wrong_with_an_override_is_one_sentence(overrides: dict[str, Any], words: list[str]) -> None:
    sentence = refusal(substrate.load, "pcm", overrides)
    assert all(word in sentence for word in words)


def test_what_cannot_be_a_file_is_one_sentence(tmp_path: Path) -> None:
    assert "no such file" in refusal(substrate.load, tmp_path / "missing.toml")
    assert "directory" in refusal(substrate.load, tmp_path)
    assert "not a text file" in refusal(substrate.load, saved(tmp_path, b"\xff\xfe\x00"))
    assert "not valid TOML" in refusal(substrate.load, saved(tmp_path, b"\x00\x01"))
    assert "too large" in refusal(substrate.load, saved(tmp_path, b"#" * (toml.MAX_BYTES + 1)))
    assert "did you mean 'pcm'?" in refusal(substrate.load, "pmc")
    assert "neither a preset nor a TOML file" in refusal(substrate.load, "")
    assert "neither a preset nor a TOML file" in refusal(substrate.load, "a\0b")
    assert "cannot be the name of a file" in refusal(substrate.load, "a\0b.toml")
    assert "name" in refusal(substrate.load, "x" * 300 + ".toml")


def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise PermissionError(13, "Permission denied")

    path = saved(tmp_path, HEAD)
    monkeypatch.setattr("builtins.open", refuse)
    assert refusal(toml.read, path) == f"{path}: Permission denied"


# Overrides


def test_overrides_reach_any_depth_and_read_text_as_toml() -> None:
    changed = substrate.load(
        "pcm",
        {"one_over_f.scale": "0.5", "drift.mean.high": 0.2, "summary": "plain text", "dac.range": "vector"},
    )
    preset = substrate.load("pcm")
    assert changed.one_over_f is not None
    assert changed.drift is not None
    assert changed.one_over_f.scale == 0.5
    assert changed.drift.mean.high == 0.2  # type: ignore[union-attr]
    assert changed.summary == "plain text"
    assert changed.dac == preset.dac
    assert changed.digest() != preset.digest()


@pytest.mark.parametrize("effect", OPTIONAL)
def test_off_removes_an_effect_whether_or_not_it_is_there(effect: str) -> None:
    others = {"drift": "off", "one_over_f": "off", "programming_noise": "off"}
    off = substrate.load("pcm", {**others, effect: "off"})
    assert getattr(off, effect) is None


def test_an_override_can_add_an_effect() -> None:
    added = substrate.load("ideal", {"node_noise.sigma": 0.1, "write": {"step": 0.5}})
    assert added.node_noise is not None
    assert added.node_noise.sigma == 0.1
    assert added.write.step == 0.5
    assert substrate.load("ideal", {"node_noise": {"sigma": 0.1}}).node_noise == added.node_noise


def test_a_substrate_cannot_be_changed_in_place() -> None:
    preset = substrate.load("pcm")
    with pytest.raises(ValueError, match="frozen"):
        preset.name = "other"  # type: ignore[misc]
    assert isinstance(preset, Substrate)
