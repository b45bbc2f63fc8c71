"""Analog devices as a read sees them: aged, uneven and flickering; a pure function of state and tick."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.chunks import slices
from hwnoise.backends.emulator.device_state import DeviceState
from hwnoise.backends.emulator.device_traps import DeviceTraps
from hwnoise.backends.emulator.read import View, aligned_empty
from hwnoise.backends.emulator.references import columns_of_tiles
from hwnoise.backends.emulator.threads import for_each, one_blas_thread
from hwnoise.backends.emulator.tile import tiling_of
from hwnoise.devices.drift import READS_PER_AGEING
from hwnoise.devices.one_over_f import BAND_VARIANCE, FAST_BANDS
from hwnoise.kernels import mapping, one_over_f
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float32]
Elements = NDArray[np.int64]
BLOCK = 256  # ticks over which a view holds: the holding time of band 4
EPOCH = READS_PER_AGEING  # ticks after which ageing and the slow bands are computed anew: that of band 6
BANDS = 48  # the slowest would hold for 4**47 reads


class DeviceView:
    """Keeps what is needed to read an array, and brings it up to date when ticks or devices move.

    Bands 1 to 3 of the 1/f noise move within a block of ticks and are left to the read itself,
    bands 4 and 5 hold for a block, slower ones for an epoch; band 0 is fresh at every read.
    """

    def __init__(
        self, substrate: Substrate, state: DeviceState, shape: tuple[int, int], stream: Stream
    ) -> None:
        assert substrate.conductance is not None
        self._kind, self._state, size = substrate, state, state.target.size
        self._device, self._wires = substrate.conductance, substrate.ir_drop
        self._shape = shape[0], size // shape[0]  # reference columns are devices as well
        self._tiles = columns_of_tiles(tiling_of(substrate, *shape), self._shape[1])
        flicker = substrate.one_over_f
        self._flicker = flicker if flicker and flicker.scale > 0 else None
        self._white = substrate.read_noise
        self._period = substrate.clock.read_period
        self._factors = self._device.factors().astype(np.float32)
        self._mismatch_key = stream.child("mismatch").key
        self._read_key = stream.child("read").key
        self._band_keys = np.array([stream.child(f"one_over_f/{k}").key for k in range(BANDS)], np.uint64)
        self._traps = self._found_traps(stream.child("device_telegraph"), size)
        self._slow, self._unit = np.zeros((2, size), np.float32)
        self._weight = aligned_empty(size)
        noisy = self._flicker or self._white or substrate.device_noise or substrate.mismatch
        self._held = np.zeros(size, np.float32) if self._flicker else None
        self._fresh = aligned_empty(size) if noisy else None
        self._bend = substrate.conduction
        self._curve = {power: aligned_empty(size) for power in self._bend.powers} if self._bend else {}
        self._epoch = self._block = -1
        self._stale = True

    @property
    def lasts(self) -> int:
        """Ticks over which a view holds, counted from a multiple of it; 0: until the next write."""
        if self._traps is not None:
            return self._traps.hold
        return BLOCK if self._flicker else EPOCH if self._kind.ageing else 0

    def at(self, tick: int) -> View:
        """The devices as the block of ticks around ``tick`` sees them; good until the next call."""
        if self._epoch < 0 or (self.lasts and tick // EPOCH != self._epoch):
            self._epoch = tick // EPOCH
            size = self._state.target.size
            parts = slices(size) if self._wires is None else [slice(0, size)]
            for_each(lambda part: self._age(np.arange(part.start, part.stop)), list(parts), parallel=True)
        block = tick // self.lasts if self._held is not None or self._traps is not None else self._block
        if block != self._block or self._stale:
            self._block, self._stale = block, False
            self._compose(tick)
        weight, fresh, held = (
            None if a is None else a.reshape(self._shape) for a in (self._weight, self._fresh, self._held)
        )
        assert weight is not None
        curve = {power: a.reshape(self._shape) for power, a in self._curve.items()}
        return View(weight, fresh, held, self._read_key, self._band_keys[1:4], curve)

    def renew(self, elements: Elements) -> None:
        """Take note that the conductances of ``elements`` were changed."""
        if self._wires is not None:
            self.renew_all()  # whatever one device draws is lost to all others on its lines
        elif self._epoch >= 0:
            self._age(elements)

    def renew_all(self) -> None:
        """Take note that anything may have changed."""
        self._epoch = -1

    def _age(self, elements: Elements) -> None:
        """Bring ageing and slow bands of ``elements`` to the start of the current epoch."""
        tick = np.uint64(self._epoch * EPOCH)
        g = self._wired(self._conductance(elements, tick))
        spread = self._spread(elements, g)
        mapping.combine(elements, g, spread, self._factors, self._device.offset(), self._slow, self._unit)
        if self._flicker is not None:
            merged = self._flicker.fresh_bands(self._period) - 1
            corners = np.array([self._flicker.t_read, self._flicker.t0, merged])
            one_over_f.add_slow_bands(
                elements, self._state.generation, self._state.ticks_of(elements),
                self._band_keys[FAST_BANDS:], FAST_BANDS, tick, self._period, corners, self._unit, self._slow,
            )  # fmt: skip
        if self._traps is not None:
            self._traps.renew(elements, g, self._factors, self._device.g_max)
        if self._bend is not None:
            for power, excess in self._bend.excess(g).items():
                self._curve[power][elements] = self._device.factors() @ excess
        self._freshen(elements, g)
        self._stale = True

    def _conductance(self, elements: Elements, tick: np.uint64) -> Floats:
        """Present conductance of the devices of ``elements``: (planes, n)."""
        state, device = self._state, self._device
        g = state.g[:, elements]
        ageing = self._kind.ageing
        if ageing is not None:
            at = np.minimum(state.ticks_of(elements), tick)
            seconds = (tick - at).astype(np.float64) * self._period
            g = ageing.age(g, state.settling[:, elements], seconds, device.g_min, device.g_max)
        if self._kind.mismatch is not None:
            for plane in range(len(g)):
                self._kind.mismatch.scale(self._mismatch_key, plane, elements, g[plane])
        return g

    def _wired(self, g: Floats) -> Floats:
        """What devices ``g`` (planes, n) seem to conduct behind the wires of their tile.

        That takes all devices at once. Their noise is that of what they seem to conduct.
        """
        if self._wires is None:
            return g
        whole, seen = g.reshape(-1, *self._shape), np.empty((len(g), *self._shape), np.float32)
        with one_blas_thread():
            for inputs, outputs in self._tiles:
                seen[:, inputs, outputs] = self._wires.effective(whole[:, inputs, outputs])
        return seen.reshape(g.shape)

    def _spread(self, elements: Elements, g: Floats) -> Floats:
        """Standard deviation of a 1/f band of variance 1 of each device: (planes, n)."""
        if self._flicker is None:
            return np.zeros_like(g)
        programmed = self._state.g[:, elements].astype(np.float64) / self._device.g_max
        return self._flicker.spread_at(programmed, g)

    def _freshen(self, elements: Elements, g: Floats) -> None:
        """Standard deviation of a held band, and variance of all noise that is new at every read."""
        if self._fresh is None:
            return
        fresh = np.zeros(len(elements), np.float32)
        if self._flicker is not None and self._held is not None:
            unit = self._unit[elements]
            self._held[elements] = unit * np.float32(math.sqrt(BAND_VARIANCE))
            fresh += unit**2 * np.float32(self._flicker.fresh_bands(self._period) * BAND_VARIANCE)
        if self._white is not None:
            fresh += self._white.variance_at(self._slow[elements])
        squares = self._factors[:, None] ** 2
        if self._kind.device_noise is not None:
            x = g.astype(np.float64) / self._device.g_max
            fresh += (squares * self._kind.device_noise.variance_at(x)).sum(axis=0).astype(np.float32)
        if self._kind.mismatch is not None:
            fresh += (squares * self._kind.mismatch.variance_at(g)).sum(axis=0)
        self._fresh[elements] = fresh

    def _compose(self, tick: int) -> None:
        """Add bands 4 and 5, which hold for a block or four, and jumps of traps to all that is slower."""
        if self._held is None:
            self._weight[:] = self._slow
        else:
            holds = np.array([tick >> 8, tick >> 10], np.uint64)
            one_over_f.add_held_bands(self._band_keys[4:6], holds, self._slow, self._held, self._weight)
        if self._traps is not None:
            self._traps.add(tick, self._weight)

    def _found_traps(self, stream: Stream, size: int) -> DeviceTraps | None:
        effect = self._kind.device_telegraph
        if effect is None:
            return None
        return DeviceTraps(effect, self._device.planes, size, stream, self._period)
