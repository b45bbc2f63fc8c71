"""Shares of the work for a few threads: the same bits for any number of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

Tile = TypeVar("Tile")


def thread_count() -> int:
    """Threads to use: NUMBA_NUM_THREADS if set, else the processors this process may run on."""
    asked = os.environ.get("NUMBA_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="hwnoise")


def for_each(work: Callable[[Tile], None], tiles: Sequence[Tile], parallel: bool) -> None:
    """Call ``work`` on every tile; tiles write to separate places, so order does not matter.

    The calling thread works too: it would only wait, and helpers take their time to wake up. The pool is
    keyed by process: after a fork the child makes its own.
    """
    threads = min(thread_count(), len(tiles)) if parallel and len(tiles) > 1 else 1
    left = iter(tiles)

    def drain() -> None:
        for tile in left:  # the interpreter lock hands each tile to one thread
            work(tile)

    helpers = [_pool(os.getpid(), threads - 1).submit(drain) for _ in range(threads - 1)]
    try:
        drain()
    finally:
        for helper in helpers:
            if not helper.cancel():  # one that has not begun finds nothing left
                helper.result()


def shares(rows: int, most: int, parallel: bool) -> list[slice]:
    """Cut ``rows`` into equal slices of at most ``most``, ``parallel`` into two for each of several threads.

    For work whose bits do not depend on where it is cut: the slices depend on how many threads there are.
    """
    threads = thread_count() if parallel else 1
    count = max(-(-rows // most), 2 * threads if threads > 1 else 1)
    each = max(1, -(-rows // count))
    return [slice(first, min(first + each, rows)) for first in range(0, rows, each)]


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: how it splits a product must not depend on the machine."""
    if all(library.num_threads == 1 for library in _blas().lib_controllers):
        yield  # to set a limit takes as long as a small layer
        return
    with _blas().limit(limits=1):
        yield
