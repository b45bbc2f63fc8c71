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
    ("*", "timed"): {
        "coding": "rate",
        "steps": 8,
        "learner": "three-factor",
        "gain": 0.5,
        "headroom": 12.0,
        "optimizer": {"learning_rate": 0.01, "weight_decay": 0.02, "beta2": 0.99},
    },
    ("*", "release"): {"headroom": 3.0, "steps": 16},
    ("*", "latency"): {"gain": 1.0, "tau": 4e-3},
    ("order", "*"): {"coding": "native", "learner": "three-factor", "epochs": 60, "batch_size": 64},
    ("order", "timed"): {"tau": 1e-2, "gain": 1.0, "optimizer": {"learning_rate": 0.005}},
    ("digits", "timed"): {"epochs": 80, "gain": 0.5, "optimizer": {"learning_rate": 0.01}},
    ("digits", "latency"): {"gain": 1.0},
    ("mnist5k", "latency"): {"epochs": 80},
    ("mnist5k", "timed"): {
        "epochs": 40,
        "optimizer": {"learning_rate": 0.005, "weight_decay": 0.02},
    },
    ("mnist5k", "image"): {"optimizer": {"learning_rate": 0.01}},
    ("xor", "*"): {"epochs": 300, "batch_size": 4},
    ("parity", "*"): {"epochs": 200, "batch_size": 16},
}
"""Same shape as a configuration file, keyed by (task, device); ``"*"`` stands for every other name. A
device's place is also taken by ``"timed"`` and the name of a coding, for networks with time; by
``"release"``, for those behind synapses whose probabilities carry the weights, and whose noise grows with
their range; by ``"image"``, for layer sizes that begin with one.

``data`` stands for the user's own data, and ``parity`` also covers ``parity-4`` and its like. What is not
listed has its default in ``config.RunConfig``.
"""


STARTED: dict[str, Any] = {
    "epochs": 40,
    "headroom": 1.0,
    "optimizer": {"learning_rate": 0.001, "weight_decay": 0.0},
}
STARTED_TIMED: dict[str, Any] = {"learner": "snp", "epochs": 20, "optimizer": {"learning_rate": 0.0003}}
"""Laid over the above for a run that starts from trained weights: small steps, and the whole range in use;
the second one on top where the network has time.
"""

TIMED_TASKS = ("order",)  # whose samples have a time axis of their own


def defaults_for(
    task: str, device: str, timed: bool = False, coding: str | None = None, kinds: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """List the entries for one pair, the most general first, so that later ones may overrule earlier ones.

    With ``timed`` the network has time: entries under the device ``"timed"``, and under a coding that
    was asked for, then hold as well. ``kinds`` are further words of that sort for network and device.
    """
    words = ("*", *(("timed", coding) if timed else ()), *kinds, device)
    family = task.partition("-")[0]
    tasks = dict.fromkeys(("*", family, task))  # "digits" is its own family: named once
    return [DEFAULTS[name, kind] for name in tasks for kind in words if (name, kind) in DEFAULTS]
