"""Spectra of noise that remembers: 1/f noise of devices, telegraph noise of nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwnoise.datasheet.bench_top import on_bench, read, without
from hwnoise.datasheet.panel import Axis, Panel, curve, origin
from hwnoise.datasheet.reading import QUIET, flicker, white
from hwnoise.devices.telegraph import Telegraph
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
READS = 1 << 14
DEVICES = 64
SEGMENT = 1 << 12
PER_DECADE = 8
SHOWN = 120  # reads of a node, as they follow each other


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """The spectrum of the slow noise of weights, and course and spectrum of the noise of nodes."""
    found = []
    if kind.one_over_f is not None and kind.conductance is not None:
        found.append(_of_devices(kind, stream.child("devices")))
    if kind.telegraph is not None:
        found += _of_nodes(kind, kind.telegraph, stream.child("nodes"))
    return found


def density(signal: Floats, period: float) -> tuple[Floats, Floats]:
    """One-sided spectral density of ``signal`` (reads, n), by Welch's method, mean over n.

    Parameters
    ----------
    signal : (reads, n) float64
    period : float [s]
        Between two reads.

    Returns
    -------
    frequency : (m,) float64 [Hz]
        Centres of bins of equal width on a logarithmic axis.
    density : (m,) float64 [unit of the signal squared per Hz]
    """
    window = np.hanning(SEGMENT)
    parts = signal[: len(signal) // SEGMENT * SEGMENT].reshape(-1, SEGMENT, signal.shape[1])
    parts = (parts - parts.mean(axis=1, keepdims=True)) * window[:, None]
    power = np.mean(np.abs(np.fft.rfft(parts, axis=1)) ** 2, axis=(0, 2))
    power *= 2 * period / np.sum(window**2)
    frequency = np.fft.rfftfreq(SEGMENT, period)
    first, last = 3, SEGMENT // 2  # below lie the window's own width and what the mean took away
    bins = np.round(np.log10(frequency[first:last]) * PER_DECADE).astype(int)
    each = [bins == b for b in np.unique(bins)]
    centre = [float(np.exp(np.log(frequency[first:last][b]).mean())) for b in each]
    level = [float(power[first:last][b].mean()) for b in each]
    return np.array(centre), np.array(level)


def _of_devices(kind: Substrate, stream: Stream) -> Panel:
    noise, period = kind.one_over_f, kind.clock.read_period
    assert noise is not None
    program = on_bench(without(kind, *QUIET), np.ones(DEVICES), stream)
    frequency, level = density(read(program, READS), period)
    one = np.ones(1)
    fine = np.geomspace(frequency[0], frequency[-1], 60)
    expected = float(flicker(kind, one)[0]) / fine + 2 * period * float(white(kind, one)[0])
    return Panel(
        "spectrum",
        "Spectrum of the noise of reads",
        f"{DEVICES} fully programmed weights, {READS:,} reads, {period:.3g} s apart" + origin(kind, noise),
        Axis("frequency [Hz]", log=True),
        Axis("density [range²/Hz]", log=True),
        formula=(curve(fine, expected),),
        simulated=(curve(frequency, level),),
    )


def _of_nodes(kind: Substrate, noise: Telegraph, stream: Stream) -> list[Panel]:
    period = kind.clock.read_period
    quiet = without(kind, *(name for name in QUIET if name not in ("node_noise", "telegraph")))
    signal = read(on_bench(quiet, np.zeros(DEVICES), stream), READS, drive=0.0)
    frequency, level = density(signal, period)
    reads = np.arange(SHOWN)
    middle = np.full(SHOWN, noise.offset)
    told = origin(kind, noise)
    levels = [curve(reads, middle + sign * noise.amplitude, label=name) for sign, name in _LEVELS]
    return [
        Panel(
            "trace", "One node, read after read", f"its two levels, and what is read{told}",
            Axis("read"), Axis("noise [unit of the node]"),
            formula=tuple(levels), singles=(curve(reads, signal[:SHOWN, 0]),),
        ),
        Panel(
            "spectrum", "Spectrum of the noise of nodes",
            f"{DEVICES} nodes, {READS:,} reads, {period:.3g} s apart{told}",
            Axis("frequency [Hz]", log=True), Axis("density [unit²/Hz]", log=True),
            formula=(curve(frequency, telegraph_density(kind, frequency)),),
            simulated=(curve(frequency, level),),
        ),
    ]  # fmt: skip


def telegraph_density(kind: Substrate, frequency: Floats) -> Floats:
    """One-sided density of a state that flips with a probability per read, plus what is white."""
    noise, period = kind.telegraph, kind.clock.read_period
    assert noise is not None
    fresh = noise.sigma**2 + (kind.node_noise.sigma**2 if kind.node_noise is not None else 0.0)
    flips = two_level_density(1 - 2 * noise.flip, frequency, period)
    return np.asarray(noise.amplitude**2 * flips + 2 * period * fresh)


def two_level_density(keep: ArrayLike, frequency: Floats, period: float) -> Floats:
    """One-sided density of a state of variance 1 whose correlation falls by ``keep`` per ``period`` [s]."""
    rho = np.asarray(keep)
    turn = np.cos(2 * np.pi * frequency * period)
    return np.asarray(2 * period * (1 - rho**2) / (1 - 2 * rho * turn + rho**2))


_LEVELS = ((1, "upper level"), (-1, "lower level"))
