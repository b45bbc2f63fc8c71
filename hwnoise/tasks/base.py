"""Split and Task: data with its classes, its loss and its fixed train / validation / test parts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Split:
    """Samples that are used together, one row each.

    Attributes
    ----------
    x : (n, features) or (n, steps, features) float32
        Inputs in [-1, 1], the range of a converter; images lie in [0, 1], spikes are 0 or 1.
    y : (n,) int64 or (n, outputs) float32
        Class numbers, or targets.
    """

    x: Array
    y: Array

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Task:
    """A learning problem. Train on ``train``, tune on ``validation``, report ``test``.

    Attributes
    ----------
    name : str
        How the user calls it.
    source : str
        Where the data come from and under which licence.
    train, validation, test : Split
        Disjoint parts (a parity task, which has only ``2**N`` patterns, shows all of them in each).
    classes : tuple of str
        The name of each class; class ``k`` belongs to output ``k``.
    loss : str
        ``"cross_entropy"`` or ``"squared_error"``, see ``hwnoise.losses``.
    metric : str
        ``"accuracy"``.
    default_network : str
        Layer sizes that suit the data, for example ``"64-64-10"``.
    input_shape : tuple of int
        Shape of one sample: ``(features,)``, or ``(steps, features)`` if it has a course over time.
    image_shape : tuple of int or None
        How one row is to be folded to be looked at, for example ``(8, 8)``.
    scaling : str
        How the raw numbers became ``x``; deployment has to do the same.
    """

    name: str
    source: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    loss: str
    metric: str
    default_network: str
    input_shape: tuple[int, ...]
    image_shape: tuple[int, ...] | None = None
    scaling: str = ""

    @property
    def is_timed(self) -> bool:
        """Whether samples have a time axis."""
        return self.train.x.ndim == 3

    @property
    def fingerprint(self) -> str:
        """32 hex digits over every sample in its order: equal only if the data are equal bit for bit."""
        digest = hashlib.blake2b(digest_size=16)
        for split in (self.train, self.validation, self.test):
            for values in (split.x, split.y):
                digest.update(f"{values.dtype.str}{values.shape}".encode())
                digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()


@dataclass(frozen=True)
class TaskInfo:
    """A line of ``hwnoise tasks``; ``load`` is called with the task's name.

    Attributes
    ----------
    name : str
        What ``--task`` takes.
    samples, features, classes : int or str
        Sizes; text such as ``"2^N"`` where they depend on the name.
    source : str
        Citation and licence, one sentence.
    load : callable
        ``name -> Task``.
    extra : str or None
        The extra of the hwnoise package that brings the data, if one is needed.
    """

    name: str
    samples: int | str
    features: int | str
    classes: int
    source: str
    load: Callable[[str], Task]
    extra: str | None = None
