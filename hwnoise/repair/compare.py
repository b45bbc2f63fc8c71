"""One network on several chips: aged, brought back without learning, and repaired by their own noise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hwnoise import learners, substrate, tasks
from hwnoise.ageing import CALIBRATION_ROWS
from hwnoise.backends import registry
from hwnoise.backends.base import Program
from hwnoise.coding import CodedBackend
from hwnoise.compensation import CompensatedChain
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.repair.comparison import ChipRepair, Comparison
from hwnoise.repair.reprogramming import reprogram
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate
from hwnoise.tasks.base import Split, Task
from hwnoise.training.blas import one_blas_thread
from hwnoise.training.config import RunConfig
from hwnoise.training.evaluate import count_correct
from hwnoise.training.fit import fit
from hwnoise.training.presenting import choose_codec, with_codec
from hwnoise.training.setup import choose_network, compile_chip, make_optimizer, require_fit
from hwnoise.training.starting import with_readout

Watch = Callable[[str], None]


def compare(config: RunConfig, watch: Watch = lambda sentence: None) -> Comparison:
    """Repair a trained network on ``config.chips`` chips, and hold that against the alternatives.

    Every alternative starts from the same chip: put together from the same draws, programmed with the
    network, and aged by ``config.age``. Whatever is chosen is chosen on validation samples; accuracies
    are of the test samples, each read once.

    Parameters
    ----------
    config : RunConfig
        Resolved; ``weights`` names the trained network. Its learner may need no derivative.
    watch : callable
        Called with a sentence before each step.

    Raises
    ------
    InputError, MismatchError
        If something cannot be used, or does not fit.
    """
    task, stream = tasks.load(config.task, config.data), Stream(config.seed)
    network = choose_network(config, stream.child("network"))
    require_fit(network, task)
    network = with_codec(with_readout(network, task), choose_codec(config, network, task))
    kind = substrate.load(config.device, config.device_options)
    bench = _Bench(config, network, kind, task)
    with one_blas_thread():
        exact = _share(bench.exact(stream.child("exact")), task.test)
        chips = []
        for number in range(config.chips):
            watch(f"chip {number + 1} of {config.chips}")
            chips.append(_journey(bench, stream.child(f"chip/{number}")))
    return Comparison(network.sizes, kind.name, config.learner, config.seed, config.age, exact, tuple(chips))


@dataclass(frozen=True)
class _Bench:
    """What every chip is given."""

    config: RunConfig
    network: Network
    kind: Substrate
    task: Task

    def fresh(self, stream: Stream) -> Program:
        """The chip of ``stream``, with the network on it."""
        backend = CodedBackend(registry.get(self.config.backend))
        return compile_chip(backend, self.network, self.kind, stream, self.config)

    def aged(self, stream: Stream) -> Program:
        """The same chip, older."""
        program = self.fresh(stream)
        program.advance(self.config.age)
        return program

    def exact(self, stream: Stream) -> Program:
        """The network without hardware."""
        backend = CodedBackend(registry.get("emulator"))
        return backend.compile(self.network, substrate.load("ideal"), stream)


def _journey(bench: _Bench, stream: Stream) -> ChipRepair:
    """One chip through all stages; each alternative has the chip to itself."""
    test = bench.task.test
    program = bench.fresh(stream)
    programmed = _share(program, test)
    program.advance(bench.config.age)
    aged = _share(program, test)
    cost = _repair(bench, program, stream.child("repair"))
    repaired = _share(program, test)
    program.advance(bench.config.age)
    return ChipRepair(
        programmed,
        aged,
        _compensated(bench, stream),
        _reprogrammed(bench, stream, cost["writes"], verify=False),
        _reprogrammed(bench, stream, cost["writes"], verify=True),
        repaired,
        _share(program, test),
        **cost,
    )


def _repair(bench: _Bench, program: Program, stream: Stream) -> dict[str, Any]:
    """Let the chip learn; what it cost."""
    config, began = bench.config, time.perf_counter()
    learner = learners.make(config.learner, **config.learner_options)
    if learner.needs.level == "gradient":
        raise MismatchError(
            f"learner {config.learner} takes derivatives, and no chip has any to repair itself"
        )
    history = fit(
        program, bench.task, learner, make_optimizer(config.optimizer),
        epochs=config.epochs, batch_size=config.batch_size, stream=stream,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    return {"writes": history.writes, "passes": history.passes, "seconds": seconds}


def _compensated(bench: _Bench, stream: Stream) -> float | None:
    """Accuracy of the aged chip with one gain per layer, where there are layers that drift."""
    if bench.kind.ageing is None or not _is_dense(bench.network):
        return None
    backend, rows = registry.get(bench.config.backend), bench.task.train.x[:CALIBRATION_ROWS]
    options = {"headroom": bench.config.headroom, **bench.config.backend_options}
    chip = CompensatedChain(bench.network, bench.kind, backend, stream, rows, **options)
    chip.advance(bench.config.age)
    chip.calibrate()
    return _share(chip, bench.task.test)


def _is_dense(network: Network) -> bool:
    return not network.is_timed and all(
        a.ndim == 2 for name, a in network.parameters().items() if name.endswith(".weight")
    )


def _reprogrammed(bench: _Bench, stream: Stream, writes: int, *, verify: bool) -> float | None:
    """Accuracy of the aged chip, written again: in the round that reads the validation samples best."""
    if bench.kind.conductance is None or bench.kind.write.mode != "accumulate":
        return None
    program = bench.aged(stream)
    rounds = reprogram(
        program, bench.network, bench.kind, writes, verify=verify, headroom=bench.config.headroom
    )
    return max(_judged(program, bench.task, rounds), default=(0.0, None))[1]


def _judged(program: Program, task: Task, rounds: Iterator[None]) -> Iterator[tuple[float, float]]:
    """Validation and test accuracy after each round."""
    for _ in rounds:
        yield _share(program, task.validation), _share(program, task.test)


def _share(program: Any, samples: Split) -> float:
    return count_correct(program, samples) / len(samples)
