"""Torch modules whose weights lie on the devices of a chip: hardware-aware training in a user's own loop."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from hwnoise import substrate as substrates
from hwnoise.backends.emulator.checks import check_headroom
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.snntorch.layer import TorchLayer
from hwnoise.backends.snntorch.threads import one_torch_thread
from hwnoise.errors import InputError, MismatchError
from hwnoise.network import DenseLayer
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate


class NoisyModule(nn.Module):
    """A linear map on the devices of one chip, with a digital bias.

    Forwards, inputs pass the converters and devices of the chip, with all their noise; every row is a
    read at its own tick. Backwards, derivatives go straight through. While training, changed weights go
    onto a fresh chip, with a programming error and faults of its own: what is learned holds for chips of
    this kind, not for one. In evaluation the chip stays, until ``redraw`` or until weights change.

    Parameters
    ----------
    weight : (n_out, ...) float
        Its rows are flattened to the inputs of one output each.
    bias : (n_out,) float, optional
    substrate : Substrate or str
        A kind of chip, a preset's name or a TOML file.
    seed : int
        Of the chips; the same seed gives the same chips.
    headroom : float
        Range of the devices over the largest weight, 1 to 100.
    groups : int
        Arrays that share the outputs, each with inputs of its own; all are read at once.

    Attributes
    ----------
    chip, tick : () int64
        Which of the chips it is, and its read periods so far: with the weights, all of its state.
    """

    chip: Tensor
    tick: Tensor

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        substrate: Substrate | str,
        *,
        seed: int = 0,
        headroom: float = 1.0,
        groups: int = 1,
    ) -> None:
        super().__init__()
        check_headroom(headroom)
        self.substrate = substrates.load(substrate) if isinstance(substrate, str) else substrate
        if self.substrate.fixed_point is not None:
            raise MismatchError(
                f"'{self.substrate.name}' computes with whole numbers, neurons included: hand it a network "
                "(to_network), not single layers"
            )
        self.seed, self.headroom, self.groups = seed, headroom, groups
        self.weight = nn.Parameter(weight.detach().clone())
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        self.register_buffer("chip", torch.zeros((), dtype=torch.int64))
        self.register_buffer("tick", torch.zeros((), dtype=torch.int64))
        self._arrays: list[TorchLayer] = []
        self._held = torch.empty(0)  # the weights as they were put on the chip

    def redraw(self) -> None:
        """Put the weights onto another chip of the same kind."""
        self.chip += 1
        self.tick.zero_()
        self._arrays = []

    def advance(self, seconds: float) -> None:
        """Let time pass: devices drift, slow noise moves on."""
        reads = round(seconds / self.substrate.clock.read_period)
        for array in self._on_chip():
            array.layer.node.skip(reads, int(self.tick))
        self.tick += reads

    def read(self, rows: Tensor) -> Tensor:
        """Read the chip once for each of ``rows`` (rows, n_in): (rows, n_out).

        Parameters
        ----------
        rows : (rows, groups * n_in) of any dtype
            What is read has the same, or that of the weights if it is no float.
        """
        if torch.compiler.is_compiling():  # a chip is no graph of torch operations
            found: Tensor = torch.compiler.disable(self._read)(rows)  # type: ignore[no-untyped-call]
            return found
        return self._read(rows)

    def _read(self, rows: Tensor) -> Tensor:
        arrays, tick = self._on_chip(), int(self.tick)
        inputs = rows.to(torch.float32).chunk(self.groups, dim=1)
        weights: tuple[Tensor | None, ...] = (None,) * self.groups
        if torch.is_grad_enabled():
            weights = self.weight.flatten(1).to(torch.float32).chunk(self.groups)
        with one_torch_thread():
            parts = [
                array.forward(x, tick, weight=weight)[0]
                for array, x, weight in zip(arrays, inputs, weights, strict=True)
            ]
        self.tick += len(rows)
        node = parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
        node = node if self.bias is None else node + self.bias
        return node.to(rows.dtype if rows.is_floating_point() else self.weight.dtype)

    def extra_repr(self) -> str:
        """Shape, kind of chip and seed."""
        return f"{tuple(self.weight.shape)}, on {self.substrate.name!r}, seed={self.seed}"

    def _on_chip(self) -> list[TorchLayer]:
        """The arrays of the chip, with the present weights on them."""
        weight = self.weight.detach()
        is_new = self._held.device != weight.device or not _equal(self._held, weight)
        if self._arrays and is_new and self.training:
            self.redraw()
        if not self._arrays or is_new:
            self._arrays, self._held = self._programmed(), weight.clone()
        return self._arrays

    def _programmed(self) -> list[TorchLayer]:
        matrix = self.weight.detach().flatten(1).to("cpu", torch.float32).numpy()
        chip, arrays = Stream(self.seed, f"chip/{int(self.chip)}"), []
        for number, part in enumerate(np.split(matrix, self.groups)):
            stream = chip if self.groups == 1 else chip.child(str(number))
            dense = DenseLayer("module", part, np.zeros(len(part), np.float32), "identity")
            layer = Layer(self.substrate, dense, stream, self.headroom)
            arrays.append(TorchLayer(layer, self.weight.device, spikes=True))
        return arrays


class NoisyLinear(NoisyModule):
    """``torch.nn.Linear`` on a chip of the kind ``substrate``; see ``NoisyModule``.

    Examples
    --------
    >>> layer = NoisyLinear(64, 10, "pcm", seed=7)
    >>> layer(torch.zeros(3, 64)).shape
    torch.Size([3, 10])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        substrate: Substrate | str,
        *,
        bias: bool = True,
        seed: int = 0,
        headroom: float = 1.0,
    ) -> None:
        weight, start = drawn((out_features, in_features), bias, seed)
        super().__init__(weight, start, substrate, seed=seed, headroom=headroom)
        self.in_features, self.out_features = in_features, out_features

    def forward(self, x: Tensor) -> Tensor:
        """Map ``x`` (..., in_features) to (..., out_features)."""
        if x.shape[-1:] != (self.in_features,):
            raise InputError(f"NoisyLinear takes (..., {self.in_features}), not {tuple(x.shape)}")
        return self.read(x.reshape(-1, self.in_features)).reshape(*x.shape[:-1], self.out_features)


def drawn(shape: tuple[int, ...], has_bias: bool, seed: int) -> tuple[Tensor, Tensor | None]:
    """Weights and bias as torch draws them for a linear map, from the module's own seed."""
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    generator = Stream(seed, "weights").generator()
    weight = torch.tensor(generator.uniform(-bound, bound, shape).astype(np.float32))
    bias = torch.tensor(generator.uniform(-bound, bound, shape[0]).astype(np.float32))
    return weight, bias if has_bias else None


def _equal(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors on one device are equal; on a CPU by NumPy, which takes a quarter of the time."""
    if a.device.type != "cpu" or torch.float32 not in (a.dtype, b.dtype):
        return torch.equal(a, b)
    return a.dtype == b.dtype and np.array_equal(a.numpy(), b.numpy())
