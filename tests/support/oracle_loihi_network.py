"""A whole integer network, slowly and plainly: what its Lava graph and the emulator have to equal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses

Array = NDArray[Any]
M = 2**23


def simulate(network: IntegerNetwork, x: Array) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return spikes and membranes (after reset) of every population: (samples, steps, *shape).

    Every population's step t is what it makes of step t of the input; only a loop carries spikes
    from one step into the next.
    """
    steps = x.shape[1]
    spikes = {
        name: np.zeros((len(x), steps, *node.shape), np.int64)
        for name, node in network.nodes.items()
        if isinstance(node, IntegerNeurons)
    }
    membranes = {name: np.zeros_like(array) for name, array in spikes.items()}
    state = {name: np.zeros((3, len(x), *network.nodes[name].shape), np.int64) for name in spikes}
    for t in range(steps):
        for name in spikes:
            node: Any = network.nodes[name]
            current = sum(
                _arriving(network, synapses, name, x, spikes, t)
                for synapses, target in network.edges
                if target == name
            )
            spikes[name][:, t] = step(node, np.asarray(current), state[name])
            membranes[name][:, t] = state[name][1]
    return spikes, membranes


def step(node: IntegerNeurons, current: Array, state: Array) -> Array:
    """Move one population on by one step; ``state`` (u, v, what the threshold is raised by) is changed."""
    if node.kind == "graded":
        return np.where(np.abs(current) > node.vth, current, 0)
    u = toward_zero(state[0] * (4096 - (node.du + 1))) + current * 64
    u = np.where(u > M, u - 2 * M, np.where(u <= -M, u + 2 * M, u))
    bias = np.broadcast_to(node.bias_mant.astype(np.int64), np.prod(node.shape)).reshape(node.shape)
    v = toward_zero(state[1] * (4096 - node.dv)) + u + (bias << node.bias_exp)
    v = np.clip(v, 1 - M, M - 1)
    spikes = (v > node.vth * 64 + state[2]).astype(np.int64)
    state[2] = toward_zero(state[2] * (4096 - node.dtheta)) + spikes * node.theta_step * 64
    if node.kind == "ternary":
        spikes -= v < node.vth_low * 64
    state[0], state[1] = u, np.where(spikes != 0, 0, v)
    return spikes


def toward_zero(product: Array) -> Array:
    """Return product / 4096, rounded toward zero."""
    return np.sign(product) * (np.abs(product) >> 12)


def _arriving(
    network: IntegerNetwork, name: str, target: str, x: Array, spikes: dict[str, Array], t: int
) -> Array:
    """What synapses ``name`` bring to ``target`` in step ``t``."""
    node: Any = network.nodes[name]
    source = next(before for before, after in network.edges if after == name)
    given = x if source == "input" else spikes[source]
    depth, order = network.depths(), list(network.nodes)
    is_back = source != "input" and order.index(source) >= order.index(target)
    at = t - is_back * (1 + depth[source] - depth[target])  # only ways back take steps of their own
    shape = network.nodes[target].shape  # type: ignore[union-attr]  # the target of synapses is a population
    if node.geometry.get("kind", "dense") == "conv":
        return _correlated(node, given[:, at], shape) if at >= 0 else np.zeros((len(x), *shape), np.int64)
    delay = np.zeros_like(node.weight) if node.delay is None else node.delay
    total = np.zeros((len(x), len(node.weight)), np.int64)
    for lag in np.unique(delay[...]):
        if at - lag >= 0:
            sent = given[:, at - lag].reshape(len(x), -1)
            sent = sent if node.message_bits else sent != 0
            total += _shifted(sent.astype(np.int64) @ (node.weight * (delay == lag)).T, node.exponent)
    return total.reshape(len(x), *shape)


def _shifted(sums: Array, exponent: int) -> Array:
    return sums << exponent if exponent > 0 else sums >> -exponent


def _correlated(node: IntegerSynapses, images: Array, shape: tuple[int, ...]) -> Array:
    """Correlate images (samples, channels, height, width) with the filters, one output at a time."""
    (sy, sx), (py, px) = (
        np.broadcast_to(node.geometry.get(k, d), 2) for k, d in (("stride", 1), ("padding", 0))
    )
    dy, dx = np.broadcast_to(node.geometry.get("dilation", 1), 2)
    groups = node.geometry.get("groups", 1)
    sent = images if node.message_bits else images != 0
    padded = np.pad(sent.astype(np.int64), ((0, 0), (0, 0), (py, py), (px, px)))
    n_out, per_group, height, width = node.weight.shape
    found = np.zeros((len(images), *shape), np.int64)
    for o, y, x in np.ndindex(*shape):
        first = o // (n_out // groups) * per_group
        window = padded[:, first : first + per_group, y * sy :: dy, x * sx :: dx][:, :, :height, :width]
        found[:, o, y, x] = (window * (node.weight[o].astype(np.int64) << node.exponent)).sum((1, 2, 3))
    return (found + M) % (2 * M) - M
