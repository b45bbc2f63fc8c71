"""What noise costs who stays in torch: our modules and our torch backend against snnTorch's plain forward."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

from hwnoise.bench.spiking import (
    CONSTANT,
    DEPENDENT,
    NOTE,
    STEPWISE,
    chip,
    linear_layers,
    missing,
    named,
    network,
    snntorch_forward,
    spikes,
    stepper,
    without_gradient,
)
from hwnoise.bench.timing import Case, Parts, Work
from hwnoise.streams import Stream

LIMITS = {CONSTANT: 1.5, DEPENDENT: 2.5}


def cases() -> Iterator[Case]:
    """Both ways with each noise, on one thread; nothing where snnTorch is not installed."""
    if missing():
        return
    for noise, limit in LIMITS.items():
        for what, prepare in (("NoisyLinear, Leaky", prepare_modules), ("torch backend", prepare_program)):
            yield Case(named(what, noise), partial(prepare, noise), {"": (STEPWISE,)}, limit, note=NOTE)


def prepare_modules(noise: str) -> tuple[Work, Parts]:
    """A user's own loop, with ``convert`` applied to its two linear layers."""
    from hwnoise.backends.snntorch import convert

    torch: Any = import_module("torch")
    own, x = network(), spikes()
    first, second = (convert(layer, chip(noise)).eval() for layer in linear_layers(own))
    steps, run = torch.from_numpy(x).transpose(0, 1).contiguous(), stepper(own)
    return without_gradient(lambda: run(steps, first, second)), snntorch_forward(own, x, 1)


def prepare_program(noise: str) -> tuple[Work, Parts]:
    """The backend ``snntorch``, whose neurons are snnTorch's."""
    from hwnoise.backends.snntorch import backend

    own, x = network(), spikes()
    program = backend.compile(own, chip(noise), Stream(0, "bench/chip"))
    return lambda: program.run(x), snntorch_forward(own, x, 1)
