"""Noisy layers of other libraries, where they are installed, under the same conditions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from hwnoise.backends.emulator.read import noisy_product
from hwnoise.bench.reads import SHAPES, Shape, inputs_and_outputs, white_view
from hwnoise.bench.timing import Case, Parts, Work

BATCH = 256
PLAIN, OUTPUT, WEIGHTS, LIGHTNING = (
    "torch nn.Linear, no noise",
    "torch, the same law",
    "torch, weights drawn once a batch",
    "aihwkit-lightning AnalogLinear",
)


def cases() -> Iterator[Case]:
    """Our read against what is installed; nothing where torch is not."""
    if find_spec("torch") is None:
        return
    rivals = [PLAIN, OUTPUT, WEIGHTS, *([LIGHTNING] if find_spec("aihwkit_lightning") else [])]
    against = {f", to {rival}": (rival,) for rival in rivals}
    for shape in SHAPES:
        name = f"noisy read {shape[0]}x{shape[1]} batch {BATCH}"
        yield Case(name, partial(prepare, shape), against)


def missing() -> list[str]:
    """The libraries whose rows are left out because they are not installed."""
    return [name for name in ("torch", "aihwkit_lightning") if find_spec(name) is None]


def prepare(shape: Shape) -> tuple[Work, Parts]:
    """Ours, and every rival on the same weights and inputs; torch on one thread."""
    torch: Any = import_module("torch")  # by name: optional, and never a dependency of this package
    torch.set_num_threads(1)
    view, x, y = white_view(shape), *inputs_and_outputs(shape, BATCH)
    weight, variance, inputs = (torch.from_numpy(a) for a in (view.weight, view.fresh, x))
    spread, squared = variance.sqrt(), inputs**2
    layers = {PLAIN: torch.nn.Linear(*shape, bias=False)}
    if find_spec("aihwkit_lightning"):
        layers[LIGHTNING] = _lightning(shape)
    parts = {name: _without_gradient(torch, partial(layer, inputs)) for name, layer in layers.items()}
    output = lambda: inputs @ weight + (squared @ variance).sqrt_() * torch.randn(BATCH, shape[1])  # noqa: E731
    drawn = lambda: inputs @ (weight + spread * torch.randn(shape))  # noqa: E731
    parts |= {OUTPUT: _without_gradient(torch, output), WEIGHTS: _without_gradient(torch, drawn)}
    return lambda: noisy_product(view, x, 0, y), parts


def _lightning(shape: Shape) -> Any:
    """A layer with additive output noise, which that library applies while training."""
    with redirect_stdout(sys.stderr):  # it greets whoever imports it
        modules: Any = import_module("aihwkit_lightning.nn")
        configs: Any = import_module("aihwkit_lightning.simulator.configs")
    config = configs.TorchInferenceRPUConfig()
    config.mapping.max_input_size = -1
    config.pre_post.input_range.enable = True
    config.forward.out_noise = 0.05
    return modules.AnalogLinear(*shape, bias=False, rpu_config=config).train()


def _without_gradient(torch: Any, work: Work) -> Work:
    def run() -> None:
        with torch.no_grad():
            work()

    return run
