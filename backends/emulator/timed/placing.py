"""Which part of the chip carries each node of a network with time."""

from __future__ import annotations

from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.emulator.timed.array_stage import ArrayStage
from hwnoise.backends.emulator.timed.convolution import convolution_on
from hwnoise.backends.emulator.timed.delay_line import DelayLine
from hwnoise.backends.emulator.timed.memoryless import map_of
from hwnoise.backends.emulator.timed.mismatch import as_built
from hwnoise.backends.emulator.timed.population import Population
from hwnoise.backends.emulator.timed.stage import Stage
from hwnoise.network import DenseLayer, Network
from hwnoise.nodes import Affine, Conv1d, Conv2d, Delay, Linear, Neuron
from hwnoise.stepping import checked_dt, delay_steps, step_of
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate


def placed_stages(
    network: Network, substrate: Substrate, stream: Stream, headroom: float
) -> tuple[dict[str, Stage], dict[str, Layer]]:
    """Put every node of ``network`` on a fresh chip; return all stages, and the arrays among them."""
    stages: dict[str, Stage] = {}
    layers: dict[str, Layer] = {}
    for name, node in network.nodes.items():
        own = stream.child(name)
        if isinstance(node, (Affine, Linear)):
            bias = node.bias if isinstance(node, Affine) else 0 * node.weight[:, 0]
            layers[name] = Layer(substrate, DenseLayer(name, node.weight, bias, "identity"), own, headroom)
            stages[name] = ArrayStage(layers[name])
        elif isinstance(node, (Conv1d, Conv2d)):
            stage = convolution_on(name, node, network.input_shapes[name], substrate, own, headroom)
            stages[name], layers[name] = stage, stage.layer
        elif isinstance(node, Neuron):
            dt = checked_dt(network, name)
            stages[name] = Population(name, step_of(network, name, as_built(node, substrate, own, dt)))
        elif isinstance(node, Delay) and node.delay.any():
            stages[name] = DelayLine(delay_steps(node, checked_dt(network, name)))
        else:
            stages[name] = map_of(name, node, network.input_shapes[name])
    return stages, layers
