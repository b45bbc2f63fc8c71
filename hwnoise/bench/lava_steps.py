"""Spiking networks in integers against Lava's fixed-point simulation of the same ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer import IntegerProgram
from hwnoise.backends.emulator.threads import thread_count
from hwnoise.backends.lava import detect
from hwnoise.bench.timing import Case, Parts, Work
from hwnoise.deploying.comparison import compare
from hwnoise.deploying.emulation import emulate
from hwnoise.devices.fixed_point import FixedPoint
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

SIZES = ("784-128-10", "1024-1024-10")
ACTIVITIES = (0.02, 0.1, 0.5)
PROMISED = 0.1  # the activity at which a limit holds
STEPS = 1000
LIMIT = 1 / 300
ROUNDS = 20
LAVA = "Lava, without recording"


class Rival:
    """One network on an emulated chip and in Lava, and what to say about it once it has run in both."""

    def __init__(self, sizes: str, activity: float, steps: int = STEPS) -> None:
        self.sizes, self.activity, self.steps = sizes, activity, steps
        self.said = ""

    def prepare(self) -> tuple[Work, Parts]:
        """Run all steps once in both and compare everything; then ours, and Lava ready to go again."""
        from hwnoise.backends.lava import runner
        from hwnoise.backends.lava.stopwatch import Stopwatch

        program, x = chip(self.sizes), inputs(self.sizes, self.activity, self.steps)
        integers = program.integers()
        spikes, membranes = emulate(integers, x)
        found = runner.run(integers, x, hardware=False)
        comparison = compare((spikes, found.spikes), (membranes, found.membranes))
        if comparison.mismatches:
            raise MismatchError(f"emulator and Lava differ, first in the {comparison.first}")
        counts = " + ".join(f"{np.count_nonzero(each):,}" for each in found.spikes.values())
        self.said = f"Lava, {self.steps:,} steps, {x.mean():.1%} active, {counts} spikes in both"
        ready = Stopwatch(integers, x)
        sent = x.astype(np.int8)
        return lambda: program.run(sent), {LAVA: ready.run}

    def note(self) -> str:
        """What Lava and the emulator have in common."""
        return self.said


def cases() -> Iterator[Case]:
    """Both networks at each activity, batch 1; nothing where Lava is not installed.

    Ours may use as many threads as there are processors: Lava uses them all, a process for each layer.
    """
    if missing():
        return
    for sizes in SIZES:
        for activity in ACTIVITIES:
            rival = Rival(sizes, activity)
            name = f"integers {sizes} batch 1, {activity:.0%} active"
            limit = LIMIT if activity == PROMISED else None
            yield Case(name, rival.prepare, {"": (LAVA,)}, limit, thread_count(), rival.note, ROUNDS)


def missing() -> list[str]:
    """The libraries whose rows are left out because they are not installed."""
    return ["lava-nc"] if detect.problem(detect.installed()) else []


def chip(sizes: str) -> IntegerProgram:
    """A network of random weights on a digital chip without noise, which Lava has not."""
    network = Network.spiking(sizes, Stream(0, "bench/network"), readout="lif")
    quiet = Substrate(name="integers", kind="digital", fixed_point=FixedPoint())
    return IntegerProgram(network, quiet, Stream(0, "bench/chip"), 1.0)


def inputs(sizes: str, activity: float, steps: int) -> NDArray[np.int32]:
    """Spikes (1, steps, n_in), each input active with the probability ``activity``."""
    n_in = int(sizes.partition("-")[0])
    drawn = Stream(0, "bench/spikes").generator().random((1, steps, n_in))
    return (drawn < activity).astype(np.int32)
