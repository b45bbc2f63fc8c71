"""Spiking networks of every shape that a digital chip takes, chips with them, and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise import Network, Stream, substrate
from hwnoise.backends.emulator.integer import IntegerProgram
from hwnoise.nodes import (
    LI,
    LIF,
    Affine,
    AvgPool2d,
    Conv2d,
    CubaLIF,
    Delay,
    Flatten,
    Input,
    Linear,
    Node,
    Output,
    SumPool2d,
)
from hwnoise.nodes.spiking import AdaptiveLIF, GradedLIF, RefractoryLIF, TernaryLIF

Array = NDArray[Any]
DT, TAU = 1e-3, 1e-2


def chain(nodes: Mapping[str, Node]) -> Network:
    """Nodes one after another."""
    return Network(dict(nodes), tuple(pairwise(nodes)), dt=DT, reset="zero")


def lif(*shape: int, threshold: float = 1.0, tau: float = TAU, leak: float = 0.0) -> LIF:
    ones = np.ones(shape)
    return LIF(tau * ones, tau / DT * ones, leak * ones, threshold * ones)


def li(n: int, tau: float = TAU) -> LI:
    return LI(np.full(n, tau), np.full(n, tau / DT), np.zeros(n))


def dense(rng: np.random.Generator, n_out: int, n_in: int, bias: float = 0.0) -> Affine:
    weight = rng.normal(0, (2 / n_in) ** 0.5, (n_out, n_in)).astype(np.float32)
    return Affine(weight, rng.normal(0, bias, n_out).astype(np.float32))


def perceptron(rng: np.random.Generator, bias: float = 0.05) -> Network:
    """30-20-4 with a leaky integrator at its end."""
    nodes: dict[str, Node] = {
        "input": Input((30,)),
        "hidden": dense(rng, 20, 30, bias),
        "hidden_neurons": lif(20),
    }
    nodes |= {"readout": dense(rng, 4, 20, bias), "readout_neurons": li(4), "output": Output((4,))}
    return chain(nodes)


def with_current(rng: np.random.Generator) -> Network:
    """Neurons with a synaptic current, and a leak toward another value than the reset."""
    ones = np.ones(12)
    cuba = CubaLIF(5e-3 * ones, TAU * ones, TAU / DT * ones, 0.1 * ones, ones, w_in=5 * ones)
    return chain(
        {"input": Input((30,)), "hidden": dense(rng, 12, 30, 0.02), "n": cuba, "output": Output((12,))}
    )


def convolutional(rng: np.random.Generator) -> Network:
    """A convolution, a pooling, another convolution, another pooling, and a dense layer."""
    first = Conv2d(rng.normal(0, 0.4, (3, 1, 3, 3)), rng.normal(0, 0.05, 3), padding=(1, 1))
    second = Conv2d(rng.normal(0, 0.4, (4, 3, 3, 3)), rng.normal(0, 0.05, 4))
    nodes: dict[str, Node] = {"input": Input((1, 12, 12)), "conv1": first, "n1": lif(3, 12, 12)}
    nodes |= {"pool1": SumPool2d((2, 2), (2, 2)), "conv2": second, "n2": lif(4, 4, 4)}
    nodes |= {"pool2": AvgPool2d((2, 2), (2, 2)), "flat": Flatten(), "readout": dense(rng, 5, 16, 0.1)}
    return chain(nodes | {"n3": lif(5), "output": Output((5,))})


def recurrent(rng: np.random.Generator) -> Network:
    """A layer that feeds itself, and one behind it."""
    nodes: dict[str, Node] = {"input": Input((30,)), "hidden": dense(rng, 20, 30), "hidden_neurons": lif(20)}
    nodes |= {"back": Linear(rng.normal(0, 0.2, (20, 20))), "readout": dense(rng, 4, 20)}
    nodes |= {"readout_neurons": li(4), "output": Output((4,))}
    names = ["input", "hidden", "hidden_neurons", "readout", "readout_neurons", "output"]
    loop = (("hidden_neurons", "back"), ("back", "hidden_neurons"))
    return Network(nodes, (*pairwise(names), *loop), dt=DT, reset="zero")


def two_layer_loop(rng: np.random.Generator) -> Network:
    """A layer that is fed by the layer behind it: that takes two steps on the chip."""
    nodes: dict[str, Node] = {"input": Input((30,)), "a": dense(rng, 20, 30), "an": lif(20)}
    nodes |= {"b": dense(rng, 10, 20), "bn": lif(10), "back": Linear(rng.normal(0, 0.4, (20, 10)))}
    nodes |= {"output": Output((10,))}
    names = ["input", "a", "an", "b", "bn", "output"]
    return Network(nodes, (*pairwise(names), ("bn", "back"), ("back", "an")), dt=DT, reset="zero")


def delayed(rng: np.random.Generator) -> Network:
    """Inputs that arrive after 0 to 5 steps."""
    late = Delay(rng.integers(0, 6, 30) * DT)
    nodes: dict[str, Node] = {"input": Input((30,)), "late": late, "hidden": dense(rng, 20, 30)}
    return chain(nodes | {"hidden_neurons": lif(20), "output": Output((20,))})


def ternary(rng: np.random.Generator) -> Network:
    """Spikes of both signs into refractory neurons."""
    ones = np.ones(20)
    both = TernaryLIF(TAU * ones, TAU / DT * ones, 0 * ones, ones, -0.8 * ones)
    tired = RefractoryLIF(*(v * np.ones(6) for v in (TAU, TAU / DT, 0.0, 1.0, 3 * DT)))
    nodes: dict[str, Node] = {"input": Input((30,)), "hidden": dense(rng, 20, 30), "n1": both}
    return chain(nodes | {"readout": dense(rng, 6, 20), "n2": tired, "output": Output((6,))})


def adaptive(rng: np.random.Generator) -> Network:
    """A loop over neurons whose threshold rises by a third with each spike, and a layer of them behind."""

    def tiring(n: int, tau: float) -> AdaptiveLIF:
        return AdaptiveLIF(*(v * np.ones(n) for v in (TAU, TAU / DT, 0.0, 1.0, tau, 0.35)))

    nodes: dict[str, Node] = {
        "input": Input((30,)),
        "hidden": dense(rng, 20, 30, 0.05),
        "n1": tiring(20, 0.05),
    }
    nodes |= {"back": Linear(rng.normal(0, 0.2, (20, 20))), "readout": dense(rng, 6, 20)}
    nodes |= {"n2": tiring(6, 0.1), "output": Output((6,))}
    names = ["input", "hidden", "n1", "readout", "n2", "output"]
    return Network(nodes, (*pairwise(names), ("n1", "back"), ("back", "n1")), dt=DT, reset="zero")


def graded(rng: np.random.Generator) -> Network:
    """Payloads through two layers into neurons that leak, and from those into payloads."""

    def sending(n: int, threshold: float) -> GradedLIF:
        return GradedLIF(*(v * np.ones(n) for v in (DT, 1.0, 0.0, threshold)))

    nodes: dict[str, Node] = {"input": Input((30,)), "a": Linear(rng.normal(0, 0.25, (20, 30)))}
    nodes |= {"n1": sending(20, 0.3), "b": Linear(rng.normal(0, 0.3, (16, 20))), "n2": sending(16, 0.5)}
    nodes |= {"c": dense(rng, 10, 16, 0.05), "n3": lif(10), "d": Linear(rng.normal(0, 0.5, (5, 10)))}
    return chain(nodes | {"n4": sending(5, 0.2), "output": Output((5,))})


_PLAIN = (perceptron, with_current, convolutional, recurrent, two_layer_loop, delayed)
ALL = {f.__name__: f for f in (*_PLAIN, ternary, adaptive, graded)}


def loihi(noise: bool = False, **tables: Any) -> substrate.Substrate:
    """Loihi 2, without its noise unless asked for, with other numbers where given."""
    off: dict[str, Any] = {} if noise else {"loihi_noise": "off"}
    return substrate.load("loihi2", off | tables)


def chip(
    network: Network, on: substrate.Substrate | None = None, seed: int = 1, headroom: float = 1.0
) -> IntegerProgram:
    """A chip with ``network`` on it."""
    return IntegerProgram(network, on or loihi(), Stream(seed, "chip"), headroom)


def spikes(rng: np.random.Generator, network: Network, samples: int = 6, steps: int = 40) -> Array:
    """Inputs of which a third are active, (samples, steps, n_in)."""
    return (rng.random((samples, steps, network.n_inputs)) < 0.3).astype(np.float32)
