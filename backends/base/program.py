"""One chip instance with a network on it, and what makes one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from hwnoise.backends.base.capabilities import Capabilities
from hwnoise.backends.base.probe import Probe
from hwnoise.backends.base.reading import Array, Reading

if TYPE_CHECKING:
    from hwnoise.network import Network
    from hwnoise.streams import Stream
    from hwnoise.substrate import Substrate


@runtime_checkable
class Program(Protocol):
    """One chip instance with a network on it. Learners know this and nothing behind it.

    Parameters are named ``"<layer>.weight"`` (n_out, n_in) and ``"<layer>.bias"`` (n_out,).
    ``write`` adds an update to them; devices are programmed as the substrate says.
    A minimal chip implements ``run``, ``read_weights`` and ``write``; ``capabilities.checkpoint``
    says whether ``state`` / ``restore`` exist.
    """

    network: Network
    capabilities: Capabilities
    events: dict[str, int]

    def run(self, x: Array, probe: Probe = ...) -> Reading:
        """Read the batch ``x`` (samples, n_in) as ``probe`` says; every row is one tick.

        A network with time takes (samples, steps, n_in); every step of a sample is one tick.
        """

    def read_weights(self) -> dict[str, Array]:
        """Read every parameter back through the converters: noisy and counted."""

    def write(self, update: Mapping[str, Array]) -> None:
        """Add ``update`` to the named parameters; what is below a device step accumulates."""

    def advance(self, seconds: float) -> None:
        """Let time pass without reading."""

    def state(self) -> dict[str, Array]:
        """Everything needed to go on bit for bit, as named arrays."""

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""


class Backend(Protocol):
    """Turns a network and a substrate into a Program."""

    name: str

    def compile(
        self,
        network: Network,
        substrate: Substrate,
        stream: Stream,
        *,
        headroom: float = 1.0,
        **options: Any,
    ) -> Program:
        """Put ``network`` on a fresh chip of the kind ``substrate``, drawn from ``stream``.

        ``headroom`` is the range of the devices over the largest weight, >= 1.
        """
