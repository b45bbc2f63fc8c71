"""A chip in one safetensors file: its state, its network, its substrate; whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hwnoise import files, substrate
from hwnoise.backends import registry
from hwnoise.chips.named import NamedChip, state_of
from hwnoise.coding import CodedBackend
from hwnoise.errors import InputError
from hwnoise.nir_hdf5 import dump
from hwnoise.nir_hdf5 import load as parse
from hwnoise.nir_tree import from_tree, to_tree
from hwnoise.streams import Stream
from hwnoise.tensors import read_arrays, write_arrays

FORMAT = 1
_NETWORK, _STATE = "network.nir", "state/"


def save(path: str | Path, chip: NamedChip) -> None:
    """Write ``chip`` to ``path``; a file already there is replaced in one step.

    Parameters
    ----------
    path : path
        Ends in ``.safetensors`` by custom; any safetensors reader shows what is in it.
    chip : NamedChip

    Raises
    ------
    InputError
        If the system refuses, or ``about`` or ``options`` hold what JSON does not.
    MismatchError
        If the chip keeps its state to itself.
    """
    nir = np.frombuffer(dump(to_tree(chip.network)), np.uint8)
    arrays = {_NETWORK: nir} | {_STATE + name: array for name, array in state_of(chip).items()}
    record = {
        "format": FORMAT,
        "name": chip.name,
        "substrate": chip.substrate.model_dump(mode="json", exclude_none=True),
        "seed": chip.stream.seed,
        "stream": chip.stream.name,
        "backend": chip.backend,
        "options": dict(chip.options),
        "about": dict(chip.about),
    }
    try:
        json.dumps(record, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"chip '{chip.name}' cannot be saved: its options or notes are no JSON ({error})"
        ) from None
    write_arrays(Path(path), arrays, record)


def check_target(path: str | Path) -> None:
    """Raise InputError unless a chip may be kept in ``path``: of what is there, only a chip is replaced."""
    files.check_target(path)
    if not Path(path).exists():
        return
    try:
        _, record = read_arrays(Path(path))
    except InputError:
        record = {}
    if not {"substrate", "stream"} <= record.keys():
        raise InputError(f"cannot write {path}: there is a file already, and it is no chip")


def load(path: str | Path) -> NamedChip:
    """Read what ``save`` wrote: the chip goes on bit for bit where it was.

    Raises
    ------
    InputError
        One sentence for a file that is missing, damaged, or no chip.
    """
    arrays, record = read_arrays(Path(path))
    try:
        if record["format"] != FORMAT:
            raise InputError(f"{path}: a chip of format {record['format']}, and this version reads {FORMAT}")
        network = from_tree(parse(arrays.pop(_NETWORK).tobytes()))
        kind = substrate.parse(record["substrate"], str(path))
        stream = Stream(record["seed"], record["stream"])
        backend, options = record["backend"], record["options"]
        about, name = record["about"], record["name"]
    except KeyError as error:
        raise InputError(f"{path}: no chip, it has no {error}") from None
    program = CodedBackend(registry.get(backend)).compile(network, kind, stream, **options)
    program.restore(_below(_STATE, arrays))
    return NamedChip(name, network, kind, stream, program, backend, options, about)


def _below(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
