"""A population and the dense synapses before it in one kernel: what arrives is never written to memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.integer.population import UNSEEN, Population
from hwnoise.backends.emulator.integer.synapses import WORTH_THREADS, Slot
from hwnoise.backends.emulator.threads import for_each, thread_count
from hwnoise.kernels.loihi_layer import run_layer
from hwnoise.kernels.loihi_synapses import LANES

Array = NDArray[Any]
Tile = tuple[slice, tuple[int, int]]
FEWEST = 256  # neurons of one row that are worth a thread, which finds the active inputs anew


def run_together(
    population: Population, slot: Slot, arriving: Array, noise: Array, seen: bool
) -> tuple[Array, Array, int]:
    """Run ``population`` over what ``arriving`` (rows, steps, n_in) brings through ``slot``.

    The same bits as ``DenseSynapses.bring`` and ``Population.run``, for any number of threads.

    Returns
    -------
    spikes, membranes
        As ``Population.run`` returns them.
    operations : int
        Synaptic ones: active inputs times n.

    Raises
    ------
    InputError
        As ``Population.run``.
    """
    (rows, steps, _), n = arriving.shape, population.spec.n
    spikes = np.empty((rows, steps, n), np.int8)
    membranes = np.empty(spikes.shape, np.int32) if seen else UNSEEN
    found: dict[int, tuple[int, int, int]] = {}
    tiles = _tiles(rows, slot.weight.shape[1])

    def work(number: int) -> None:
        part, columns = tiles[number]
        noise_here, seen_here = noise[part] if noise.size else UNSEEN, membranes[part] if seen else UNSEEN
        found[number] = run_layer(
            arriving[part], slot.weight, slot.exponent, columns, noise_here, *population.numbers,
            *population.states(part), spikes[part], seen_here,
        )  # fmt: skip

    for_each(work, range(len(tiles)), spikes.size > WORTH_THREADS)
    lossy = [(tiles[i][0].start, place, count) for i, (_, count, place) in found.items() if count]
    population.lost += sum(count for *_, count in lossy)
    if population.strict:  # of one row several tiles may lose something: the first is named
        firsts = {start: (count, place) for start, place, count in sorted(lossy, reverse=True)}
        population.refuse_losses(firsts, steps, n, 0)
    return spikes, membranes, n * sum(found[i][0] for i, (_, (low, _)) in enumerate(tiles) if low == 0)


def _tiles(rows: int, width: int) -> list[Tile]:
    """Share rows among threads or, where there is one, neurons; each tile is written by one thread."""
    if rows > 1:
        size = -(-rows // thread_count())
        return [(slice(k, min(k + size, rows)), (0, width)) for k in range(0, rows, size)]
    share = max(-(-width // thread_count()), FEWEST)
    size = -(-share // LANES) * LANES
    return [(slice(0, 1), (k, min(k + size, width))) for k in range(0, width, size)]
