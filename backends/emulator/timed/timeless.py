"""Whether it matters when a chip is read."""

from __future__ import annotations

from hwnoise.devices.mismatch import Mismatch
from hwnoise.substrate import Substrate

_STILL = frozenset(
    {
        "clock", "tile", "conductance", "conduction", "levels", "faults", "mismatch", "neuron_mismatch",
        "ir_drop", "dac", "adc", "adc_nonlinearity", "converter_mismatch", "programming_noise",
        "pulsed_update", "write", "write_verify",
    }
)  # fmt: skip


def is_timeless(substrate: Substrate) -> bool:
    """Whether a read gives the same at every tick, so that order does not matter."""
    return all(
        name in _STILL
        and getattr(effect, "rounding", "nearest") == "nearest"
        and not (isinstance(effect, Mismatch) and effect.refresh == "dynamic")
        for name, effect in substrate.effects().items()
    )
