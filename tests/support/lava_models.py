"""Lava's own process models, stepped one by one without its runtime: the oracle of bit-exact tests."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.lava.shim import import_lava

Array = NDArray[Any]


class _Port:
    """Stands in for a port: hands over what was put in, keeps a copy of what was sent."""

    def __init__(self) -> None:
        self.value: Array = np.zeros(0, np.int32)

    def recv(self) -> Array:
        return self.value

    def send(self, value: Array) -> None:
        self.value = np.array(value)


def _model(module: str, name: str, parameters: dict[str, Any]) -> Any:
    import_lava()
    return getattr(import_module(f"lava.proc.{module}.models"), name)(parameters)


class Lif:
    """A population: ``kind`` is ``lif``, ``reset`` or ``ternary``."""

    def __init__(
        self, kind: str, n: int, du: int, dv: int, vth: int, bias: tuple[Any, int], **more: int
    ) -> None:
        name = {"lif": "PyLifModelBitAcc", "reset": "PyLifResetModelBitAcc", "ternary": "PyTernLifModelFixed"}
        interval = {f"reset_{key}": more[key] for key in ("interval", "offset") if key in more}
        model = _model("lif", name[kind], interval)
        model.u, model.v = np.zeros(n, np.int32), np.zeros(n, np.int32)
        model.du, model.dv = du, dv
        model.bias_mant = np.broadcast_to(np.asarray(bias[0], np.int16), n).copy()
        model.bias_exp = np.full(n, bias[1], np.int16)
        if kind == "ternary":
            model.vth_hi, model.vth_lo = np.int32(vth), np.int32(more["vth_low"])
        else:
            model.vth = np.int32(vth)
        model.a_in, model.s_out = _Port(), _Port()
        self.model, self.steps = model, 0

    def step(self, current: Array) -> Array:
        """Take the current of one step, return the spikes; u and v are in ``model``."""
        self.steps += 1
        self.model.time_step = self.steps
        self.model.a_in.value = current.astype(np.int32)
        self.model.run_spk()
        return np.asarray(self.model.s_out.value, np.int64)


class Graded:
    """A population of GradedVec."""

    def __init__(self, n: int, vth: int) -> None:
        model = _model("graded", "PyGradedVecModelFixed", {})
        model.v, model.vth = np.zeros(n, np.int32), np.array([vth], np.int32)
        model.a_in, model.s_out = _Port(), _Port()
        self.model = model

    def step(self, current: Array) -> Array:
        """Take the current of one step, return the spikes."""
        self.model.a_in.value = current.astype(np.int32)
        self.model.run_spk()
        return np.asarray(self.model.s_out.value, np.int64)


class Synapses:
    """Dense, Sparse, DelayDense or Conv: what a step sends is what the step before brought in."""

    def __init__(self, kind: str, weight: Array, message_bits: int, **parameters: Any) -> None:
        module, name = {
            "dense": ("dense", "PyDenseModelBitAcc"),
            "sparse": ("sparse", "PySparseModelBitAcc"),
            "delay": ("dense", "PyDelayDenseModelBitAcc"),
            "conv": ("conv", "PyConvModelFixed"),
        }[kind]
        setting = {k: v for k, v in parameters.items() if k in ("weight_exp", "num_weight_bits", "sign_mode")}
        model = _model(module, name, setting)
        model.num_message_bits = np.array([message_bits])
        model.s_in, model.a_out = _Port(), _Port()
        if kind == "conv":
            _prepare_conv(model, weight, parameters)
        elif kind == "sparse":
            from scipy.sparse import csr_matrix

            model.weights, model.a_buff = csr_matrix(weight.astype(np.int32)), np.zeros(len(weight), np.int32)
        else:
            model.weights = weight.astype(np.int32)
            model.a_buff = np.zeros(len(weight), np.int32)
        if kind == "delay":
            model.delays = parameters["delay"]
            model.a_buff = np.zeros((len(weight), int(parameters["delay"].max()) + 1), np.int32)
        self.model = model

    def step(self, spikes: Array) -> Array:
        """Take the spikes of one step, return the current that is sent in it."""
        self.model.s_in.value = spikes.astype(np.int32)
        self.model.run_spk()
        return np.asarray(self.model.a_out.value, np.int64)


def _prepare_conv(model: Any, weight: Array, parameters: dict[str, Any]) -> None:
    model.weight = weight.astype(np.int32)
    model.kernel_size = np.array(weight.shape[1:3])
    for key in ("stride", "padding", "dilation"):
        setattr(model, key, np.array(parameters[key]))
    model.groups = np.array([parameters["groups"]])
    model.a_buf = np.zeros(parameters["output_shape"], np.int32)
