"""The host's side: a backend whose programs are chips at the other end of a socket."""

from __future__ import annotations

import math
import weakref
from collections.abc import Mapping
from typing import cast

import numpy as np

from hwnoise.backends.base import Probe, Program, Reading
from hwnoise.backends.emulator.inputs import LayerInputs
from hwnoise.errors import InputError
from hwnoise.network import Network
from hwnoise.streams import Stream
from hwnoise.substrate import Substrate
from remote_chip import messages
from remote_chip.connection import Connection
from remote_chip.messages import Done, Place, Placed, ReadWeights, Run, Write
from remote_chip.wire import Array

_ONE_PASS = Probe()


class RemoteProgram:
    """A chip at the other end: it can be read, read back and written, and nothing else.

    Attributes
    ----------
    network, capabilities, events
        See ``hwnoise.backends.base.Program``. The chip keeps its state to itself, so that
        ``capabilities.checkpoint`` is False.
    """

    def __init__(self, connection: Connection, network: Network, placed: Placed) -> None:
        self.network = network
        self.capabilities = placed.capabilities
        self.events: dict[str, int] = {}
        self._connection, self._chip = connection, placed.chip
        weakref.finalize(self, connection.unused.append, placed.chip)

    def run(self, x: Array, probe: Probe = _ONE_PASS) -> Reading:
        """Read the batch ``x`` (samples, n_in) as ``probe`` says; every row is one tick."""
        x = np.asarray(x, np.float32)
        x = x.reshape(len(x), math.prod(x.shape[1:])) if x.ndim > 1 else x.reshape(1, -1)
        done, arrays = self._ask(Run(chip=self._chip, probe=probe), {"x": x})
        nodes, layers = messages.group(arrays, "nodes"), self.network.dense_layers()
        for name in ("output", "ticks", *(f"nodes/{d.name}" for d in layers if "nodes" in probe.observe)):
            self._require(name, arrays, (probe.passes, len(x)))
        return Reading(
            output=arrays["output"],
            inputs=LayerInputs(layers, x, probe.passes, nodes) if nodes else {},
            nodes=nodes,
            noise=messages.group(arrays, "noise"),
            weights=messages.group(arrays, "weights"),
            ticks=arrays["ticks"],
            events=done.cost,
        )

    def read_weights(self) -> dict[str, Array]:
        """Read every parameter back through the converters: noisy and counted."""
        _, arrays = self._ask(ReadWeights(chip=self._chip))
        for layer in self.network.dense_layers():
            self._require(f"{layer.name}.weight", arrays, layer.weight.shape)
        return arrays

    def write(self, update: Mapping[str, Array]) -> None:
        """Add ``update`` to the named parameters; what is below a device step accumulates."""
        self._ask(Write(chip=self._chip), update)

    def _ask(
        self, request: Run | ReadWeights | Write, arrays: Mapping[str, Array] | None = None
    ) -> tuple[Done, dict[str, Array]]:
        done, back = self._connection.ask(request, Done, arrays or {})
        self.events = done.events
        return done, back

    def _require(self, name: str, arrays: Mapping[str, Array], shape: tuple[int, ...]) -> None:
        """Give up a chip that does not send ``name``, or not with ``shape`` to begin with."""
        if name not in arrays or arrays[name].shape[: len(shape)] != shape:
            self._connection.fail(f"sent no '{name}' that begins with shape {shape}")


class RemoteChip:
    """Backend that runs networks on chips in another process, over one connection each address."""

    name = "remote"

    def __init__(self) -> None:
        self._connections: dict[tuple[str, int], Connection] = {}

    def compile(
        self,
        network: Network,
        substrate: Substrate,
        stream: Stream,
        *,
        host: str = "127.0.0.1",
        port: int = 7411,
        timeout: float = 30.0,
        headroom: float = 1.0,
    ) -> Program:
        """Put ``network`` on a fresh chip of the kind ``substrate`` at ``host:port``.

        Parameters
        ----------
        network, substrate, stream
            See ``hwnoise.backends.base.Backend``.
        host, port : str, int
            Where the chip listens.
        timeout : float
            Seconds, > 0, that any single answer may take.
        headroom : float
            As for the emulator.

        Raises
        ------
        InputError, MismatchError
            What cannot be used, in the words of the chip's side.
        ConnectionLostError
            If the chip cannot be reached, or stops answering.
        """
        connection = self._connect(host, port, timeout)
        layers, arrays = messages.network_arrays(network)
        request = Place(
            layers=layers,
            substrate=substrate.model_dump(mode="json", exclude_none=True),
            stream=stream,
            headroom=headroom,
            release=connection.take_unused(),
        )
        placed, _ = connection.ask(request, Placed, arrays)
        # state, restore and advance are missing, as capabilities.checkpoint says
        return cast(Program, RemoteProgram(connection, network, placed))

    def close(self) -> None:
        """Let go of every chip: their programs fail from now on, and other hosts get their turn."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _connect(self, host: str, port: int, timeout: float) -> Connection:
        if not isinstance(port, int) or not 0 < port < 65536:
            raise InputError(f"backend option port must be a whole number from 1 to 65535, not {port!r}")
        if not isinstance(timeout, (int, float)) or not 0 < timeout < math.inf:
            raise InputError(f"backend option timeout must be a number of seconds above 0, not {timeout!r}")
        address = (str(host), port)
        if address not in self._connections:
            self._connections[address] = Connection(*address, timeout)
        self._connections[address].timeout = timeout
        return self._connections[address]
