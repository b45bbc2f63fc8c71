"""The chip's side of the conversation: check a request, do it, answer. Knows nothing of sockets."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hwnoise import substrate
from hwnoise.backends.base import Capabilities, Probe, Program
from hwnoise.backends.emulator import backend
from hwnoise.errors import HwnoiseError, InputError, MismatchError
from remote_chip import messages
from remote_chip.messages import Answer, Arrays, Done, Place, Placed, ReadWeights, Refused, Run, Write
from remote_chip.wire import MAX_BYTES, MIB, Array

MAX_CHIPS = 8


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
        return Placed(chip=self._placed, capabilities=_shown(chip.capabilities))

    def _serve(self, request: Run | ReadWeights | Write, arrays: Arrays) -> tuple[Done, dict[str, Array]]:
        if request.chip not in self._chips:
            raise InputError(f"there is no chip {request.chip} here")
        chip = self._chips[request.chip]
        before, back = Counter(chip.events), {}
        if isinstance(request, Run):
            back = _run(chip, arrays, request.probe)
        elif isinstance(request, Write):
            chip.write(arrays)
        else:
            back = chip.read_weights()
        return Done(cost=dict(Counter(chip.events) - before), events=dict(chip.events)), back


def _shown(own: Capabilities) -> Capabilities:
    """What the link carries of ``own``: neither state, nor what single synapses remember."""
    noises = (replace(n, handles=n.handles - {"local_event"} or frozenset({"none"})) for n in own.noises)
    return replace(own, checkpoint=False, noises=tuple(noises))


def _run(chip: Program, arrays: Arrays, probe: Probe) -> dict[str, Array]:
    """Read the batch; refuse one whose reading would not fit into a message before it costs anything."""
    if set(arrays) != {"x"} or arrays["x"].ndim != 2:
        raise InputError("request: a run takes one array, x (samples, n_in)")
    if "events" in probe.observe:
        raise MismatchError("what single synapses remember stays on this chip")
    x, network = arrays["x"], chip.network
    numbers = len(x) * (network.n_inputs + sum(len(layer.weight) for layer in network.dense_layers()))
    numbers += network.n_parameters if "weights" in probe.observe else 0
    size = 4 * probe.passes * numbers
    if size > MAX_BYTES:
        limit = f"{MAX_BYTES // MIB} MiB, the most that a message holds"
        raise InputError(f"this reading would take {size / MIB:.0f} MiB, over {limit}: take smaller batches")
    return messages.reading_arrays(chip.run(x, probe))
