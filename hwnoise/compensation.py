"""Global drift compensation: one digital gain per layer, from calibration inputs read again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Backend, Probe, Program, Reading
from hwnoise.backends.emulator.activations import activate
from hwnoise.errors import DivergenceError, InputError, MismatchError
from hwnoise.network import DenseLayer, Network
from hwnoise.nodes import Input, Linear, Output
from hwnoise.streams import Stream

if TYPE_CHECKING:
    from hwnoise.substrate import Substrate

Array = NDArray[Any]
Floats = NDArray[np.float32]


class CompensatedChain:
    """A dense network whose layers are arrays of their own, with a digital unit between them.

    Each layer is compiled as a Program; gain, bias and activation are computed between the arrays.
    With the emulator these are the very devices that the network gets when it is compiled as a
    whole from the same stream, and as long as all gains are 1 it gives the same outputs.

    Parameters
    ----------
    network, substrate, backend, stream
        As for ``Backend.compile``; the network must be a chain of dense layers.
    calibration : (rows, n_in) float
        Inputs on which the gains rest. Each layer keeps the inputs that it had from them when it was
        fresh, and gets the same ones at every calibration.
    **options
        Passed on to ``backend.compile``.

    Attributes
    ----------
    gains : dict of str to float
        By layer; 1 until ``calibrate`` is called.

    Raises
    ------
    InputError, MismatchError
        For a calibration input of another width, or a network that is no chain of dense layers.

    Notes
    -----
    Source: V. Joshi et al., Nature Communications 11:2473, 2020.
    """

    def __init__(
        self,
        network: Network,
        substrate: Substrate,
        backend: Backend,
        stream: Stream,
        calibration: Array,
        **options: Any,
    ) -> None:
        self.network, self._layers = network, network.dense_layers()
        self._programs = [
            backend.compile(_alone(layer), substrate, stream, **options) for layer in self._layers
        ]
        self.capabilities = replace(self._programs[0].capabilities, checkpoint=False)
        self.gains = {layer.name: 1.0 for layer in self._layers}
        if calibration.ndim != 2 or calibration.shape[1] != network.n_inputs or not len(calibration):
            wanted = f"(samples, {network.n_inputs})"
            raise InputError(
                f"calibration inputs of shape {calibration.shape} do not fit; {wanted} is needed"
            )
        self._calibration: list[Array] = []
        self._fresh: list[float] = []
        self._meet(calibration)

    @property
    def events(self) -> dict[str, int]:
        """What all layers counted together; a sample that all of them read is one read of each."""
        return dict(sum((Counter(program.events) for program in self._programs), Counter()))

    def calibrate(self) -> dict[str, float]:
        """Read the calibration inputs again and set the gains (eq:drift-compensation); counted reads.

        Returns
        -------
        dict of str to float
            The gains, by layer.

        Raises
        ------
        DivergenceError
            If a layer has gone silent, so that no gain can bring it back.
        """
        for k, layer in enumerate(self._layers):
            now = _strength(self._product(k, self._calibration[k]))
            if not now > 0:
                raise DivergenceError(f"layer '{layer.name}' answers its calibration input with zeros only")
            self.gains[layer.name] = self._fresh[k] / now
        return dict(self.gains)

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Read the batch ``x`` (samples, n_in) once.

        Raises
        ------
        MismatchError
            If ``probe`` asks for anything but one plain pass: this chip is evaluated, not trained.
        """
        if probe != ONE_PASS:
            raise MismatchError("a compensated chip is read once at a time, without observing its nodes")
        before, rows = Counter(self.events), x
        for k, layer in enumerate(self._layers):
            gain = np.float32(self.gains[layer.name])
            rows = activate(layer.activation, gain * self._product(k, rows) + layer.bias.astype(np.float32))
        return Reading(output=rows[None], events=dict(Counter(self.events) - before))

    def advance(self, seconds: float) -> None:
        """Let time pass for every layer."""
        for program in self._programs:
            program.advance(seconds)

    def _meet(self, rows: Array) -> None:
        """Note what each layer is given, and how strongly it answers, while it is fresh."""
        for k, layer in enumerate(self._layers):
            product = self._product(k, rows)
            self._calibration.append(rows)
            self._fresh.append(_strength(product))
            rows = activate(layer.activation, product + layer.bias.astype(np.float32))

    def _product(self, k: int, rows: Array) -> Floats:
        """What the converters of layer k deliver, in batches that its Program can take."""
        program: Program = self._programs[k]
        most = program.capabilities.max_batch or len(rows)
        parts = [program.run(rows[i : i + most]).output[0] for i in range(0, len(rows), most)]
        return np.concatenate(parts)


def _alone(layer: DenseLayer) -> Network:
    """The layer's weights as a network; its name stays, and with it its devices."""
    n_out, n_in = layer.weight.shape
    before, after = f"{layer.name}_input", f"{layer.name}_output"
    nodes = {before: Input((n_in,)), layer.name: Linear(layer.weight), after: Output((n_out,))}
    return Network(nodes, ((before, layer.name), (layer.name, after)))


def _strength(product: Floats) -> float:
    """Sum of magnitudes; in double precision, so that it does not depend on the order."""
    return float(np.abs(product).sum(dtype=np.float64))
