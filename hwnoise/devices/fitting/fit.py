"""``devices.fit``: a table of measurements in, a substrate with intervals out."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from hwnoise import validation
from hwnoise.devices.composition import Substrate
from hwnoise.devices.fitting.bootstrap import intervals
from hwnoise.devices.fitting.columns import Measurements, read_columns
from hwnoise.devices.fitting.pulses import PulseModel
from hwnoise.devices.fitting.reads import ReadModel
from hwnoise.devices.fitting.result import Fit, Parameter
from hwnoise.devices.fitting.tables import make_pulses, make_reads
from hwnoise.devices.source import Source
from hwnoise.errors import InputError
from hwnoise.streams import Stream

Floats = NDArray[np.float64]
STREAM = Stream(0, "fit")  # resampling is no noise of a chip: by default it is the same every time


class Model(Protocol):
    """What is common to fits of reads and of pulse responses."""

    @property
    def n_devices(self) -> int:
        """How many devices can be drawn again."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each parameter that the data cannot support."""

    def report(self, weights: Floats) -> dict[str, float]:
        """Every estimate by name, each device counting ``weights`` (n_devices,) times."""

    def unit(self, name: str) -> str:
        """Unit of an estimate."""

    def tables(self) -> dict[str, dict[str, Any]]:
        """Tables of the substrate file."""


def fit(
    measurements: Measurements,
    *,
    name: str = "fitted",
    kind: str = "fitted device",
    g_max: float | None = None,
    time_offset: float = 0.0,
    read_seconds: float | None = None,
    source: Source | None = None,
    stream: Stream = STREAM,
    resamples: int = 200,
) -> Fit:
    """Turn measurements of devices into a substrate, with a 95 % interval for every number.

    Parameters
    ----------
    measurements : path or mapping of columns
        A csv file with a header, an npz archive, or arrays. Either *reads*: ``target`` [µS], ``read``
        [µS], ``time`` [s] and, if devices were read several times, ``device``; or a matrix ``read``
        (devices, times). Or *pulse responses*: ``device``, ``pulse`` (its number), ``direction``
        (1 or up, -1 or down) and ``conductance`` [µS] after the pulse.
    name, kind : str
        What the substrate is to be called, and what it is.
    g_max : float, optional
        Largest programmable conductance [µS]; the largest target (or conductance) if not given.
    time_offset : float
        Seconds from programming to time 0 of the table; 0 if ``time`` counts from programming.
    read_seconds : float, optional
        Duration of one read [s]. With it, noise about the drift is taken as 1/f; without, as white.
    source : Source, optional
        Who measured it, for ``hwnoise cite``.
    stream : Stream
        For the resampling of devices.
    resamples : int
        How often devices are drawn again, >= 40.

    Returns
    -------
    Fit
        ``.substrate``, ``.parameters``, ``.left_out``; ``.save(path)`` writes a substrate file.

    Raises
    ------
    InputError
        One sentence, if the table is malformed or an argument is out of range.
    """
    _check("time_offset", time_offset, 0, 1e9)
    _check("g_max", g_max, 1e-6, 1e6)
    _check("read_seconds", read_seconds, 1e-12, 1e6)
    _check("resamples", resamples, 40, 1e6)
    columns, where = read_columns(measurements)
    model: Model
    if "pulse" in columns:
        model = PulseModel.of(make_pulses(columns, where), g_max)
    else:
        model = ReadModel.of(make_reads(columns, where, time_offset), g_max, read_seconds)
    head: dict[str, Any] = {"name": name, "kind": kind, "sources": [source.model_dump()] if source else []}
    marks = {"fit": f"{model.n_devices} devices", "source": source.key if source else ""}
    tables = {name: table | marks for name, table in model.tables().items()}
    try:
        substrate = Substrate.model_validate(head | tables)
    except ValidationError as error:
        raise validation.sentence(error, f"fit of {where} (conductances in µS)") from None
    return Fit(substrate, _parameters(model, stream, int(resamples)), model.left_out)


def _parameters(model: Model, stream: Stream, resamples: int) -> tuple[Parameter, ...]:
    best = model.report(np.ones(model.n_devices))
    if not best:
        return ()
    ends = intervals(model.report, model.n_devices, stream, resamples)
    return tuple(Parameter(name, value, *ends[name], model.unit(name)) for name, value in best.items())


def _check(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise InputError(f"{name} must be from {low:g} to {high:g}, not {value}")
