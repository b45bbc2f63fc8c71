"""A Task from arrays, or from anything with ``len`` and ``[i]`` such as a torch Dataset."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from hwnoise.errors import InputError
from hwnoise.streams import Stream
from hwnoise.tasks.assembling import assemble
from hwnoise.tasks.base import Array, Task
from hwnoise.tasks.labels import encode_labels
from hwnoise.tasks.samples import check_samples, pool_samples
from hwnoise.tasks.splitting import TEST_SHARE, VALIDATION_SHARE, split_indices

Pair: TypeAlias = "tuple[ArrayLike, ArrayLike]"


class Dataset(Protocol):
    """A map-style data set: ``dataset[i]`` is a pair (input, label)."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def __getitem__(self, index: int, /) -> Any:
        """Return sample ``index`` as a pair (input, label)."""


def from_arrays(
    x: ArrayLike,
    y: ArrayLike,
    *,
    validation: float | Pair = VALIDATION_SHARE,
    test: float | Pair = TEST_SHARE,
    seed: int = 0,
    name: str = "arrays",
    source: str = "arrays given by the user",
) -> Task:
    """Make a task of samples that are in memory.

    Parameters
    ----------
    x : (n, ...) array
        Real and finite. Bytes are images and divided by 255; numbers within [-1, 1] stay as they are;
        others are standardised with the training part (``hwnoise.tasks.scaling``).
    y : (n,) or (n, outputs) array
        Labels (integers or text), or float targets, whose largest entry then is the class.
    validation, test : float or tuple (x, y)
        A share of the samples (stratified, see ``hwnoise.tasks.splitting``), or samples of their own.
    seed : int
        Of the split only.
    name : str
        What reports call the data.
    source : str
        Where they come from; errors begin with it.

    Returns
    -------
    Task
        With cross entropy for labels, squared error for targets.

    Raises
    ------
    InputError
        If lengths or shapes differ, a value is not finite, a part is empty, or a class has no
        training sample.

    Examples
    --------
    >>> x = np.linspace(0, 1, 40).reshape(20, 2)
    >>> task = from_arrays(x, np.arange(20) % 2)
    >>> len(task.train), len(task.validation), len(task.test), task.default_network
    (14, 2, 4, '2-64-2')
    """
    held = {"validation": validation, "test": test}
    own = {part: pair for part, pair in held.items() if isinstance(pair, tuple)}
    shares = {part: share for part, share in held.items() if not isinstance(share, tuple)}
    groups = [check_samples(x, y, source)]
    groups += [check_samples(*pair, f"{source}, {part} part") for part, pair in own.items()]
    pooled = pool_samples(groups, source)
    targets, numbers, classes = _classes(pooled.y, source)

    bounds = np.cumsum([len(group.x) for group in groups])
    stream = Stream(seed, "split/arrays")
    parts = split_indices(numbers[: bounds[0]], stream, **{"validation": 0.0, "test": 0.0, **shares})
    rows = {part: np.arange(*bounds[i : i + 2]) for i, part in enumerate(own)}
    return assemble(
        pooled.x, targets, parts._replace(**rows), classes, name=name, source=source, shape=pooled.shape
    )


def from_dataset(
    dataset: Dataset,
    *,
    validation: float | Dataset = VALIDATION_SHARE,
    test: float | Dataset = TEST_SHARE,
    seed: int = 0,
    name: str = "dataset",
    source: str = "a data set given by the user",
) -> Task:
    """Make a task of a map-style data set, for example a ``torch.utils.data.Dataset``.

    Parameters
    ----------
    dataset : Dataset
        Read once from front to back. Tensors, arrays and images are taken as NumPy sees them.
    validation, test : float or Dataset
        A share of ``dataset``, or a data set of its own.
    seed, name, source
        As for ``from_arrays``.

    Returns
    -------
    Task

    Raises
    ------
    InputError
        If an item is not a pair, or for what ``from_arrays`` refuses.
    """

    def held(part: float | Dataset, what: str) -> float | Pair:
        return part if isinstance(part, (int, float)) else _collect(part, f"{source}, {what} part")

    x, y = _collect(dataset, source)
    return from_arrays(
        x,
        y,
        validation=held(validation, "validation"),
        test=held(test, "test"),
        seed=seed,
        name=name,
        source=source,
    )


def _collect(dataset: Dataset, what: str) -> tuple[Array, Array]:
    """Read every item of a data set."""
    xs: list[Array] = []
    ys: list[Array] = []
    for index in range(len(dataset)):
        item = dataset[index]
        if not (isinstance(item, (tuple, list)) and len(item) == 2):
            raise InputError(f"{what}: item {index} is not a pair (input, label)")
        x, y = np.asarray(item[0]), np.asarray(item[1])
        if xs and (x.shape, y.shape) != (xs[0].shape, ys[0].shape):
            raise InputError(
                f"{what}: item {index} has shapes {x.shape} and {y.shape}, "
                f"the first one {xs[0].shape} and {ys[0].shape}"
            )
        xs.append(x)
        ys.append(y)
    return np.asarray(xs), np.asarray(ys)


def _classes(y: Array, what: str) -> tuple[Array, Array, tuple[str, ...]]:
    """Return what to learn, the class numbers, and the name of each class."""
    if y.ndim == 1:
        numbers, classes = encode_labels(y, what)
        return numbers, numbers, classes
    return y.astype(np.float32), y.argmax(axis=1), tuple(str(k) for k in range(y.shape[1]))
