"""``digits``: 1,797 handwritten digits of 8 x 8 pixels, the default task."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np

from hwnoise.streams import Stream
from hwnoise.tasks.assembling import assemble
from hwnoise.tasks.base import Task, TaskInfo
from hwnoise.tasks.packaged import packaged_file
from hwnoise.tasks.splitting import split_indices

SOURCE = (
    "Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, "
    "1998, doi:10.24432/C50P49 (CC BY 4.0), the test part as bundled with scikit-learn"
)
FULL_SCALE = 16  # a pixel counts the dark dots in a block of 4 x 4


def load(name: str = "digits") -> Task:
    """Read the copy inside scikit-learn; pixels are divided by 16.

    Raises
    ------
    InputError
        If scikit-learn or its data file is missing.
    """
    remedy = "pip install --force-reinstall scikit-learn"
    with gzip.open(packaged_file("sklearn", "datasets/data/digits.csv.gz", remedy), "rt") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    x, y = table[:, :-1].astype(np.float32) / FULL_SCALE, table[:, -1].astype(np.int64)
    parts = split_indices(y, Stream(0, f"split/{name}"))
    classes = tuple("0123456789")
    task = assemble(x, y, parts, classes, name=name, source=SOURCE, shape=(8, 8))
    return replace(task, scaling=f"divided by {FULL_SCALE}")


INFO = TaskInfo("digits", samples=1797, features=64, classes=10, source=SOURCE, load=load)
