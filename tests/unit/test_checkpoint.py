"""A checkpoint gives back every bit or says that it cannot; a write is whole or not at all."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from hwnoise import files
from hwnoise.errors import InputError
from hwnoise.tensors import read_arrays, write_arrays
from hwnoise.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from hwnoise.training.history import Epoch, History, Sums


def make_checkpoint() -> Checkpoint:
    program = {"layer/g": np.arange(6, dtype=np.float32).reshape(2, 3).T, "tick": np.array(2**63, np.uint64)}
    history = History([Epoch(1, 0.1, 1 / 3, 0.5, 7, 1e9 / 7, 3, 0.25)], 4, Sums(1 / 7, 2, 3, 4, 0.5), 2.3)
    history.weights = {"layer.weight": np.full((2, 2), 0.1)}
    optimizer = {"mean/layer.weight": np.zeros(0, np.float32), "on": np.array([True, False])}
    return Checkpoint(program, {}, optimizer, history, {"sentence": "fine", "snr": 1 / 3})


def equal(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    same = all(a[name].dtype == b[name].dtype and np.array_equal(a[name], b[name]) for name in a)
    return a.keys() == b.keys() and same


def test_a_checkpoint_gives_back_every_bit(tmp_path):
    saved, path = make_checkpoint(), tmp_path / "state.safetensors"
    write_checkpoint(path, saved)
    found = read_checkpoint(path)
    assert equal(saved.program, found.program)
    assert equal(saved.optimizer, found.optimizer)
    assert equal(saved.history.weights, found.history.weights)
    assert found.learner == {}
    assert found.history.to_dict() == saved.history.to_dict()
    assert found.forecast == saved.forecast


def test_other_programs_can_read_the_file(tmp_path):
    path = tmp_path / "weights.safetensors"
    arrays = {"a.weight": np.arange(6.0).reshape(2, 3), "a.bias": np.array([-1, 1], np.int64)}
    write_arrays(path, arrays)
    assert equal(arrays, load_file(path))
    assert path.stat().st_mode & 0o044, "others may read what the umask lets them"


def test_nothing_but_the_file_is_left(tmp_path):
    write_checkpoint(tmp_path / "state.safetensors", make_checkpoint())
    write_checkpoint(tmp_path / "state.safetensors", make_checkpoint())
    assert [path.name for path in tmp_path.iterdir()] == ["state.safetensors"]


@given(st.data())
def test_a_damaged_file_is_one_sentence(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.safetensors"
        write_checkpoint(path, make_checkpoint())
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            del content[place:]
        else:
            content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        refused_or_unchanged(path)


@given(st.binary(max_size=200))
def test_garbage_is_one_sentence(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.safetensors"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"state\.safetensors"):
            read_checkpoint(path)


def refused_or_unchanged(path: Path) -> None:
    """Damage to a blank in the header changes nothing; all else has to be noticed."""
    saved, found = make_checkpoint(), None
    try:
        found = read_checkpoint(path)
    except InputError as error:
        sentence = str(error)
    if found is None:
        assert "\n" not in sentence
        assert str(path) in sentence
    else:
        assert equal(saved.program, found.program)
        assert found.history.to_dict() == saved.history.to_dict()


def test_files_of_others_and_missing_ones_are_named(tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="not written by hwnoise"):
        read_arrays(tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="no such file"):
        read_arrays(tmp_path / "none.safetensors")
    write_arrays(tmp_path / "weights.safetensors", {"a": np.zeros(3)})
    with pytest.raises(InputError, match="not a checkpoint"):
        read_checkpoint(tmp_path / "weights.safetensors")


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_a_full_disk_leaves_the_last_good_state(tmp_path, monkeypatch, call):
    path = tmp_path / "state.safetensors"
    write_checkpoint(path, make_checkpoint())
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(InputError, match=r"cannot write .*state\.safetensors: no space left on device"):
        write_checkpoint(path, make_checkpoint())
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_stops_half_way_leaves_the_last_good_state(tmp_path):
    path = tmp_path / "state.safetensors"
    write_arrays(path, {"a": np.zeros(10)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(InputError, match="cannot write"):
            write_arrays(path, {"a": np.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert np.array_equal(read_arrays(path)[0]["a"], np.zeros(10))
    assert list(tmp_path.iterdir()) == [path]


def stop_half_way(path: Path, error: BaseException) -> None:
    with files.replacing(path) as temporary:
        temporary.write_text("half")
        raise error


def test_an_exception_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        stop_half_way(tmp_path / "a.txt", KeyboardInterrupt())
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_write_leaves_is_known_as_such(tmp_path):
    with files.replacing(tmp_path / "b.txt") as temporary:
        assert files.is_temporary(temporary)
        temporary.touch()
    assert not files.is_temporary(tmp_path / ".hidden")
    assert not files.is_temporary(tmp_path / "a.txt")
