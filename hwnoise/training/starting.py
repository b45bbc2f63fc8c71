"""Where a run starts: random weights, a network file, or weights that another tool trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hwnoise.backends import registry
from hwnoise.errors import InputError
from hwnoise.foreign_weights import Array, sizes_of, with_foreign_weights
from hwnoise.network import Network
from hwnoise.nodes import Affine, Linear, Output, Softmax

if TYPE_CHECKING:
    from hwnoise.tasks.base import Task

_TORCH = (".pt", ".pth", ".bin")
_SAFETENSORS = ".safetensors"


def holds_weights_only(path: str) -> bool:
    """Whether a file of this name holds weights, which need a network beside them."""
    return Path(path).suffix.lower() in (*_TORCH, _SAFETENSORS)


def read_weights(path: str) -> dict[str, Array]:
    """Read the arrays of a state_dict by name, from a ``.pt`` or ``.safetensors`` file; no code is run.

    Raises
    ------
    InputError
        If the file is missing, damaged, or holds anything else; or torch is not installed and needed.
    """
    if Path(path).suffix.lower() == _SAFETENSORS:
        return _read_safetensors(path)
    registry.get("snntorch")  # says how to install torch, where it is missing
    from hwnoise.backends.snntorch.state_dicts import read_state_dict

    return read_state_dict(path)


def read_network(
    path: str | Path, dt: float | None = None, reset: str | None = None, convention: str | None = None
) -> Network:
    """Read a network from a NIR file or a run folder; the rest as in :func:`hwnoise.nir_io.read`.

    Raises
    ------
    InputError
        If there is none, or it cannot be read.
    """
    from hwnoise import nir_io

    path = Path(path)
    if path.is_dir() and not (path / "network.nir").exists():
        raise InputError(f"{path} holds no network.nir: it is no run folder, or its run is not over")
    return nir_io.read(path / "network.nir" if path.is_dir() else path, dt, reset, convention)


def with_weights_of(network: Network, path: str) -> Network:
    """Return ``network`` with the weights in the file ``path``.

    Raises
    ------
    InputError
        If the file cannot be read, or does not fit.
    """
    in_order = Path(path).suffix.lower() != _SAFETENSORS  # which sorts by name
    return with_foreign_weights(network, read_weights(path), path, in_order=in_order)


def with_readout(network: Network, task: Task) -> Network:
    """Return ``network`` with a softmax behind a linear read-out, where ``task`` wants probabilities.

    Networks of other tools end in a linear layer: their loss brings the softmax along.
    """
    (last,) = (name for name, after in network.edges if isinstance(network.nodes[after], Output))
    is_linear = isinstance(network.nodes[last], (Affine, Linear))
    if network.is_timed or task.loss != "cross_entropy" or not is_linear:
        return network
    name = "softmax" if "softmax" not in network.nodes else f"{last}_softmax"
    nodes = {**network.nodes, name: Softmax((network.n_outputs,))}
    edges = ((name, b) if a == last else (a, b) for a, b in network.edges)
    return replace(network, nodes=nodes, edges=(*edges, (last, name)))


def require_network(path: str, network: str | None) -> None:
    """Raise InputError unless there is exactly one network: in ``path``, or named beside its weights."""
    if not holds_weights_only(path):
        if network is not None:
            raise InputError(f"{path} is a network: leave out either --network {network} or --from")
        return
    if network is None:
        sizes = sizes_of(read_weights(path)) or "..."
        raise InputError(
            f"{path} holds weights and no network: say which one they belong to, as by --network {sizes}"
        )


def _read_safetensors(path: str) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        return dict(load_file(path))
    except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: cannot be read as safetensors ({reason})") from None
