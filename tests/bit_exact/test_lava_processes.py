"""NoisyDense and StochasticDense in a graph of one's own: the kernels' noise and releases, tick by tick."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hwnoise.kernels.read_noise import read_vector
from hwnoise.kernels.stochastic_synapse import fill_last, release

GRAPH = """
import sys
import numpy as np
from hwnoise.backends.lava.shim import import_lava
import_lava()
from hwnoise.backends.lava.processes.noisy_dense import NoisyDense
from hwnoise.backends.lava.processes.stochastic_dense import StochasticDense
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

def main(folder, kind, tag):
    given = dict(np.load(f"{folder}/given.npz"))
    x = given.pop("x")
    dense = {"noisy": NoisyDense, "stochastic": StochasticDense}[kind](**given, key=77, first=1000)
    source, sink = Source(data=x.T), Sink(shape=dense.a_out.shape, buffer=len(x) + 1)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(sink.a_in)
    source.run(RunSteps(len(x) + 1), Loihi2SimCfg(select_tag=tag))
    np.save(f"{folder}/found.npy", sink.data.get().T[1:])  # a Dense takes a step
    source.stop()

if __name__ == "__main__":
    main(*sys.argv[1:])
"""
STEPS, N_IN, N_OUT, KEY, FIRST = 6, 11, 4, np.uint64(77), 1000


def in_lava(folder: Path, kind: str, tag: str, **given: np.ndarray) -> np.ndarray:
    """What the process sends at each step, in a Lava of its own."""
    np.savez(folder / "given.npz", **given)
    (folder / "graph.py").write_text(GRAPH, encoding="utf-8")
    subprocess.run([sys.executable, folder / "graph.py", folder, kind, tag], check=True, timeout=100)
    return np.load(folder / "found.npy")


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_a_noisy_dense_reads_devices(spread: float, tmp_path: Path, rng: np.random.Generator) -> None:
    """One read a step, each at its own tick (eq:read-noise-output)."""
    x = rng.random((STEPS, N_IN))
    weights, sigma = rng.normal(size=(N_OUT, N_IN)), rng.random((N_OUT, N_IN)) * spread
    found = in_lava(tmp_path, "noisy", "floating_pt", x=x, weights=weights, sigma=sigma)
    expected = np.empty((STEPS, N_OUT), np.float32)
    rows, transposed = x.astype(np.float32), np.ascontiguousarray(weights.T, np.float32)
    variance = np.ascontiguousarray(sigma.T, np.float32) ** 2
    for t in range(STEPS):
        tick = np.uint64(FIRST + t)
        read_vector(rows[t : t + 1], transposed, variance, KEY, tick, expected[t : t + 1])
    np.testing.assert_array_equal(found, expected)
    assert np.allclose(found, x @ weights.T, atol=1e-5) == (spread == 0)


@pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt"])
def test_a_stochastic_dense_releases(tag: str, tmp_path: Path, rng: np.random.Generator) -> None:
    """The releases of a batch that begins at the first tick (eq:release-read)."""
    x = rng.integers(0, 2, (STEPS, N_IN))
    weights = 2 * rng.integers(-120, 120, (N_OUT, N_IN)) + (0.0 if tag == "fixed_pt" else 0.25)
    probability = rng.uniform(0.2, 1, (N_OUT, N_IN))
    whole = weights.astype(int) if tag == "fixed_pt" else weights
    found = in_lava(tmp_path, "stochastic", tag, x=x, weights=whole, probability=probability)
    last, expected = np.empty((N_IN, N_OUT), np.uint32), np.empty((STEPS, N_OUT), np.float32)
    fill_last(np.ascontiguousarray(probability.T), last)
    amplitude = np.ascontiguousarray(weights.T, np.float32)
    release(x.astype(np.float32), amplitude, last, np.array([KEY]), np.uint64(FIRST), expected)
    np.testing.assert_array_equal(found, expected)
    assert (found != x @ weights.T).any()
