"""Spikes in and out of a Loihi 2: the extension's own adapters in the places of ours."""

from __future__ import annotations

from typing import Any

from lava.magma.core.decorator import implements
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.embedded_io.spike import NxToPyAdapter, PyToNxAdapter

from hwnoise.backends.lava.processes.adapters import InputAdapter, OutputAdapter


@implements(proc=InputAdapter, protocol=LoihiProtocol)
class ChipInput(AbstractSubProcessModel):
    """From the host's Python to the neuro cores."""

    def __init__(self, proc: Any) -> None:
        self.adapter = PyToNxAdapter(shape=proc.inp.shape)
        proc.inp.connect(self.adapter.inp)
        self.adapter.out.connect(proc.out)


@implements(proc=OutputAdapter, protocol=LoihiProtocol)
class ChipOutput(AbstractSubProcessModel):
    """From the neuro cores to the host's Python."""

    def __init__(self, proc: Any) -> None:
        self.adapter = NxToPyAdapter(shape=proc.inp.shape)
        proc.inp.connect(self.adapter.inp)
        self.adapter.out.connect(proc.out)


MODELS = {InputAdapter: ChipInput, OutputAdapter: ChipOutput}
