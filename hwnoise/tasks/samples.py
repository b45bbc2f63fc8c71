"""Samples as they are given, checked and made rows: one group, or several put together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hwnoise.errors import InputError
from hwnoise.tasks.base import Array

LARGEST = 1e30  # of a value; its square, in a variance, still is a number


class Samples(NamedTuple):
    """Rows with what belongs to them.

    Attributes
    ----------
    x : (n, features) array
        Real and finite, of the type in which it was given (booleans: float32).
    y : (n,) or (n, outputs) array
        Labels of any type, or float targets.
    shape : tuple of int
        Shape of one sample before it became a row.
    """

    x: Array
    y: Array
    shape: tuple[int, ...]


def check_samples(x: ArrayLike, y: ArrayLike, what: str) -> Samples:
    """Check one group of samples and make each a row.

    Parameters
    ----------
    x : (n, ...) array
        Inputs of any shape.
    y : (n,) or (n, outputs) array
        Labels, or float targets; a single column counts as labels.
    what : str
        Where they come from; errors begin with it.

    Raises
    ------
    InputError
        If lengths differ, or ``x`` is not made of finite real numbers.
    """
    try:
        x, y = np.asarray(x), np.asarray(y)
    except ValueError as error:  # nested lists of different lengths
        raise InputError(f"{what}: x and y must be arrays ({error})") from error
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if x.dtype.kind not in "biuf":
        raise InputError(f"{what}: x must hold real numbers, not {x.dtype}")
    if x.ndim < 2 or x.size == 0:
        raise InputError(f"{what}: x has shape {x.shape}, but (samples, features) is needed")
    if y.ndim not in (1, 2) or len(y) != len(x):
        raise InputError(f"{what}: there are {len(x)} samples in x, but y has shape {y.shape}")
    if y.ndim == 2 and (y.dtype.kind != "f" or not np.isfinite(y).all()):
        raise InputError(f"{what}: y with two axes holds targets, which must be finite floats")
    rows = x.reshape(len(x), -1)
    if rows.dtype.kind == "f" and not (usable := (np.abs(rows) <= LARGEST).all(axis=1)).all():
        raise InputError(
            f"{what}: sample {usable.argmin()} of x has a value that is not finite or above {LARGEST:g}"
        )
    return Samples(rows.astype(np.float32) if rows.dtype.kind == "b" else rows, y, x.shape[1:])


def pool_samples(groups: list[Samples], what: str) -> Samples:
    """Put the samples of all groups one after another.

    Raises
    ------
    InputError
        If their shapes differ, or some are bytes and others are not (bytes are scaled as images).
    """
    first = groups[0]
    for group in groups[1:]:
        if group.shape != first.shape or group.y.shape[1:] != first.y.shape[1:]:
            raise InputError(f"{what}: samples are {first.shape} in one part and {group.shape} in another")
        if (group.x.dtype == np.uint8) != (first.x.dtype == np.uint8):
            raise InputError(f"{what}: x is {first.x.dtype} in one part and {group.x.dtype} in another")
    if len(groups) == 1:
        return first
    labels_differ = len({group.y.dtype.kind in "biuf" for group in groups}) > 1
    ys = [group.y.astype(np.str_) if labels_differ else group.y for group in groups]
    return Samples(np.concatenate([group.x for group in groups]), np.concatenate(ys), first.shape)
