"""Torch modules whose weights lie on the devices of a chip: hardware-aware training in a user's own loop."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hwnoise import substrate as substrates
from hwnoise.backends.emulator.layer import Layer
from hwnoise.backends.snntorch.layer import TorchLayer
from hwnoise.backends.snntorch.threads import one_torch_thread
from hwnoise.errors import InputError
from hwnoise.network import DenseLayer
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

LAST_CHIP = 2**62


class NoisyModule(nn.Module):
    """A linear map on the devices of one chip, with a digital bias.

    Forwards, inputs pass the converters and devices of the chip, with all their noise; every row is a
    read at its own tick. Backwards, derivatives go straight through. While training, changed weights go
    onto a fresh chip, with a programming error and faults of its own: what is learned holds for chips of
    this kind, not for one. In evaluation the chip stays, until ``redraw`` or until weights change.

    Parameters
    ----------
    weight : (n_out, ...) float32
        Its rows are flattened to the inputs of one output each.
    bias : (n_out,) float32, optional
    substrate : Substrate or str
        A kind of chip, a preset's name or a TOML file.
    seed : int
        Of the chips; the same seed gives the same chips.
    headroom : float
        Range of the devices over the largest weight, 1 to 100.

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
    ) -> None:
        super().__init__()
        if not 1 <= headroom <= 100:
            raise InputError(f"headroom must be from 1 to 100, not {headroom}")
        self.substrate = substrates.load(substrate) if isinstance(substrate, str) else substrate
        self.seed, self.headroom = seed, headroom
        self.weight = nn.Parameter(weight.detach().clone().to(torch.float32))
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone().to(torch.float32))
        self.register_buffer("chip", torch.zeros((), dtype=torch.int64))
        self.register_buffer("tick", torch.zeros((), dtype=torch.int64))
        self._on_chip: TorchLayer | None = None
        self._held = torch.empty(0)  # the weights as they were put on the chip

    def redraw(self) -> None:
        """Put the weights onto another chip of the same kind."""
        self.chip += 1
        self.tick.zero_()
        self._on_chip = None

    def advance(self, seconds: float) -> None:
        """Let time pass: devices drift, slow noise moves on."""
        layer = self._reader().layer
        reads = round(seconds / self.substrate.clock.read_period)
        layer.node.skip(reads, int(self.tick))
        self.tick += reads

    def read(self, rows: Tensor) -> Tensor:
        """Read the chip once for each of ``rows`` (rows, n_in): (rows, n_out)."""
        reader = self._reader()
        weight = self.weight.flatten(1) if torch.is_grad_enabled() else None
        with one_torch_thread():
            node, _ = reader.forward(rows.to(torch.float32), int(self.tick), weight=weight)
        self.tick += len(rows)
        node = node if self.bias is None else node + self.bias
        return node.to(rows.dtype)

    def _reader(self) -> TorchLayer:
        """The chip with the present weights on it."""
        weight = self.weight.detach()
        is_new = self._held.device != weight.device or not _equal(self._held, weight)
        if self._on_chip is not None and is_new and self.training:
            self.redraw()
        if self._on_chip is None or is_new:
            self._on_chip, self._held = self._program(), weight.clone()
        return self._on_chip

    def _program(self) -> TorchLayer:
        matrix = self.weight.detach().flatten(1).cpu().numpy()
        dense = DenseLayer("module", matrix, np.zeros(len(matrix), np.float32), "identity")
        stream = Stream(self.seed, f"chip/{int(self.chip)}")
        layer = Layer(self.substrate, dense, stream, self.headroom)
        return TorchLayer(layer, self.weight.device, spikes=True)


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
        weight, start = _drawn((out_features, in_features), bias, seed)
        super().__init__(weight, start, substrate, seed=seed, headroom=headroom)
        self.in_features, self.out_features = in_features, out_features

    def forward(self, x: Tensor) -> Tensor:
        """Map ``x`` (..., in_features) to (..., out_features)."""
        return self.read(x.reshape(-1, self.in_features)).reshape(*x.shape[:-1], self.out_features)


class NoisyConv2d(NoisyModule):
    """``torch.nn.Conv2d`` on a chip: every place of the window is one read of the array.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, dilation : int or (int, int)
        As in torch; zeros are padded.
    substrate, bias, seed, headroom
        See ``NoisyModule``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        substrate: Substrate | str,
        *,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        bias: bool = True,
        seed: int = 0,
        headroom: float = 1.0,
    ) -> None:
        size = _pair(kernel_size)
        weight, start = _drawn((out_channels, in_channels, *size), bias, seed)
        super().__init__(weight, start, substrate, seed=seed, headroom=headroom)
        self.kernel_size, self.stride, self.padding = size, _pair(stride), _pair(padding)
        self.dilation = _pair(dilation)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``x`` (batch, in_channels, height, width) to (batch, out_channels, ...)."""
        height, width = (self._places(x.shape[2 + axis], axis) for axis in (0, 1))
        windows = functional.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)
        rows = windows.transpose(1, 2).flatten(0, 1)
        nodes = self.read(rows).reshape(len(x), height * width, -1)
        return nodes.transpose(1, 2).reshape(len(x), -1, height, width)

    def _places(self, length: int, axis: int) -> int:
        """How many places the window takes along one axis."""
        reach = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
        return (length + 2 * self.padding[axis] - reach) // self.stride[axis] + 1


def _drawn(shape: tuple[int, ...], has_bias: bool, seed: int) -> tuple[Tensor, Tensor | None]:
    """Weights and bias as torch draws them for a linear map, from the module's own seed."""
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    generator = Stream(seed, "weights").generator()
    weight = torch.tensor(generator.uniform(-bound, bound, shape).astype(np.float32))
    bias = torch.tensor(generator.uniform(-bound, bound, shape[0]).astype(np.float32))
    return weight, bias if has_bias else None


def _equal(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors on one device are equal; on a CPU by NumPy, which takes a quarter of the time."""
    return torch.equal(a, b) if a.device.type != "cpu" else np.array_equal(a.numpy(), b.numpy())


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
