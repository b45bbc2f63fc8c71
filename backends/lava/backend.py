"""Lava as a backend: digital chips that learn by their own noise, inside its process graph."""

from __future__ import annotations

from numbers import Real

from hwnoise.backends.emulator.checks import check_headroom
from hwnoise.backends.lava.program import LavaProgram
from hwnoise.errors import InputError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate


class LavaBackend:
    """Backend that runs networks in Lava's simulation of Loihi 2, with noise and learning of our own."""

    name = "lava"

    def compile(
        self,
        network: Network,
        substrate: Substrate,
        stream: Stream,
        *,
        headroom: float = 1.0,
        timeout: float | None = None,
    ) -> LavaProgram:
        """Put ``network`` on a fresh digital chip; ``headroom`` (1 to 100) as on the emulator.

        ``timeout`` is the time in seconds after which a run is given up, > 0; by default one minute
        and 30 ms a step.
        """
        check_headroom(headroom)
        if timeout is not None and not (isinstance(timeout, Real) and timeout > 0):
            raise InputError(f"timeout must be a number of seconds > 0, not {timeout!r}")
        return LavaProgram(network, substrate, stream, headroom, timeout)


backend = LavaBackend()
