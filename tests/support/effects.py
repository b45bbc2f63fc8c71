"""One small table for every effect that a substrate can have, and what each needs beside it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hwnoise.devices.effect import Effect
from hwnoise.substrate import Substrate

Table = dict[str, Any]
FLAT: Table = {"shape": "polynomial", "coefficients": [0.1]}
TABLES: dict[str, Table] = {
    "clock": {"read_period": 1e-6},
    "tile": {"rows": 4, "columns": 3},
    "conductance": {},
    "conduction": {"law": "cubic", "a": 0.25, "v_read": 0.4},
    "levels": {"count": 16},
    "programming_noise": {"sigma": FLAT},
    "write_verify": {"tolerance": 0.002, "iterations": 5},
    "faults": {"stuck_low": 0.1, "dead_rows": 0.1},
    "mismatch": {"sigma": 0.1},
    "drift": {"mean": FLAT, "std": FLAT},
    "relaxation": {"shift": -0.1, "slope": 0.05, "offset": 0.4},
    "retention": {
        "days": [0, 1],
        "amplitude": [0.1, 0.2],
        "scale": [1.0, 1.0],
        "polynomials": [[0.0], [0.1]],
    },
    "one_over_f": {"q": FLAT},
    "device_noise": {"sigma": FLAT},
    "device_telegraph": {"amplitude": FLAT},
    "ir_drop": {"row_resistance": 1.0, "column_resistance": 1.0},
    "read_noise": {"sigma": 0.02},
    "stochastic_synapse": {"law": "fixed"},
    "short_term_plasticity": {"recovery_time": 1e-5},
    "pulsed_update": {"model": {"shape": "constant_step", "step": 0.01}},
    "photonic_mesh": {"block": 4, "phase_spread": 0.01},
    "node_noise": {"sigma": 0.1},
    "telegraph": {"amplitude": 0.1, "flip": 0.1},
    "dac": {"bits": 6},
    "adc": {"bits": 8},
    "output_noise": {"sigma": 0.1},
    "adc_nonlinearity": {"unit_spread": 0.1},
    "converter_mismatch": {"gain": 0.05, "offset": 0.01},
    "neuron_mismatch": {"sigma": 0.1, "parameters": ["v_threshold"]},
    "fixed_point": {},
    "loihi_noise": {},
    "write": {"step": 0.02},
}
NEEDS = {
    "programming_noise": ("conductance",),
    "write_verify": ("conductance", "programming_noise"),
    **dict.fromkeys(("faults", "drift", "relaxation", "retention", "one_over_f"), ("conductance",)),
    **dict.fromkeys(("device_noise", "device_telegraph", "ir_drop"), ("conductance",)),
    "conduction": ("conductance", "dac"),
    **dict.fromkeys(("adc_nonlinearity", "converter_mismatch"), ("adc",)),
    "short_term_plasticity": ("stochastic_synapse",),
}  # fmt: skip


def effect_names() -> list[str]:
    """Every effect a substrate can have, by the name of its table."""
    unset = Substrate(name="any", kind="any")
    optional = [name for name in Substrate.model_fields if getattr(unset, name) is None]
    return [*optional, *(name for name, effect in unset if isinstance(effect, Effect))]


def together(*names: str) -> dict[str, Table]:
    """Tables with the effects ``names``, and what they need."""
    wanted = [other for name in names for other in (*NEEDS.get(name, ()), name)]
    found = {name: TABLES[name] for name in dict.fromkeys(wanted)}
    if "loihi_noise" in found and "fixed_point" not in found:
        found["loihi_noise"] = {"exponent": 7, "unit": 1e-3}
    return found


def pairs() -> list[tuple[str, str]]:
    """Every two effects."""
    return list(combinations(sorted(TABLES), 2))
