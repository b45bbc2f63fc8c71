"""From a configuration to the parts of a run: task, network, chip, learner, optimizer."""

from __future__ import annotations

import hashlib
import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hwnoise import learners, optimizers, substrate, tasks
from hwnoise.backends import registry
from hwnoise.backends.base import Backend, Program
from hwnoise.errors import InputError, MismatchError
from hwnoise.learners import Learner
from hwnoise.network import Network
from hwnoise.optimizers import Optimizer
from hwnoise.streams import Stream
from hwnoise.tasks.base import Task
from hwnoise.training.config import OptimizerConfig, RunConfig

if TYPE_CHECKING:
    from hwnoise.substrate import Substrate


@dataclass
class Experiment:
    """Everything that takes part in a run.

    Attributes
    ----------
    config : RunConfig
        Resolved, with the network named.
    task, network, substrate, backend : Task, Network, Substrate, Backend
        What is learned by what, and on which kind of chip; ``network`` is the untrained one.
    program, learner, optimizer : Program, Learner, Optimizer
        The parts that change while the run goes on.
    stream : Stream
        Of the seed; the chip is its child ``chip``.
    """

    config: RunConfig
    task: Task
    network: Network
    substrate: Substrate
    backend: Backend
    program: Program
    learner: Learner
    optimizer: Optimizer
    stream: Stream

    def hashes(self) -> dict[str, str]:
        """Of what lies outside the run folder and must not change under a run."""
        digest = hashlib.blake2b(digest_size=16)
        for name, values in self.network.parameters().items():
            digest.update(name.encode() + values.tobytes())
        return {
            "substrate": self.substrate.digest(),
            "data": self.task.fingerprint,
            "network": digest.hexdigest(),
        }


def build(config: RunConfig) -> Experiment:
    """Load and compile everything that a resolved ``config`` names; nothing is written.

    Raises
    ------
    InputError
        One sentence for what is not there, cannot be read, or does not fit together.
    """
    stream = Stream(config.seed)
    task = tasks.load(config.task, config.data)
    config = config.model_copy(update={"network": config.network or task.default_network})
    kind = substrate.load(config.device, config.device_options)
    learner = learners.make(config.learner, **config.learner_options)
    network = make_network(str(config.network), stream.child("network"), config.gain)
    require_fit(network, task)
    backend = registry.get(config.backend)
    program = compile_chip(backend, network, kind, stream.child("chip"), config)
    learner.bind(program.network, program.capabilities)
    optimizer = make_optimizer(config.optimizer)
    return Experiment(config, task, network, kind, backend, program, learner, optimizer, stream)


def make_network(choice: str, stream: Stream, gain: float = 1.0) -> Network:
    """Make a network of random weights from sizes such as ``"64-64-10"``, or read a NIR file or run folder.

    ``gain`` scales the random weights.

    Raises
    ------
    InputError
        If it is none of these, or cannot be read.
    """
    if re.fullmatch(r"\d+(-\d+)*", choice):
        return Network.mlp(choice, stream, gain=gain)
    from hwnoise import nir_io

    path = Path(choice)
    if not path.exists():
        raise InputError(
            f"network {choice!r} is neither layer sizes such as 64-64-10 nor a file or run folder"
        )
    if path.is_dir() and not (path / "network.nir").exists():
        raise InputError(f"{choice} holds no network.nir: it is no run folder, or its run is not over")
    return nir_io.read(path / "network.nir" if path.is_dir() else path)


def make_optimizer(config: OptimizerConfig) -> Optimizer:
    """Make the optimizer; what is None keeps the optimizer's own default."""
    options = config.model_dump(exclude={"name"}, exclude_none=True)
    return optimizers.make(config.name, **options)


def compile_chip(
    backend: Backend, network: Network, kind: Substrate, stream: Stream, config: RunConfig
) -> Program:
    """Put ``network`` on a chip of ``kind``, with the backend's own options.

    Raises
    ------
    InputError
        If the backend has no such option.
    """
    options = {"headroom": config.headroom, **config.backend_options}
    try:
        inspect.signature(backend.compile).bind(network, kind, stream, **options)
    except TypeError as error:
        raise InputError(f"backend {config.backend}: {error}") from None
    return backend.compile(network, kind, stream, **options)


def require_fit(network: Network, task: Task) -> None:
    """Raise MismatchError unless ``network`` takes the task's inputs and tells its classes."""
    wanted = (task.train.x.shape[1], len(task.classes))
    if (network.n_inputs, network.n_outputs) != wanted:
        raise MismatchError(
            f"a network of {network.sizes} does not fit task {task.name}, "
            f"which has {wanted[0]} inputs and {wanted[1]} classes"
        )
