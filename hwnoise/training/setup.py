"""From a configuration to the parts of a run: task, network, chip, learner, optimizer."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from hwnoise import learners, optimizers, substrate, tasks
from hwnoise.arithmetic import ARITHMETICS
from hwnoise.backends import registry
from hwnoise.backends.base import Backend, Program
from hwnoise.chips import NamedChip
from hwnoise.cnn import is_cnn
from hwnoise.coding import CodedBackend
from hwnoise.errors import InputError, MismatchError
from hwnoise.learners import Learner
from hwnoise.network import Network
from hwnoise.optimizers import Optimizer
from hwnoise.streams import Stream
from hwnoise.tasks.base import Task
from hwnoise.training.config import OptimizerConfig, RunConfig
from hwnoise.training.presenting import choose_codec, with_codec
from hwnoise.training.starting import (
    holds_weights_only,
    read_network,
    require_network,
    with_readout,
    with_weights_of,
)

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
    chip : NamedChip
        The chip, fresh from the child ``chip`` of ``stream`` or one that was kept.
    learner, optimizer : Learner, Optimizer
        The parts that change while the run goes on, beside the chip.
    stream : Stream
        Of the seed.
    """

    config: RunConfig
    task: Task
    network: Network
    substrate: Substrate
    backend: Backend
    chip: NamedChip
    learner: Learner
    optimizer: Optimizer
    stream: Stream

    @property
    def program(self) -> Program:
        """The living chip, as learners know it."""
        return self.chip.program

    def hashes(self) -> dict[str, str]:
        """Of what lies outside the run folder and must not change under a run."""
        found = {
            "substrate": self.substrate.digest(),
            "data": self.task.fingerprint,
            "network": _digest(self.network.parameters()),
        }
        return found if self.config.chip is None else found | {"chip": _digest(self.program.state())}


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, values in arrays.items():
        digest.update(name.encode() + values.tobytes())
    return digest.hexdigest()


def build(config: RunConfig) -> Experiment:
    """Load and compile everything that a resolved ``config`` names; nothing is written.

    Raises
    ------
    InputError
        One sentence for what is not there, cannot be read, or does not fit together.
    """
    stream = Stream(config.seed)
    task = tasks.load(config.task, config.data)
    if config.weights is None:
        config = config.model_copy(update={"network": config.network or task.default_network})
    learner = learners.make(config.learner, **config.learner_options)
    backend = CodedBackend(registry.get(config.backend))
    chip = _fresh_chip(config, backend, task, stream) if config.chip is None else _kept_chip(config)
    require_fit(chip.network, task)
    learner.bind(chip.program.network, chip.program.capabilities)
    optimizer = make_optimizer(config.optimizer)
    return Experiment(config, task, chip.network, chip.substrate, backend, chip, learner, optimizer, stream)


def _fresh_chip(config: RunConfig, backend: Backend, task: Task, stream: Stream) -> NamedChip:
    kind = substrate.load(config.device, config.device_options)
    network = choose_network(config, stream.child("network"))
    require_fit(network, task)
    network = with_codec(with_readout(network, task), choose_codec(config, network, task))
    own = stream.child("chip")
    program = compile_chip(backend, network, kind, own, config)
    if config.age:
        program.advance(config.age)
    options = {"headroom": config.headroom, **config.backend_options}
    return NamedChip("chip", network, kind, own, program, config.backend, options)


def _kept_chip(config: RunConfig) -> NamedChip:
    from hwnoise.training.kept import open_chip  # a run folder holds a chip too, and is opened by ``build``

    return open_chip(str(config.chip))


def choose_network(config: RunConfig, stream: Stream) -> Network:
    """Make or read the network that ``config`` names; with a coding, layer sizes mean spiking neurons."""
    if config.weights is not None:
        require_network(config.weights, config.network)
        if not holds_weights_only(config.weights):
            return read_network(config.weights, **_stated(config))
    if config.network is not None and Path(config.network).exists():
        network = read_network(config.network, **_stated(config))
    elif unused := [key for key, item in _stated(config).items() if item is not None]:
        raise InputError(f"{unused[0]} is for a network from a file, and the run makes its own")
    else:
        tau = None if config.coding is None else config.tau
        network = make_network(str(config.network), stream, config.gain, tau)
        network = _as_the_chip_resets(network, config)
    return network if config.weights is None else with_weights_of(network, config.weights)


def _as_the_chip_resets(network: Network, config: RunConfig) -> Network:
    """Return spiking neurons of our own making with the only reset that a chip of integers has."""
    chip = substrate.load(config.device, config.device_options).fixed_point
    if chip is None or not network.is_timed:
        return network
    return replace(network, reset=ARITHMETICS[chip.arithmetic].reset)


def _stated(config: RunConfig) -> dict[str, Any]:
    """What the user says of a file that leaves it open."""
    return {"dt": config.dt, "reset": config.reset, "convention": config.convention}


def make_network(choice: str, stream: Stream, gain: float = 1.0, tau: float | None = None) -> Network:
    """Make a network of random weights from sizes such as ``"64-64-10"``, or read a NIR file or run folder.

    Sizes that begin with an image make a convolutional network (see ``Network.cnn``).

    ``gain`` scales the random weights; with ``tau`` [s] neurons spike and have this time constant.

    Raises
    ------
    InputError
        If it is none of these, or cannot be read.
    """
    if is_cnn(choice) and tau is None:
        return Network.cnn(choice, stream, gain=gain)
    if re.fullmatch(r"\d+(-\d+)*", choice):
        if tau is None:
            return Network.mlp(choice, stream, gain=gain)
        return Network.spiking(choice, stream, tau=tau, gain=gain)
    path = Path(choice)
    if not path.exists():
        raise InputError(
            f"network {choice!r} is neither layer sizes such as 64-64-10 or 1x28x28-c8k5-p2-10, "
            "nor a file or run folder"
        )
    return read_network(path)


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
    require_options(backend, config)
    return backend.compile(network, kind, stream, **{"headroom": config.headroom, **config.backend_options})


def require_options(backend: Backend, config: RunConfig) -> None:
    """Raise InputError unless ``backend`` has every option that ``config`` gives it."""
    inner = backend.inner if isinstance(backend, CodedBackend) else backend
    known = inspect.signature(inner.compile).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    own = set(config.backend_options if takes_any else known) - {"network", "substrate", "stream"}
    for option in config.backend_options.keys() - own:
        raise InputError(f"backend {config.backend} has no option {option!r}")


def require_fit(network: Network, task: Task) -> None:
    """Raise MismatchError unless ``network`` takes the task's inputs and tells its classes."""
    wanted = (task.train.x.shape[-1], len(task.classes))
    if (network.n_inputs, network.n_outputs) != wanted:
        raise MismatchError(
            f"a network of {network.sizes} does not fit task {task.name}, "
            f"which has {wanted[0]} inputs and {wanted[1]} classes"
        )
