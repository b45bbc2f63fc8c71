"""What single learners use where the user says nothing: every kind of estimate wants steps of its own."""

from __future__ import annotations

from typing import Any

FROM_NOISE: dict[str, dict[str, Any]] = {
    "snp": {"optimizer": {"learning_rate": 0.004}},
    "wp": {"optimizer": {"learning_rate": 0.01}},
}
"""Same shape as a configuration file, laid over the defaults of task and device, and under those of a start
from trained weights; tuned on validation data of ``digits``: snp on ``loihi2``, both codings, and on synapses
that release at random; wp on ``rram_dual``."""

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
"""The same for yardsticks, laid over all of these; tuned on the validation data of ``digits`` on ``pcm``,
over grids of the same size."""


def defaults_of(learner: str) -> dict[str, Any]:
    """Return the entry of one learner; empty for those that learn from noise."""
    return BY_LEARNER.get(learner, {})
