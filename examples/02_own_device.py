"""Describe a chip of your own in a TOML file, train on it, and see what each of its effects costs.

own_device.toml has the numbers. This prints how the chip's noise can be observed and which learners
fit, trains a network on one such chip by that noise, and measures it over many others: with all
effects, and with one of them taken away at a time. Takes a few seconds:

    python examples/02_own_device.py
    python examples/02_own_device.py my_chip.toml --chips 50
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hwnoise import Network, Stream, Substrate, evaluate, fit, learners, optimizers, substrate, tasks
from hwnoise.backends.emulator import backend
from hwnoise.errors import HwnoiseError
from hwnoise.tasks import Task

OWN = Path(__file__).with_name("own_device.toml")
NEEDED = {"clock", "conductance", "write"}  # what makes it a chip, and no imperfection


def main() -> int:
    options = argparse.ArgumentParser(description="Train and evaluate on a chip described in a TOML file.")
    options.add_argument("device", nargs="?", default=OWN, help="the TOML file (default: own_device.toml)")
    options.add_argument("--chips", type=int, default=20, help="chip instances in each evaluation")
    options.add_argument("--quick", action="store_true", help="few epochs and chips, to see that it runs")
    chosen = options.parse_args()
    epochs, chips = (2, 3) if chosen.quick else (60, chosen.chips)
    try:
        introduce(substrate.load(chosen.device))
        compare(chosen.device, epochs, chips)
    except HwnoiseError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def introduce(kind: Substrate) -> None:
    """Say what the chip is and what it shows."""
    print(f"{kind.name}: {kind.summary}")
    for sentence in kind.observability():
        print(f"  {sentence}")
    print(f"learners that fit: {', '.join(learners.fitting(kind.capabilities())) or 'none'}\n")


def compare(device: str | Path, epochs: int, chips: int) -> None:
    """Print the accuracy over ``chips`` instances: before, after, and after without one effect."""
    stream, task, kind = Stream(7), tasks.load("digits"), substrate.load(device)
    network = Network.mlp(task.default_network, stream, gain=2.0)
    trained = learn(network, kind, task, stream, epochs)
    rows = [("untrained", network, kind), ("trained on one of them", trained, kind)]
    for effect in (name for name in kind.effects() if name not in NEEDED):
        rows.append((f"  without {effect}", trained, substrate.load(device, {effect: "off"})))
    print(f"digits on {chips} chips: accuracy and its 95 % interval")
    for what, candidate, variant in rows:
        found = evaluate(candidate, variant, backend, task, chips=chips, stream=stream.child("others"))
        print(f"{what:<30} {found.accuracy:6.1%}  [{found.low:.1%}, {found.high:.1%}]")


def learn(network: Network, kind: Substrate, task: Task, stream: Stream, epochs: int) -> Network:
    """Return the network as read back from the chip on which it learned."""
    chip = backend.compile(network, kind, stream.child("chip"), headroom=1.5)
    optimizer = optimizers.make("adam", learning_rate=0.005, schedule="cosine")
    fit(chip, task, learners.make("anp"), optimizer, epochs=epochs)
    return network.with_parameters(chip.read_weights())


if __name__ == "__main__":
    sys.exit(main())
