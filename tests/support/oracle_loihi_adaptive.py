"""One adaptive neuron of the chip in whole numbers without bits, as its page has it, and wrong ones."""

from __future__ import annotations

from dataclasses import dataclass

M = 2**23
MUTANTS = (
    "fires_at_threshold",
    "floors_decay",
    "falls_before_comparing",
    "rise_fades_at_once",
    "wraps",
    "never_resets",
)


@dataclass
class Neuron:
    """Decays in 1/4096 (``du`` is one less), threshold and its rise in units of 64, refractory steps."""

    du: int
    dv: int
    vth: int
    dtheta: int
    theta_step: int
    refractory: int = 0
    mutant: str = ""
    u: int = 0
    v: int = 0
    wait: int = 0
    theta: int = 0

    def step(self, current: int, push_u: int, push_v: int) -> tuple[int, int]:
        """Return whether it fires, and the membrane that was compared; inputs stay below 2**24."""
        self.u = turned(kept(self.u, 4095 - self.du) + 64 * current + push_u)
        if self.wait == 0:
            self.v = clipped(kept(self.v, 4096 - self.dv) + self.u + push_v)
        self.wait = max(self.wait - 1, 0)
        fades = 4096 - self.dtheta
        fallen = self.theta * fades // 4096 if self.mutant == "floors_decay" else kept(self.theta, fades)
        bar = 64 * self.vth + (fallen if self.mutant == "falls_before_comparing" else self.theta)
        seen, fires = self.v, self.v > bar or (self.mutant == "fires_at_threshold" and self.v == bar)
        rise = 64 * self.theta_step if fires else 0
        if self.mutant == "rise_fades_at_once":
            fallen, rise = kept(self.theta + rise, fades), 0
        self.theta = turned(fallen + rise) if self.mutant == "wraps" else clipped(fallen + rise)
        if fires:
            self.wait = self.refractory
            self.v = seen if self.mutant == "never_resets" else 0
        return int(fires), seen


def kept(x: int, share: int) -> int:
    """``x share / 4096`` toward zero."""
    return x * share // 4096 if x >= 0 else -(-x * share // 4096)


def turned(x: int) -> int:
    """One turn round (-M, M]."""
    return x - 2 * M if x > M else x + 2 * M if x <= -M else x


def clipped(x: int) -> int:
    """Within 24 bits."""
    return max(1 - M, min(x, M - 1))
