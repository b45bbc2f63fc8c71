"""Train a network on one noisy chip by the chip's own noise, and see what other chips make of it.

Handwritten digits, a phase-change-memory chip with its real writes, node perturbation from two
noisy passes; no derivative anywhere. Takes a few seconds:

    python examples/01_train_digits.py
"""

from __future__ import annotations

import argparse

from hwnoise import Network, Program, Stream, evaluate, fit, learners, optimizers, substrate, tasks
from hwnoise.backends.emulator import backend
from hwnoise.tasks import Task
from hwnoise.training.evaluate import count_correct


def main() -> None:
    options = argparse.ArgumentParser(description="Train digits on an emulated phase-change-memory chip.")
    options.add_argument("--quick", action="store_true", help="a few epochs only, to see that it runs")
    options.add_argument("--seed", type=int, default=7, help="reproduces every number below")
    chosen = options.parse_args()

    stream, task, pcm = Stream(chosen.seed), tasks.load("digits"), substrate.load("pcm")
    network = Network.mlp("64-64-10", stream, gain=2.0)
    chip = backend.compile(network, pcm, stream.child("chip"), headroom=1.5)  # weights may grow by half
    print(f"{network} on '{pcm.name}': {pcm.summary}")
    print(f"before: {share(chip, task):.1%} of the test digits")

    learner = learners.make("anp")
    optimizer = optimizers.make("adam", learning_rate=0.005, schedule="cosine")
    history = fit(chip, task, learner, optimizer, epochs=8 if chosen.quick else 100)
    last = history.epochs[-1]
    print(f"epoch {last.epoch}: loss {last.loss:.3f}, validation accuracy {last.validation_accuracy:.1%}")
    print(f"cost: {history.passes:,} reads and {history.writes:,} device writes in {history.seconds:.1f} s")
    print(f"after, on the trained chip with all its noise: {share(chip, task):.1%}")

    trained = network.with_parameters(chip.read_weights())  # through the converters: noisy, like any read
    found = evaluate(trained, pcm, backend, task, chips=5, stream=stream.child("fresh"))
    print(
        f"after, on {len(found.chips)} fresh chips: {found.accuracy:.1%} [{found.low:.1%}, {found.high:.1%}]"
    )


def share(chip: Program, task: Task) -> float:
    """Share of the test samples that ``chip`` gets right, each read once."""
    return count_correct(chip, task.test) / len(task.test)


if __name__ == "__main__":
    main()
