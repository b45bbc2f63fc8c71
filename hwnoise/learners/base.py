"""The seam between a learning rule and everything else: Needs and Learner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar, runtime_checkable

import numpy as np

from hwnoise.backends.base import Array, Capabilities, Noise, Order, Probe, Program, Reading
from hwnoise.errors import InputError, MismatchError

if TYPE_CHECKING:
    from hwnoise.network import Network

Choice = TypeVar("Choice", bound=str)
STATIC, TIMED = frozenset({"static"}), frozenset({"timed"})


@dataclass(frozen=True)
class Needs:
    """What a learner has to see of some noise.

    Attributes
    ----------
    level : str
        ``"node"``, ``"weight"`` or ``"event"``: where the perturbation is looked at; ``"gradient"``
        for a yardstick, which looks at no noise but takes derivatives (see ``GRADIENT``).
    handles : frozenset of str
        Ways of observing it; any one of them is enough.
    time_scales : frozenset of str
        How long the noise may last (see ``Noise.time_scale``).
    networks : frozenset of str
        ``"static"``: networks without time; ``"timed"``: those whose neurons remember.
    """

    level: str
    handles: frozenset[str]
    time_scales: frozenset[str]
    networks: frozenset[str] = STATIC

    def served_by(self, capabilities: Capabilities) -> tuple[Noise, ...]:
        """The noises of a chip that this learner can work with."""
        return tuple(
            noise
            for noise in capabilities.noises
            if noise.level == self.level
            and noise.handles & self.handles
            and noise.time_scale in self.time_scales
        )

    def met_by(self, capabilities: Capabilities) -> bool:
        """Whether a chip shows enough."""
        return capabilities.gradient if self.level == "gradient" else bool(self.served_by(capabilities))

    def takes(self, network: Network | None) -> bool:
        """Whether the rule is for networks of this kind; one that is not known may be of any."""
        return network is None or ("timed" if network.is_timed else "static") in self.networks

    def __str__(self) -> str:
        if self.level == "gradient":
            return "a gradient, which no chip has (backend snntorch offers one, as a yardstick)"
        lasting = "" if "read" in self.time_scales else " that outlives a pass"
        article = "an" if self.level[0] in "aeiou" else "a"
        handles = " or ".join(sorted(self.handles))
        where = " in a network with time" if self.networks == TIMED else ""
        return f"{article} {self.level} noise{lasting} that can be observed by {handles}{where}"


GRADIENT = Needs("gradient", frozenset(), frozenset(), STATIC | TIMED)


@runtime_checkable
class Learner(Protocol):
    """A zeroth-order rule: asks a chip for noisy passes and turns losses into a gradient estimate.

    Attributes
    ----------
    name : str
        What ``--learner`` takes.
    source : str
        The paper the rule comes from.
    needs : Needs
        What it must be able to observe.
    """

    name: ClassVar[str]
    source: ClassVar[str]
    needs: ClassVar[Needs]

    def bind(self, network: Network, capabilities: Capabilities) -> None:
        """Check once, before training, that the chip shows what the rule needs.

        Raises
        ------
        MismatchError
            One sentence: what is missing, and which learners would fit.
        """

    def calibrate(self, program: Program) -> None:
        """Measure what has to be known of the instruments before the first step."""

    def directions(self, batch: int) -> int:
        """How many independent directions one step on ``batch`` samples explores."""

    def ask(self, key: int, batch: int) -> Probe:
        """What the chip is to do with the next batch.

        Parameters
        ----------
        key : int
            Philox key of the step, for rules that inject a perturbation.
        batch : int
            Number of samples, >= 1.
        """

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Estimate the gradient of the mean loss.

        Parameters
        ----------
        reading : Reading
            What the chip showed for the probe of ``ask``.
        losses : (passes, samples) float
            Loss of every sample in every pass.

        Returns
        -------
        dict of str to float32 array
            One estimate per parameter, of its shape; fresh arrays that the caller may overwrite.
        """

    def state(self) -> dict[str, Array]:
        """What the rule remembers between steps, as named arrays."""

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""


def work(learner: Learner, batch: int) -> float:
    """Cost of a step in forward passes per sample: its passes, and what a yardstick spends on derivatives."""
    own = getattr(learner, "work", None)
    return float(own()) if own is not None else float(learner.ask(0, batch).passes)


def pick_order(order: str, capabilities: Capabilities) -> Order:
    """Resolve ``"auto"``: whole batches in turn where the noise has memory.

    Two reads of one sample then lie a batch apart, and share little of a slow noise.
    """
    if order == "auto":
        slow = any(noise.time_scale == "memory" for noise in capabilities.noises)
        return "batch" if slow else "interleaved"
    return "batch" if order == "batch" else "interleaved"


def check_losses(losses: Array, passes: int) -> Array:
    """Return ``losses`` if it is (passes, samples).

    Raises
    ------
    InputError
        If it has another shape.
    """
    losses = np.asarray(losses)
    if losses.ndim != 2 or len(losses) != passes:
        raise InputError(f"losses must have shape ({passes}, samples), one row per pass, not {losses.shape}")
    return losses


def observed(learner: str, what: str, values: Mapping[str, Array]) -> Mapping[str, Array]:
    """Return ``values`` unless the chip showed none.

    Raises
    ------
    MismatchError
        If there is nothing in it, although the probe asked for it.
    """
    if not values:
        raise MismatchError(f"learner {learner} asked for {what}, and the chip showed none")
    return values


def at_least(learner: str, option: str, value: object, low: int) -> int:
    """Return ``value`` if it is a whole number not below ``low``; InputError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
        raise InputError(f"learner {learner}: {option} must be a whole number >= {low}, not {value!r}")
    return int(value)


def one_of(learner: str, option: str, value: Choice, choices: tuple[str, ...]) -> Choice:
    """Return ``value`` if it is one of ``choices``; InputError otherwise."""
    if value not in choices:
        raise InputError(f"learner {learner}: {option} must be one of {', '.join(choices)}, not {value!r}")
    return value
