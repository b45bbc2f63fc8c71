"""``xor`` and ``parity-N``: is the number of ones even or odd? Small, complete, not linearly separable."""

from __future__ import annotations

import numpy as np

from hwnoise.errors import InputError
from hwnoise.tasks.base import Split, Task, TaskInfo

SOURCE = (
    "the parity predicate of Minsky and Papert, Perceptrons, MIT Press, 1969; generated, "
    "all patterns in every part"
)
PREFIX = "parity-"
MIN_BITS, MAX_BITS = 2, 12
EPOCH = 256  # samples; with fewer an epoch would be a handful of reads
HIDDEN_PER_BIT = 4  # hidden units; N are enough in principle (Minsky and Papert), spares help learning


def load(name: str) -> Task:
    """Make the task ``xor`` (two bits) or ``parity-N``.

    Parameters
    ----------
    name : str
        ``"xor"``, or ``"parity-N"`` with 2 <= N <= 12.

    Returns
    -------
    Task
        Inputs 0 and 1; all ``2**N`` patterns, repeated to at least 256 samples. Train, validation and
        test are the same samples, as there are no others: accuracy says whether the function was
        learned, not whether it generalises.

    Raises
    ------
    InputError
        If N is out of range.
    """
    bits = 2 if name == "xor" else _bits(name)
    patterns = np.arange(2**bits)[:, np.newaxis] >> np.arange(bits)[::-1] & 1
    patterns = np.tile(patterns, (-(-EPOCH // len(patterns)), 1))
    split = Split(patterns.astype(np.float32), patterns.sum(axis=1, dtype=np.int64) % 2)
    return Task(
        name,
        SOURCE,
        train=split,
        validation=split,
        test=split,
        classes=("even", "odd"),
        loss="cross_entropy",
        metric="accuracy",
        default_network=f"{bits}-{HIDDEN_PER_BIT * bits}-2",
        input_shape=(bits,),
        scaling="unchanged",
    )


def _bits(name: str) -> int:
    """The N of ``parity-N``."""
    text = name.removeprefix(PREFIX)
    if text not in map(str, range(MIN_BITS, MAX_BITS + 1)):
        raise InputError(f"task {name!r}: N in parity-N must be from {MIN_BITS} to {MAX_BITS}")
    return int(text)


XOR = TaskInfo("xor", samples=4, features=2, classes=2, source=SOURCE, load=load)
PARITY = TaskInfo("parity-N", samples="2^N", features="N", classes=2, source=SOURCE, load=load)
