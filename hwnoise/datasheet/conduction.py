"""Current against voltage, of single devices (eq:conduction)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwnoise.datasheet.bench_top import on_bench
from hwnoise.datasheet.panel import Axis, Panel, curve, origin
from hwnoise.devices.conductance import Conductance
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate

Floats = NDArray[np.float64]
SHARES = (0.1, 0.3, 0.6, 1.0)  # of the range
VOLTAGES = 21


def panels(kind: Substrate, stream: Stream) -> list[Panel]:
    """Current against voltage for a few conductances; nothing where devices are linear."""
    law, device = kind.conduction, kind.conductance
    if law is None or device is None:
        return []
    g = device.g_min + np.array(SHARES) * (device.g_max - device.g_min)
    volts, reach = np.linspace(-law.v_read, law.v_read, VOLTAGES), min(law.v_limit, 5 * law.v_read)
    fine = np.linspace(-reach, reach, 101)
    seen, names = currents(kind, g, volts, stream), [f"{each:.4g} µS" for each in g]
    return [
        Panel(
            "conduction",
            "Current against voltage",
            f"devices of four conductances, programmed exactly; a full-scale input is {law.v_read:g} V"
            + origin(kind, law),
            Axis("voltage [V]"),
            Axis("current [µA]"),
            formula=tuple(
                curve(fine, law.current(fine, each), label=name) for each, name in zip(g, names, strict=True)
            ),
            simulated=tuple(curve(volts, i, label=name) for i, name in zip(seen.T, names, strict=True)),
        )
    ]


def currents(kind: Substrate, g: Floats, volts: Floats, stream: Stream) -> Floats:
    """Current (voltages, n) [µA] that devices of conductance ``g`` (n,) [µS] are seen to carry."""
    law = kind.conduction
    assert law is not None
    single = Conductance(g_min=float(g.min()) / 2, g_max=float(g.max()), mapping="offset", scaling="layer")
    bench = Substrate(name=kind.name, kind=kind.kind).model_copy(
        update={"conductance": single, "conduction": law}
    )  # nothing else, so that an input is a voltage
    factor, offset = float(single.factors()[0]), single.offset()
    program = on_bench(bench, factor * g + offset, stream)
    q = (volts / law.v_read)[:, None]
    shares = np.asarray(program.run(q.astype(np.float32)).output[0], np.float64)
    return np.asarray((shares - offset * q) / factor * law.v_read)
