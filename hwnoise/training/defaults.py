"""What a run uses where the user says nothing, by task and device; tuned on validation data."""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[tuple[str, str], dict[str, Any]] = {
    ("digits", "*"): {
        "epochs": 240,
        "batch_size": 64,
        "gain": 2.0,
        "optimizer": {"learning_rate": 0.004, "weight_decay": 0.02, "beta2": 0.99},
    },
    ("mnist5k", "*"): {
        "epochs": 200,
        "batch_size": 64,
        "optimizer": {"learning_rate": 0.003, "weight_decay": 0.05, "beta2": 0.99},
    },
    ("xor", "*"): {"epochs": 300, "batch_size": 4},
    ("parity", "*"): {"epochs": 200, "batch_size": 16},
}
"""Same shape as a configuration file, keyed by (task, device); ``"*"`` stands for every other name.

``data`` stands for the user's own data, and ``parity`` also covers ``parity-4`` and its like. What is not
listed has its default in ``config.RunConfig``.
"""


def defaults_for(task: str, device: str) -> list[dict[str, Any]]:
    """List the entries for one pair, the most general first, so that later ones may overrule earlier ones."""
    family = task.partition("-")[0]
    tasks = dict.fromkeys(("*", family, task))  # "digits" is its own family: named once
    return [DEFAULTS[name, kind] for name in tasks for kind in ("*", device) if (name, kind) in DEFAULTS]
