"""One chip instance with its name and all that it takes to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hwnoise.backends import registry
from hwnoise.backends.base import Program
from hwnoise.coding import CodedBackend
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate


@dataclass
class NamedChip:
    """A chip that can be kept: the same devices, in the state in which they are.

    Attributes
    ----------
    name : str
        What people call it.
    network : Network
        What was put on it first; the chip has the weights of today.
    substrate : Substrate
        What kind of chip it is.
    stream : Stream
        What it was drawn from: its mismatch, its faults, its noise to come.
    program : Program
        The living chip: read it, train it, let it age.
    backend : str
        What computes it.
    options : dict
        Of the backend, such as ``headroom``.
    about : dict
        Whatever else is worth keeping (JSON values), such as the task it was trained on.
    """

    name: str
    network: Network
    substrate: Substrate
    stream: Stream
    program: Program
    backend: str = "emulator"
    options: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def clone(self, name: str) -> NamedChip:
        """A second chip with the same devices in the same state: from now on each goes its own way.

        Reads that both make at the same tick of their clocks carry the same noise.

        Raises
        ------
        MismatchError
            If the chip keeps its state to itself.
        """
        twin = compile_again(self)
        twin.restore(state_of(self))
        return replace(self, name=name, program=twin)


def make(
    network: Network,
    substrate: Substrate,
    stream: Stream,
    *,
    name: str = "chip",
    backend: str = "emulator",
    about: Mapping[str, Any] | None = None,
    **options: Any,
) -> NamedChip:
    """Put ``network`` on a fresh chip of the kind ``substrate`` that can be kept.

    Parameters
    ----------
    network, substrate, stream
        As for ``Backend.compile``.
    name : str
    backend : str
        Its name in ``hwnoise.backends.registry``.
    about : mapping, optional
    **options
        Passed on to ``Backend.compile``.

    Examples
    --------
    >>> from hwnoise import chips, substrate
    >>> chip = chips.make(Network.mlp("4-3-2", Stream(1)), substrate.load("pcm"), Stream(7), name="A")
    >>> twin = chip.clone("B")
    >>> bool((twin.program.run([[1, 2, 3, 4]]).output == chip.program.run([[1, 2, 3, 4]]).output).all())
    True
    """
    program = CodedBackend(registry.get(backend)).compile(network, substrate, stream, **options)
    return NamedChip(name, network, substrate, stream, program, backend, options, about or {})


def compile_again(chip: NamedChip) -> Program:
    """A Program of the same devices as ``chip``, as they were on its first day."""
    backend = CodedBackend(registry.get(chip.backend))
    return backend.compile(chip.network, chip.substrate, chip.stream, **chip.options)


def state_of(chip: NamedChip) -> Mapping[str, Any]:
    """The state of its Program; MismatchError where the chip keeps it to itself."""
    if not chip.program.capabilities.checkpoint:
        raise MismatchError(f"chip '{chip.name}' on backend '{chip.backend}' keeps its state to itself")
    return chip.program.state()
