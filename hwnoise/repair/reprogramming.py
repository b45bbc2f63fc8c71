"""Writing a network again to the chip that holds it: blindly, or by what the chip reads back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import Program

if TYPE_CHECKING:
    from hwnoise.network import Network
    from hwnoise.substrate import Substrate

Array = NDArray[Any]
_ABOVE = np.float32(1.001)  # of a device step: rounding must not leave a write below it


def reprogram(
    program: Program,
    network: Network,
    substrate: Substrate,
    writes: int,
    *,
    verify: bool = False,
    headroom: float = 1.0,
) -> Iterator[None]:
    """Write the weights of ``network`` again, round after round, until ``writes`` device writes are made.

    Parameters
    ----------
    program : Program
        The chip that ``network`` was put on, and that nothing was written to since.
    network, substrate, headroom
        As it was compiled.
    writes : int
        The last round may go beyond.
    verify : bool
        After the first round, read the weights back and write only how far they are off.

    Yields
    ------
    None
        After each round, so that the chip can be judged.
    """
    end = _writes(program) + writes
    is_first = True
    while _writes(program) < end:
        before = _writes(program)
        if verify and not is_first:
            correct(program, network)
        else:
            rewrite(program, network, substrate, headroom)
        is_first = False
        yield
        if _writes(program) == before:
            return  # all weights are as near as the chip can tell


def rewrite(program: Program, network: Network, substrate: Substrate, headroom: float = 1.0) -> None:
    """Program every weight to the target it has: a step towards zero, and back.

    A device is programmed when its target moves, so each weight takes two writes. What drift took is there
    again, and programming noise is drawn anew.
    """
    assert substrate.conductance is not None
    for sign in (1, -1):
        update = {}
        for name, weight in _weights(network).items():
            lines = weight.reshape(len(weight), -1)
            full = np.float32(substrate.conductance.weight_range(lines.T, headroom)).reshape(-1, 1)
            step = _ABOVE * np.float32(substrate.write.step) * full
            update[name] = (sign * step * np.where(lines > 0, -1, 1)).astype(np.float32).reshape(weight.shape)
        program.write(update)


def correct(program: Program, network: Network) -> None:
    """Read the weights back and write what they lack; what is below a device step waits."""
    found = program.read_weights()
    program.write({name: weight - found[name] for name, weight in _weights(network).items()})


def _weights(network: Network) -> dict[str, Array]:
    return {name: a for name, a in network.parameters().items() if name.endswith(".weight")}


def _writes(program: Program) -> int:
    return program.events.get("device_writes", 0)
