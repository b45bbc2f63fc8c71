"""LiveGraph: a session's plan as living Lava processes. Imported in the child only."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hwnoise.backends.lava.graph import make_process
from hwnoise.backends.lava.plan import Plan, Process
from hwnoise.backends.lava.session.board import Board
from hwnoise.backends.lava.session.diary import Diary, Synapses
from hwnoise.backends.lava.session.score import Score

_OURS = "hwnoise.backends.lava.processes"
_SHARED = {"NoisyLIF": ("states", "losses"), "RewardedLIF": ("states", "losses", "factors")}
_MODULES = {"NoisyLIF": "noisy_lif", "RewardedLIF": "rewarded_lif", "ReleasingDense": "releasing_dense"}


class LiveGraph:
    """Build once, run often. Lava's processes live until their group is ended.

    Parameters
    ----------
    plan : Plan
    layers : sequence of Synapses
    board : Board
    config : Lava's run configuration
    """

    def __init__(self, plan: Plan, layers: tuple[Synapses, ...], board: Board, config: Any) -> None:
        self.board, self.score, self.config = board, Score(board), config
        source = import_module(f"{_OURS}.host_input").HostInput
        self.processes = {
            "input": source(shape=plan.input_shape, samples=board["samples"], score=self.score),
            **{process.name: self._make(process) for process in plan.processes},
        }
        for before, after in plan.wires:
            self._sent(before).connect(self._taken(after))
        for index, layer in enumerate(layers):
            self._attend(layer, index)

    def run(self, steps: int) -> None:
        """Go on by so many of Lava's steps."""
        from lava.magma.core.run_conditions import RunSteps

        self.processes["input"].run(RunSteps(steps), self.config)

    def _make(self, process: Process) -> Any:
        if process.kind not in _MODULES:
            return make_process(process)
        shared = {key: self.board[f"{process.name}/{key}"] for key in _SHARED.get(process.kind, ())}
        ours = getattr(import_module(f"{_OURS}.{_MODULES[process.kind]}"), process.kind)
        return ours(name=process.name, score=self.score, **shared, **process.settings)

    def _attend(self, layer: Synapses, index: int) -> None:
        """Put a Learner beside a layer."""
        dense, neurons = self.processes[layer.name], self.processes[layer.target]
        learner = import_module(f"{_OURS}.learner").Learner(
            name=f"{layer.name}/learner", n_in=layer.n_in, n_out=layer.n_out, depth=layer.depth,
            score=self.score, diary=Diary(layer, index, self.board),
        )  # fmt: skip
        self._sent(layer.source).connect(learner.s_in)
        neurons.s_out.connect(learner.z_in)
        neurons.v_out.connect(learner.v_in)
        learner.weights.connect_var(dense.weights)
        if layer.first:
            learner.bias.connect_var(neurons.bias_mant)
        for port in ("bap", "y1", "y2", "y3") if hasattr(dense, "s_in_bap") else ():
            getattr(neurons, f"s_out_{port}").connect(getattr(dense, f"s_in_{port}"))

    def _sent(self, name: str) -> Any:
        process = self.processes[name]
        return process.a_out if hasattr(process, "a_out") else process.s_out

    def _taken(self, name: str) -> Any:
        process = self.processes[name]
        return process.a_in if hasattr(process, "a_in") else process.s_in
