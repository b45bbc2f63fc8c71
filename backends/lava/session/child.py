"""The child of a session: ``python -c "from hwnoise.backends.lava.session.child import main; main()"``.

It builds the graph, then runs it by as many steps as each line of its standard input says, and answers
each line by one. All else is on the board.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path

import numpy as np

from hwnoise.backends.lava import configuration
from hwnoise.backends.lava.group import end_with_parent
from hwnoise.backends.lava.job import Failure, read_job, write_failure
from hwnoise.backends.lava.session.board import Board
from hwnoise.backends.lava.session.diary import Synapses
from hwnoise.backends.lava.session.graph import LiveGraph
from hwnoise.backends.lava.shim import import_lava
from hwnoise.errors import InputError

LAYERS = "layers.json"


def main() -> None:
    """Serve the session in the folder named by the first argument; answers go to the second, a descriptor."""
    folder, answers = Path(sys.argv[1]), int(sys.argv[2])
    orders: queue.SimpleQueue[int] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(folder, orders), daemon=True).start()
    try:
        graph = _build(folder)
        while True:  # until the parent ends the group, or goes
            graph.run(orders.get())
            os.write(answers, b"\n")
    except Exception as error:
        where = "" if isinstance(error, InputError) else "building the graph"
        write_failure(folder, Failure(where, f"{type(error).__name__}: {error}", traceback.format_exc()))
        raise SystemExit(1) from None


def _listen(folder: Path, orders: queue.SimpleQueue[int]) -> None:
    """Pass on the numbers of steps; when the parent is gone, end everything.

    Not by ``sys.stdin``: its lock would be held here while Lava forks, and its processes wait for it.
    """
    while line := os.read(0, 4096):  # the parent writes one line and waits for the answer
        orders.put(int(line))
    end_with_parent(folder)


def _build(folder: Path) -> LiveGraph:
    import_lava()
    _compile_kernels()
    listed = json.loads((folder / LAYERS).read_text(encoding="utf-8"))
    layers = tuple(Synapses(**layer) for layer in listed)
    return LiveGraph(read_job(folder).plan, layers, Board(folder), configuration.simulation(folder))


def _compile_kernels() -> None:
    """Have the kernels ready before Lava forks: each of its processes would compile them for itself."""
    from hwnoise.kernels.loihi_lif import step_lif
    from hwnoise.kernels.loihi_noise import fill_loihi_noise
    from hwnoise.kernels.loihi_release import add_released
    from hwnoise.kernels.spike_trace import fill_trace

    one, spike = np.zeros(1, np.int32), np.zeros(1, np.int8)
    step_lif(one, one, one, np.ones(5, np.int32), one, one, one, spike, spike, one)
    fill_loihi_noise(np.uint64(0), np.uint64(0), 0, 7, np.zeros((1, 1), np.int32))
    sent, tick = np.zeros((1, 1, 1), np.int32), np.zeros(1, np.uint64)
    quiet = np.zeros((1, 1), np.bool_)
    add_released(
        sent, one[None].astype(np.int16), (0, 0), np.uint32(0), tick, tick, quiet, False, sent.copy()
    )
    trace = np.zeros((1, 1, 1), np.float32)
    fill_trace(trace.astype(np.int8), np.float32(0), trace)
    fill_trace(trace.astype(np.int32), np.float32(0), trace)
