"""Does Lava work here: one neuron, whose membrane is known, run as every network is."""

from __future__ import annotations

import time

import numpy as np

from hwnoise.backends.lava import runner
from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses

_MEMBRANES = [6400, 12800, 0, 6400]  # 64 times the weight each step; above 250 * 64 it spikes
_SECONDS = 120.0


def try_out() -> str:
    """Run one neuron in Lava and say how that went.

    Raises
    ------
    InputError, LavaError
        If Lava is absent or does not run.
    ArithmeticError
        If it computes something else.
    """
    neuron = IntegerNeurons((1,), du=4095, dv=0, vth=250, scale=1.0)
    synapse = IntegerSynapses(np.array([[100]], np.int32), 1.0, sign_mode="excitatory")
    edges = (("input", "synapse"), ("synapse", "neuron"), ("neuron", "output"))
    network = IntegerNetwork({"synapse": synapse, "neuron": neuron}, edges)
    began = time.perf_counter()
    found = runner.run(network, np.ones((1, 4, 1), np.int32), timeout=_SECONDS)
    if found.membranes["neuron"].ravel().tolist() != _MEMBRANES:
        raise ArithmeticError(f"a neuron's membrane is {found.membranes['neuron'].ravel().tolist()}")
    where = "on a Loihi 2" if found.hardware else "emulated, no Loihi 2 at hand"
    return f"ran a network in {time.perf_counter() - began:.1f} s ({where})"
