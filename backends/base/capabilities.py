"""What a chip lets one see: its noises, how each can be observed, and what can be made quiet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Handle = Literal[
    "known", "replayable", "readback", "paired", "mean_subtracted", "local_event", "mean_state", "none"
]
Quiet = Literal["none", "chip", "layer"]


@dataclass(frozen=True)
class Noise:
    """One noise of a substrate, as far as a learner may know it.

    Attributes
    ----------
    name : str
        The effect it comes from, for example ``"one_over_f"``.
    level : str
        Where it enters: ``"weight"``, ``"node"`` or ``"event"``.
    handles : frozenset of str
        How it can be observed (DESIGN: observability).
    time_scale : str
        ``"read"`` (fresh at every read), ``"memory"`` (correlated over reads) or ``"write"``
        (frozen until the device is written).
    """

    name: str
    level: Literal["weight", "node", "event"]
    handles: frozenset[str]
    time_scale: Literal["read", "memory", "write"]


@dataclass(frozen=True)
class Capabilities:
    """What a Program can do and what it lets one see."""

    noises: tuple[Noise, ...] = ()
    quiet: Quiet = "none"
    max_batch: int | None = None
    gradient: bool = False
    checkpoint: bool = True
    read_period: float = 0.0  # s between two reads of one array

    def handles(self, level: str | None = None) -> frozenset[str]:
        """Every way in which some noise (of ``level``, or of any) can be observed."""
        found = [n.handles for n in self.noises if level is None or n.level == level]
        return frozenset().union(*found) - {"none"}
