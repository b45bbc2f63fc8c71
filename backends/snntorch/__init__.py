"""The snnTorch backend: the emulator's chips, read in torch, with derivatives; on a CPU or a GPU."""

from __future__ import annotations

import torch

from hwnoise.backends.emulator.checks import check_headroom
from hwnoise.backends.snntorch.convolutions import NoisyConv1d, NoisyConv2d
from hwnoise.backends.snntorch.device_reader import require_readable
from hwnoise.backends.snntorch.from_network import from_network
from hwnoise.backends.snntorch.images import TorchImageProgram
from hwnoise.backends.snntorch.modules import NoisyLinear, NoisyModule
from hwnoise.backends.snntorch.normals import gaussian
from hwnoise.backends.snntorch.program import TorchProgram
from hwnoise.backends.snntorch.replacing import convert, noisy_modules
from hwnoise.backends.snntorch.state_dicts import read_state_dict, with_state_dict
from hwnoise.backends.snntorch.timed import TorchTimedProgram
from hwnoise.backends.snntorch.to_network import to_network
from hwnoise.errors import InputError, MismatchError
from hwnoise.network import Network
from hwnoise.nodes import Conv1d, Conv2d
from hwnoise.nodes.convolution import Pool2d
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

__all__ = [
    "NoisyConv1d",
    "NoisyConv2d",
    "NoisyLinear",
    "NoisyModule",
    "SnnTorch",
    "TorchImageProgram",
    "TorchProgram",
    "TorchTimedProgram",
    "backend",
    "convert",
    "from_network",
    "noisy_modules",
    "read_state_dict",
    "to_network",
    "with_state_dict",
]


class SnnTorch:
    """Backend that reads emulated arrays with torch, and can say how the outputs depend on the weights."""

    name = "snntorch"

    def compile(
        self,
        network: Network,
        substrate: Substrate,
        stream: Stream,
        *,
        headroom: float = 1.0,
        torch_device: str = "cpu",
    ) -> TorchProgram | TorchTimedProgram:
        """Program ``network`` into a fresh chip of the kind ``substrate``, drawn from ``stream``.

        Parameters
        ----------
        network, substrate, stream
        headroom : float
            Range of the devices over the largest weight, 1 to 100.
        torch_device : str
            Where to compute: ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.

        Raises
        ------
        InputError, MismatchError
            If the device is not there, or the chip cannot be read on it.
        """
        check_headroom(headroom)
        if substrate.fixed_point is not None:
            raise MismatchError(f"'{substrate.name}' computes with whole numbers, which the emulator does")
        device = _device(torch_device)
        if device.type != "cpu":
            require_readable(substrate)
        return _program_for(network)(network, substrate, stream, headroom, device)


def _program_for(network: Network) -> type[TorchProgram | TorchTimedProgram]:
    """The kind of program that runs ``network``; chosen as the emulator chooses."""
    if network.is_timed:
        return TorchTimedProgram
    is_image = any(isinstance(node, (Conv1d, Conv2d, Pool2d)) for node in network.nodes.values())
    return TorchImageProgram if is_image else TorchProgram


def _device(name: str) -> torch.device:
    """The torch device of this name, if it is there and draws what the CPU draws."""
    try:
        device = torch.device(name)
        drawn = gaussian(1, 0, 4, 64, device).cpu()
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"torch_device {name!r} cannot be used: {reason}") from None
    if not torch.allclose(drawn, gaussian(1, 0, 4, 64), rtol=0, atol=1e-5):
        raise InputError(f"torch_device {name!r} cannot be used: it draws other noise than the CPU")
    return device


backend = SnnTorch()
