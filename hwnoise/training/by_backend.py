"""What a run uses where the user says nothing, on backends that read few samples at a time."""

from __future__ import annotations

from typing import Any

BY_BACKEND: dict[str, dict[str, Any]] = {
    "lava": {"batch_size": 1, "epochs": 4, "optimizer": {"learning_rate": 0.003}},
}
"""Same shape as a configuration file, laid over the defaults of task, device and learner. Lava presents one
sample after another, a step in milliseconds: an update for each, and few epochs. Tuned on the validation data
of ``digits`` on ``loihi2``, on the emulator, which computes the same bits."""
