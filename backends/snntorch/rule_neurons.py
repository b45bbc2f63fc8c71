"""The rule of a ``Step`` on tensors, for neurons that snnTorch has none of."""

from __future__ import annotations

import torch
from snntorch.surrogate import atan
from torch import Tensor, nn

from hwnoise.stepping import Current, Step

State = dict[str, Tensor]
Fired = tuple[Tensor, Tensor, Tensor]  # spikes, membranes compared, membranes left
_NUMBERS = ("decay", "gain", "offset", "drop", "v_reset", "threshold")


class RuleNeurons(nn.Module):
    """Leaky neurons of any reset and timing (eq:lif-membrane), with snnTorch's surrogate for spikes.

    A reset has no derivative, as in snnTorch: only what a spike sends has.
    """

    decay: Tensor
    gain: Tensor
    offset: Tensor
    drop: Tensor
    v_reset: Tensor
    threshold: Tensor | None

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step, self._surrogate = step, atan()
        for name in _NUMBERS:
            value = getattr(step, name)
            self.register_buffer(name, None if value is None else torch.tensor(value))
        current = step.current
        self.current = None if current is None else SynapticCurrent(current)
        rules = {"next": self._late, "corrected": self._corrected, "same": self._at_once}
        timing = step.convention.reset_timing if step.reset == "subtract" else _uncorrected(step)
        self._rule = rules[timing]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Take ``x`` (rows, n): what is sent, the membrane that was compared, and the state after it."""
        after: State = {}
        if self.current is not None:
            x, after["i"] = self.current(x, state["i"])
        if self.threshold is None:
            sent = compared = left = self._integrated(state["v"], x)
        else:
            sent, compared, left = self._rule(state["v"], x)
        return sent, compared, {"v": left, **after}

    def _integrated(self, v: Tensor, x: Tensor) -> Tensor:
        return self.decay * v + self.gain * x + self.offset

    def _at_once(self, v: Tensor, x: Tensor) -> Fired:
        """Reset in the step of the spike (eq:lif-reset)."""
        p = self._integrated(v, x)
        return self._spikes(p), p, self._left(p, self._above(p))

    def _late(self, v: Tensor, x: Tensor) -> Fired:
        """Reset in the step after the spike (eq:lif-reset-next)."""
        fired, step = self._above(v), self.step
        if step.reset == "zero" and step.convention.keeps_input and step.current is None:
            p = self._integrated(torch.where(fired, self.v_reset, v), x)
        else:
            p = self._left(self._integrated(v, x), fired)
        return self._spikes(p), p, p

    def _corrected(self, v: Tensor, x: Tensor) -> Fired:
        """Reset by subtraction in the step of the spike, and once more undone (eq:lif-corrected)."""
        before = self._above(v).to(v.dtype)
        p = self._integrated(v, x) - before * self.drop
        return self._spikes(p), p, p - (self._above(p).to(v.dtype) - before) * self.drop

    def _spikes(self, p: Tensor) -> Tensor:
        assert self.threshold is not None
        found: Tensor = self._surrogate(p - self.threshold)
        return found

    def _above(self, v: Tensor) -> Tensor:
        assert self.threshold is not None
        return v.detach() > self.threshold

    def _left(self, p: Tensor, fired: Tensor) -> Tensor:
        """What a spike leaves of the membrane."""
        if self.step.reset == "none":
            return p
        return torch.where(fired, p - self.drop if self.step.reset == "subtract" else self.v_reset, p)


class SynapticCurrent(nn.Module):
    """A current that inputs feed and a membrane takes, in one of four orders (eq:synapse-current)."""

    decay: Tensor
    gain: Tensor

    def __init__(self, current: Current) -> None:
        super().__init__()
        self._order = current.order
        self.register_buffer("decay", torch.tensor(current.decay))
        self.register_buffer("gain", torch.tensor(current.gain))

    def forward(self, x: Tensor, i: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the membrane takes, and the current after this step."""
        driven = self.gain * x
        decayed = self.decay * i + driven
        late = self.decay * (i + driven)
        orders = {
            "decay_add_use": (decayed, decayed),
            "add_decay_use": (late, late),
            "add_use_decay": (i + driven, late),
            "use_decay_add": (i, decayed),
        }
        return orders[self._order]


def _uncorrected(step: Step) -> str:
    """The timing of a reset that is no subtraction: there is nothing to correct."""
    return "next" if step.convention.reset_timing == "next" else "same"
