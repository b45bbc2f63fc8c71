"""A network without time that is no plain chain, such as one of convolutions: every sample is one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike, NDArray

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.checks import check_probe, checked_inputs
from hwnoise.backends.emulator.timed.program import TimedProgram
from hwnoise.backends.emulator.timed.reading import Seen

Array = NDArray[Any]


class ImageProgram(TimedProgram):
    """A chip of the kind ``substrate``, drawn from ``stream``, running a ``network`` of convolutions.

    Implements ``hwnoise.backends.base.Program`` for networks without time. Filters lie on one array each,
    which is read at all places of a sample one after the other, as in ``TimedProgram``.
    """

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
        return without_time(super().run(rows[:, None], probe))

    def _count_run(self, seen: Seen, reads: int, before: Mapping[str, int]) -> None:
        """Count reads and conversions; there are no events to count."""
        self.events["reads"] += reads
        for layer in self.layers.values():
            self._count(layer, reads * layer.rate)


def without_time(seen: Reading) -> Reading:
    """What was seen of samples of one step each, without the axis of steps."""

    def shown(values: Mapping[str, Array]) -> dict[str, Array]:
        return {name: array[:, :, 0] for name, array in values.items()}

    nodes, noise = shown(seen.nodes), shown(seen.noise)
    return replace(seen, output=seen.output[:, :, 0], inputs=shown(seen.inputs), nodes=nodes, noise=noise)
