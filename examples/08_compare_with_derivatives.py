"""How far is learning from noise behind back-propagation, on the same noisy chip?

Every learner gets a grid of as many learning rates, and trains the same network on the same chip until its
validation accuracy no longer rises. The best rate of each, chosen on validation samples, is printed with what
it took: passes, work (derivatives counted as passes, too) and time, to its plateau and to 90 %.

    python examples/08_compare_with_derivatives.py
    python examples/08_compare_with_derivatives.py --learners anp np bp dfa gauss-newton

Takes about half a minute for `anp` and `bp`. Needs pip install "hwnoise[snntorch]" for the derivatives.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from hwnoise import Network, Stream, fit, learners, optimizers, substrate, tasks
from hwnoise.backends import registry
from hwnoise.errors import DivergenceError
from hwnoise.learners import Learner
from hwnoise.learners.base import work
from hwnoise.training.evaluate import count_correct
from hwnoise.training.history import History

BATCH, WINDOW, REACHED = 64, 20, 0.9
GRIDS: dict[str, tuple[float, ...]] = {"adam": (0.001, 0.003, 0.01, 0.03), "sgd": (0.1, 0.3, 0.6, 1.0)}
WHOLE_STEPS = ("gauss-newton", "natural-gradient", "lbfgs", "cubic")  # their estimate is the step itself


@dataclass(frozen=True)
class Outcome:
    """One learner at one learning rate: accuracies in [0, 1], and what they took."""

    learner: str
    rate: float
    validation: float
    test: float
    epochs: int
    passes: int
    work: int
    seconds: float
    passes_to_reach: int | None
    seconds_to_reach: float | None


def main() -> None:
    options = argparse.ArgumentParser(description="Learning from noise beside learning with derivatives.")
    options.add_argument("--learners", nargs="+", default=["anp", "bp"], metavar="NAME")
    options.add_argument("--device", default="pcm")
    options.add_argument("--network", default="64-64-10")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--most", type=int, default=600, help="epochs after which no plateau is awaited")
    options.add_argument("--quick", action="store_true", help="two rates and four epochs only")
    options.add_argument("--json", action="store_true", help="one JSON list of all runs instead of the table")
    chosen = options.parse_args()
    rates: slice = slice(1, 3) if chosen.quick else slice(None)
    most = 4 if chosen.quick else chosen.most
    found: dict[str, list[Outcome]] = {}
    for name in chosen.learners:
        grid = GRIDS["sgd" if name in WHOLE_STEPS else "adam"][rates]
        train(name, grid[0], chosen, most=1)  # so that no time is that of compiling
        found[name] = [o for rate in grid if (o := train(name, rate, chosen, most)) is not None]
    if chosen.json:
        print(json.dumps([asdict(outcome) for outcomes in found.values() for outcome in outcomes]))
    else:
        print(f"digits, {chosen.network} on one chip of {chosen.device!r}, seed {chosen.seed}")
        best = [max(outcomes, key=lambda o: o.validation) for outcomes in found.values() if outcomes]
        print("\n".join(table(best)))


def train(name: str, rate: float, chosen: argparse.Namespace, most: int) -> Outcome | None:
    """Train with one learning rate on the chip that all share, until nothing more is won; None: diverged."""
    task, stream, learner = tasks.load("digits"), Stream(chosen.seed), learners.make(name)
    backend = registry.get("snntorch" if learner.needs.level == "gradient" else "emulator")
    network = Network.mlp(chosen.network, stream.child("network"), gain=2.0)
    chip = backend.compile(network, substrate.load(chosen.device), stream.child("chip"), headroom=1.5)
    optimizer = optimizers.make("sgd" if name in WHOLE_STEPS else "adam", learning_rate=rate)
    history = History()
    try:
        while len(history.epochs) < most and not is_flat(history):
            history = fit(
                chip, task, learner, optimizer, epochs=min(len(history.epochs) + WINDOW, most),
                batch_size=BATCH, stream=stream.child("train"), start=history if history.epochs else None,
            )  # fmt: skip
    except DivergenceError:
        return None
    return outcome_of(learner, rate, history, count_correct(chip, task.test) / len(task.test))


def is_flat(history: History) -> bool:
    """Whether the last epochs were no better than those before them."""
    seen = [epoch.validation_accuracy for epoch in history.epochs[-2 * WINDOW :]]
    return len(seen) == 2 * WINDOW and sum(seen[WINDOW:]) - sum(seen[:WINDOW]) < 0.002 * WINDOW


def outcome_of(learner: Learner, rate: float, history: History, test: float) -> Outcome:
    """The books of one run."""
    epochs, each = history.epochs, work(learner, BATCH) / learner.ask(0, BATCH).passes
    seen = [epoch.validation_accuracy for epoch in epochs]
    reached = next((n for n, accuracy in enumerate(seen, 1) if accuracy >= REACHED), None)
    return Outcome(
        learner=learner.name,
        rate=rate,
        validation=sum(seen[-WINDOW:]) / len(seen[-WINDOW:]),
        test=test,
        epochs=len(epochs),
        passes=history.passes,
        work=round(history.passes * each),
        seconds=history.seconds,
        passes_to_reach=sum(e.passes for e in epochs[:reached]) if reached else None,
        seconds_to_reach=sum(e.seconds for e in epochs[:reached]) if reached else None,
    )


def table(best: list[Outcome]) -> Iterator[str]:
    """A line for each learner at its best rate."""
    to = f"to {REACHED:.0%}"
    columns = ("learner", "rate", "test", "epochs", "passes", "work", "time", f"passes {to}", f"time {to}")
    yield "  ".join(f"{word:>13}" for word in columns)
    for o in best:
        early = ("-", "-")
        if o.passes_to_reach is not None and o.seconds_to_reach is not None:
            early = (f"{o.passes_to_reach:,}", f"{o.seconds_to_reach:.1f} s")
        cells = (o.learner, f"{o.rate:g}", f"{o.test:.1%}", f"{o.epochs}", f"{o.passes:,}", f"{o.work:,}")
        yield "  ".join(f"{cell:>13}" for cell in (*cells, f"{o.seconds:.1f} s", *early))


if __name__ == "__main__":
    main()
