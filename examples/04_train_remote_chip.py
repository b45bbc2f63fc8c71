"""Train on a chip in another process that shows nothing but run, read_weights and write.

The chip is served by 03_serve_chip.py; without --port this starts one by itself. The same training
then runs in this process, and the weights read back from both chips are compared bit for bit:

    python examples/04_train_remote_chip.py
    python examples/04_train_remote_chip.py --port 7411        # where 03_serve_chip.py listens

Kill the other process while this runs: it ends with one sentence and exit code 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from remote_chip import RemoteChip

from hwnoise import Backend, Network, Program, Stream, fit, learners, optimizers, substrate, tasks
from hwnoise.backends.emulator import backend as emulator
from hwnoise.errors import ConnectionLostError, HwnoiseError

SERVER = Path(__file__).with_name("03_serve_chip.py")


def main() -> int:
    options = argparse.ArgumentParser(description="Train on a chip in another process.")
    options.add_argument("--host", default="127.0.0.1", help="where the chip is")
    options.add_argument("--port", type=int, help="where it listens; left out, one is started")
    options.add_argument("--timeout", type=float, default=30.0, help="seconds that one answer may take")
    options.add_argument("--epochs", type=int, default=30)
    options.add_argument("--quick", action="store_true", help="two epochs only, to see that it runs")
    chosen = options.parse_args()
    epochs = 2 if chosen.quick else chosen.epochs
    try:
        with served(chosen.host, chosen.port) as (host, port):
            print(f"the chip is at {host}:{port}", flush=True)
            there = train(RemoteChip(), epochs, host=host, port=port, timeout=chosen.timeout)
            here = train(emulator, epochs)
            return compare(here, there)
    except HwnoiseError as error:
        print(error, file=sys.stderr)
        return error.exit_code


@contextmanager
def served(host: str, port: int | None) -> Iterator[tuple[str, int]]:
    """Where the chip is: as the user says, or a server of our own while the context lasts."""
    if port is not None:
        yield host, port
        return
    command = [sys.executable, str(SERVER), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            heard = server.stdout.readline() if server.stdout else ""  # "listening on 127.0.0.1:40123"
            if not heard:
                raise ConnectionLostError(f"{SERVER.name} did not start")
            yield "127.0.0.1", int(heard.rpartition(":")[2])
        finally:
            server.terminate()
            server.wait()


def train(backend: Backend, epochs: int, **options: Any) -> Program:
    """A chip on which a network has learned digits: same seed, so the same chip wherever it is."""
    stream, task, pcm = Stream(7), tasks.load("digits"), substrate.load("pcm")
    network = Network.mlp(task.default_network, stream, gain=2.0)
    chip = backend.compile(network, pcm, stream.child("chip"), headroom=1.5, **options)
    optimizer = optimizers.make("adam", learning_rate=0.005, schedule="cosine")
    history = fit(chip, task, learners.make("anp"), optimizer, epochs=epochs)
    last = history.epochs[-1]
    print(
        f"on {backend.name}: validation accuracy {last.validation_accuracy:.1%} after {len(history.epochs)} "
        f"epochs, {history.passes / history.seconds:,.0f} reads/s",
        flush=True,
    )
    return chip


def compare(here: Program, there: Program) -> int:
    """Compare everything two chips show."""
    ours, theirs = here.read_weights(), there.read_weights()
    same = all(np.array_equal(ours[name], theirs[name]) for name in ours) and here.events == there.events
    print(f"compared {sum(map(np.size, ours.values())):,} parameters and {len(here.events)} counters")
    print("the same bits in both processes" if same else "the two chips DIFFER")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
