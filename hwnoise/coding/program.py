"""A chip between an encoder and a read-out: to a task it looks like one that takes plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnoise.backends.base import ONE_PASS, Backend, Capabilities, Derivatives, Probe, Program, Reading
from hwnoise.coding.codec import Codec
from hwnoise.coding.encoders import Array
from hwnoise.errors import MismatchError

if TYPE_CHECKING:
    from hwnoise.network import Network
    from hwnoise.streams import Stream
    from hwnoise.substrate import Substrate

_COUNT = "coding/presented"


class CodedProgram:
    """``chip`` as it looks from outside the codec; implements ``hwnoise.backends.base.Program``.

    All passes over a sample see the same spikes. Sample after sample takes its draws from
    ``stream``, whatever the batches, and the count of samples is part of the state.

    Parameters
    ----------
    chip : Program
        With a network with time on it.
    codec : Codec
    stream : Stream
        Of the spikes.
    """

    def __init__(self, chip: Program, codec: Codec, stream: Stream) -> None:
        self.chip, self.codec, self.key = chip, codec, stream.key
        self.network: Network = chip.network
        self.capabilities: Capabilities = chip.capabilities
        self.presented = 0

    @property
    def events(self) -> dict[str, int]:
        """What the chip counted."""
        return self.chip.events

    @events.setter
    def events(self, counts: dict[str, int]) -> None:
        self.chip.events = counts

    def run(self, x: Array, probe: Probe = ONE_PASS) -> Reading:
        """Encode ``x``, run it, decode: ``Reading.output`` is (passes, samples, classes) probabilities."""
        courses = self.codec.encode(x, self.key, self.presented)
        reading = self.chip.run(courses, probe)
        self.presented += len(courses)
        output = self.codec.decode(reading.output)
        inner = reading.derivatives
        outer = (
            None if inner is None else DecodedDerivatives(inner, self.codec.scale, output, courses.shape[1])
        )
        return replace(reading, output=output, steps=courses.shape[1], derivatives=outer)

    def read_weights(self) -> dict[str, Array]:
        """See ``Program.read_weights``."""
        return self.chip.read_weights()

    def write(self, update: Mapping[str, Array]) -> None:
        """See ``Program.write``."""
        self.chip.write(update)

    def advance(self, seconds: float) -> None:
        """See ``Program.advance``."""
        self.chip.advance(seconds)

    def state(self) -> dict[str, Array]:
        """The chip's state, and how many samples it was shown."""
        return {**self.chip.state(), _COUNT: np.array(self.presented, np.uint64)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over what ``state`` returned."""
        self.chip.restore({name: values for name, values in state.items() if name != _COUNT})
        self.presented = int(state[_COUNT])

    def __getattr__(self, name: str) -> Any:
        """What this very chip has beyond the protocol: ``diagnostics``, ``correlation``, ..."""
        if name == "chip":  # not there yet: a copy is being made
            raise AttributeError(name)
        return getattr(self.chip, name)


@dataclass(frozen=True)
class DecodedDerivatives:
    """Derivatives of the probabilities, from those of spikes or membranes; see ``Derivatives``.

    Parameters
    ----------
    inner : Derivatives
        Of the (passes, samples, steps, outputs) that were decoded.
    scale : float
        The codec's.
    output : (passes, samples, outputs) float32
        The probabilities.
    steps : int
    """

    inner: Derivatives
    scale: float
    output: Array
    steps: int

    def backward(self, error: Array) -> dict[str, Array]:
        """Through the softmax, then the same share to every step."""
        score = self._softmax(error)
        shape = (*score.shape[:-1], self.steps, score.shape[-1])
        return self.inner.backward(np.broadcast_to(score[..., np.newaxis, :], shape).copy() / self.steps)

    def forward(self, direction: Mapping[str, Array]) -> Array:
        """Mean over the steps, then through the softmax."""
        return self._softmax(self.inner.forward(direction).mean(axis=-2))

    def _softmax(self, values: Array) -> Array:
        """The Jacobian of softmax(scale * score) times ``values``; it is symmetric."""
        weighted = self.output * values
        change = self.scale * (weighted - self.output * weighted.sum(axis=-1, keepdims=True))
        return np.asarray(change, np.float32)


class CodedBackend:
    """``inner``, which puts an encoder and a read-out around a network that brings its coding along.

    What a network says of itself (``Network.metadata["coding"]``) holds wherever it is put on a chip.
    """

    def __init__(self, inner: Backend) -> None:
        self.inner, self.name = inner, inner.name

    def compile(
        self,
        network: Network,
        substrate: Substrate,
        stream: Stream,
        *,
        headroom: float = 1.0,
        **options: Any,
    ) -> Program:
        """See ``Backend.compile``; spikes are drawn from the child ``coding`` of ``stream``.

        Raises
        ------
        MismatchError
            If a network names a coding and has no time.
        """
        codec = Codec.from_metadata(network.metadata)
        if codec is not None and not network.is_timed:
            raise MismatchError(f"coding {codec.name} needs a network with neurons that remember")
        chip = self.inner.compile(network, substrate, stream, headroom=headroom, **options)
        return chip if codec is None else CodedProgram(chip, codec, stream.child("coding"))
