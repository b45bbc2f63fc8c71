"""Telegraph noise of devices: one device, look after look, and the spectrum of many (eq:trap-step)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.emulator.program import EmulatorProgram
from hwnoise.datasheet.bench_top import on_bench, without
from hwnoise.datasheet.panel import Axis, Panel, curve, origin
from hwnoise.datasheet.reading import QUIET, conductances
from hwnoise.datasheet.spectrum import density, two_level_density
from hwnoise.devices.device_telegraph import NODES, DeviceTelegraph
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
DEVICES = 64
LOOKS = 1 << 13
PER_MEMORY = 8  # looks in the median correlation time
SHOWN = 160
_SLOW = ("one_over_f", "device_noise", "read_noise")


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """Course and spectrum of devices with a trap; nothing where there are none."""
    noise = kind.device_telegraph
    if noise is None or noise.share == 0:
        return []
    look, signal = simulate(kind, noise, stream)
    told = origin(kind, noise)
    return [_course(kind, noise, look, signal, told), _spectrum(kind, noise, look, signal, told)]


def simulate(kind: Substrate, noise: DeviceTelegraph, stream: Stream) -> tuple[float, Floats]:
    """Seconds between looks at ``DEVICES`` full weights that all have a trap, and the weights (looks, n)."""
    period = kind.clock.read_period
    reads = max(noise.hold(period), round(noise.memory / (PER_MEMORY * period)))
    trapped = kind.model_copy(update={"device_telegraph": noise.model_copy(update={"share": 1.0})})
    quiet = (name for name in QUIET if name != "device_telegraph")
    program = on_bench(without(trapped, *quiet, *_SLOW), np.ones(DEVICES), stream)
    assert isinstance(program, EmulatorProgram)
    layer = program.layers["devices"]
    seen = [layer.true_weights(reads * k)[:, 0] for k in range(LOOKS)]
    return reads * period, np.asarray(seen, np.float64)


def steps(kind: Substrate, noise: DeviceTelegraph) -> Floats:
    """How far each device of a full weight moves it when its trap changes (planes,)."""
    device = kind.conductance
    assert device is not None
    g = np.array([values[0] for values in conductances(kind, np.ones(1))])
    return np.asarray(device.factors() * g * noise.step_at(g / device.g_max))


def trap_density(kind: Substrate, noise: DeviceTelegraph, look: float, frequency: Floats) -> Floats:
    """One-sided density of a full weight looked at every ``look`` seconds, averaged over devices' times."""
    variance = noise.high * (1 - noise.high) * float(np.sum(steps(kind, noise) ** 2))
    keep = np.exp(-look / (noise.memory * np.exp(noise.time_spread * NODES[0])))
    each = two_level_density(keep, frequency[:, None], look)
    return np.asarray(variance * (each @ (NODES[1] / NODES[1].sum())))


def _course(kind: Substrate, noise: DeviceTelegraph, look: float, signal: Floats, told: str) -> Panel:
    seconds, largest = look * np.arange(SHOWN), float(np.abs(steps(kind, noise)).max())
    levels = (("high", 1 - noise.high), ("low", -noise.high))
    return Panel(
        "trap", "One device with a trap", f"a fully programmed weight, and its two levels{told}",
        Axis("time [s]"), Axis("weight [share of its range]"),
        formula=tuple(curve(seconds, np.full(SHOWN, 1 + at * largest), label=name) for name, at in levels),
        singles=(curve(seconds, signal[:SHOWN, 0]),),
    )  # fmt: skip


def _spectrum(kind: Substrate, noise: DeviceTelegraph, look: float, signal: Floats, told: str) -> Panel:
    frequency, level = density(signal, look)
    return Panel(
        "trap_spectrum", "Spectrum of devices with traps",
        f"{DEVICES} fully programmed weights, {LOOKS:,} looks, {look:.3g} s apart{told}",
        Axis("frequency [Hz]", log=True), Axis("density [range²/Hz]", log=True),
        formula=(curve(frequency, trap_density(kind, noise, look, frequency)),),
        simulated=(curve(frequency, level),),
    )  # fmt: skip
