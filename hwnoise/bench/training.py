"""A step of training against the reads that it cannot do without."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from hwnoise import learners, losses, optimizers, tasks
from hwnoise.bench.pcm import chip
from hwnoise.bench.timing import Case, Parts, Work

BATCH = 32
SIZES = "64-64-10"


def cases() -> Iterator[Case]:
    """The step of the demo: digits, phase-change memory, activity-based node perturbation."""
    name = f"training step digits {SIZES} pcm anp batch {BATCH}"
    yield Case(name, prepare, {"": ("reads",)}, note="its own reads, on a chip that is not written to")


def prepare() -> tuple[Work, Parts]:
    """Two equal chips: one is trained on one batch, the other only read."""
    task, learner = tasks.load("digits"), learners.make("anp")
    trained, read = chip(SIZES), chip(SIZES)
    optimizer, loss = optimizers.make("adam", learning_rate=0.01), losses.get(task.loss)
    learner.bind(trained.network, trained.capabilities)
    learner.calibrate(trained)
    x, y = task.train.x[:BATCH], task.train.y[:BATCH]
    steps = count()

    def step() -> None:
        reading = trained.run(x, learner.ask(0, BATCH))
        estimate = learner.tell(reading, loss(reading.output, y))
        trained.write(optimizer.update(estimate, next(steps), 1_000_000))

    return step, {"reads": lambda: read.run(x, learner.ask(0, BATCH))}
