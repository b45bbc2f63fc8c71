"""From a gradient estimate to an update: sgd, momentum, adam, sign; schedules and weight decay."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

import numpy as np

from hwnoise.backends.base import Array
from hwnoise.errors import InputError

SCHEDULES = ("constant", "linear", "cosine")
CHUNK = (
    16_384  # elements that Adam handles at a time: four arrays of this size stay in a 2-core laptop's cache
)
_BELOW_ONE = ("momentum", "beta1", "beta2")


@dataclass
class Optimizer:
    """Plain stochastic gradient descent, and what the other optimizers share.

    Parameters
    ----------
    learning_rate : float
        Length of a step, > 0.
    schedule : str
        ``"constant"``, ``"linear"`` or ``"cosine"``; the last two fall to zero as the run ends.
    weight_decay : float
        Share of each weight (not of biases) taken off per unit of learning rate, >= 0; decoupled
        from the gradient (Loshchilov and Hutter, ICLR 2019).
    """

    name: ClassVar[str] = "sgd"

    learning_rate: float = 0.01
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    weight_decay: float = 0.0
    _memory: dict[str, Array] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise InputError(f"schedule must be one of {', '.join(SCHEDULES)}, not {self.schedule!r}")
        for option in fields(self):
            if option.init and option.name != "schedule":
                _check_number(option.name, getattr(self, option.name))

    def rate(self, step: int, total_steps: int) -> float:
        """Learning rate of ``step`` (from 0) out of ``total_steps``; zero would follow the last."""
        done = min(1.0, step / max(total_steps, 1))
        if self.schedule == "linear":
            return self.learning_rate * (1 - done)
        if self.schedule == "cosine":
            return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
        return self.learning_rate

    def update(
        self,
        gradients: Mapping[str, Array],
        step: int,
        total_steps: int,
        parameters: Mapping[str, Array] | None = None,
    ) -> dict[str, Array]:
        """Turn estimates into what is to be added to the parameters.

        Parameters
        ----------
        gradients : dict of str to float32 array
            Overwritten: the deltas are returned in the same arrays, to hold one gradient and no more.
        step, total_steps : int
            This step, counted from 0, and how many there will be.
        parameters : dict of str to float32 array, optional
            Present values; only weight decay reads them.

        Raises
        ------
        InputError
            If weight decay has no ``parameters`` to work on.
        """
        rate = self.rate(step, total_steps)
        deltas = {name: np.ascontiguousarray(g, np.float32) for name, g in gradients.items()}
        for name, delta in deltas.items():
            self._direct(name, delta.reshape(-1), step)
            delta *= np.float32(-rate)
            if self.weight_decay and name.endswith(".weight"):
                if parameters is None:
                    raise InputError("weight_decay needs the present weights, and they were not given")
                delta -= np.float32(rate * self.weight_decay) * parameters[name]
        return deltas

    def _direct(self, name: str, gradient: Array, step: int) -> None:
        """Overwrite ``gradient`` (flat) with the direction of ascent; here it is that already."""

    def _recall(self, what: str, name: str, like: Array) -> Array:
        return self._memory.setdefault(f"{what}/{name}", np.zeros(like.size, np.float32))

    def state(self) -> dict[str, Array]:
        """The arrays remembered, by name; live, so copy what is to be kept."""
        return dict(self._memory)

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""
        self._memory = {name: np.array(values, np.float32) for name, values in state.items()}


@dataclass
class Momentum(Optimizer):
    """Heavy ball: ``m = momentum m + g``; B. Polyak, 1964.

    Parameters
    ----------
    momentum : float
        Share of the last direction that is kept, in [0, 1).
    """

    name: ClassVar[str] = "momentum"
    momentum: float = 0.9

    def _direct(self, name: str, gradient: Array, step: int) -> None:
        ball = self._recall("mean", name, gradient)
        ball *= np.float32(self.momentum)
        ball += gradient
        gradient[:] = ball


@dataclass
class Adam(Optimizer):
    """Running mean over running root mean square; D. Kingma and J. Ba, ICLR 2015.

    Parameters
    ----------
    beta1, beta2 : float
        Share of the running mean and mean square that is kept, in [0, 1).
    epsilon : float
        Added to the root mean square, > 0.
    """

    name: ClassVar[str] = "adam"
    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def _direct(self, name: str, gradient: Array, step: int) -> None:
        mean = self._recall("mean", name, gradient)
        square = self._recall("square", name, gradient)
        for start in range(0, gradient.size, CHUNK):
            part = slice(start, start + CHUNK)
            self._chunk(gradient[part], mean[part], square[part], step + 1)

    def _chunk(self, g: Array, mean: Array, square: Array, count: int) -> None:
        work = g * g
        work -= square
        work *= np.float32(1 - self.beta2)
        square += work
        np.subtract(g, mean, out=work)
        work *= np.float32(1 - self.beta1)
        mean += work
        np.sqrt(square, out=work)
        work *= np.float32((1 - self.beta1**count) / math.sqrt(1 - self.beta2**count))
        work += np.float32(self.epsilon * (1 - self.beta1**count))
        np.divide(mean, work, out=g)


@dataclass
class Sign(Optimizer):
    """The sign of the estimate: every parameter moves by the learning rate, or stays.

    J. Bernstein et al., ICML 2018 (signSGD).
    """

    name: ClassVar[str] = "sign"
    learning_rate: float = 0.001

    def _direct(self, name: str, gradient: Array, step: int) -> None:
        np.sign(gradient, out=gradient)


_OPTIMIZERS = {kind.name: kind for kind in (Optimizer, Momentum, Adam, Sign)}


def names() -> tuple[str, ...]:
    """Names of all optimizers."""
    return tuple(_OPTIMIZERS)


def make(name: str, **options: Any) -> Optimizer:
    """Make an optimizer; ``options`` are the parameters of its class.

    Raises
    ------
    InputError
        Unknown name, unknown option or value out of range, with what would be allowed.

    Examples
    --------
    >>> make("sgd", learning_rate=0.5).update({"a.bias": np.ones(1, np.float32)}, 0, 10)["a.bias"]
    array([-0.5], dtype=float32)
    """
    if name not in _OPTIMIZERS:
        raise InputError(f"optimizer {name!r} does not exist; choose one of {', '.join(names())}")
    known = [option.name for option in fields(_OPTIMIZERS[name]) if option.init]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise InputError(f"optimizer {name} has no option {unknown[0]!r}; its options are {', '.join(known)}")
    return _OPTIMIZERS[name](**options)


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"{name} must be a finite number, not {value!r}")
    if name in _BELOW_ONE and not 0 <= value < 1:
        raise InputError(f"{name} must lie in [0, 1), not {value!r}")
    if name in ("learning_rate", "epsilon") and value <= 0:
        raise InputError(f"{name} must be above 0, not {value!r}")
    if value < 0:
        raise InputError(f"{name} must not be negative, not {value!r}")
