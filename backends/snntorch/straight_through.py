"""Derivatives straight through the physics of a read: those of the same read without noise and rounding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hwnoise.backends.emulator.layer import Layer


class _StraightThrough(torch.autograd.Function):
    """The first argument forwards, the second one backwards."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, smooth: Tensor) -> Tensor:
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[None, Tensor]:
        return None, error


def straight_through(value: Tensor, smooth: Tensor) -> Tensor:
    """Return ``value``, which is differentiated, any number of times, as if it were ``smooth``."""
    found: Tensor = _StraightThrough.apply(value, smooth)  # type: ignore[no-untyped-call]
    return found


def smooth_read(layer: Layer, x: Tensor, tick: int, weight: Tensor) -> Tensor:
    """Read ``layer`` without noise, rounding and bias: nodes (rows, n_out) that autograd can follow.

    Parameters
    ----------
    layer : Layer
    x : (rows, n_in) float32
        Row r is read at ``tick + r``.
    tick : int
    weight : (n_out, n_in) float32
        Moves the weights that the devices hold by how far it is moved from where it is.

    Notes
    -----
    Converters still cut off at their full scale: beyond it there is no derivative. Where devices are not
    linear (eq:conduction-sum), nodes follow their curves, but what a weight is moved by counts as linear.
    """
    dac, device = layer.converters_in.dac, x.device
    scale = _full_scale_of_rows(x.detach()) if dac is not None and dac.range == "vector" else None
    if dac is not None and dac.range != "vector":
        x, scale = x.clamp(-dac.range, dac.range), x.new_full((len(x), 1), dac.range)
    moved = (weight - weight.detach()).T
    nodes = []
    placement = layer.placements[layer.chosen]
    for _, block in layer.blocks(tick, len(x)):
        held = placement.true_weights(tick + block.start)
        curve = {
            power: torch.tensor(a, device=device)
            for power, a in placement.true_curve(tick + block.start).items()
        }
        own = torch.tensor(held, device=device) + moved  # a copy: the view moves on
        limits = None if scale is None else scale[block]
        nodes.append(_through_tiles(layer, x[block], own, curve, limits))
    return nodes[0] if len(nodes) == 1 else torch.cat(nodes)


def _through_tiles(
    layer: Layer, x: Tensor, weight: Tensor, curve: Mapping[int, Tensor], scale: Tensor | None
) -> Tensor:
    """Sum what each row of tiles gives, as far as its converters, and the sum, follow."""
    unit = torch.as_tensor(layer.array.weight_range, device=x.device)
    parts, adc = [], layer.substrate.adc
    for row in layer.tile_rows:
        lines, out = x[:, row.inputs], row.converters
        part = lines @ weight[row.inputs]
        for power, matrix in curve.items():
            part = part + _bent(lines, power, scale) @ matrix[row.inputs]
        if out.gain is not None:
            part = part * torch.as_tensor(out.gain, device=x.device)
        parts.append(part if adc is None else _within(part, unit * adc.range, scale))
    total = parts[0] if len(parts) == 1 else torch.stack(parts).sum(dim=0)
    if adc is None or not layer.substrate.clips_sums:
        return total
    return _within(total, unit * adc.range, scale)


def _bent(x: Tensor, power: int, scale: Tensor | None) -> Tensor:
    """A power of inputs ``x``, each over the full scale of its row, in the unit of ``x``."""
    return x**power if scale is None else scale * (x / scale) ** power


def _within(y: Tensor, limit: Tensor, scale: Tensor | None) -> Tensor:
    """Cut ``y`` (rows, n_out) off at ``limit`` (n_out,), which counts in the full scale of each row."""
    limit = limit.expand_as(y) if scale is None else limit * scale
    return torch.clamp(y, -limit, limit)


def _full_scale_of_rows(x: Tensor) -> Tensor:
    """The largest magnitude of each row, 1 for a row of zeros: (rows, 1)."""
    largest = x.abs().amax(dim=1, keepdim=True)
    return torch.where(largest == 0, torch.ones_like(largest), largest)
