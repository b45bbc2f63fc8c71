"""Static activations. NIR has none of them: see :mod:`hwnoise.nir_io` for what files hold."""

from __future__ import annotations

from dataclasses import dataclass

from hwnoise.nodes.ports import Fixed


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Activation(Fixed):
    """A function of the node values of one sample, of the given ``shape``."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Relu(Activation):
    """y = max(x, 0), element by element."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tanh(Activation):
    """y = tanh(x), element by element."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sigmoid(Activation):
    """y = 1 / (1 + exp(-x)), element by element."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Softmax(Activation):
    """y_i = exp(x_i) / sum_j exp(x_j), over the last axis; a read-out of class probabilities."""
