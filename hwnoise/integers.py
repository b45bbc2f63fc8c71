"""An integer network: what a digital neuromorphic chip holds, and what is deployed to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hwnoise.graph import Edge

Array = NDArray[Any]
SignMode = Literal["mixed", "excitatory", "inhibitory"]


@dataclass(frozen=True, eq=False)
class IntegerSynapses:
    """Synapses between two populations, in the terms of Lava's Dense, Sparse, Conv and DelayDense.

    The current of a step is ``(weight @ spikes) * 2**exponent``, floored.

    Attributes
    ----------
    weight : (n_out, n_in) or (out, in, height, width) int32
        As the chip holds it: even numbers -256..254 (mixed), 0..255 or -255..0, on the grid of ``bits``.
    scale : float
        Current in units of the float network per unit of ``weight * 2**exponent``, > 0.
    exponent : int
        Power of two on the sum.
    bits, message_bits : int
        Of a weight (1..8) and of a spike's payload (0: binary spikes).
    sign_mode : str
    delay : (n_out, n_in) int32, optional
        Steps that each synapse adds to the one every synapse takes, 0..63.
    geometry : mapping
        Of a convolution or pooling: ``kind``, ``input_shape``, ``stride``, ``padding``, ``dilation``, ``groups``.
    """

    weight: Array
    scale: float
    exponent: int = 0
    bits: int = 8
    message_bits: int = 0
    sign_mode: SignMode = "mixed"
    delay: Array | None = None
    geometry: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class IntegerNeurons:
    """One population, in the terms of Lava's LIF, LIFReset, TernaryLIF.

    Attributes
    ----------
    shape : tuple of int
    du, dv : int
        Decay of current and membrane in 1/4096; du is kept as Lava takes it, one less than the decay.
    vth : int
        Threshold in units of 64 (the membrane is compared with ``vth << 6``).
    scale : float
        Membrane in units of the float network per integer unit of v, > 0.
    bias_mant : (n,) int32
    bias_exp : int
    kind : str
        ``"lif"``; ``"ternary"`` (``vth_low`` is its lower threshold); ``"li"``: an integrator whose
        output is its membrane, on the chip a LIF that never reaches its threshold.
    vth_low : int
    refractory : int
        Steps without a spike after one; 0 where Lava is to run it (it has no fixed-point model for more).
    """

    shape: tuple[int, ...]
    du: int
    dv: int
    vth: int
    scale: float
    bias_mant: Array = field(default_factory=lambda: np.zeros(1, np.int32))
    bias_exp: int = 0
    kind: Literal["lif", "ternary", "li"] = "lif"
    vth_low: int = 0
    refractory: int = 0


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A graph of synapses and neurons, all integers, in feed-forward order.

    Attributes
    ----------
    nodes : mapping of str to IntegerSynapses or IntegerNeurons
        Named as in the float network they come from.
    edges : tuple of (str, str)
        Between nodes; ``"input"`` and ``"output"`` are the ends.
    dt : float or None
        Seconds that a step stands for.
    """

    nodes: Mapping[str, IntegerSynapses | IntegerNeurons]
    edges: tuple[Edge, ...]
    dt: float | None = None
