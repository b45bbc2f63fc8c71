"""A population of digital neurons: its numbers, its states, its noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.threads import for_each, thread_count
from hwnoise.devices.loihi_noise import LoihiNoise
from hwnoise.errors import InputError
from hwnoise.integers import IntegerNeurons
from hwnoise.kernels.loihi_lif import run_lif
from hwnoise.kernels.loihi_noise import fill_loihi_noise
from hwnoise.kernels.xylo_lif import run_xylo

Array = NDArray[Any]
UNSEEN = np.zeros((0, 0, 0), np.int32)
LOWEST = -(2**30)  # below any membrane
WORTH_THREADS = 100_000  # neuron steps


class Population:
    """Neurons that run over whole presentations.

    Attributes
    ----------
    u, v, wait : (rows, n) int32
        Current, membrane and steps still to wait after the last step, of every row of the last run.
    lost : int
        How often a current wrapped or a membrane was cut off so far.
    """

    KEPT: tuple[str, ...] = ("u", "v", "wait")  # states, by the names of their attributes
    SENT: type[np.int8 | np.int32] = np.int8  # what a spike is
    u: Array
    v: Array
    wait: Array

    def __init__(
        self, name: str, spec: IntegerNeurons, noise: LoihiNoise | None, key: np.uint64, strict: bool
    ) -> None:
        self.name, self.spec, self.noise, self.key, self.strict = name, spec, noise, key, strict
        low = spec.vth_low << 6 if spec.kind == "ternary" else LOWEST
        loihi = (spec.du + 1, spec.dv, low, spec.vth << 6, spec.refractory)
        xylo = (spec.du, spec.dv, spec.vth, spec.rules.most)
        self._rule = np.array(loihi if spec.arithmetic == "loihi" else xylo, np.int32)
        self.load(np.broadcast_to(spec.bias_mant, (spec.n,)))
        self.lost = 0
        self.clear(1)

    def load(self, mantissa: Array) -> None:
        """Take over the biases, (n,) whole numbers."""
        self.mantissa = np.asarray(mantissa, np.int32).copy()
        self._bias = self.mantissa << self.spec.bias_exp

    def clear(self, rows: int) -> None:
        """Set all states to 0."""
        for key in self.KEPT:
            setattr(self, key, np.zeros((rows, self.spec.n), np.int32))

    def go_on(self) -> None:
        """Go on from the last row alone."""
        for key in self.KEPT:
            setattr(self, key, getattr(self, key)[-1:].copy())

    def draw(self, ticks: Array, steps: int, quiet: Array | None) -> Array:
        """Draw the noise of rows that begin at ``ticks`` (rows,): (rows, steps, n) int32, or nothing.

        ``quiet`` (rows, steps) says where there is none.
        """
        if self.noise is None or (quiet is not None and quiet.all()):
            return UNSEEN
        drawn = np.empty((len(ticks), steps, self.spec.n), np.int32)
        for row, tick in zip(drawn, ticks, strict=True):
            fill_loihi_noise(self.key, tick, self.noise.mantissa, self.noise.exponent, row)
        if quiet is not None:
            drawn[quiet] = 0
        return drawn

    def run(self, current: Array, noise: Array, seen: bool, first: int = 0) -> tuple[Array, Array]:
        """Run over ``current`` (rows, steps, n); states go on from where they are.

        Returns
        -------
        spikes : (rows, steps, n) int8, or int32 with payloads
        membranes : (rows, steps, n) int32
            If ``seen``; else empty.

        Raises
        ------
        InputError
            With ``strict``, if a number left its bits; ``first`` is the number of the first step.
        """
        rows, steps, n = current.shape
        spikes = np.empty(current.shape, self.SENT)
        membranes = np.empty(current.shape, np.int32) if seen else UNSEEN
        size = -(-rows // thread_count())
        blocks = [slice(k, min(k + size, rows)) for k in range(0, rows, size)]
        found: dict[int, tuple[int, int]] = {}

        def work(part: slice) -> None:
            noise_here = noise[part] if noise.size else UNSEEN
            seen_here = membranes[part] if seen else UNSEEN
            found[part.start] = self._step(part, current[part], noise_here, spikes[part], seen_here)

        for_each(work, blocks, current.size > WORTH_THREADS)
        self.lost += sum(count for count, _ in found.values())
        if self.strict:
            self.refuse_losses(found, steps, n, first)
        return spikes, membranes

    def floats(self, membranes: Array) -> Array:
        """Membranes in units of the float network, float32."""
        return np.asarray(membranes * self.spec.scale + self.spec.offset, np.float32)

    def payloads(self, spikes: Array) -> Array:
        """Spikes in units of the float network: themselves, where they carry none."""
        return spikes

    def state(self) -> dict[str, Array]:
        """The neurons' states after the last row, and the count of losses."""
        kept = {key: getattr(self, key)[-1].copy() for key in self.KEPT}
        return {**kept, "lost": np.array(self.lost, np.int64)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""
        for key in self.KEPT:
            setattr(self, key, np.array(state[key], np.int32)[None])
        self.lost = int(state["lost"])

    def states(self, rows: slice) -> tuple[Array, Array, Array]:
        """Current, membrane and steps to wait of some rows: not copies."""
        return self.u[rows], self.v[rows], self.wait[rows]

    @property
    def numbers(self) -> tuple[bool, Array, Array]:
        """Whether noise enters the membrane, the biases, and what a step does; as kernels take them."""
        return self.noise is not None and self.noise.target == "membrane", self._bias, self._rule

    def _step(
        self, rows: slice, current: Array, noise: Array, spikes: Array, membranes: Array
    ) -> tuple[int, int]:
        """Run some rows; return how often something was lost, and where first."""
        if self.spec.arithmetic == "xylo":
            u, v, _ = self.states(rows)
            return run_xylo(current, self._bias, self._rule, u, v, spikes, membranes)
        return run_lif(current, noise, *self.numbers, *self.states(rows), spikes, membranes)

    def refuse_losses(self, found: Mapping[int, tuple[int, int]], steps: int, n: int, first: int) -> None:
        """Raise InputError that names the first loss; ``found`` has counts and places by their first row."""
        for start, (count, place) in sorted(found.items()):
            if count:
                row, step, neuron = start + place // (steps * n), place // n % steps, place % n
                raise InputError(
                    f"layer {self.name!r}: neuron {neuron} leaves its bits in step {step + first} of row "
                    f"{row}; scale the network down, or set fixed_point.strict = false"
                )
