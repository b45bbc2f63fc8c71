"""``breast-cancer``: 569 tumours, 30 measurements of cell nuclei, malignant or benign."""

from __future__ import annotations

import numpy as np

from hwnoise.streams import Stream
from hwnoise.tasks.assembling import assemble
from hwnoise.tasks.base import Task, TaskInfo
from hwnoise.tasks.packaged import packaged_file
from hwnoise.tasks.splitting import split_indices

SOURCE = (
    "Wolberg, Mangasarian, Street and Street, Breast Cancer Wisconsin (Diagnostic), UCI Machine Learning "
    "Repository, 1993, doi:10.24432/C5DW2B (CC BY 4.0), as bundled with scikit-learn"
)


def load(name: str = "breast-cancer") -> Task:
    """Read the copy inside scikit-learn; features are standardised with the training part.

    Raises
    ------
    InputError
        If scikit-learn or its data file is missing.
    """
    remedy = "pip install --force-reinstall scikit-learn"
    path = packaged_file("sklearn", "datasets/data/breast_cancer.csv", remedy)
    # The first line holds the number of samples, the number of features and the two classes.
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    x, y = table[:, :-1], table[:, -1].astype(np.int64)
    parts = split_indices(y, Stream(0, f"split/{name}"))
    classes = ("malignant", "benign")
    return assemble(x, y, parts, classes, name=name, source=SOURCE, shape=(30,), hidden=16)


INFO = TaskInfo("breast-cancer", samples=569, features=30, classes=2, source=SOURCE, load=load)
