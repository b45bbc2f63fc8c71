"""A chip whose network, such as one of convolutions, has no time and is no plain chain of layers."""

from __future__ import annotations

from dataclasses import replace

from numpy.typing import ArrayLike

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.checks import check_probe, checked_inputs
from hwnoise.backends.emulator.image_program import ImageProgram, without_time
from hwnoise.backends.snntorch.derivatives import TorchDerivatives
from hwnoise.backends.snntorch.leaves import without_derivatives
from hwnoise.backends.snntorch.timed import TorchTimedProgram


class TorchImageProgram(ImageProgram, TorchTimedProgram):
    """As the emulator's ``ImageProgram``, every sample one step, with derivatives."""

    def run(self, x: ArrayLike, probe: Probe = ONE_PASS) -> Reading:
        """Read the batch ``x`` (samples, n_in) ``probe.passes`` times; see ``ImageProgram.run``."""
        check_probe(without_derivatives(probe), self.substrate)
        rows = checked_inputs(x, self.network.n_inputs)
        seen = TorchTimedProgram.run(self, rows[:, None], probe)
        graph = seen.derivatives
        assert graph is None or isinstance(graph, TorchDerivatives)
        return replace(without_time(seen), derivatives=None if graph is None else graph.at_step(0))
