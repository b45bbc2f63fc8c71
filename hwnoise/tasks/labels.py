"""Class labels as people write them (numbers, words, one row of targets) to class numbers."""

from __future__ import annotations

import numpy as np

from hwnoise.errors import InputError
from hwnoise.tasks.base import Array


def encode_labels(labels: Array, what: str) -> tuple[Array, tuple[str, ...]]:
    """Number the classes in their natural order.

    Parameters
    ----------
    labels : (n,) array
        Integers, booleans, whole floats or strings; numbers written as strings count as numbers,
        so that ``"10"`` comes after ``"9"``.
    what : str
        The file or argument they come from, for the sentence of an error.

    Returns
    -------
    (n,) int64
        Class numbers from 0.
    tuple of str
        The name of each class.

    Raises
    ------
    InputError
        If a label is missing, not finite, a fraction, or of another type.
    """
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels.tolist()):
        labels = labels.astype(np.str_)
    if labels.dtype.kind == "U":
        labels = _as_numbers(np.char.strip(labels), what)
    if labels.dtype.kind == "f":
        labels = _as_integers(labels, what)
    if labels.dtype.kind not in "iubU":
        raise InputError(f"{what}: labels must be integers or text, not {labels.dtype}")
    found, numbers = np.unique(labels, return_inverse=True)
    return numbers.reshape(-1).astype(np.int64), tuple(str(label) for label in found)


def _as_numbers(words: Array, what: str) -> Array:
    """Turn words into numbers where every one of them is a number."""
    if np.any(words == ""):
        raise InputError(f"{what}: sample {int(np.argmax(words == ''))} has no label")
    try:
        return words.astype(np.float64)
    except ValueError:
        return words


def _as_integers(values: Array, what: str) -> Array:
    """Floats that are whole numbers become integers; others are measurements, not labels."""
    wrong = ~np.isfinite(values) | (values != np.round(values)) | (np.abs(values) > 2**53)
    if np.any(wrong):
        first = int(np.argmax(wrong))
        raise InputError(f"{what}: label {values[first]:g} of sample {first} is not a whole number")
    return values.astype(np.int64)
