"""From a trained network to a chip or its simulator: integers, verification, files for others."""

from __future__ import annotations

from hwnoise.deploying.comparison import Comparison, compare
from hwnoise.deploying.deploy import BACKENDS, Deployment, deploy
from hwnoise.deploying.rates import Converted, convert
from hwnoise.deploying.subject import Subject, load
from hwnoise.deploying.targets import check_targets

__all__ = [
    "BACKENDS",
    "Comparison",
    "Converted",
    "Deployment",
    "Subject",
    "check_targets",
    "compare",
    "convert",
    "deploy",
    "load",
]
