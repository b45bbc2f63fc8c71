"""The emulator: the chip's pipeline on Numba kernels, the embedded default backend."""

from __future__ import annotations

from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate


class Emulator:
    """Backend that runs dense networks on emulated arrays."""

    name = "emulator"

    def compile(self, network: Network, substrate: Substrate, stream: Stream) -> EmulatorProgram:
        """Program ``network`` into a fresh chip of the kind ``substrate``, drawn from ``stream``."""
        return EmulatorProgram(network, substrate, stream)


backend = Emulator()
