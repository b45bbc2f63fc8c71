"""An integer network: what a digital neuromorphic chip holds, and what is deployed to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hwnoise.arithmetic import Arithmetic, Name, rules_of
from hwnoise.graph import Edge

Array = NDArray[Any]
SignMode = Literal["mixed", "excitatory", "inhibitory", "signed"]
Kind = Literal["lif", "ternary", "li", "adaptive", "graded"]


@dataclass(frozen=True, eq=False)
class IntegerSynapses:
    """Synapses between two populations, in the terms of Lava's Dense, Sparse, Conv and DelayDense.

    The current of a step is ``(weight @ spikes) * 2**exponent``, floored.

    Attributes
    ----------
    weight : (n_out, n_in) or (out, in / groups, height, width) int32
        As the chip holds it: even numbers -256..254 (mixed), 0..255 or -255..0, on the grid of ``bits``.
        A convolution's kernels are in the order of a correlation.
    scale : float
        Current in units of the float network per unit of ``weight * 2**exponent``, > 0.
    exponent : int
        Power of two on the sum; 0 for a convolution.
    bits, message_bits : int
        Of a weight (1..8) and of a spike's payload (0: binary spikes).
    sign_mode : str
        ``"signed"``: -128 to 127, of chips other than Loihi.
    delay : (n_out, n_in) int32, optional
        Steps that each synapse adds to the one every synapse takes, 0..63.
    geometry : mapping
        Of a convolution or pooling: ``kind`` (``"conv"``, ``"pool"``), ``input_shape``, ``output_shape``,
        ``stride``, ``padding``, ``dilation`` (each down and across) and ``groups``.
    """

    weight: Array
    scale: float
    exponent: int = 0
    bits: int = 8
    message_bits: int = 0
    sign_mode: SignMode = "mixed"
    delay: Array | None = None
    geometry: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_relay(self) -> bool:
        """Whether it is a pooling, which may feed other synapses with its sums."""
        return self.geometry.get("kind") == "pool"

    @property
    def spike_unit(self) -> float:
        """What 1 of what a pooling sends is in the float network."""
        return self.scale

    @property
    def unit(self) -> float:
        """Weight of the float network per unit of ``weight``."""
        return self.scale * 2.0**self.exponent


@dataclass(frozen=True, eq=False)
class IntegerNeurons:
    """One population, in the terms of Lava's LIF, LIFReset, TernaryLIF, GradedVec.

    Attributes
    ----------
    shape : tuple of int
    du, dv : int
        Decay of current and membrane in 1/4096; du is kept as Lava takes it, one less than the decay.
    vth : int
        Threshold in units of 64 (the membrane is compared with ``vth << 6``); 131072 for ``"li"``.
    scale, offset : float
        A membrane v is ``scale * v + offset`` in units of the float network; scale > 0.
    bias_mant : (n,) int32
    bias_exp : int
    kind : str
        ``"lif"``; ``"ternary"`` (``vth_low`` is its lower threshold); ``"li"``: an integrator whose
        output is its membrane, on the chip a LIF that never reaches its threshold; ``"adaptive"``:
        a LIF whose threshold moves, which is ours (Lava is not to run it); ``"graded"``: Lava's
        GradedVec, whose spikes are its membrane in units of ``scale``; du is 4095, dv 4096, it has no
        bias, and vth is in units of its membrane.
    vth_low : int
    refractory : int
        Steps without a spike after one; 0 where Lava is to run it (it has no fixed-point model for more).
    dtheta, theta_step : int
        Of ``"adaptive"``: decay in 1/4096 of what the threshold was raised by, and what a spike adds to
        it, in units of 64.
    arithmetic : str
        ``"loihi"``, which is Lava's; ``"xylo"``: du and dv are shifts, and vth is in units of the membrane.
    """

    shape: tuple[int, ...]
    du: int
    dv: int
    vth: int
    scale: float
    offset: float = 0.0
    bias_mant: Array = field(default_factory=lambda: np.zeros(1, np.int32))
    bias_exp: int = 0
    kind: Kind = "lif"
    vth_low: int = 0
    refractory: int = 0
    dtheta: int = 0
    theta_step: int = 0
    arithmetic: Name = "loihi"

    @property
    def rules(self) -> Arithmetic:
        """How the neurons count."""
        return rules_of(self.arithmetic, self.kind)

    @property
    def spike_unit(self) -> float:
        """What a spike of 1 is in the float network."""
        return self.scale if self.kind == "graded" else 1.0

    @property
    def n(self) -> int:
        """How many neurons there are."""
        return int(np.prod(self.shape))


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A graph of synapses and neurons, all integers, in feed-forward order.

    Every synapse takes one step on the chip. Where layers follow each other that only shifts a layer
    in time, by its depth; the emulator therefore lets a layer see the spikes of the same step.

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

    @property
    def synapses(self) -> dict[str, IntegerSynapses]:
        """The synapses alone, in order."""
        return {name: node for name, node in self.nodes.items() if isinstance(node, IntegerSynapses)}

    @property
    def neurons(self) -> dict[str, IntegerNeurons]:
        """The populations alone, in order."""
        return {name: node for name, node in self.nodes.items() if isinstance(node, IntegerNeurons)}

    def sources(self, name: str) -> tuple[str, ...]:
        """What feeds the node ``name``, in the order of the edges."""
        return tuple(a for a, b in self.edges if b == name)

    def depths(self) -> dict[str, int]:
        """Steps by which each node's output lags behind the input on the chip, through its longest way.

        A loop adds nothing: its last edge runs backwards in the order of the nodes.
        """
        place = {name: i for i, name in enumerate(self.nodes)}
        depth = {"input": 0}
        for name, node in self.nodes.items():
            ahead = [depth[s] for s in self.sources(name) if s == "input" or place[s] < place[name]]
            depth[name] = max(ahead, default=0) + isinstance(node, IntegerSynapses)
        return depth
