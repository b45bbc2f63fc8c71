"""What an array of analog devices would hold if it were a chip: all that must survive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError

Floats = NDArray[np.float32]
SPARE = 1024  # entries of ``write_ticks`` beyond one a weight before they are looked through


@dataclass
class DeviceState:
    """Devices and their digital companions, one element per weight; n weights in p planes of devices.

    Attributes
    ----------
    target : (n,) float32
        Weight last programmed, as a share of the range, in [-1, 1].
    pending : (n,) float32
        Digital update that waits for a device step, in the same unit.
    g : (p, n) float32
        Conductance [unit of g_max] right after programming.
    settling : (p, n) float32
        How each device will age: its drift exponent, or its own normal draw; no planes if none ages.
    generation : (n,) uint32
        How often the weight was programmed.
    programmed_at : (n,) uint32
        Which entry of ``write_ticks`` is the tick of the last time.
    write_ticks : (k,) uint64
        Ticks of the writes so far: half the room that a tick for every weight would take. Those that no
        weight refers to any more are dropped once there are more of them than weights.
    """

    target: Floats
    pending: Floats
    g: Floats
    settling: Floats
    generation: NDArray[np.uint32]
    programmed_at: NDArray[np.uint32]
    write_ticks: NDArray[np.uint64]

    @classmethod
    def unprogrammed(cls, target: Floats, planes: int, ages: bool) -> DeviceState:
        """Return devices that were never programmed, to be programmed to ``target`` (n,)."""
        n = target.size
        return cls(
            target=target,
            pending=np.zeros(n, np.float32),
            g=np.zeros((planes, n), np.float32),
            settling=np.zeros((planes if ages else 0, n), np.float32),
            generation=np.zeros(n, np.uint32),
            programmed_at=np.zeros(n, np.uint32),
            write_ticks=np.zeros(1, np.uint64),
        )

    def note_write(self, tick: int) -> np.uint32:
        """Return the entry of ``write_ticks`` for a write at ``tick``, a new one unless it is the last."""
        if self.write_ticks[-1] != tick:
            if len(self.write_ticks) > len(self.programmed_at) + SPARE:
                used, self.programmed_at[:] = np.unique(self.programmed_at, return_inverse=True)
                self.write_ticks = self.write_ticks[used]
            self.write_ticks = np.append(self.write_ticks, np.uint64(tick))
        return np.uint32(len(self.write_ticks) - 1)

    def ticks_of(self, elements: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return when the weights ``elements`` were programmed last."""
        return self.write_ticks[self.programmed_at[elements]]

    def copies(self) -> dict[str, NDArray[Any]]:
        """Named copies of all arrays."""
        return {field.name: getattr(self, field.name).copy() for field in fields(self)}

    def take_over(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Overwrite all arrays with those of ``copies``; InputError if they contradict each other."""
        ticks = np.array(saved["write_ticks"], np.uint64)
        if int(saved["programmed_at"].max(initial=0)) >= len(ticks):
            raise InputError(
                f"the saved chip state has 'programmed_at' of {saved['programmed_at'].max()}, but only "
                f"{len(ticks)} 'write_ticks'"
            )
        for field in fields(self):
            if field.name != "write_ticks":
                getattr(self, field.name)[...] = saved[field.name]
        self.write_ticks = ticks
