"""Float networks with time against snnTorch's own forward pass, with noise and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise import substrate
from hwnoise.backends.emulator.threads import thread_count
from hwnoise.backends.emulator.timed.program import TimedProgram
from hwnoise.bench.timing import Case, Parts, Work
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

SIZES, BATCH, STEPS, ACTIVITY = "784-128-10", 128, 25, 0.1
STEPWISE, AT_ONCE = "snnTorch", "snnTorch, first product at once"
CONSTANT, DEPENDENT = "constant noise", "state-dependent noise"
NOISES: Mapping[str, Mapping[str, Any]] = {
    "no noise": {},
    CONSTANT: {"read_noise.sigma": 0.02},
    DEPENDENT: {"read_noise.sigma": 0.02, "read_noise.dependence": "sqrt"},
}
LIMITS: Mapping[str, float] = {"no noise": 1 / 5, CONSTANT: 1 / 3, DEPENDENT: 1 / 3}
ROUNDS = 8  # of ours in a turn, which then takes about as long as snnTorch's: both are called in loops
NOTE = f"snnTorch without noise, {STEPS} steps, {ACTIVITY:.0%} active"


def cases() -> Iterator[Case]:
    """Every noise on one thread and on all; nothing where snnTorch is not installed."""
    if missing():
        return
    against = {"": (STEPWISE,), f", to {AT_ONCE}": (AT_ONCE,)}
    for threads in sorted({1, min(2, thread_count())}):
        for noise, limit in LIMITS.items():
            name = named("Leaky", noise) + ("" if threads == 1 else f" on {threads} threads")
            yield Case(name, partial(prepare, noise, threads), against, limit, threads, NOTE, ROUNDS)


def missing() -> list[str]:
    """The libraries whose rows are left out because they are not installed."""
    return [name for name in ("snntorch",) if find_spec("torch") is None or find_spec(name) is None]


def named(what: str, noise: str) -> str:
    """Return ``"Leaky 784-128-10 batch 128, no noise"``."""
    return f"{what} {SIZES} batch {BATCH}, {noise}"


def prepare(noise: str, threads: int) -> tuple[Work, Parts]:
    """Ours on an emulated chip; snnTorch on the same weights and spikes, which never has noise."""
    own, x = network(), spikes()
    program = TimedProgram(own, chip(noise), Stream(0, "bench/chip"), 1.0)
    return lambda: program.run(x), snntorch_forward(own, x, threads)


def chip(noise: str) -> Substrate:
    """A chip that has this noise and nothing else."""
    return substrate.load("ideal", dict(NOISES[noise]))


def network() -> Network:
    """Two layers of Leaky neurons with random weights, reset as snnTorch does by default."""
    drawn = Network.spiking(SIZES, Stream(0, "bench/network"), readout="lif")
    return replace(drawn, reset="subtract", metadata={"convention": "snntorch"})


def spikes() -> NDArray[np.float32]:
    """Spikes (batch, steps, n_in), each input active with the probability ``ACTIVITY``."""
    n_in = int(SIZES.partition("-")[0])
    drawn = Stream(0, "bench/spikes").generator().random((BATCH, STEPS, n_in))
    return (drawn < ACTIVITY).astype(np.float32)


def snntorch_forward(own: Network, x: NDArray[np.float32], threads: int) -> Parts:
    """A forward pass in the words of snnTorch's tutorials: step by step, or the first product at once."""
    torch: Any = import_module("torch")  # by name: optional, and never a dependency of this package
    torch.set_num_threads(threads)
    first, second = linear_layers(own)
    steps = torch.from_numpy(x).transpose(0, 1).contiguous()
    stepwise, at_once = stepper(own), stepper(own)

    def whole() -> None:
        given = first(steps)
        at_once(given, lambda driven: driven, second)

    return {
        STEPWISE: without_gradient(lambda: stepwise(steps, first, second)),
        AT_ONCE: without_gradient(whole),
    }


def linear_layers(own: Network) -> tuple[Any, Any]:
    """The two dense layers as torch modules."""
    from hwnoise.backends.snntorch import from_network

    first, _, second, _ = from_network(own).children()
    return first, second


Stepper = Callable[[Any, Callable[[Any], Any], Callable[[Any], Any]], Any]


def stepper(own: Network) -> Stepper:
    """Return what takes (steps, batch, n) through two layers with ``snntorch.Leaky`` behind each."""
    from hwnoise.backends.snntorch import from_network

    torch: Any = import_module("torch")
    snntorch: Any = import_module("snntorch")
    hidden, readout = (snntorch.Leaky(beta=layer.beta) for layer in [*from_network(own).children()][1::2])

    def run(steps: Any, first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Any:
        inner, outer, sent = hidden.init_leaky(), readout.init_leaky(), []
        for given in steps:
            spikes, inner = hidden(first(given), inner)
            spikes, outer = readout(second(spikes), outer)
            sent.append(spikes)
        return torch.stack(sent)

    return run


def without_gradient(work: Work) -> Work:
    """Let torch keep nothing for derivatives."""
    torch: Any = import_module("torch")

    def run() -> object:
        with torch.no_grad():
            return work()

    return run
