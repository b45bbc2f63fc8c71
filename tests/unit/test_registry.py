"""Backends are found by name: ours by module, others by entry point."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from hwnoise.backends import registry
from hwnoise.errors import InputError

THIRD_PARTY = EntryPoint("my_chip", "toy_chip:ToyBackend", registry.GROUP)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes these entry points the installed ones."""

    def installed(*points: EntryPoint) -> None:
        monkeypatch.setattr(registry, "entry_points", lambda group: [p for p in points if p.group == group])

    installed()
    return installed


BUILT_IN = ("emulator", "lava", "snntorch")


def test_the_emulator_is_built_in(install: Any) -> None:
    assert registry.names() == BUILT_IN
    assert registry.get("emulator").name == "emulator"
    row = registry.describe()[0]
    assert (row["name"], row["available"], row["install"]) == ("emulator", True, "")
    assert row["summary"]


def test_another_backend_joins_by_its_entry_point(install: Any) -> None:
    install(THIRD_PARTY)
    assert registry.names() == tuple(sorted((*BUILT_IN, "my_chip")))
    assert registry.get("my_chip").name == "toy"
    assert registry.describe()[-1] == {
        "name": "my_chip",
        "available": True,
        "summary": "from toy_chip:ToyBackend",
        "install": "",
    }


def test_an_entry_point_may_name_an_instance(install: Any) -> None:
    install(EntryPoint("twin", "hwnoise.backends.emulator:backend", registry.GROUP))
    assert registry.get("twin") is registry.get("emulator")


def test_nobody_replaces_a_built_in_backend(install: Any) -> None:
    install(EntryPoint("emulator", "toy_chip:ToyBackend", registry.GROUP))
    assert registry.get("emulator").name == "emulator"
    assert registry.names() == BUILT_IN
    assert len(registry.describe()) == len(BUILT_IN)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("emulater", ["no backend 'emulater'", "did you mean 'emulator'?"]),
        ("zzz", ["known: emulator, lava, my_chip"]),
        ("", ["no backend ''"]),
    ],
)
def test_an_unknown_name_is_answered_with_the_choices(install: Any, name: str, words: list[str]) -> None:
    install(THIRD_PARTY)
    with pytest.raises(InputError) as caught:
        registry.get(name)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("target", ["no_such_module_anywhere:backend", "toy_chip:NoSuchBackend"])
def test_a_backend_that_cannot_be_imported_is_one_sentence(install: Any, target: str) -> None:
    install(EntryPoint("broken", target, registry.GROUP))
    with pytest.raises(InputError, match=r"backend 'broken' .* cannot be imported") as caught:
        registry.get("broken")
    assert "\n" not in str(caught.value)
