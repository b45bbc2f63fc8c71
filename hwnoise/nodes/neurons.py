"""Neurons and other element-wise nodes, named and defined as in NIR (Pedersen et al., Nat. Commun. 2024).

v is the membrane potential, I the synaptic current, z the spikes, S the input spikes, dots are
time derivatives. All time constants are in seconds. All parameters of a node have one shape, that
of a sample; a single number stands for every neuron. What a simulator makes of an equation also
depends on ``Network.dt`` and ``Network.reset``, which NIR leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from hwnoise.errors import InputError
from hwnoise.nodes.base import Array, Node, Shape, shape_text, store, store_array


def zero() -> Array:
    """What a reset potential is unless given: 0 for every neuron."""
    return np.zeros((), np.float32)


def one() -> Array:
    """What an input current is unless given: 1 for every spike."""
    return np.ones((), np.float32)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Elementwise(Node):
    """A node whose parameters all have the shape of its input."""

    def __post_init__(self) -> None:
        arrays = {f.name: store_array(self, f.name) for f in fields(self)}
        try:
            shape = np.broadcast_shapes(*(a.shape for a in arrays.values()))
        except ValueError:
            given = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
            raise InputError(f"{self.kind}: all parameters must have one shape, got {given}") from None
        for name, array in arrays.items():
            _check_sign(self.kind, name, array)
            if array.shape != shape or shape == ():
                store(self, name, np.broadcast_to(array, shape or (1,)))
                store_array(self, name)

    @property
    def shape(self) -> Shape:
        """Shape of one sample."""
        values: Array = getattr(self, fields(self)[0].name)
        return values.shape

    def output_shape(self, shape: Shape) -> Shape:
        """Return ``shape``, which must be the parameters' own."""
        if shape != self.shape:
            raise InputError(f"{self.kind} takes {shape_text(self.shape)}, gets {shape_text(shape)}")
        return shape


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Scale(Elementwise):
    """y = s x, element by element; ``scale`` is s."""

    scale: Array


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Threshold(Elementwise):
    """z = 1 if x > threshold, else 0; no memory."""

    threshold: Array


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Delay(Elementwise):
    """y(t) = x(t - delay); ``delay`` in seconds, >= 0."""

    delay: Array

    @property
    def is_stateful(self) -> bool:
        """True if every delay is positive, so that a loop through it takes time."""
        return bool((self.delay > 0).all())


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Neuron(Elementwise):
    """An element-wise node with a membrane potential."""

    @property
    def is_stateful(self) -> bool:
        """Always: the membrane remembers."""
        return True

    @property
    def is_spiking(self) -> bool:
        """Whether there is a threshold to cross."""
        return hasattr(self, "v_threshold")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Integrator(Neuron):
    """dv/dt = r I; NIR's primitive ``I``. ``r`` in volts per (unit of I and second)."""

    r: Array


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IF(Neuron):
    """dv/dt = r I; z = 1 and v = v_reset where v > v_threshold.

    Parameters
    ----------
    r : array
        Input gain, volts per (unit of I and second).
    v_threshold, v_reset : array
        Volts (or any one unit of v); ``v_reset`` is 0 unless given.
    """

    r: Array
    v_threshold: Array
    v_reset: Array = field(default_factory=zero)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Leaky(Neuron):
    """A membrane that leaks: tau dv/dt = (v_leak - v) + r I.

    Parameters
    ----------
    tau : array
        Membrane time constant [s], > 0.
    r : array
        Input gain, volts per unit of I.
    v_leak : array
        Resting potential [V].
    """

    tau: Array
    r: Array
    v_leak: Array


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LI(Leaky):
    """tau dv/dt = (v_leak - v) + r I; the output is v. Parameters of :class:`Leaky`."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Firing(Leaky):
    """A leaky membrane that sends a spike where v > v_threshold.

    Parameters
    ----------
    v_threshold : array
        Firing potential [V]; the rest as in :class:`Leaky`. Each kind of neuron adds ``v_reset``, the
        potential [V] to which a spike sends the membrane, 0 unless given.
    """

    v_threshold: Array


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LIF(Firing):
    """tau dv/dt = (v_leak - v) + r I; z = 1 and v = v_reset where v > v_threshold (see :class:`Firing`)."""

    v_reset: Array = field(default_factory=zero)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Synaptic(Neuron):
    """A membrane behind a synaptic current: tau_syn dI/dt = -I + w_in S.

    Parameters
    ----------
    tau_syn, tau_mem : array
        Time constants of synapse and membrane [s], > 0.
    r : array
        Input gain, volts per unit of I.
    v_leak : array
        Resting potential [V]. Each kind of neuron adds ``w_in``, the current per input spike in units
        of I, 1 unless given.
    """

    tau_syn: Array
    tau_mem: Array
    r: Array
    v_leak: Array


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CubaLI(Synaptic):
    """tau_syn dI/dt = -I + w_in S; tau_mem dv/dt = (v_leak - v) + r I; the output is v."""

    w_in: Array = field(default_factory=one)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CubaLIF(Synaptic):
    """The current and membrane of :class:`CubaLI`; z = 1 and v = v_reset where v > v_threshold.

    Parameters
    ----------
    v_threshold, v_reset : array
        Firing and reset potential [V]; ``v_reset`` is 0 unless given.
    """

    v_threshold: Array
    v_reset: Array = field(default_factory=zero)
    w_in: Array = field(default_factory=one)


def _check_sign(kind: str, name: str, array: Array) -> None:
    if name.startswith("tau") and array.min() <= 0:
        raise InputError(f"{kind}.{name} must be > 0 s, got {array.min()}")
    if name in ("delay", "refractory") and array.min() < 0:
        raise InputError(f"{kind}.{name} must be >= 0 s, got {array.min()}")
