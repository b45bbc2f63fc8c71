"""Fixed tiles over a few threads: the same bits for any number of them."""

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

    The pool is keyed by process: after a fork the child makes its own.
    """
    threads = thread_count() if parallel and len(tiles) > 1 else 1
    if threads == 1:
        for tile in tiles:
            work(tile)
    else:
        list(_pool(os.getpid(), threads).map(work, tiles))


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: how it splits a product must not depend on the machine."""
    with _blas().limit(limits=1):
        yield
