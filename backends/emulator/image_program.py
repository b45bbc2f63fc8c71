"""A network without time that is no plain chain, such as one of convolutions: every sample is one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from numpy.typing import ArrayLike, NDArray

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.checks import check_probe, checked_inputs
from hwnoise.backends.emulator.timed.program import TimedProgram
from hwnoise.backends.emulator.timed.reading import Seen
from hwnoise.devices.clock import Clock
from hwnoise.errors import MismatchError
from hwnoise.network import Network
from hwnoise.nodes import Conv1d, Conv2d
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Array = NDArray[Any]


class ImageProgram(TimedProgram):
    """A chip of the kind ``substrate``, drawn from ``stream``, running a ``network`` of convolutions.

    Implements ``hwnoise.backends.base.Program`` for networks without time. Filters lie on one array each,
    which is read at all places of a sample one after the other; a sample takes as long as the largest
    layer needs, and that is the clock's period.
    """

    def __init__(self, network: Network, substrate: Substrate, stream: Stream, headroom: float) -> None:
        super().__init__(network, paced(substrate, places(network)), stream, headroom)

    def run(self, x: ArrayLike, probe: Probe = ONE_PASS) -> Reading:
        """Read the batch ``x`` (samples, n_in) ``probe.passes`` times.

        Returns
        -------
        Reading
            See ``hwnoise.backends.base.Reading``. Node values of a convolution are its maps, channel by
            channel, and its inputs are images: ``hwnoise.patches`` says what was read at which place.

        Raises
        ------
        InputError, MismatchError
            A wrong shape; a probe that this substrate cannot answer.
        """
        check_probe(probe, self.substrate)
        rows = checked_inputs(x, self.network.n_inputs)
        seen = super().run(rows[:, None], probe)
        return replace(
            seen,
            output=seen.output[:, :, 0],
            inputs=_without_steps(seen.inputs),
            nodes=_without_steps(seen.nodes),
            noise=_without_steps(seen.noise),
        )

    def _count_run(self, seen: Seen, reads: int, before: Mapping[str, int]) -> None:
        """Count reads and conversions; there are no events to count."""
        self.events["reads"] += reads
        for layer in self.layers.values():
            self._count(layer, reads * layer.rate)


def places(network: Network) -> int:
    """Reads that the largest layer takes for one sample."""
    filters = (n for n, node in network.nodes.items() if isinstance(node, (Conv1d, Conv2d)))
    return max((prod(network.output_shapes[name][1:]) for name in filters), default=1)


def paced(substrate: Substrate, reads: int) -> Substrate:
    """``substrate`` with a period in which one array is read ``reads`` times.

    Raises
    ------
    MismatchError
        If its drift or slow noise has no fit for samples so far apart.
    """
    period = substrate.clock.read_period * reads
    for effect in (substrate.one_over_f, substrate.drift):
        problem = next(iter(effect.problems(period)), None) if effect is not None else None
        if problem is not None:
            raise MismatchError(f"'{substrate.name}' would read a layer {reads} times a sample: {problem}")
    return substrate.model_copy(update={"clock": Clock(read_period=period)})


def _without_steps(seen: Mapping[str, Array]) -> dict[str, Array]:
    return {name: values[:, :, 0] for name, values in seen.items()}
