"""The chip's side of the conversation: check a request, do it, answer. Knows nothing of sockets."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from hwnoise import substrate
from hwnoise.backends.base import Probe, Program
from hwnoise.backends.emulator import backend
from hwnoise.errors import HwnoiseError, InputError, MismatchError
from remote_chip import messages
from remote_chip.messages import Answer, Arrays, Done, Place, Placed, ReadWeights, Refused, Run, Write
from remote_chip.wire import MAX_BYTES, MIB, Array

MAX_CHIPS = 16


class Rack:
    """The chips of one client.

    Here a chip is our emulator. Hardware takes its place in ``_place``: load the weights, and
    refuse a substrate that is not what stands on the bench.
    """

    def __init__(self) -> None:
        self._chips: dict[int, Program] = {}
        self._placed = 0

    def answer(self, message: Any, arrays: Arrays) -> tuple[Answer, dict[str, Array]]:
        """Serve one request; what cannot be served is answered with a sentence."""
        try:
            request = messages.as_request(message)
            if isinstance(request, Place):
                return self._place(request, arrays), {}
            return self._serve(request, arrays)
        except MismatchError as error:
            return Refused(kind="MismatchError", sentence=str(error)), {}
        except HwnoiseError as error:
            return Refused(kind="InputError", sentence=str(error)), {}
        except MemoryError:
            return Refused(kind="InputError", sentence="the chip's side has not enough memory for this"), {}

    def _place(self, request: Place, arrays: Arrays) -> Placed:
        for number in request.release:
            self._chips.pop(number, None)
        if len(self._chips) >= MAX_CHIPS:
            raise InputError(f"the chip's side holds {MAX_CHIPS} chips for one client, and no more")
        network = messages.make_network(request.layers, arrays)
        kind = substrate.parse(request.substrate, "substrate")
        chip = backend.compile(network, kind, request.stream, headroom=request.headroom)
        self._placed += 1
        self._chips[self._placed] = chip
        shown = replace(chip.capabilities, checkpoint=False)  # its state stays here
        return Placed(chip=self._placed, capabilities=shown)

    def _serve(self, request: Run | ReadWeights | Write, arrays: Arrays) -> tuple[Done, dict[str, Array]]:
        if request.chip not in self._chips:
            raise InputError(f"there is no chip {request.chip} here")
        chip = self._chips[request.chip]
        before, back = Counter(chip.events), {}
        if isinstance(request, Run):
            back = _run(chip, arrays, request.probe)
        elif isinstance(request, Write):
            chip.write(_checked_update(chip, arrays))
        else:
            back = chip.read_weights()
        return Done(cost=dict(Counter(chip.events) - before), events=dict(chip.events)), back


def _run(chip: Program, arrays: Arrays, probe: Probe) -> dict[str, Array]:
    """Read the batch; refuse one that would not fit before it costs anything."""
    if set(arrays) != {"x"}:
        raise InputError(f"request: a run takes the array x alone, not {', '.join(arrays) or 'none'}")
    if not 1 <= probe.passes <= messages.MAX_PASSES:
        raise InputError(f"probe.passes must be from 1 to {messages.MAX_PASSES}, not {probe.passes}")
    if any(not 0 <= number < probe.passes for number in probe.quiet_passes):
        raise InputError(f"probe.quiet_passes must lie below {probe.passes}, not {probe.quiet_passes}")
    x = _finite("x", arrays["x"], 2)
    widths = [layer.weight.shape[0] for layer in chip.network.dense_layers()]
    size = 4 * len(x) * probe.passes * (sum(widths) if probe.observe else widths[-1])
    if size > MAX_BYTES:
        limit = f"{MAX_BYTES // MIB} MiB, the most that a message holds"
        raise InputError(f"the answer would take {size / MIB:.0f} MiB, over {limit}: take smaller batches")
    return messages.reading_arrays(chip.run(x, probe))


def _checked_update(chip: Program, arrays: Arrays) -> dict[str, Array]:
    """The update, if all of it can be written: never the first half of one."""
    shapes = {name: values.shape for name, values in chip.network.parameters().items()}
    for name, delta in arrays.items():
        if name not in shapes:
            raise InputError(f"the network on this chip has no parameter '{name}'")
        if delta.shape != shapes[name]:
            raise InputError(f"{name}: the update has shape {delta.shape}, not {shapes[name]}")
    return {name: _finite(name, delta, delta.ndim) for name, delta in arrays.items()}


def _finite(name: str, values: Array, dimensions: int) -> Array:
    if values.dtype != np.float32 or values.ndim != dimensions:
        found = f"{values.dtype} in {values.ndim}"
        raise InputError(f"{name} must be float32 in {dimensions} dimensions, not {found}")
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds numbers that are not finite")
    return values
