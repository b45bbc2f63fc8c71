"""Weights that a user saved with ``torch.save(model.state_dict(), path)``, read without running code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.network import Network


def read_state_dict(path: str | Path) -> dict[str, NDArray[Any]]:
    """Return the tensors of a ``.pt`` file by name, in the order of the file.

    Raises
    ------
    InputError
        If there is no such file, or it holds anything but tensors by name.
    """
    try:
        found = torch.load(os.fspath(path), map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception:  # whatever a foreign file makes torch raise: it is no state_dict
        raise InputError(
            f"{path}: not the state_dict of a model; save one with torch.save(model.state_dict(), path), "
            "or use hwnoise.backends.snntorch.convert(model, substrate) in your own script"
        ) from None
    if not isinstance(found, dict) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise InputError(f"{path}: holds no tensors by name: save model.state_dict() alone")
    return {str(key): value.detach().numpy() for key, value in found.items()}


def with_state_dict(network: Network, path: str | Path) -> Network:
    """Return ``network`` with weights and biases from a file, matched in order.

    Names differ between a torch model and a network; the order of layers does not.

    Raises
    ------
    InputError
        If the file has not as many weights and biases of these shapes.
    """
    own = network.parameters()
    kinds = ("weight", "bias")
    saved = [(key, a) for key, a in read_state_dict(path).items() if key.rpartition(".")[2] in kinds]
    if len(saved) != len(own):
        raise InputError(f"{path}: has {len(saved)} weights and biases, the network has {len(own)}")
    found = {}
    for (name, old), (key, new) in zip(own.items(), saved, strict=True):
        if new.shape != old.shape:
            raise InputError(f"{path}: {key} has shape {new.shape}, and {name} of the network {old.shape}")
        found[name] = np.asarray(new, old.dtype)
    return network.with_parameters(found)
