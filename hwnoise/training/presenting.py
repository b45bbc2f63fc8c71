"""How the samples of a task reach a network with time: the choice of a codec, made once per run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hwnoise.coding import Codec
from hwnoise.errors import MismatchError
from hwnoise.tasks.base import Task
from hwnoise.training.config import RunConfig

if TYPE_CHECKING:
    from hwnoise.network import Network


def choose_codec(config: RunConfig, network: Network, task: Task) -> Codec | None:
    """Say how samples become courses over time; None for a network without time.

    What ``config`` names comes first, then what the network brings along, then the codec's defaults.

    Raises
    ------
    MismatchError
        If one of network, task and coding has a time axis and another cannot have one.
    """
    if not network.is_timed:
        _refuse_time(config, task)
        return None
    stored = Codec.from_metadata(network.metadata)
    base = stored or Codec(low=-1.0 if np.min(task.train.x) < 0 else 0.0)
    name = config.coding or ("native" if task.is_timed else base.name)
    if (name == "native") != task.is_timed:
        found, fit = ("a", "native") if task.is_timed else ("no", "rate, latency or constant")
        raise MismatchError(
            f"coding {name} does not fit task {task.name}, whose samples have {found} time axis: take {fit}"
        )
    steps = task.train.x.shape[1] if task.is_timed else config.steps or base.steps
    return Codec(name, steps, config.readout_scale or base.scale, base.low)


def with_codec(network: Network, codec: Codec | None) -> Network:
    """Return ``network`` carrying its codec, which holds wherever it goes; None changes nothing."""
    if codec is None:
        return network
    return replace(network, metadata={**network.metadata, "coding": codec.as_metadata()})


def _refuse_time(config: RunConfig, task: Task) -> None:
    """Raise MismatchError if the task or the user wants a time axis, which this network has not."""
    if task.is_timed:
        raise MismatchError(
            f"the samples of task {task.name} have a time axis: it needs a network with neurons that remember"
        )
    if config.coding is not None:
        raise MismatchError(
            f"coding {config.coding} needs a network with neurons that remember, and this one has none"
        )
