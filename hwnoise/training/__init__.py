"""Training a network on a chip: the loop, the run folder, and what comes out of it."""

from __future__ import annotations

from hwnoise.training.config import OptimizerConfig, RunConfig
from hwnoise.training.evaluate import Evaluation, evaluate
from hwnoise.training.experiment import run
from hwnoise.training.fit import Callback, fit
from hwnoise.training.history import Epoch, History
from hwnoise.training.kept import evaluate_chip, open_chip, trained_chip
from hwnoise.training.load import load_config
from hwnoise.training.run_folder import RunFolder
from hwnoise.training.summary import Summary

__all__ = [
    "Callback",
    "Epoch",
    "Evaluation",
    "History",
    "OptimizerConfig",
    "RunConfig",
    "RunFolder",
    "Summary",
    "evaluate",
    "evaluate_chip",
    "fit",
    "load_config",
    "open_chip",
    "run",
    "trained_chip",
]
