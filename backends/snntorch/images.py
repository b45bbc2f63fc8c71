"""A chip whose network, such as one of convolutions, has no time and is no plain chain of layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from hwnoise.backends.base import ONE_PASS, Probe, Reading
from hwnoise.backends.emulator.checks import check_probe, checked_inputs
from hwnoise.backends.snntorch.derivatives import TorchDerivatives
from hwnoise.backends.snntorch.leaves import without_derivatives
from hwnoise.backends.snntorch.timed import TorchTimedProgram

Array = NDArray[Any]


class TorchImageProgram(TorchTimedProgram):
    """As the emulator's ``ImageProgram``, every sample one step, with derivatives."""

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Read the batch ``x`` (samples, n_in) ``probe.passes`` times; see ``ImageProgram.run``."""
        check_probe(without_derivatives(probe), self.substrate)
        seen = super().run(checked_inputs(x, self.network.n_inputs)[:, None], probe)
        graph = seen.derivatives
        assert graph is None or isinstance(graph, TorchDerivatives)
        return replace(
            seen,
            output=seen.output[:, :, 0],
            inputs=_without_steps(seen.inputs),
            nodes=_without_steps(seen.nodes),
            noise=_without_steps(seen.noise),
            derivatives=None if graph is None else graph.at_step(0),
        )


def _without_steps(seen: Mapping[str, Array]) -> dict[str, Array]:
    return {name: values[:, :, 0] for name, values in seen.items()}
