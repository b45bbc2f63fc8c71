"""Neurons as a chip has them: no two alike (eq:neuron-mismatch)."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from hwnoise.nodes import Neuron
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

_ALSO = {"tau": "tau_mem"}  # the one time constant of a simple neuron is its membrane's


def as_built(node: Neuron, substrate: Substrate, stream: Stream, dt: float) -> Neuron:
    """Return ``node`` with the parameters its neurons have on the chip drawn from ``stream``.

    No time constant falls below a step ``dt`` [s] that was above it.
    """
    uneven = substrate.neuron_mismatch
    if uneven is None:
        return node
    found = {}
    for field in fields(node):
        nominal = getattr(node, field.name)
        name = _ALSO.get(field.name, field.name)
        value = uneven.spread(name, nominal.ravel(), stream.child("neuron_mismatch")).reshape(nominal.shape)
        if field.name.startswith("tau"):
            value = np.maximum(value, np.minimum(nominal, dt))
        found[field.name] = value
    return replace(node, **found)
