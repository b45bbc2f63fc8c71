"""The emulator: the chip's pipeline on Numba kernels, the embedded default backend."""

from __future__ import annotations

from hwnoise.backends.emulator.checks import check_headroom
from hwnoise.backends.emulator.image_program import ImageProgram
from hwnoise.backends.emulator.integer import IntegerProgram
from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.backends.emulator.timed.program import TimedProgram
from hwnoise.network import Network
from hwnoise.nodes import Conv1d, Conv2d
from hwnoise.nodes.convolution import Pool2d
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate


class Emulator:
    """Backend that runs networks on emulated arrays, with time and without."""

    name = "emulator"

    def compile(
        self, network: Network, substrate: Substrate, stream: Stream, *, headroom: float = 1.0
    ) -> EmulatorProgram | IntegerProgram | TimedProgram:
        """Program ``network`` into a fresh chip of the kind ``substrate``, drawn from ``stream``.

        ``headroom`` (1 to 100) is the range of the devices over the largest weight: 1 uses their
        whole range for a finished network, more leaves room for weights to grow in training.
        """
        check_headroom(headroom)
        if substrate.fixed_point is not None:
            return IntegerProgram(network, substrate, stream, headroom)
        if network.is_timed:
            return TimedProgram(network, substrate, stream, headroom)
        is_image = any(isinstance(node, _OF_IMAGES) for node in network.nodes.values())
        return (ImageProgram if is_image else EmulatorProgram)(network, substrate, stream, headroom)


_OF_IMAGES = (Conv1d, Conv2d, Pool2d)
backend = Emulator()
