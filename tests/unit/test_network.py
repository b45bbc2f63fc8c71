"""A Network is checked when it is made, never changes, and says what it is."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from hwnoise import nodes as n
from hwnoise.errors import InputError, MismatchError
from hwnoise.network import Network
from hwnoise.streams import Stream

CHAIN = (("input", "dense"), ("dense", "output"))


def dense(n_out: int, n_in: int) -> n.Affine:
    return n.Affine(np.ones((n_out, n_in), np.float32), np.zeros(n_out, np.float32))


def lif(size: int, tau: float = 0.02) -> n.LIF:
    return n.LIF(np.full(size, tau), np.ones(size), np.zeros(size), np.ones(size))


def recurrent(middle: n.Node, **options: object) -> Network:
    """Input -> a -> middle -> output, and back from middle to itself through b."""
    nodes = {
        "input": n.Input((3,)),
        "a": dense(2, 3),
        "middle": middle,
        "b": dense(2, 2),
        "output": n.Output((2,)),
    }
    edges = (
        ("input", "a"),
        ("a", "middle"),
        ("middle", "output"),
        ("middle", "b"),
        ("b", "middle"),
    )
    return Network(nodes, edges, **options)  # type: ignore[arg-type]


def test_mlp_names_its_nodes_after_their_place():
    network = Network.mlp([64, 32, 16, 10], Stream(1), activation="tanh")
    assert network.order() == (
        "input",
        "hidden1",
        "hidden1_activation",
        "hidden2",
        "hidden2_activation",
        "readout",
        "softmax",
        "output",
    )
    assert [layer.activation for layer in network.dense_layers()] == ["tanh", "tanh", "softmax"]
    assert network.sizes == "64-32-16-10"
    assert (network.n_inputs, network.n_outputs) == (64, 10)
    assert network.n_parameters == 65 * 32 + 33 * 16 + 17 * 10


@pytest.mark.parametrize(
    ("activation", "variance"), [("relu", 2 / 400), ("tanh", 1 / 400), ("sigmoid", 1 / 400)]
)
def test_mlp_draws_the_variance_of_its_activation(activation: str, variance: float):
    weight = Network.mlp("400-400-2", Stream(3), activation).nodes["hidden1"].parameters()["weight"]
    # 160,000 uniform draws: the relative standard error of a variance is sqrt(0.8 / n), here 0.22 %
    assert weight.var() == pytest.approx(variance, rel=0.011)
    assert np.abs(weight).max() <= np.sqrt(3 * variance) * (1 + 1e-6)


def test_mlp_is_a_function_of_its_stream_and_gain_scales_it():
    one, same, other = (Network.mlp("8-6-4", Stream(seed)) for seed in (5, 5, 6))
    assert one == same
    assert one != other
    double = Network.mlp("8-6-4", Stream(5), gain=2.0)
    for name, array in one.parameters().items():
        assert np.array_equal(2 * array, double.parameters()[name])


@pytest.mark.parametrize("readout", ["identity", "sigmoid", "relu", "tanh"])
def test_mlp_takes_other_readouts(readout: str):
    assert Network.mlp("4-3", Stream(0), readout=readout).dense_layers()[-1].activation == readout


@pytest.mark.parametrize(
    "sizes",
    [
        "64-0-10",
        "abc",
        "-3",
        "64",
        "",
        "64--10",
        "64-10-",
        "6 4-10",
        "٣-٤",
        "1e3-10",
        "9" * 5000,
        [64],
        [4, 0],
        [4, 2.5],
        7,
    ],
)
def test_unusable_sizes_are_refused_in_a_sentence(sizes: object):
    with pytest.raises(InputError, match="whole numbers >= 1 joined by '-'") as caught:
        Network.mlp(sizes, Stream(0))  # type: ignore[arg-type]
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("sizes", ["50000-50000", "1-999999999999999999", [2**40, 2**40]])
def test_absurd_sizes_are_refused_before_memory_is_asked_for(sizes: object):
    with pytest.raises(InputError, match="parameters, more than 2147483648"):
        Network.mlp(sizes, Stream(0))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "gelu"}, "activation must be one of identity, relu, tanh, sigmoid, got 'gelu'"),
        ({"activation": "softmax"}, "activation must be one of"),
        ({"readout": "max"}, "readout must be one of"),
        ({"gain": 0.0}, "gain must be a finite number > 0"),
        ({"gain": float("nan")}, "gain must be a finite number > 0"),
    ],
)
def test_mlp_names_a_bad_option(options: dict[str, object], message: str):
    with pytest.raises(InputError, match=message):
        Network.mlp("4-2", Stream(0), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        ({"dense": dense(2, 4)}, CHAIN, "node 'dense': Affine takes 4 inputs, gets 3"),
        ({"dense": n.Flatten()}, CHAIN, "node 'output': Output takes 2, gets 3"),
        ({"dense": dense(2, 3)}, (("input", "dense"), ("dense", "nowhere")), "unknown node 'nowhere'"),
        ({"dense": dense(2, 3)}, (*CHAIN, CHAIN[0]), "is given twice"),
        ({"dense": dense(2, 3), "idle": dense(2, 3)}, CHAIN, "node 'idle' is not on a way"),
        (
            {"dense": dense(2, 3), "end": dense(2, 2)},
            (*CHAIN, ("dense", "end")),
            "node 'end' is not on a way",
        ),
        ({"dense": dense(2, 3), "in2": n.Input((3,))}, CHAIN, "exactly one Input node, got 2"),
        ({"dense": dense(2, 3)}, (*CHAIN, ("output", "dense")), "leaves an Output"),
        ({"dense": dense(2, 3)}, (("input", "dense"),), "is not on a way"),
        ({"dense": dense(2, 3), "a/b": dense(2, 2)}, CHAIN, "without '/'"),
        ({"dense": dense(2, 3), "": dense(2, 2)}, CHAIN, "printable text"),
        ({"dense": np.ones(3)}, CHAIN, "must be one of hwnoise.nodes, got ndarray"),
    ],
)
def test_a_bad_graph_is_refused_by_name(
    nodes: dict[str, n.Node], edges: tuple[tuple[str, str], ...], message: str
):
    with pytest.raises(InputError, match=message):
        Network({"input": n.Input((3,)), **nodes, "output": n.Output((2,))}, edges)


def test_edges_that_meet_must_carry_one_shape():
    nodes = {
        "input": n.Input((3,)),
        "a": dense(2, 3),
        "b": dense(4, 3),
        "sum": n.Relu((2,)),
        "output": n.Output((2,)),
    }
    edges = (("input", "a"), ("input", "b"), ("a", "sum"), ("b", "sum"), ("sum", "output"))
    with pytest.raises(InputError, match="'b' -> 'sum' carries 4, but 'sum' is fed 2"):
        Network(nodes, edges)


def test_a_loop_needs_memory():
    with pytest.raises(InputError, match=r"loop .* has no neuron or delay in it"):
        recurrent(n.Relu((2,)))
    with pytest.raises(InputError, match="no neuron or delay"):
        recurrent(n.Delay(np.zeros(2)))
    for memory in (lif(2), n.Delay(np.full(2, 1e-3)), n.Integrator(np.ones(2))):
        assert recurrent(memory).order().index("middle") < recurrent(memory).order().index("b")


def test_a_long_chain_needs_no_recursion():
    names = [f"r{i}" for i in range(5000)]
    nodes = {"input": n.Input((1,)), **{name: n.Relu((1,)) for name in names}, "output": n.Output((1,))}
    order = ["input", *names, "output"]
    network = Network(dict(reversed(nodes.items())), tuple(pairwise(order)))
    assert network.order() == tuple(order)


def test_a_network_cannot_be_changed():
    weight = np.ones((2, 3), np.float32)
    node = n.Linear(weight)
    weight[:] = 7
    assert node.weight.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        node.weight[0, 0] = 2
    network = Network.mlp("3-2", Stream(0))
    with pytest.raises(TypeError):
        network.nodes["new"] = node  # type: ignore[index]
    with pytest.raises(AttributeError):
        network.dt = 1.0  # type: ignore[misc]


def test_equality_goes_by_value_and_dtype_and_copies_are_equal():
    network = recurrent(lif(2), dt=1e-3, reset="zero", metadata={"bits": [8, 4]})
    assert copy.deepcopy(network) == network
    assert copy.copy(network.nodes["a"]).weight.flags.writeable is False
    assert network != recurrent(lif(2, tau=0.03), dt=1e-3, reset="zero", metadata={"bits": [8, 4]})
    assert network != recurrent(lif(2), dt=2e-3, reset="zero", metadata={"bits": [8, 4]})
    assert n.Linear(np.ones((1, 1), np.float32)) != n.Linear(np.ones((1, 1)))
    assert n.Relu((1,)) != n.Tanh((1,))


def test_parameters_are_named_ordered_and_replaceable():
    network = Network.mlp("4-3-2", Stream(2))
    assert list(network.parameters()) == ["hidden1.weight", "hidden1.bias", "readout.weight", "readout.bias"]
    changed = network.with_parameters({"readout.bias": np.array([1.0, 2.0])})
    assert changed.parameters()["readout.bias"].dtype == np.float32
    assert changed.parameters()["readout.bias"].tolist() == [1, 2]
    assert changed.parameters()["hidden1.weight"] is network.parameters()["hidden1.weight"]
    assert network.parameters()["readout.bias"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("readout.bias", np.ones(3), r"'readout.bias' must have shape \(2,\), got \(3,\)"),
        ("readout.tau", np.ones(2), "no parameter 'readout.tau'"),
        ("other.bias", np.ones(2), "no parameter 'other.bias'"),
        ("readout.bias", np.array([1, np.nan]), "Affine.bias must be finite float32 numbers, got nan"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(name: str, value: np.ndarray, message: str):
    with pytest.raises(InputError, match=message):
        Network.mlp("4-2", Stream(2)).with_parameters({name: value})


def test_dense_layers_allow_flatten_and_linear():
    nodes = {
        "input": n.Input((2, 2)),
        "flat": n.Flatten(),
        "a": n.Linear(np.ones((3, 4))),
        "b": dense(2, 3),
        "act": n.Sigmoid((2,)),
        "output": n.Output((2,)),
    }
    network = Network(nodes, tuple(pairwise(nodes)))
    first, last = network.dense_layers()
    assert (first.activation, last.activation) == ("identity", "sigmoid")
    assert first.bias.tolist() == [0, 0, 0]
    assert first.bias.dtype == np.float64
    assert network.n_inputs == 4
    biased = network.with_parameters({"a.bias": np.ones(3)})
    assert isinstance(biased.nodes["a"], n.Affine)


def test_what_is_no_dense_chain_is_refused_by_name():
    with pytest.raises(MismatchError, match="node 'middle' branches"):
        recurrent(lif(2)).dense_layers()
    nodes = {"input": n.Input((3,)), "dense": dense(2, 3), "lif": lif(2), "output": n.Output((2,))}
    spiking = Network(nodes, (CHAIN[0], ("dense", "lif"), ("lif", "output")))
    with pytest.raises(MismatchError, match=r"node 'lif' \(LIF\) does not fit"):
        spiking.dense_layers()


def test_a_softmax_inside_is_no_dense_chain():
    nodes = {
        "input": n.Input((3,)),
        "a": dense(2, 3),
        "s": n.Softmax((2,)),
        "b": dense(2, 2),
        "output": n.Output((2,)),
    }
    network = Network(nodes, tuple(pairwise(nodes)))
    with pytest.raises(MismatchError, match="a softmax only at its end"):
        network.dense_layers()


def test_a_spiking_network_says_what_it_leaves_open():
    assert [sentence.split(",")[0] for sentence in recurrent(lif(2)).assumptions] == [
        "the network does not state dt",
        "the network does not state reset",
    ]
    assert recurrent(lif(2), dt=1e-3, reset="subtract").assumptions == ()
    assert Network.mlp("4-2", Stream(0)).assumptions == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dt": 0.0}, "dt must be a finite number of seconds > 0, got 0.0"),
        ({"dt": float("inf")}, "dt must be"),
        ({"dt": "1 ms"}, "dt must be"),
        ({"dt": True}, "dt must be"),
        ({"reset": "half"}, "reset must be one of zero, subtract, none, got 'half'"),
        ({"metadata": {"a": np.ones(2)}}, "metadata must hold JSON values"),
        ({"metadata": {"a": float("nan")}}, "metadata must hold JSON values"),
    ],
)
def test_timing_and_metadata_are_checked(options: dict[str, object], message: str):
    with pytest.raises(InputError, match=message):
        recurrent(lif(2), **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: n.Affine(np.ones((2, 3)), np.ones(3)), r"Affine.bias must have shape \(2,\), got \(3,\)"),
        (lambda: n.Linear(np.ones(3)), r"Linear.weight must have 2 dimensions, got shape \(3,\)"),
        (lambda: n.Linear(np.full((1, 1), np.inf)), "Linear.weight must be finite float64 numbers, got inf"),
        (lambda: n.Linear([[1e300]]), "Linear.weight must be finite float32 numbers, got 1e[+]300"),  # type: ignore[arg-type]
        (lambda: n.Linear([["a"]]), "Linear.weight must be a non-empty array of real numbers"),  # type: ignore[arg-type]
        (lambda: n.Linear([[1], [1, 2]]), "Linear.weight must be a rectangular array"),  # type: ignore[arg-type]
        (lambda: n.Linear(np.ones((0, 3))), "non-empty"),
        (lambda: lif(2, tau=0.0), "LIF.tau must be > 0 s, got 0.0"),
        (lambda: n.LI(np.ones(2), np.ones(3), np.ones(2)), r"LI: all parameters must have one shape"),
        (lambda: n.Delay(np.array([-1.0])), "Delay.delay must be >= 0 s"),
        (lambda: n.Input((0,)), "Input.shape must be whole numbers >= 1"),
        (lambda: n.Relu((2.5,)), "Relu.shape must be whole numbers >= 1"),  # type: ignore[arg-type]
        (lambda: n.SumPool2d((2, 2), 0), "SumPool2d.stride must be 2 whole numbers >= 1"),  # type: ignore[arg-type]
        (lambda: n.Conv1d(np.ones((4, 2, 3)), np.ones(4), groups=3), "groups = 3 does not divide 4"),
        (lambda: n.Conv1d(np.ones((4, 2, 3)), np.ones(4), padding="round"), "'same' or 'valid', got 'round'"),
        (lambda: n.Conv1d(np.ones((4, 2, 3)), np.ones(4), stride=2, padding="same"), "'same' needs stride 1"),
    ],
)
def test_a_bad_node_names_its_field(make: object, message: str):
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]


def test_one_number_stands_for_every_neuron():
    node = n.CubaLIF(0.005, 0.02, np.ones(4), 0, np.float32(1))  # type: ignore[arg-type]
    assert node.tau_mem.shape == node.v_reset.shape == node.w_in.shape == (4,)
    assert node.w_in.tolist() == [1] * 4
    assert node.tau_syn.dtype == np.float32


@pytest.mark.parametrize(
    ("node", "shape", "expected"),
    [
        (n.Conv2d(np.ones((16, 2, 5, 5)), np.ones(16), stride=2, padding=1), (2, 34, 34), (16, 16, 16)),  # type: ignore[arg-type]
        (n.Conv2d(np.ones((4, 1, 3, 5)), np.ones(4), groups=2, padding="same"), (2, 7, 9), (4, 7, 9)),
        (n.Conv1d(np.ones((3, 2, 4)), np.ones(3), dilation=2, padding="valid"), (2, 10), (3, 4)),
        (n.SumPool2d((2, 2), (2, 2)), (8, 9, 9), (8, 4, 4)),
        (n.AvgPool2d((3, 3), (1, 1), (1, 1)), (8, 9, 9), (8, 9, 9)),
        (n.Flatten(), (8, 4, 4), (128,)),
        (n.Flatten(start_dim=1), (8, 4, 4), (8, 16)),
    ],
)
def test_shapes_follow_from_the_graph(node: n.Node, shape: n.Shape, expected: n.Shape):
    assert node.output_shape(shape) == expected


@pytest.mark.parametrize(
    ("node", "shape", "message"),
    [
        (n.Conv2d(np.ones((1, 2, 3, 3)), np.ones(1)), (3, 9, 9), "takes 2 channels x 2 axes, gets 3x9x9"),
        (
            n.Conv2d(np.ones((1, 2, 3, 3)), np.ones(1)),
            (2, 2, 9),
            "a window of 3x3, larger than its input 2x9",
        ),
        (n.SumPool2d((2, 2), (2, 2)), (9, 9), "takes"),
        (n.Flatten(start_dim=2), (4, 4), "joins axes 2 to -1, gets 4x4"),
        (dense(2, 4), (2, 2), r"takes 4 inputs, gets 2x2 \(put a Flatten before it\)"),
    ],
)
def test_a_node_says_what_it_takes(node: n.Node, shape: n.Shape, message: str):
    with pytest.raises(InputError, match=message):
        node.output_shape(shape)


def test_describe_is_a_table():
    assert Network.mlp("64-32-10", Stream(7)).describe() == (
        "name                kind     shape  parameters\n"
        "input               Input    64\n"
        "hidden1             Affine   32          2,080\n"
        "hidden1_activation  Relu     32\n"
        "readout             Affine   10            330\n"
        "softmax             Softmax  10\n"
        "output              Output   10\n"
        "total                                    2,410"
    )
    assert repr(dense(2, 30)) == "Affine(weight=float32[2, 30], bias=[0.0, 0.0])"


def test_importing_the_network_is_light():
    code = (
        "import sys, hwnoise.network, hwnoise.nir_io; "
        "heavy = {'numba', 'h5py', 'nir', 'torch', 'scipy', 'sklearn', 'pydantic'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
