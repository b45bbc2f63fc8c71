"""Every share of the work is done once, whoever does it, and an error in it is not lost."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from time import sleep

import pytest

from hwnoise.backends.emulator.threads import for_each, shares


@pytest.fixture(params=["1", "2", "3"], autouse=True)
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("NUMBA_NUM_THREADS", request.param)
    return int(request.param)


@pytest.mark.parametrize("parallel", [True, False])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_every_tile_is_worked_on_once(count: int, parallel: bool) -> None:
    done: list[int] = []
    for_each(done.append, range(count), parallel)
    assert sorted(done) == list(range(count))


def test_all_threads_take_part(threads: int) -> None:
    met = threading.Barrier(threads, timeout=30)
    for_each(lambda tile: met.wait() and None, range(threads), True)  # would break if one did it all
    assert not met.broken


def test_work_may_hand_out_work() -> None:
    done: list[int] = []

    def work(tile: int) -> None:
        sleep(0.001)
        for_each(done.append, range(3), True)

    for_each(work, range(10), True)
    assert sorted(done) == sorted([0, 1, 2] * 10)


@pytest.mark.parametrize("bad", [0, 7])
def test_an_error_arrives(bad: int) -> None:
    def work(tile: int) -> None:
        sleep(0.001)
        if tile == bad:
            raise ValueError(f"tile {bad}")

    with pytest.raises(ValueError, match=f"tile {bad}"):
        for_each(work, range(8), True)


def test_an_error_of_a_helper_arrives(threads: int) -> None:
    met, caller = threading.Barrier(threads, timeout=30), threading.current_thread()

    def work(tile: int) -> None:
        met.wait()
        if threading.current_thread() is not caller:
            raise ValueError("in a helper")

    with pytest.raises(ValueError, match="in a helper") if threads > 1 else nullcontext():
        for_each(work, range(threads), True)


@pytest.mark.parametrize("rows", [1, 2, 5, 99, 100, 101, 1000])
@pytest.mark.parametrize("parallel", [True, False])
def test_shares_cover_all_rows_in_order(rows: int, parallel: bool, threads: int) -> None:
    cuts = shares(rows, 100, parallel)
    assert [row for cut in cuts for row in range(rows)[cut]] == list(range(rows))
    assert max(cut.stop - cut.start for cut in cuts) <= 100
    assert len(cuts) >= (threads if parallel and rows > 2 * threads else 1)
