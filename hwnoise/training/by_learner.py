"""What yardsticks use where the user says nothing: exact derivatives want other steps than noise does."""

from __future__ import annotations

from typing import Any

_WHOLE_STEPS = {"name": "sgd", "weight_decay": 0.0, "beta2": None}  # the estimate is the step already

BY_LEARNER: dict[str, dict[str, Any]] = {
    "bp": {"epochs": 80, "optimizer": {"learning_rate": 0.02, "weight_decay": 0.0}},
    "dfa": {"epochs": 80, "optimizer": {"learning_rate": 0.02, "weight_decay": 0.0}},
    "forward-gradient": {
        "epochs": 100,
        "learner_options": {"samples": 8},
        "optimizer": {"learning_rate": 0.02, "weight_decay": 0.0},
    },
    "gauss-newton": {"epochs": 20, "optimizer": {**_WHOLE_STEPS, "learning_rate": 0.6}},
    "natural-gradient": {"epochs": 20, "optimizer": {**_WHOLE_STEPS, "learning_rate": 1.0}},
    "lbfgs": {"epochs": 60, "optimizer": {**_WHOLE_STEPS, "learning_rate": 0.1}},
    "cubic": {"epochs": 20, "optimizer": {**_WHOLE_STEPS, "learning_rate": 1.0}},
}
"""Same shape as a configuration file, laid over the defaults of task and device; tuned on the validation data
of ``digits`` on ``pcm``, over grids of the same size."""


def defaults_of(learner: str) -> dict[str, Any]:
    """Return the entry of one learner; empty for those that learn from noise."""
    return BY_LEARNER.get(learner, {})
