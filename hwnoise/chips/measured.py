"""A chip whose conductances were measured instead of drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.chips.named import NamedChip, make
from hwnoise.chips.table import read_table
from hwnoise.devices.conductance import Conductance
from hwnoise.errors import InputError, MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

FARTHEST = 10.0  # times g_max: beyond lies a wrong unit, not a device


def from_conductances(
    substrate: Substrate,
    network: Network,
    tables: str | Path | Mapping[str, Any],
    stream: Stream,
    *,
    name: str = "measured",
    **options: Any,
) -> NamedChip:
    """A chip of the kind ``substrate`` that holds ``network`` on devices of measured conductance.

    The network says what each conductance stands for: its largest weight of a column (or layer) is
    the range of the devices, times ``headroom``. How the devices age and flicker from now on, and
    where reference columns have come to lie, is drawn from ``stream``.

    Parameters
    ----------
    substrate : Substrate
        With a ``[conductance]`` table.
    network : Network
    tables : path or mapping
        A CSV file with a line for each cell: ``layer,row,col`` and ``g_plus,g_minus`` for pairs,
        ``g`` for single devices, ``g_0,g_1,...`` for more devices a weight. ``row`` counts input
        lines, ``col`` outputs, from 0. An NPZ file, or a mapping, with matrices (rows, columns)
        named ``<layer>.g_plus`` and so on. Every cell of every layer, in the substrate's unit.
    stream : Stream
    name : str
    **options
        Of ``Backend.compile``, such as ``headroom``.

    Raises
    ------
    InputError
        One sentence naming file, layer and cell: missing, given twice, out of range, no number.
    MismatchError
        If weights of this substrate are no conductances, or are on two arrays.
    """
    device = substrate.conductance
    if device is None:
        raise MismatchError(f"'{substrate.name}' holds no conductances: measured ones have no place on it")
    if device.arrays > 1:
        raise MismatchError(f"'{substrate.name}' holds weights on two arrays, and a table is of one")
    chip = make(network, substrate, stream, name=name, **options)
    shapes = _shapes(chip)
    cells, where = read_table(tables, columns_of(device), shapes)
    for (layer, column), g in cells.items():
        _check(g, f"{where}: {layer}, {column}", device)
    state = dict(chip.program.state())
    for layer, shape in shapes.items():
        for outputs, held in _held(chip, state, layer, shape):
            for plane, column in enumerate(columns_of(device)):
                held[plane] = cells[layer, column][:, outputs]
    chip.program.restore(state)
    return chip


def columns_of(device: Conductance) -> tuple[str, ...]:
    """What the devices of one weight are called in a table, plane by plane."""
    if device.planes == 1:
        return ("g",)
    if device.planes == 2 and device.mapping == "pair":
        return ("g_plus", "g_minus")
    return tuple(f"g_{plane}" for plane in range(device.planes))


def conductances(chip: NamedChip) -> dict[str, NDArray[np.float32]]:
    """The programmed conductances of ``chip`` as ``from_conductances`` takes them.

    Returns
    -------
    dict of str to (rows, columns) float32
        Matrices named ``<layer>.g_plus`` and so on.

    Raises
    ------
    MismatchError
        If weights of this substrate are no conductances.
    """
    device = chip.substrate.conductance
    if device is None:
        raise MismatchError(f"'{chip.substrate.name}' holds no conductances")
    state = chip.program.state()
    found: dict[str, NDArray[np.float32]] = {}
    for layer, shape in _shapes(chip).items():
        planes = np.concatenate([held for _, held in _held(chip, state, layer, shape)], axis=2)
        found |= {f"{layer}.{column}": g for column, g in zip(columns_of(device), planes, strict=True)}
    return found


def _shapes(chip: NamedChip) -> dict[str, tuple[int, int]]:
    """Input lines and outputs of every layer; the lines of a filter are its channels and places."""
    weights = {k: a for k, a in chip.network.parameters().items() if k.endswith(".weight")}
    return {key.removesuffix(".weight"): (a.size // len(a), len(a)) for key, a in weights.items()}


def _held(
    chip: NamedChip, state: Mapping[str, NDArray[Any]], layer: str, shape: tuple[int, int]
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """The outputs on each array of a layer, one unless it has groups, and a view of its devices.

    Devices are (planes, rows, columns), without reference columns, which no table has and which are the last.
    """
    groups = getattr(chip.network.nodes[layer], "groups", 1)
    each = shape[1] // groups
    for group in range(groups):
        g = state[f"layers/{layer}/g" if groups == 1 else f"layers/{layer}/{group}/g"]
        yield slice(group * each, (group + 1) * each), g.reshape(len(g), shape[0], -1)[..., :each]


def _check(g: NDArray[np.float32], where: str, device: Conductance) -> None:
    bad = np.argwhere(~((g >= 0) & (g <= FARTHEST * device.g_max)))
    if len(bad):
        row, col = bad[0]
        raise InputError(
            f"{where}, row {row}, col {col}: a conductance must be from 0 to {FARTHEST * device.g_max:g} "
            f"{device.unit}, not {g[row, col]:g}"
        )
