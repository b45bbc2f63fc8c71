"""What a fit takes, what it refuses, and what it says it cannot know."""

from __future__ import annotations

import numpy as np
import pytest

from hwnoise import InputError, Network, Stream, devices, substrate
from hwnoise.backends import registry
from hwnoise.devices.source import Source

TIMES = np.array([1.0, 10.0, 100.0, 1000.0])


def measured(rng, n=60, times=TIMES):
    target = np.repeat([5.0, 10.0, 20.0], n // 3)
    first = target + 0.5 * rng.standard_normal(n)
    fading = times ** -(0.05 + 0.01 * rng.standard_normal((n, 1)))
    noise = 1 + 0.01 * rng.standard_normal((n, len(times)))
    return {"target": target, "read": first[:, None] * fading * noise, "time": times}


def flat(table):
    """Write a matrix of reads as rows with a device column."""
    n, m = table["read"].shape
    return {
        "device": np.repeat([f"cell {k}" for k in range(n)], m),
        "target": np.repeat(table["target"], m),
        "read": table["read"].ravel(),
        "time": np.tile(table["time"], n),
    }


def pulsed(rng, n=30, pulses=20):
    w = np.cumsum(1 + 0.1 * rng.standard_normal((n, pulses)), axis=1)
    return {
        "device": np.repeat(np.arange(n), pulses),
        "pulse": np.tile(np.arange(pulses), n),
        "direction": np.full(n * pulses, "up"),
        "conductance": w.ravel(),
    }


def fit(table, **options):
    return devices.fit(table, resamples=40, **options)


def test_a_fit_is_a_substrate_that_a_file_gives_back(rng, tmp_path):
    found = fit(measured(rng), name="ours", kind="oxide", source=Source(
        key="lab2026", authors="A. Person", title="Cells", venue="our lab", year=2026
    ))  # fmt: skip
    path = tmp_path / "ours.toml"
    found.save(path)
    assert substrate.load(path) == found.substrate
    assert found.substrate.programming_noise.source == "lab2026"
    assert found.substrate.drift.fit == "60 devices"
    assert f"# {found['drift.mean(x=0.5)']}" in path.read_text()


def test_a_fitted_chip_runs(rng):
    found = fit(measured(rng))
    network = Network.mlp("4-3", Stream(1))
    program = registry.get("emulator").compile(network, found.substrate, Stream(2))
    assert np.isfinite(program.run(np.ones((2, 4), np.float32)).output).all()


def test_rows_with_a_device_column_and_a_matrix_are_the_same(rng, tmp_path):
    table = measured(rng)
    rows = flat(table)
    shuffled = rng.permutation(len(rows["read"]))
    np.savez(tmp_path / "t.npz", **{name: column[shuffled] for name, column in rows.items()})
    lines = [",".join(rows), *(",".join(map(str, row)) for row in zip(*rows.values(), strict=True))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    first = {p.name: p.value for p in fit(table).parameters}
    for other in (rows, tmp_path / "t.npz", tmp_path / "t.csv"):
        assert {p.name: p.value for p in fit(other).parameters} == pytest.approx(first)


def test_time_zero_may_be_the_first_read(rng):
    table = measured(rng)
    later = fit({**table, "time": TIMES - 1}, time_offset=1.0)
    assert later.substrate == fit(table).substrate


def test_devices_may_be_read_at_different_times(rng):
    rows = flat(measured(rng))
    keep = rng.uniform(size=len(rows["read"])) > 0.2
    rows = {name: column[keep] for name, column in rows.items()} | {
        "time": (rows["time"] * rng.uniform(1, 1.1, len(keep)))[keep]
    }
    assert fit(rows)["drift.mean(x=0.5)"].value == pytest.approx(0.05, abs=0.01)


def one_read(t):
    return {**t, "read": t["read"][:, :1], "time": TIMES[:1]}


def two_reads(t):
    return {**t, "read": t["read"][:, :2], "time": TIMES[:2]}


def few_devices(t):
    return {**t, "target": t["target"][:15], "read": t["read"][:15]}


def short_time(t):
    return {**t, "time": 100 + TIMES / 1e4}


def no_device_column(t):
    return {name: column for name, column in flat(t).items() if name != "device"}


def small_targets(t):
    return {**t, "target": 0.04 * t["target"], "read": 0.04 * t["read"]}


def off_target(t):
    return {**t, "read": t["read"] + 2}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (one_read, "drift is left out: every device was read at one time only"),
        (no_device_column, "drift is left out: every device was read at one time only"),
        (short_time, "drift is left out: reads span a factor of 1"),
        (two_reads, "read noise is left out: fewer than three reads"),
        (few_devices, "programming noise is left out: 15 devices were measured, 20 are needed"),
        (small_targets, "60 devices were not followed over time: targets below 5% of g_max"),
        (off_target, "µS beside their targets on average"),
    ],
)
def test_what_the_data_cannot_support_is_said_in_a_sentence(rng, change, says):
    found = fit(change(measured(rng)), g_max=20.0)
    assert any(says in sentence for sentence in found.left_out)
    assert all("\n" not in sentence for sentence in found.left_out)
    effects = found.substrate.effects()
    assert ("drift is left out" in str(found)) == ("drift" not in effects)
    assert ("programming noise is left out" in str(found)) == ("programming_noise" not in effects)


def test_a_first_read_too_soon_for_the_bands_of_1_over_f_noise_is_said(rng):
    found = fit(measured(rng), read_seconds=0.01)
    assert found.substrate.one_over_f is None
    assert any("1/f noise is left out of the substrate" in sentence for sentence in found.left_out)


def test_1_over_f_noise_needs_the_duration_of_a_read(rng):
    assert fit(measured(rng), read_seconds=1e-6).substrate.one_over_f.t_read == 1e-6
    found = fit(measured(rng))
    assert found.substrate.one_over_f is None
    assert found.substrate.read_noise is not None


def test_pulses_of_one_direction_have_no_asymmetry(rng):
    found = fit(pulsed(rng))
    assert any("pulses down: there are none" in sentence for sentence in found.left_out)
    assert not {"pulses.asymmetry", "pulses.step_down"} & {p.name for p in found.parameters}
    assert found.substrate.write.step == pytest.approx(1 / found.substrate.conductance.g_max, rel=0.02)


def test_two_changes_of_a_device_have_no_spread(rng):
    found = fit(pulsed(rng, pulses=3))
    assert any("3 are needed to tell its own step from its noise" in sentence for sentence in found.left_out)
    assert "pulses.cycle_to_cycle" not in {p.name for p in found.parameters}


def test_few_pulsed_devices_give_no_interval(rng):
    found = fit(pulsed(rng, n=5))
    assert found.parameters == ()
    assert "5 devices were measured, 20 are needed" in found.left_out[0]


READS = {"target": [1.0, 2.0], "read": [1.0, 2.0], "time": [1.0, 1.0]}
PULSES = {"device": [0, 0], "pulse": [0, 1], "direction": ["up", "up"], "conductance": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({}, "column 'target' is missing; it has none"),
        ({"target": [1.0], "read": [1.0]}, "column 'time' is missing; it has target, read"),
        ({**READS, "tiem": [1.0, 1.0]}, "column 'tiem' is not one of device, target"),
        ({**READS, "read": [1.0]}, "equally long, not target (2,), read (1,)"),
        ({**READS, "read": [1.0, float("nan")]}, "column 'read' holds a number that is not finite"),
        ({**READS, "read": ["1", "two"]}, "column 'read' holds 'two', which is not a number"),
        ({**READS, "read": [[1.0], [1.0, 2.0]]}, "column 'read' is ragged"),
        ({**READS, "read": [[1.0, 2.0]]}, "to which target (2,) and time (2,) do not fit"),
        ({**READS, "target": [-1.0, 2.0]}, "targets are conductances >= 0"),
        ({**READS, "target": [0.0, 0.0]}, "targets go up to 0 µS"),
        ({**READS, "time": [0.0, 1.0]}, "give time_offset"),
        ({**READS, "device": [1, 1]}, "a device is read twice at one time"),
        ({**READS, "device": [1, 1], "time": [1.0, 2.0]}, "a device has two targets"),
        ({"target": [], "read": [], "time": []}, "there are no measurements"),
        ({**PULSES, "direction": ["up", "left"]}, "direction is 1 or 'up', -1 or 'down', not 'left'"),
        ({**PULSES, "pulse": [1, 1]}, "two pulses with one number"),
        ({**PULSES, "conductance": [1.0, 1.0]}, "no conductance changes"),
        ({**PULSES, "device": [0, 1]}, "no conductance changes"),
        ([1, 2], "a path or a mapping of columns, not list"),
        ("nowhere.csv", "nowhere.csv: No such file"),
    ],
)
def test_malformed_measurements_are_refused_in_one_sentence(table, says):
    with pytest.raises(InputError) as refused:
        fit(table)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "a header line and at least one line"),
        ("a.csv", b"target,read,time\n1,2\n", "row 2 has 2 columns, the header 3"),
        ("a.csv", b"target,target,time\n1,2,3\n", "names a column twice"),
        ("a.csv", b"\xff\xfe\x00", "not a csv table"),
        ("a.npz", b"PK\x03\x04 cut short", "not a csv table or npz archive"),
        ("a.npz", b"", "not a csv table or npz archive"),
    ],
)
def test_a_broken_file_is_refused_in_one_sentence(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        fit(path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_single_array_is_no_archive(tmp_path):
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputError, match=r"not a csv table or npz archive \(a single array\)"):
        fit(tmp_path / "a.npz")


def test_an_archive_of_objects_is_never_unpickled(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, target=np.array([{}, {}], dtype=object))
    with pytest.raises(InputError, match="not a csv table or npz archive"):
        fit(path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"g_max": 1.0}, "at most g_max, 1 µS, is needed"),
        ({"g_max": -1.0}, "g_max must be from 1e-06"),
        ({"time_offset": -1.0}, "time_offset must be from 0"),
        ({"read_seconds": 5.0}, "read_seconds = 5 is not below the earliest time 1 s"),
        ({"read_seconds": float("nan")}, "read_seconds must be from"),
        ({"name": ""}, "name "),
    ],
)
def test_settings_out_of_range_are_refused(rng, options, says):
    with pytest.raises(InputError) as refused:
        fit(measured(rng), **options)
    assert says in str(refused.value)


def test_too_few_resamplings_are_refused(rng):
    with pytest.raises(InputError, match="resamples must be from 40"):
        devices.fit(measured(rng), resamples=5)


def test_an_unknown_parameter_and_an_unknown_name_say_so(rng):
    with pytest.raises(KeyError, match="there are"):
        _ = fit(measured(rng))["nosie"]
    with pytest.raises(AttributeError, match="has no attribute 'fti'"):
        _ = devices.fti
