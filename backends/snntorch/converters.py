"""DAC and ADC of a layer in torch: the arithmetic of ``hwnoise.kernels.converters``, step by step."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hwnoise.backends.emulator.conversion import InputConverters, OutputConverters
from hwnoise.backends.snntorch.normals import gaussian
from hwnoise.backends.snntorch.words import words

WORDS = 4294967296.0  # 2**32


def drive(converters: InputConverters, x: Tensor, tick: int, nearest: Tensor | None) -> tuple[Tensor, Tensor]:
    """Convert ``x`` (rows, n_in) to what the lines are driven with (eq:dac).

    Parameters
    ----------
    converters : InputConverters
    x : (rows, n_in) float32
    tick : int
        Of row 0; row r is converted at ``tick + r``.
    nearest : (rows,) bool, optional
        Rows whose rounding is not to be a matter of chance.

    Returns
    -------
    q : (rows, n_in) float32
        Relative to the full scale.
    scale : (rows,) float32
        Full scale of each row, in input units.
    """
    dac = converters.dac
    if dac is None:
        return x, x.new_ones(len(x))
    if dac.range == "vector":
        scale = x.abs().amax(dim=1)
        scale[scale == 0] = 1.0
    else:
        scale = x.new_full((len(x),), dac.range)
    q = (x * (1.0 / scale)[:, None]).clamp_(-1.0, 1.0)
    if dac.rounding == "stochastic":
        return _round_stochastically(q, 1.0, dac.levels, converters.key, tick, nearest), scale
    return torch.round(q * dac.levels) * float(np.float32(1) / np.float32(dac.levels)), scale


def convert(converters: OutputConverters, y: Tensor, tick: int, quiet: Tensor | None) -> Tensor:
    """Convert outputs ``y`` (rows, n_out), and keep their unit (eq:output-noise, eq:adc, eq:adc-floor)."""
    adc, full_scale = converters.adc, np.float32(converters.full_scale)
    if converters.noise is not None:
        sigma = float(np.float32(converters.noise.sigma_at(float(full_scale))))
        z = gaussian(int(converters.noise_key), tick, y.shape[0], y.shape[1], y.device)
        y = y + sigma * (z if quiet is None else z * ~quiet[:, None])
    if converters.gain is not None and converters.offset is not None:
        y = y * torch.as_tensor(converters.gain, device=y.device)
        y += torch.as_tensor(converters.offset, device=y.device) * float(full_scale)
    if adc is None:
        return y
    if adc.rounding == "stochastic":
        return _round_stochastically(y, float(full_scale), adc.levels, converters.key, tick, quiet)
    step = full_scale / np.float32(adc.levels)
    level = y * float(np.float32(1) / step)
    if adc.rounding == "floor":
        return torch.floor(level).clamp_(-adc.levels - 1, adc.levels) * float(step)
    return torch.round(level).clamp_(-adc.levels, adc.levels) * float(step)


def _round_stochastically(
    y: Tensor, full_scale: float, levels: int, key: int, tick: int, nearest: Tensor | None
) -> Tensor:
    """Move each value to one of the two levels beside it, unbiased (eq:stochastic-rounding)."""
    inverse = np.float32(1) / np.float32(full_scale)
    value = (y * float(inverse)).clamp_(-1.0, 1.0) * levels
    below = torch.floor(value)
    threshold = ((value - below).to(torch.float64) * WORDS).to(torch.int64)
    level = below + (words(key, tick, y.shape[0], y.shape[1], y.device) < threshold)
    if nearest is not None:
        level = torch.where(nearest[:, None], torch.round(value), level)
    return level * float(np.float32(full_scale) / np.float32(levels))
