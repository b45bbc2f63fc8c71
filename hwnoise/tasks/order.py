"""``order``: two volleys of spikes, and the question is which came first. Generated, with time in it."""

from __future__ import annotations

import numpy as np

from hwnoise.streams import Stream
from hwnoise.tasks.base import Array, Split, Task, TaskInfo

SOURCE = (
    "the temporal order problem of Hochreiter and Schmidhuber, Neural Computation 9, 1997, "
    "as volleys of spikes; generated"
)
STEPS = 20
PER_CUE = 8  # inputs that fire together in a volley
CUES = 2
WINDOWS = ((1, 5), (10, 14))  # steps in which the middle of the first and the second volley may lie
JITTER = 1  # steps by which a spike may miss the middle of its volley
BACKGROUND = 0.02  # probability of a spike that belongs to no volley, per input and step
PARTS = {"train": 1400, "validation": 200, "test": 400}


def load(name: str = "order") -> Task:
    """Make the task: 16 inputs, 20 steps, four classes AA, AB, BA, BB.

    Each sample holds two volleys, early and late, of cue A (inputs 0 to 7) or cue B (8 to 15). AB and BA
    differ by nothing but order: what adds up outputs that depend on the present step alone, whatever its
    size, answers at most three samples of four.

    Returns
    -------
    Task
        ``x`` is (samples, steps, inputs), 0 or 1; the same samples in every run.
    """
    return Task(
        name,
        SOURCE,
        train=_samples("train", PARTS["train"]),
        validation=_samples("validation", PARTS["validation"]),
        test=_samples("test", PARTS["test"]),
        classes=("AA", "AB", "BA", "BB"),
        loss="cross_entropy",
        metric="accuracy",
        default_network=f"{CUES * PER_CUE}-32-{CUES**2}",
        input_shape=(STEPS, CUES * PER_CUE),
        scaling="unchanged",
    )


def _samples(part: str, n: int) -> Split:
    """Volleys and background of ``n`` samples, as many of each class."""
    draw = _Uniforms(Stream(0, f"order/{part}"))
    labels = np.argsort(draw(n), kind="stable") % CUES**2
    cues = np.stack([labels // CUES, labels % CUES], axis=1)
    first, last = np.array(WINDOWS).T
    middles = first + np.floor(draw(n, 2) * (last - first + 1)).astype(np.int64)
    jitter = np.floor(draw(n, 2, PER_CUE) * (2 * JITTER + 1)).astype(np.int64) - JITTER
    x = draw(n, STEPS, CUES * PER_CUE) < BACKGROUND
    rows, _, members = np.indices(jitter.shape)
    x[rows, middles[..., np.newaxis] + jitter, cues[..., np.newaxis] * PER_CUE + members] = True
    return Split(x.astype(np.float32), labels.astype(np.int64))


class _Uniforms:
    """Numbers in [0, 1) from raw Philox words, which NumPy promises never to change."""

    def __init__(self, stream: Stream) -> None:
        self._words = np.random.Philox(key=int(stream.key))

    def __call__(self, *shape: int) -> Array:
        words = np.asarray(self._words.random_raw(int(np.prod(shape))), np.uint64)
        return (words >> np.uint64(11)).reshape(shape) * 2.0**-53


INFO = TaskInfo(
    "order",
    samples=sum(PARTS.values()),
    features=f"{STEPS} x {CUES * PER_CUE}",
    classes=4,
    source=SOURCE,
    load=load,
)
