"""Counts times sourced constants; what nobody published stays unknown (eq:cost)."""

from __future__ import annotations

import json

import pytest

from hwnoise import InputError, cost, substrate
from hwnoise.cost.book import _built_in
from hwnoise.cost.table import with_prefix

EVENTS = {
    "reads": 1000,
    "conversions_in": 64_000,
    "conversions_out": 10_000,
    "multiplications": 640_000,
    "device_reads": 0,
    "device_writes": 123,
}


def named(name: str, kind: str = "digital", **tables: object) -> substrate.Substrate:
    return substrate.parse({"name": name, "kind": kind, **tables})


def share(found: cost.Cost, event: str, quantity: str = "energy") -> cost.Share:
    return next(getattr(item, quantity) for item in found.items if item.event == event)


@pytest.mark.parametrize("name", ["pcm", "hermes_one_device", "hermes_two_device"])
def test_phase_change_memory_costs_what_hermes_was_measured_at(name):
    found = cost.estimate(EVENTS, substrate.load(name))
    energy = share(found, "multiplications")
    assert energy.value == pytest.approx(640_000 * 806e-15)
    assert (energy.low, energy.high) == pytest.approx((640_000 * 205e-15, 640_000 * 806e-15))
    assert energy.constant is not None
    assert energy.constant.kind == "measured"
    operations_per_joule = 2 / 806e-15
    assert operations_per_joule == pytest.approx(2.48e12, rel=1e-3)


def test_a_phase_change_chip_of_the_users_own_is_known_by_its_kind():
    mine = named("ours", "phase-change memory, our lab", dac={"bits": 6}, adc={"bits": 6})
    assert [book.name for book in cost.estimate(EVENTS, mine).books] == ["hermes"]


def test_what_a_constant_contains_is_not_charged_twice():
    found = cost.estimate(EVENTS, substrate.load("pcm"))
    assert share(found, "conversions_out").within == "multiplications"
    assert found.total("energy")[0] == share(found, "multiplications").value


def test_what_is_unknown_is_named_and_not_invented():
    found = cost.estimate(EVENTS, substrate.load("pcm"))
    assert found.unknown("energy") == found.unknown("latency") == ("device_writes",)
    assert share(found, "device_writes").value is None
    assert "energy does not hold device_writes: unknown" in str(found)


def test_what_did_not_happen_is_not_missed():
    assert "device_reads" not in cost.estimate(EVENTS, substrate.load("pcm")).unknown("energy")


@pytest.mark.parametrize(
    ("bits_in", "bits_out", "femtojoule"),
    [(2, 3, 50), (2, 4, 50), (3, 5, 87), (4, 6, 125), (6, 8, 242), (8, 10, 311), (8, 8, 311)],
)
def test_neurram_is_looked_up_at_the_resolution_of_the_converters(bits_in, bits_out, femtojoule):
    chip = substrate.load("wan", {"dac.bits": bits_in, "adc.bits": bits_out})
    energy = share(cost.estimate(EVENTS, chip), "multiplications")
    assert energy.value == pytest.approx(640_000 * femtojoule * 1e-15)
    assert energy.constant is not None
    assert energy.constant.kind == "digitised"


def test_the_neurram_table_agrees_with_its_efficiencies():
    energies = [c for c in _built_in("neurram").constants if c.quantity == "energy"]
    for constant, tops in zip(energies, (43.1, 40.3, 23.1, 15.95, 8.26, 6.44), strict=True):
        assert constant.value == pytest.approx(2000 / tops, abs=0.5)
        assert constant.note.startswith(f"{tops} TOPS/W")


def test_a_converter_finer_than_all_published_ones_has_an_unknown_cost():
    found = cost.estimate(EVENTS, substrate.load("wan", {"adc.bits": 12}))
    assert "1/3, 2/4, 3/5, 4/6, 6/8, 8/10 bits (in/out), the substrate 8/12" in str(found)
    assert found.total("energy") is None
    assert "conversions_in" in found.unknown("energy")


@pytest.mark.parametrize(
    ("name", "says"),
    [("loihi2", "only ratios per task"), ("dynapse2", "arXiv:2310.00564"), ("brainscales2", "whole tasks")],
)
def test_chips_without_published_events_cost_nothing_that_is_known(name, says):
    found = cost.estimate({"spikes": 5, "synaptic_operations": 50}, named(name))
    assert found.total("energy") is found.total("latency") is None
    assert found.unknown("energy") == ("spikes", "synaptic_operations")
    assert says in str(found)


def test_a_measured_task_is_a_yardstick_and_never_a_factor():
    found = cost.estimate({"reads": 10}, named("brainscales2"))
    assert [y.si[0] for y in found.books[0].yardsticks] == pytest.approx([192e-6, 276e-6, 5.6])
    assert "for comparison: 192 µJ, measured: Stradmann et al." in str(found)


def test_loihi_1_is_simulated_event_by_event():
    events = {
        "synaptic_operations": 1, "neuron_accesses": 1, "neuron_updates": 1, "spikes": 1,
        "axon_messages": 1, "hops_east_west": 1, "hops_north_south": 1,
    }  # fmt: skip
    found = cost.estimate(events, named("loihi1"))
    assert found.total("energy")[0] == pytest.approx(295.8e-12)  # 35.5 + 51.2 + 21.6 + 69.3 + 111 + 3 + 4.2
    assert found.total("latency")[0] == pytest.approx(75.2e-9)  # 3.8 + 6 + 3.7 + 30 + 21.1 + 4.1 + 6.5
    assert {item.energy.constant.kind for item in found.items} == {"simulated"}


def test_a_component_is_used_on_request():
    chip = named("mine", adc={"bits": 8})
    assert cost.estimate(EVENTS, chip).total("energy") is None
    found = cost.estimate(EVENTS, chip, "isaac_adc")
    assert found.total("energy")[0] == pytest.approx(10_000 * 1.67e-12)
    assert "modelled, 32 nm, 8 bit out: Shafiee et al." in str(found)


def test_the_user_gives_a_constant_and_the_table_says_so():
    found = cost.estimate(EVENTS, substrate.load("pcm"), {"device_writes": ["100 pJ", "1 us"]})
    assert share(found, "device_writes").value == pytest.approx(12.3e-9)
    assert share(found, "device_writes", "latency").value == pytest.approx(123e-6)
    assert not found.unknown("energy")
    assert "100 pJ each: given by the user" in str(found)


def test_the_user_s_file_may_say_all_that_is_known(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'device_reads = "2 nJ"\n[[constants]]\nevent = "device_writes"\nvalue = 90\nlow = 50\nhigh = 120\n'
        'unit = "pJ"\nkind = "measured"\nsource = "our lab"\nyear = 2026\n'
    )
    found = cost.estimate(EVENTS | {"device_reads": 1}, substrate.load("pcm"), path)
    assert share(found, "device_writes").low == pytest.approx(123 * 50e-12)
    assert share(found, "device_reads").value == pytest.approx(2e-9)
    assert "90 pJ each (50 to 120), measured: our lab, 2026" in str(found)


def test_the_user_s_constants_stand_before_ours():
    found = cost.estimate(EVENTS, substrate.load("pcm"), {"multiplications": "1 pJ"})
    assert share(found, "multiplications").value == pytest.approx(640e-9)
    assert "conversions_in" in found.unknown("energy")  # theirs does not say that it contains them


def test_the_table_of_a_small_run():
    found = cost.estimate({"multiplications": 1_000_000, "device_writes": 20}, substrate.load("pcm"))
    assert str(found).splitlines()[:4] == [
        "event                       count  energy                         latency",
        "multiplications         1,000,000  806 nJ (205 nJ to 806 nJ) [1]  124 ns (31.7 ns to 124 ns) [2]",
        "device_writes                  20  unknown                        unknown",
        "total of what is known             806 nJ (205 nJ to 806 nJ)      124 ns (31.7 ns to 124 ns)",
    ]


def test_json_has_null_where_nothing_is_known():
    found = json.loads(json.dumps(cost.estimate(EVENTS, substrate.load("pcm")).as_dict()))
    assert found["constants"] == ["hermes"]
    assert found["energy"]["value"] == pytest.approx(515.84e-9)
    assert found["unknown"] == {"energy": ["device_writes"], "latency": ["device_writes"]}
    writes = next(item for item in found["items"] if item["event"] == "device_writes")
    assert (writes["count"], writes["energy"]["status"], writes["energy"]["value"]) == (123, "unknown", None)
    assert json.loads(json.dumps(cost.estimate(EVENTS, named("loihi2")).as_dict()))["energy"] is None


@pytest.mark.parametrize("name", cost.names())
def test_every_constant_says_who_and_how(name):
    book = _built_in(name)
    assert book.title
    assert book.constants or book.yardsticks or book.why_unknown
    for constant in book.constants + book.yardsticks:
        assert constant.source
        assert constant.kind != "user"
        assert constant.year is not None or constant.kind == "vendor"


@pytest.mark.parametrize(
    ("constants", "says"),
    [
        ("hermis", "'hermis' are neither a known set nor a TOML file; did you mean 'hermes'?"),
        ("missing.toml", "missing.toml: no such file"),
        ({"device_writes": 5}, "device_writes must be a number with a unit, such as '100 pJ', not '5'"),
        ({"device_writes": "many pJ"}, "must be a number with a unit"),
        ({"device_writes": "1 eV"}, "unit 'eV' is none of fJ, pJ"),
        ({"device_writes": "-1 pJ"}, "value must be >= 0"),
        ({"device_writes": "2 W"}, "an energy or a latency, and no power"),
        ({"constants": [{"event": "a", "value": 1, "unit": "J", "low": 2}]}, "outside its range 2.0 to 1.0"),
        ({"constants": [{"event": "a", "value": 1, "unit": "J", "nod": "7 nm"}]}, "nod is not a known key"),
        ({"constants": 3}, "constants must be a list of tables"),
        ({"conversions_out": "1 pJ"}, "energy of conversions_out is contained in that of multiplications"),
    ],
)
def test_bad_constants_are_refused_in_one_sentence(constants, says):
    with pytest.raises(InputError) as refused:
        cost.estimate(EVENTS, substrate.load("pcm"), constants)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("count", [-1, 2.5, "many", None])
def test_a_count_is_a_whole_number(count):
    with pytest.raises(InputError, match="reads must be a whole number >= 0"):
        cost.estimate({"reads": count}, substrate.load("pcm"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 J"),
        (8.06e-7, "806 nJ"),
        (1e-6, "1 µJ"),
        (0.99999e-6, "1 µJ"),
        (2.5e-18, "0.0025 fJ"),
        (4e4, "40 kJ"),
    ],
)
def test_numbers_are_written_with_a_prefix(value, text):
    assert with_prefix(value, "J") == text
