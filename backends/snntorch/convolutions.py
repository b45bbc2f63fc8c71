"""Convolutions of a user's model on a chip: every place of the window is one read of the array."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import Parameter, functional

from hwnoise.backends.snntorch.modules import NoisyModule, drawn
from hwnoise.errors import InputError
from hwnoise.substrate import Substrate

Pair = tuple[int, int]
_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class NoisyConv2d(NoisyModule):
    """``torch.nn.Conv2d`` on a chip: every place of the window is one read of the array.

    Each group of channels has an array of its own. Padding is digital.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, dilation : int or (int, int)
    padding : int, (int, int), ``"same"`` or ``"valid"``
    groups : int
        Divides both numbers of channels.
    padding_mode : str
        ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``, as in torch.
    substrate, bias, seed, headroom
        See ``NoisyModule``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        substrate: Substrate | str,
        *,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        padding_mode: str = "zeros",
        bias: bool = True,
        seed: int = 0,
        headroom: float = 1.0,
    ) -> None:
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise InputError(f"groups = {groups} does not divide {in_channels} and {out_channels} channels")
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise InputError(f"padding must be 'same', 'valid' or numbers, not {padding!r}")
        if padding_mode not in _MODES:
            raise InputError(f"padding_mode must be one of {', '.join(_MODES)}, not {padding_mode!r}")
        size = _pair(kernel_size)
        weight, start = drawn((out_channels, in_channels // groups, *size), bias, seed)
        super().__init__(weight, start, substrate, seed=seed, headroom=headroom, groups=groups)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.dilation = size, _pair(stride), _pair(dilation)
        self.padding: Pair | str = padding if isinstance(padding, str) else _pair(padding)
        self.padding_mode = padding_mode

    def forward(self, x: Tensor) -> Tensor:
        """Map ``x`` (batch, in_channels, height, width) to (batch, out_channels, ...); also without batch."""
        if x.ndim == 3:
            return self(x[None])[0]  # type: ignore[no-any-return]  # a call of a module
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise InputError(
                f"{type(self).__name__} takes images of {self.in_channels} channels, not {tuple(x.shape)}"
            )
        (top, bottom), (left, right) = self._padded(0), self._padded(1)
        wide = functional.pad(x, (left, right, top, bottom), _MODES[self.padding_mode])
        windows = functional.unfold(wide, self.kernel_size, self.dilation, 0, self.stride)
        nodes = self.read(windows.transpose(1, 2).flatten(0, 1))
        maps = nodes.reshape(len(x), windows.shape[2], self.out_channels).transpose(1, 2)
        return maps.reshape(len(x), self.out_channels, self._places(wide, 0), self._places(wide, 1))

    def _padded(self, axis: int) -> Pair:
        """What is added before and after an axis; ``same`` puts an odd one after, as torch does."""
        if isinstance(self.padding, str):
            total = self.dilation[axis] * (self.kernel_size[axis] - 1) if self.padding == "same" else 0
            return total // 2, total - total // 2
        return self.padding[axis], self.padding[axis]

    def _places(self, wide: Tensor, axis: int) -> int:
        """How many places the window takes along one axis."""
        reach = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
        return (wide.shape[2 + axis] - reach) // self.stride[axis] + 1


class NoisyConv1d(NoisyConv2d):
    """``torch.nn.Conv1d`` on a chip; see ``NoisyConv2d``, whose options it takes as single numbers."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        substrate: Substrate | str,
        *,
        stride: int = 1,
        padding: int | str = 0,
        dilation: int = 1,
        **options: Any,
    ) -> None:
        around: Pair | str = padding if isinstance(padding, str) else (0, padding)
        super().__init__(
            in_channels, out_channels, (1, kernel_size), substrate,
            stride=(1, stride), padding=around, dilation=(1, dilation), **options,
        )  # fmt: skip
        self.weight = Parameter(self.weight.detach().squeeze(2))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``x`` (batch, in_channels, length) to (batch, out_channels, ...); also without batch."""
        return super().forward(x.unsqueeze(-2)).squeeze(-2)


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
