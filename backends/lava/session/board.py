"""Board: arrays that the caller, the child and all of Lava's processes see, each a file in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Layout = Mapping[str, tuple[tuple[int, ...], str]]  # shape and dtype of each array
_NAMES = "board.json"


class Board(dict[str, Array]):
    """Named arrays in ``folder``, mapped into memory: what one process writes, the others see.

    Nothing here waits for anyone. Who may write what, and when, is up to the orders of a ``Score``,
    which are given between the runs of the graph.
    """

    def __init__(self, folder: Path) -> None:
        names = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
        files = (np.load(_file(folder, i), mmap_mode="r+") for i in range(len(names)))
        super().__init__(zip(names, map(np.asarray, files), strict=True))

    @classmethod
    def create(cls, folder: Path, layout: Layout) -> Board:
        """Make the files of ``layout``, zeros all, and open them."""
        for i, (shape, dtype) in enumerate(layout.values()):
            np.lib.format.open_memmap(_file(folder, i), "w+", dtype, shape)  # type: ignore[no-untyped-call]
        (folder / _NAMES).write_text(json.dumps(list(layout)), encoding="utf-8")
        return cls(folder)


def _file(folder: Path, index: int) -> Path:
    return folder / f"board.{index}.npy"  # names of nodes need not be names of files
