"""Reads and pulse responses: measurements sorted by device, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.errors import InputError

Array = NDArray[Any]
Floats = NDArray[np.float64]
_UP_DOWN = {
    "up": 1.0,
    "down": -1.0,
    "+": 1.0,
    "-": -1.0,
    "1": 1.0,
    "-1": -1.0,
    "+1": 1.0,
    "1.0": 1.0,
    "-1.0": -1.0,
}


@dataclass(frozen=True)
class Reads:
    """Devices that were programmed to a target once and read at one or several times.

    Attributes
    ----------
    target : (devices,) float64 [µS]
    groups : tuple of (members, time, read)
        Devices with equally many reads: which, (k,) int64; when, (k, m) float64 [s since
        programming], ascending; and what was read, (k, m) float64 [µS].
    """

    target: Floats
    groups: tuple[tuple[NDArray[np.int64], Floats, Floats], ...]

    @property
    def has_several_times(self) -> bool:
        """Whether any device was read more than once."""
        return any(time.shape[1] > 1 for _, time, _ in self.groups)


@dataclass(frozen=True)
class Pulses:
    """Conductance changes, one for each pulse but the first of every device.

    Attributes
    ----------
    device : (n,) int64
        0 to ``n_devices - 1``.
    up : (n,) bool
    before, change : (n,) float64 [µS]
    n_devices : int
    low, high : float [µS]
        Smallest and largest conductance seen.
    """

    device: NDArray[np.int64]
    up: NDArray[np.bool_]
    before: Floats
    change: Floats
    n_devices: int
    low: float
    high: float


def make_reads(columns: Mapping[str, Array], where: str, time_offset: float) -> Reads:
    """Sort a table (target, read, time, and maybe device) by device and time.

    ``read`` may be (devices, times) with ``target`` (devices,) and ``time`` (times,) or
    (devices, times). Without a device column every row of a flat table is a device of its own.

    Raises
    ------
    InputError
        For missing or unequal columns, a target below 0, a time that is not above 0, two reads of
        a device at one time, or two targets of a device.
    """
    _require(columns, ("target", "read", "time"), where)
    device, target, time, read = _flat(columns, where)
    if (target < 0).any():
        raise InputError(f"{where}: column 'target' holds {target.min():g}, targets are conductances >= 0")
    time = time + time_offset
    if (time <= 0).any():
        raise InputError(
            f"{where}: column 'time' holds {time.min() - time_offset:g}, but a read comes after programming: "
            "give time_offset, the seconds from programming to time 0 of the table"
        )
    order = np.lexsort((time, device))
    device, target, time, read = device[order], target[order], time[order], read[order]
    same = np.diff(device) == 0
    if (same & (np.diff(time) == 0)).any():
        raise InputError(f"{where}: a device is read twice at one time")
    if (same & (np.diff(target) != 0)).any():
        raise InputError(
            f"{where}: a device has two targets; give every programming a device number of its own"
        )
    first, counts = np.unique(device, return_index=True, return_counts=True)[1:]
    groups = []
    for m in np.unique(counts):
        members = np.flatnonzero(counts == m)
        rows = first[members][:, None] + np.arange(m)
        groups.append((members, time[rows], read[rows]))
    return Reads(target[first], tuple(groups))


def make_pulses(columns: Mapping[str, Array], where: str) -> Pulses:
    """Turn a table (device, pulse, direction, conductance) into changes.

    ``conductance`` is what was read after the pulse, ``direction`` 1 or ``up``, -1 or ``down``;
    the first pulse of each device only says where it starts.

    Raises
    ------
    InputError
        For missing or unequal columns, an unknown direction, or a pulse number that comes twice.
    """
    names = ("device", "pulse", "direction", "conductance")
    _require(columns, names, where)
    _equal_length({name: columns[name] for name in names}, where)
    device = np.unique(columns["device"], return_inverse=True)[1]
    pulse, conductance = columns["pulse"], columns["conductance"]
    order = np.lexsort((pulse, device))
    device, pulse, conductance = device[order], pulse[order], conductance[order]
    up = _directions(columns["direction"], where)[order] > 0
    same = np.diff(device) == 0
    if (same & (np.diff(pulse) == 0)).any():
        raise InputError(f"{where}: a device has two pulses with one number")
    low, high = float(conductance.min()), float(conductance.max())
    if not same.any() or low == high:
        raise InputError(f"{where}: no conductance changes; at least two pulses of a device are needed")
    change, n_devices = np.diff(conductance)[same], int(device.max()) + 1
    return Pulses(device[1:][same], up[1:][same], conductance[:-1][same], change, n_devices, low, high)


def _flat(columns: Mapping[str, Array], where: str) -> tuple[Array, Floats, Floats, Floats]:
    """Device number, target, time and read of every read."""
    target, read, time = columns["target"], columns["read"], columns["time"]
    if read.ndim == 2:
        if target.shape != read.shape[:1] or time.shape not in (read.shape, read.shape[1:]):
            raise InputError(
                f"{where}: read is {read.shape} (devices, times), to which target {target.shape} and "
                f"time {time.shape} do not fit"
            )
        device = np.repeat(np.arange(len(target)), read.shape[1])
        return device, target[device], np.broadcast_to(time, read.shape).ravel(), read.ravel()
    names = [name for name in ("device", "target", "read", "time") if name in columns]
    _equal_length({name: columns[name] for name in names}, where)
    labels = columns.get("device", np.arange(len(read)))
    return np.unique(labels, return_inverse=True)[1], target, time, read


def _require(columns: Mapping[str, Array], names: tuple[str, ...], where: str) -> None:
    missing = [name for name in names if name not in columns]
    if missing:
        raise InputError(f"{where}: column '{missing[0]}' is missing; it has {', '.join(columns) or 'none'}")
    if any(columns[name].size == 0 for name in names):
        raise InputError(f"{where}: there are no measurements")


def _equal_length(columns: Mapping[str, Array], where: str) -> None:
    shapes = {name: column.shape for name, column in columns.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
        told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(f"{where}: columns must be flat and equally long, not {told}")


def _directions(column: Array, where: str) -> Floats:
    words = [str(entry).strip().lower() for entry in column.tolist()]
    unknown = next((word for word in words if word not in _UP_DOWN), None)
    if unknown is not None:
        raise InputError(f"{where}: direction is 1 or 'up', -1 or 'down', not {unknown[:60]!r}")
    return np.array([_UP_DOWN[word] for word in words])
