"""From rows, labels and a split to a checked Task."""

from __future__ import annotations

import numpy as np

from hwnoise.errors import InputError
from hwnoise.tasks.base import Array, Split, Task
from hwnoise.tasks.scaling import scale
from hwnoise.tasks.splitting import Parts

HIDDEN = 64  # width of the hidden layer proposed for data that nobody has tuned


def assemble(
    x: Array,
    y: Array,
    parts: Parts,
    classes: tuple[str, ...],
    *,
    name: str,
    source: str,
    shape: tuple[int, ...],
    hidden: int = HIDDEN,
) -> Task:
    """Scale the samples, cut them into their parts, and see that each part can do its job.

    Parameters
    ----------
    x : (n, features) array
        Raw numbers; see ``hwnoise.tasks.scaling`` for what becomes of them.
    y : (n,) int64 or (n, outputs) float32
        Class numbers (loss: cross entropy) or targets (loss: squared error).
    parts : Parts
        Rows of ``x`` in each part.
    classes : tuple of str
        Names of the classes.
    name, source : str
        See ``Task``.
    shape : tuple of int
        Shape of one sample before it became a row.
    hidden : int
        Width of the hidden layer of ``Task.default_network``.

    Returns
    -------
    Task

    Raises
    ------
    InputError
        If a part is empty, or a class cannot be learned.
    """
    for part, rows in parts._asdict().items():
        if len(rows) == 0:
            raise InputError(f"{source}: {len(x)} samples leave the {part} part empty")
    scaled, scaling = scale([x[rows] for rows in parts])
    splits = [Split(values, y[rows]) for values, rows in zip(scaled, parts, strict=True)]
    _require_classes(splits[0], classes, source)
    folded = tuple(length for length in shape if length > 1)  # (1, 28, 28) is a picture of 28 x 28
    return Task(
        name,
        source,
        train=splits[0],
        validation=splits[1],
        test=splits[2],
        classes=classes,
        loss="cross_entropy" if y.ndim == 1 else "squared_error",
        metric="accuracy",
        default_network=f"{x.shape[1]}-{hidden}-{len(classes)}",
        input_shape=(x.shape[1],),
        image_shape=folded if len(folded) > 1 else None,
        scaling=scaling,
    )


def _require_classes(train: Split, classes: tuple[str, ...], source: str) -> None:
    """Refuse data from which not every class can be learned."""
    if len(classes) < 2:
        raise InputError(f"{source}: all samples are of one class, {classes[0]!r}")
    numbers = train.y if train.y.ndim == 1 else train.y.argmax(axis=1)
    absent = np.flatnonzero(np.bincount(numbers, minlength=len(classes)) == 0)
    if len(absent):
        raise InputError(
            f"{source}: class {classes[absent[0]]!r} has no sample in the training part "
            f"({len(train)} samples, {len(classes)} classes)"
        )
