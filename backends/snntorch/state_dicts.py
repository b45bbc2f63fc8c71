"""Weights that a user saved with ``torch.save(model.state_dict(), path)``, read without running code."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from hwnoise.errors import InputError
from hwnoise.foreign_weights import with_foreign_weights
from hwnoise.network import Network


def read_state_dict(path: str | Path) -> dict[str, NDArray[Any]]:
    """Return the tensors of a ``.pt`` file by name, in the order of the file.

    Raises
    ------
    InputError
        If there is no such file, or it holds anything but tensors by name.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file that is judged by what it holds
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
    return {str(key): _numbers(value) for key, value in found.items()}


def _numbers(values: torch.Tensor) -> NDArray[Any]:
    """An array of its own; half precision, of which NumPy knows one kind only, becomes single."""
    values = values.detach()
    found: NDArray[Any] = (values.float() if values.is_floating_point() else values).numpy().copy()
    return found


def with_state_dict(network: Network, path: str | Path) -> Network:
    """Return ``network`` with weights and biases from a file, matched in order.

    See ``hwnoise.foreign_weights`` for what fits what.

    Raises
    ------
    InputError
        If the file has not as many layers of these shapes, or anything that a network would lose.
    """
    return with_foreign_weights(network, read_state_dict(path), str(path))
