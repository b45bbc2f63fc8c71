"""A run can be said in a file, in flags or in Python: the same choices give the same run."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwnoise import Network, Stream, substrate, toml
from hwnoise.errors import InputError
from hwnoise.training import RunConfig, defaults, load_config
from hwnoise.training.load import differences, resolve

FILE = """
task = "digits"
device = "pcm"
epochs = 7
seed = 11
[optimizer]
name = "momentum"
learning_rate = 0.02
[learner_options]
pairs = 2
[device_options.one_over_f]
scale = 0.5
"""
FLAGS = {"task": "digits", "device": "pcm", "epochs": 7, "seed": 11}
SETTINGS = (
    "optimizer.name=momentum",
    "optimizer.learning_rate=0.02",
    "learner.pairs=2",
    "one_over_f.scale=0.5",
)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "exp.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_and_flags_give_the_same_run(tmp_path):
    from_file = resolve(load_config(written(tmp_path, FILE)))
    assert from_file == resolve(load_config(None, SETTINGS, **FLAGS))
    assert from_file.optimizer.learning_rate == 0.02
    assert from_file.learner_options == {"pairs": 2}
    assert from_file.device_options == {"one_over_f.scale": 0.5}


def test_a_set_table_in_a_file_is_the_set_flag(tmp_path):
    text = 'seed = 1\n[set]\n"learner.pairs" = 2\none_over_f.scale = 0.5\noptimizer.learning_rate = 0.3\n'
    settings = ("learner.pairs=2", "one_over_f.scale=0.5", "optimizer.learning_rate=0.3")
    assert load_config(written(tmp_path, text)) == load_config(None, settings, seed=1)


def test_flags_overrule_the_file_and_settings_overrule_both(tmp_path):
    path = written(tmp_path, FILE)
    config = load_config(path, ("optimizer.learning_rate=0.5",), epochs=9, task=None)
    assert (config.epochs, config.optimizer.learning_rate) == (9, 0.5)
    assert config.optimizer.name == "momentum", "a table is merged, not replaced"


def test_a_resolved_run_survives_its_own_file(tmp_path):
    config = resolve(load_config(written(tmp_path, FILE)))
    table = config.model_dump(exclude={"out"}, exclude_none=True)
    assert load_config(written(tmp_path, toml.dumps(table))) == config
    assert resolve(config) == config


def test_defaults_of_task_and_device_fill_what_was_left_out(monkeypatch):
    table = {
        ("*", "pcm"): {"epochs": 5, "batch_size": 8},
        ("parity", "*"): {"epochs": 6, "optimizer": {"learning_rate": 0.7}},
        ("parity-4", "pcm"): {"batch_size": 9},
    }
    monkeypatch.setattr(defaults, "DEFAULTS", table)
    config = resolve(RunConfig(task="parity-4", optimizer={"name": "sgd"}))
    assert (config.epochs, config.batch_size) == (6, 9)
    assert (config.optimizer.name, config.optimizer.learning_rate) == ("sgd", 0.7)
    assert resolve(RunConfig(task="parity-4", epochs=2)).epochs == 2, "what is said is kept"


def test_every_default_is_a_valid_configuration():
    codings = {"timed": "rate", "latency": "latency", "release": "rate"}  # in the place of a device
    for task, device in defaults.DEFAULTS:
        names = {"task": task.replace("*", "digits")}
        if device in codings:
            names["coding"] = codings[device]
        elif device == "image":
            names["network"] = "1x28x28-c8k5s2-p2-10"
        else:
            names["device"] = device.replace("*", "pcm")
        assert resolve(RunConfig(**names)).task == names["task"]


LOIHI2 = {"device": "loihi2"}
RELEASE = str(Path(__file__).parents[2] / "examples" / "stochastic_release.toml")


@pytest.mark.parametrize(
    ("names", "key", "expected"),
    [
        (LOIHI2, "optimizer.learning_rate", 0.01),
        ({**LOIHI2, "learner": "snp"}, "optimizer.learning_rate", 0.004),
        ({"device": "rram_dual", "learner": "wp"}, "optimizer.learning_rate", 0.01),
        ({"device": "rram_dual"}, "optimizer.learning_rate", 0.004),
        ({**LOIHI2, "backend": "lava"}, "batch_size", 1),
        ({**LOIHI2, "backend": "lava", "batch_size": 2}, "batch_size", 2),
        ({"task": "mnist5k", "network": "1x28x28-c8k5s2-p2-10"}, "optimizer.learning_rate", 0.01),
        ({"task": "mnist5k"}, "optimizer.learning_rate", 0.003),
        ({"device": RELEASE, "coding": "rate"}, "headroom", 3.0),
        ({"device": RELEASE}, "headroom", 1.5),
    ],
)
def test_defaults_follow_learner_backend_network_and_synapses(names, key, expected):
    found = resolve(RunConfig(**names)).model_dump()
    for part in key.split("."):
        found = found[part]
    assert found == expected


def test_lava_reads_as_many_samples_as_its_default_batch_has():
    from hwnoise.backends.lava.backend import backend

    chip = backend.compile(Network.spiking("4-3", Stream(1)), substrate.load("loihi2"), Stream(1))
    assert resolve(RunConfig(device="loihi2", backend="lava")).batch_size == chip.capabilities.max_batch


def test_a_missing_seed_is_drawn_anew_and_kept():
    first, second = RunConfig(), RunConfig()
    assert first.seed != second.seed
    assert resolve(first).seed == first.seed


def test_paths_in_a_file_are_relative_to_that_file(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    text = 'data = "d.csv"\ndevice = "chip.toml"\nnetwork = "net.nir"\nout = "run"\n'
    (tmp_path / "sub" / "exp.toml").write_text(text)
    config = load_config("sub/exp.toml")
    places = (config.data, config.device, config.network, config.out)
    names = ("d.csv", "chip.toml", "net.nir", "run")
    assert [Path(str(place)) for place in places] == [tmp_path / "sub" / name for name in names]
    assert load_config(None, device="pcm", network="64-64-10").device == "pcm", "a preset is no path"


def test_differences_look_only_at_what_was_chosen():
    stored = resolve(RunConfig(seed=1, epochs=3))
    assert differences(RunConfig(seed=1), stored) == []
    assert differences(RunConfig(epochs=4, optimizer={"learning_rate": 0.5}), stored) == [
        "epochs",
        "optimizer.learning_rate",
    ]
    assert differences(RunConfig(out="elsewhere"), stored) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epochs = 0", ["exp.toml", "epochs", ">= 1", "not 0"]),
        ("epohcs = 3", ["exp.toml", "epohcs", "did you mean 'epochs'"]),
        ("epochs = 'many'", ["exp.toml", "epochs", "integer"]),
        ("epochs = true", ["exp.toml", "epochs", "integer"]),
        ("seed = -1", ["exp.toml", "seed", ">= 0"]),
        (
            "[optimizer]\nlearning_rat = 1",
            ["exp.toml", "optimizer.learning_rat", "did you mean 'learning_rate'"],
        ),
        ("[optimizer]\nlearning_rate = 0", ["exp.toml", "optimizer.learning_rate", "> 0"]),
        ("[optimizer]\nlearning_rate = nan", ["exp.toml", "optimizer.learning_rate", "finite"]),
        ("optimizer = 3", ["exp.toml", "optimizer", "table"]),
        ("[learner_options]\npairs = nan", ["exp.toml", "learner_options", "pairs", "finite"]),
        ("set = 3", ["exp.toml", "'set'", "table"]),
        ("epochs = ", ["exp.toml", "not valid TOML"]),
    ],
)
def test_what_cannot_be_used_is_named_in_one_sentence(tmp_path, text, words):
    with pytest.raises(InputError) as caught:
        load_config(written(tmp_path, text))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize("setting", ["", "=", "a", "a=", "=1", " = "])
def test_a_setting_without_key_or_value_is_refused(setting):
    with pytest.raises(InputError, match="key=value"):
        load_config(None, (setting,))


def test_a_wrong_flag_is_refused_by_name():
    with pytest.raises(InputError, match="command line: batch_size must be >= 1, not 0"):
        load_config(None, batch_size=0)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml")
