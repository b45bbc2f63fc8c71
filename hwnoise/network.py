"""Network: an immutable graph of named nodes, the thing that is put on a chip."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from hwnoise.assumptions import assumptions_of
from hwnoise.cnn import draw_cnn
from hwnoise.dense_layers import DenseLayer as DenseLayer
from hwnoise.dense_layers import dense_chain
from hwnoise.graph import Edge, check_graph, feed_forward_order, infer_shapes
from hwnoise.metadata import checked_dt, checked_reset, json_values
from hwnoise.mlp import draw_mlp, parse_sizes
from hwnoise.nodes import Array, Delay, Input, Neuron, Node, Output, Shape, shape_text
from hwnoise.parameters import parameters_of, with_parameters
from hwnoise.spiking_mlp import draw_spiking_mlp
from hwnoise.streams import Stream


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Network:
    """An immutable, checked graph of named nodes.

    A node that several edges enter receives their sum. Loops are allowed through neurons and
    delays. Two networks are equal when nodes (values and dtypes), edges, dt, reset and metadata are.

    Parameters
    ----------
    nodes : mapping of str to Node
        One Input, one Output, and what lies between; kept in feed-forward order.
    edges : tuple of (str, str)
        From, to.
    dt : float, optional
        Time step of a spiking network [s], > 0; None: not stated.
    reset : str, optional
        What a spike does to the membrane: ``"zero"`` (go to v_reset), ``"subtract"``
        (v_threshold - v_reset is taken off) or ``"none"``; None: not stated.
    metadata : mapping
        Whatever else should travel along (bit widths, names of classes): JSON values.

    Raises
    ------
    InputError
        If anything of this does not hold; the sentence names the node or edge.

    Examples
    --------
    >>> network = Network.mlp("64-32-10", Stream(7))
    >>> network.sizes, network.n_parameters
    ('64-32-10', 2410)
    >>> [(layer.name, layer.activation) for layer in network.dense_layers()]
    [('hidden1', 'relu'), ('readout', 'softmax')]
    """

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    dt: float | None = None
    reset: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    input_shapes: Mapping[str, Shape] = field(init=False)
    output_shapes: Mapping[str, Shape] = field(init=False)

    __hash__ = None  # type: ignore[assignment]  # equality goes by array values

    def __post_init__(self) -> None:
        edges = tuple((a, b) for a, b in self.edges)
        check_graph(self.nodes, edges)
        nodes = {name: self.nodes[name] for name in feed_forward_order(self.nodes, edges)}
        takes, gives = infer_shapes(nodes, edges)
        _set(self, "nodes", MappingProxyType(nodes))
        _set(self, "edges", edges)
        _set(self, "input_shapes", MappingProxyType(takes))
        _set(self, "output_shapes", MappingProxyType(gives))
        _set(self, "dt", checked_dt(self.dt))
        _set(self, "reset", checked_reset(self.reset))
        _set(self, "metadata", MappingProxyType(json_values(self.metadata)))

    @classmethod
    def mlp(
        cls,
        sizes: str | Sequence[int],
        stream: Stream,
        activation: str = "relu",
        readout: str = "softmax",
        gain: float = 1.0,
    ) -> Network:
        """Return a perceptron with random weights and zero biases.

        Its dense nodes are ``hidden1``, ``hidden2``, ... and ``readout``; an activation is named
        after its layer (``hidden1_activation``), a softmax simply ``softmax``.

        Parameters
        ----------
        sizes : str or sequence of int
            Layer sizes, input first, such as ``"64-64-10"``.
        stream : Stream
            Weights are drawn from its child ``weights``.
        activation : str
            Of the hidden layers: ``"relu"``, ``"tanh"``, ``"sigmoid"`` or ``"identity"``.
        readout : str
            Of the last layer: one of these or ``"softmax"``.
        gain : float
            Factor on the standard deviation of the weights, > 0. At 1 it is sqrt(2 / n_in) before
            a relu and sqrt(1 / n_in) elsewhere; see :func:`hwnoise.mlp.draw_mlp`.

        Raises
        ------
        InputError
            For unusable sizes, an unknown activation or a gain that is not positive.
        """
        generator = stream.child("weights").generator()
        return cls(*draw_mlp(parse_sizes(sizes), generator, activation, readout, gain))

    @classmethod
    def cnn(cls, sizes: str, stream: Stream, gain: float = 1.0) -> Network:
        """Return a convolutional network with random weights and zero biases.

        Its nodes are ``conv1``, ``pool1``, ..., ``flatten``, ``hidden1``, ... and ``readout``; behind
        filters and hidden layers comes a relu (``conv1_activation``), at the end a softmax.

        Parameters
        ----------
        sizes : str
            The image (channels x height x width), then what it meets: ``c8k5`` 8 filters of 5 x 5
            (``c8k5s2``: at every second place), ``p2`` means over 2 x 2, ``64`` a dense layer, of
            which the last is the read-out: ``"1x28x28-c8k5-p2-10"``.
        stream : Stream
            Weights are drawn from its child ``weights``.
        gain : float
            Factor on the standard deviation of the weights, > 0. At 1 it is sqrt(2 / n_in), with
            n_in the numbers in a patch, and sqrt(1 / n_in) before the softmax.

        Raises
        ------
        InputError
            For sizes of another form or that do not fit, or a gain that is not positive.

        Examples
        --------
        >>> network = Network.cnn("1x28x28-c8k5-p2-10", Stream(7))
        >>> network.sizes, network.n_parameters
        ('1x28x28-8x24x24-10', 11738)
        """
        return cls(*draw_cnn(sizes, stream.child("weights").generator(), gain))

    @classmethod
    def spiking(
        cls,
        sizes: str | Sequence[int],
        stream: Stream,
        *,
        tau: float = 1e-2,
        dt: float = 1e-3,
        gain: float = 1.0,
        readout: str = "li",
    ) -> Network:
        """Return a perceptron of LIF neurons with random weights, zero biases and thresholds of 1.

        Its dense nodes are ``hidden1``, ``hidden2``, ... and ``readout``; neurons are named after their
        layer (``hidden1_neurons``). A step adds the whole input to the membrane (r = tau/dt), and a
        spike sends it back to 0.

        Parameters
        ----------
        sizes : str or sequence of int
            Layer sizes, input first, such as ``"784-128-10"``.
        stream : Stream
            Weights are drawn from its child ``weights``.
        tau : float
            Time constant of all membranes [s], >= dt.
        dt : float
            Time step [s], > 0.
        gain : float
            Factor on the standard deviation of the weights, > 0. At 1 it is sqrt(2 / n_in), and
            sqrt(1 / n_in) before the read-out.
        readout : str
            ``"li"``: the outputs are membranes of leaky integrators; ``"lif"``: they are spikes.

        Raises
        ------
        InputError
            For unusable sizes or numbers out of these ranges.

        Examples
        --------
        >>> network = Network.spiking("784-128-10", Stream(7))
        >>> network.is_timed, network.dt, network.reset
        (True, 0.001, 'zero')
        """
        generator = stream.child("weights").generator()
        nodes, edges = draw_spiking_mlp(parse_sizes(sizes), generator, tau, dt, gain, readout)
        return cls(nodes, edges, dt=dt, reset="zero", metadata={"convention": "nir"})

    def order(self) -> tuple[str, ...]:
        """Names of the nodes, from input to output, each after the nodes that feed it."""
        return tuple(self.nodes)

    @property
    def n_inputs(self) -> int:
        """Numbers in one input sample."""
        return next(math.prod(n.shape) for n in self.nodes.values() if isinstance(n, Input))

    @property
    def n_outputs(self) -> int:
        """Numbers in one output sample."""
        return next(math.prod(n.shape) for n in self.nodes.values() if isinstance(n, Output))

    @property
    def n_parameters(self) -> int:
        """Number of trainable numbers: weights and biases."""
        return sum(array.size for array in self.parameters().values())

    @property
    def sizes(self) -> str:
        """Sizes of input and weighted layers, such as ``"64-64-10"`` or ``"2x34x34-16x34x34-10"``."""
        shown = (n for n, node in self.nodes.items() if isinstance(node, Input) or node.parameters())
        return "-".join(shape_text(self.output_shapes[name]) for name in shown)

    @property
    def is_timed(self) -> bool:
        """Whether any node remembers, so that inputs are sequences of steps."""
        return any(isinstance(node, (Delay, Neuron)) for node in self.nodes.values())

    @property
    def is_spiking(self) -> bool:
        """Whether any node sends spikes."""
        return any(node.is_spiking for node in self.nodes.values())

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the network leaves open, or was filled in for it when it was read, a sentence each."""
        return tuple(assumptions_of(self))

    def parameters(self) -> dict[str, Array]:
        """Return weights and biases as ``"<node>.weight"`` and ``"<node>.bias"``, in order; read-only."""
        return parameters_of(self.nodes)

    def with_parameters(self, values: Mapping[str, Array]) -> Network:
        """Return this network with some parameters replaced; they keep their dtype.

        A Linear node that is given a bias becomes an Affine node.

        Raises
        ------
        InputError
            For an unknown name, another shape, or numbers that are not finite.
        """
        return replace(self, nodes=with_parameters(self.nodes, values))

    def dense_layers(self) -> tuple[DenseLayer, ...]:
        """Return the layers of a plain feed-forward network, input side first.

        A Flatten before the first layer is allowed: a sample is then a flat row.

        Raises
        ------
        MismatchError
            If the graph is anything else; the sentence names the node that is in the way.
        """
        return dense_chain(self.nodes, self.edges)

    def describe(self) -> str:
        """Return a table of the nodes: name, kind, shape, parameters; and their total."""
        rows = [("name", "kind", "shape", "parameters")]
        for name, node in self.nodes.items():
            count = sum(a.size for a in node.parameters().values())
            shape = shape_text(self.output_shapes[name])
            rows.append((name, node.kind, shape, f"{count:,}" if count else ""))
        rows.append(("total", "", "", f"{self.n_parameters:,}"))
        a, b, c, d = (max(map(len, column)) for column in zip(*rows, strict=True))
        return "\n".join(f"{n:<{a}}  {k:<{b}}  {s:<{c}}  {p:>{d}}".rstrip() for n, k, s, p in rows)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Network) else NotImplemented

    def __repr__(self) -> str:
        return f"<Network {self.sizes}: {', '.join(self.nodes)}>"

    def __reduce__(self) -> tuple[Callable[..., Network], tuple[Any, ...]]:
        """Rebuild through the constructor in another process."""
        return Network, self._key()

    def _key(self) -> tuple[dict[str, Node], tuple[Edge, ...], float | None, str | None, dict[str, Any]]:
        return dict(self.nodes), self.edges, self.dt, self.reset, dict(self.metadata)


def _set(network: Network, name: str, value: object) -> None:
    object.__setattr__(network, name, value)
