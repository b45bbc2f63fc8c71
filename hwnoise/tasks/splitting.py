"""Stratified splits that never change: the same samples for every seed, version and machine."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwnoise.errors import InputError
from hwnoise.streams import Stream
from hwnoise.tasks.base import Array

VALIDATION_SHARE = 0.1  # of all samples
TEST_SHARE = 0.2  # of all samples


class Parts(NamedTuple):
    """Indices of the samples in each part, each in random order."""

    train: Array
    validation: Array
    test: Array


def split_indices(
    labels: Array, stream: Stream, validation: float = VALIDATION_SHARE, test: float = TEST_SHARE
) -> Parts:
    """Deal the samples out so that every part holds its share of every class.

    Parameters
    ----------
    labels : (n,) int64
        The class of each sample.
    stream : Stream
        Where the order comes from, ``Stream(0, "split/<name>")`` for a bundled task: a property of
        the data set, not of a run.
    validation, test : float
        Shares of all samples, each >= 0 and together below 1.

    Returns
    -------
    Parts
        Disjoint and complete; class counts differ from their share by less than two samples.

    Raises
    ------
    InputError
        If the shares are out of range.

    Notes
    -----
    The samples of a random order are sorted by class, then every part takes evenly spaced ones
    (systematic sampling: Cochran, Sampling Techniques, Wiley 1977, chapter 8). Inside a part the
    random order is kept: were validation sorted by class, a slow noise would be mistaken for a
    property of the class.
    """
    if not (validation >= 0 and test >= 0 and validation + test < 1):
        raise InputError(
            f"validation = {validation} and test = {test}: shares must be >= 0 and add up to less than 1"
        )
    order = random_order(len(labels), stream)
    by_class = order[np.argsort(labels[order], kind="stable")]
    part = np.zeros(len(labels), np.int64)
    in_test = _evenly_spaced(len(by_class), test)
    part[by_class[in_test]] = 2
    rest = by_class[~in_test]
    part[rest[_evenly_spaced(len(rest), validation / (1 - test))]] = 1
    return Parts(*(order[part[order] == number] for number in range(3)))


def random_order(n: int, stream: Stream) -> Array:
    """Return a permutation of ``range(n)``.

    Sorted from raw Philox words: NumPy promises that those stay the same from version to version,
    which it does not promise for ``Generator.permutation``.
    """
    words = np.random.Philox(key=int(stream.key)).random_raw(n)
    return np.argsort(np.asarray(words, np.uint64), kind="stable")


def _evenly_spaced(n: int, share: float) -> Array:
    """Mask of ``n`` places in which every run of ``1 / share`` places holds one."""
    return np.diff(np.floor(np.arange(n + 1) * share)) > 0
