"""What host and chip say to each other: four requests, their answers, and what is made of them.

pydantic checks a message where it arrives; the arrays that belong to it travel beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hwnoise import validation
from hwnoise.backends.base import Capabilities, Probe, Reading
from hwnoise.errors import InputError
from hwnoise.mlp import ACTIVATIONS
from hwnoise.network import Network
from hwnoise.nodes import Affine, Input, Node, Output
from hwnoise.streams import Stream
from remote_chip.wire import Array

Arrays = Mapping[str, Array]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Dense(_Message):
    """A dense layer; its numbers are the arrays ``<name>.weight`` and ``<name>.bias``."""

    name: str
    activation: Literal["identity", "relu", "tanh", "sigmoid", "softmax"]


class Place(_Message):
    """Put a network on a fresh chip, and forget the chips in ``release``."""

    do: Literal["place"] = "place"
    layers: tuple[Dense, ...] = Field(min_length=1, max_length=1000)
    substrate: dict[str, Any]
    stream: Stream
    headroom: float = 1.0
    release: tuple[int, ...] = ()


class Run(_Message):
    """Read the batch in the array ``x`` (samples, n_in)."""

    do: Literal["run"] = "run"
    chip: int
    probe: Probe


class ReadWeights(_Message):
    """Read every parameter back."""

    do: Literal["read_weights"] = "read_weights"
    chip: int


class Write(_Message):
    """Add the arrays to the parameters they are named after."""

    do: Literal["write"] = "write"
    chip: int


class Ready(_Message):
    """The chip's first words."""

    do: Literal["ready"] = "ready"


class Placed(_Message):
    """The answer to Place: a number for the chip, and what it shows."""

    do: Literal["placed"] = "placed"
    chip: int
    capabilities: Capabilities


class Done(_Message):
    """Any other answer: what this request cost, and all since the chip was placed."""

    do: Literal["done"] = "done"
    cost: dict[str, int]
    events: dict[str, int]


class Refused(_Message):
    """The request cannot be served; the sentence is for the user."""

    do: Literal["refused"] = "refused"
    kind: Literal["InputError", "MismatchError", "ConnectionLostError"]
    sentence: str


Request = Annotated[Place | Run | ReadWeights | Write, Field(discriminator="do")]
Answer = Annotated[Ready | Placed | Done | Refused, Field(discriminator="do")]
_REQUESTS: TypeAdapter[Request] = TypeAdapter(Request)
_ANSWERS: TypeAdapter[Answer] = TypeAdapter(Answer)


def as_request(message: Any) -> Request:
    """Check what arrived at the chip; InputError with the first thing that is wrong."""
    try:
        return _REQUESTS.validate_python(message)
    except ValidationError as error:
        raise validation.sentence(error, "request") from None


def as_answer(message: Any) -> Answer:
    """Check what arrived at the host; InputError with the first thing that is wrong."""
    try:
        return _ANSWERS.validate_python(message)
    except ValidationError as error:
        raise validation.sentence(error, "answer") from None


def network_arrays(network: Network) -> tuple[tuple[Dense, ...], dict[str, Array]]:
    """Describe a plain feed-forward network; MismatchError if it is anything else."""
    layers = network.dense_layers()
    arrays = {f"{d.name}.weight": d.weight for d in layers} | {f"{d.name}.bias": d.bias for d in layers}
    described = ({"name": d.name, "activation": d.activation} for d in layers)
    return tuple(map(Dense.model_validate, described)), arrays


def make_network(layers: tuple[Dense, ...], arrays: Arrays) -> Network:
    """Build the network that ``network_arrays`` described; InputError if it is none."""
    chain: list[tuple[str, Node]] = []
    for layer in layers:
        weight, bias = _take(arrays, f"{layer.name}.weight", 2), _take(arrays, f"{layer.name}.bias", 1)
        if not chain:
            chain.append(("(input)", Input((weight.shape[1],))))
        chain.append((layer.name, Affine(weight, bias)))
        if layer.activation != "identity":
            chain.append((f"({layer.name})", ACTIVATIONS[layer.activation]((len(bias),))))
    chain.append(("(output)", Output((len(bias),))))
    names = [name for name, _ in chain]
    if len(set(names)) < len(names):
        raise InputError(f"request: the names of layers must differ, not {', '.join(names)}")
    return Network(dict(chain), tuple(pairwise(names)))


def reading_arrays(reading: Reading) -> dict[str, Array]:
    """All arrays of a reading but the layer inputs, which the host computes from the nodes."""
    groups = {"nodes": reading.nodes, "noise": reading.noise, "weights": reading.weights}
    layers = {f"{group}/{name}": a for group, found in groups.items() for name, a in found.items()}
    return {"output": reading.output, "ticks": reading.ticks, **layers}


def group(arrays: Arrays, name: str) -> dict[str, Array]:
    """The arrays of one group of ``reading_arrays``, by layer."""
    return {key.removeprefix(f"{name}/"): a for key, a in arrays.items() if key.startswith(f"{name}/")}


def _take(arrays: Arrays, name: str, dimensions: int) -> Array:
    if name not in arrays or arrays[name].ndim != dimensions or arrays[name].dtype.kind != "f":
        raise InputError(f"request: the array '{name}' must be there, of floats in {dimensions} dimensions")
    return arrays[name]
