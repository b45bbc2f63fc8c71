"""NIR files: ours come back bit for bit, those of others are read, bad ones get one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from hwnoise import nir_hdf5, nir_io
from hwnoise import nodes as n
from hwnoise.errors import InputError
from hwnoise.network import Network
from hwnoise.nir_tree import from_tree, to_tree
from hwnoise.streams import Stream


def chain(*middle: n.Node, shape: n.Shape = (2,), **options: object) -> Network:
    """Input -> n0 -> n1 ... -> output."""
    out = shape
    for node in middle:
        out = node.output_shape(out)
    nodes = {
        "input": n.Input(shape),
        **{f"n{i}": node for i, node in enumerate(middle)},
        "output": n.Output(out),
    }
    return Network(nodes, tuple(pairwise(nodes)), **options)  # type: ignore[arg-type]


def neurons() -> list[n.Node]:
    a, b, c, d, e = (np.array([0.1 * k, 0.3 * k]) for k in range(1, 6))
    return [
        n.Scale(a),
        n.Delay(b),
        n.Threshold(c),
        n.Integrator(a),
        n.IF(a, b, c),
        n.LI(a, b, c),
        n.LIF(a, b.astype(np.float32), c, d, e),
        n.CubaLI(a, b, c, d, e),
        n.CubaLIF(a, b, c, d, e, a, b),
    ]


def images() -> Network:
    weight = np.arange(2 * 1 * 3 * 3, dtype=np.float32).reshape(2, 1, 3, 3)
    return chain(
        n.Conv2d(weight, np.ones(2, np.float32), stride=(2, 1), padding=(1, 1)),
        n.SumPool2d((2, 2), (2, 2)),
        n.AvgPool2d((1, 2), (1, 1)),
        n.Flatten(start_dim=1),
        n.Conv1d(np.ones((3, 2, 2)), np.ones(3), padding="same"),
        n.Flatten(),
        shape=(1, 8, 8),
    )


def written(network: Network, folder: Path) -> Path:
    nir_io.write(folder / "x.nir", network)
    return folder / "x.nir"


def foreign(network: Network, folder: Path) -> Path:
    """The same network as any other tool would write it."""
    nir.write(folder / "foreign.nir", nir_io.to_nir(network))
    return folder / "foreign.nir"


@pytest.mark.parametrize("node", neurons(), ids=lambda node: node.kind)
def test_every_neuron_comes_back(node: n.Node, tmp_path: Path):
    network = chain(node, dt=1e-3, reset="subtract", metadata={"bits": 8, "classes": ["a", None]})
    assert nir_io.read(written(network, tmp_path)) == network


def test_a_convolutional_network_comes_back(tmp_path: Path):
    assert nir_io.read(written(images(), tmp_path)) == images()


def test_activations_come_back(tmp_path: Path):
    network = chain(n.Relu((2,)), n.Tanh((2,)), n.Sigmoid((2,)), n.Softmax((2,)))
    back = nir_io.read(written(network, tmp_path))
    assert back == network
    assert back.order() == network.order()


def test_the_same_network_gives_the_same_bytes(tmp_path: Path):
    network = Network.mlp("8-6-4", Stream(1))
    first = written(network, tmp_path).read_bytes()
    assert written(network, tmp_path).read_bytes() == first
    assert h5py.get_config().track_order is False


@pytest.mark.parametrize("optimized", [(), ("-O",)], ids=["asserts", "no asserts"])
def test_a_foreign_reader_rejects_an_activation_by_name(optimized: tuple[str, ...], tmp_path: Path):
    path = written(Network.mlp("4-3-2", Stream(0)), tmp_path)
    code = f"import nir; nir.read({str(path)!r})"
    done = subprocess.run(
        [sys.executable, *optimized, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "needs hwnoise for hwnoise.Relu, hwnoise.Softmax" in done.stderr.splitlines()[-1]


def test_a_foreign_reader_that_skips_unknown_fields_still_meets_an_unknown_type():
    tree = to_tree(Network.mlp("4-3-2", Stream(0)))
    with pytest.raises((AssertionError, KeyError)):
        nir.dict2NIRNode(tree["nodes"]["hidden1_activation"])


def test_a_spiking_network_is_plain_nir_for_others(tmp_path: Path):
    network = chain(n.Affine(np.ones((2, 2)), np.ones(2)), *neurons()[4:], dt=1e-3, reset="zero")
    graph = nir.read(written(network, tmp_path))
    assert {name: type(node).__name__ for name, node in graph.nodes.items()} == {
        name: node.kind for name, node in network.nodes.items()
    }
    lif, ours = graph.nodes["n3"], network.nodes["n3"]
    for name in ("tau", "r", "v_leak", "v_threshold", "v_reset"):
        theirs = getattr(lif, name)
        assert theirs.dtype == getattr(ours, name).dtype
        assert np.array_equal(theirs, getattr(ours, name))
    assert graph.metadata["hwnoise"]["dt"] == 1e-3
    assert nir_io.from_nir(graph) == network


def test_a_file_of_others_is_read_and_says_what_it_leaves_open(tmp_path: Path):
    graph = nir.NIRGraph(
        {
            "input": nir.Input(np.array([2])),
            "lif": nir.LIF(np.full(2, 0.02), np.ones(2), np.zeros(2), np.ones(2)),
            "output": nir.Output(np.array([2])),
        },
        [("input", "lif"), ("lif", "output")],
    )
    nir.write(tmp_path / "other.nir", graph)
    network = nir_io.read(tmp_path / "other.nir")
    assert len(network.assumptions) == 3
    told = nir_io.read(tmp_path / "other.nir", dt=1e-4, reset="zero", convention="norse")
    assert told.assumptions == ()
    assert network.nodes["lif"] == n.LIF(np.full(2, 0.02), np.ones(2), np.zeros(2), np.ones(2), np.zeros(2))


def test_what_the_caller_states_stands_over_the_file(tmp_path: Path):
    path = written(chain(neurons()[4], dt=1e-3, reset="zero"), tmp_path)
    assert nir_io.read(path, dt=2e-3).dt == 2e-3
    assert nir_io.read(path, dt=2e-3).reset == "zero"
    with pytest.raises(InputError, match=r"x\.nir: reset must be one of"):
        nir_io.read(path, reset="never")


def test_nested_graphs_are_unfolded():
    inner = to_tree(chain(n.Scale(np.ones(2)), neurons()[4]))
    inner["edges"].append(("n1", "n0"))  # a recurrent sub-graph, as snnTorch exports them
    nodes = {
        "input": {"type": "Input", "shape": [2]},
        "cell": inner,
        "output": {"type": "Output", "shape": [2]},
    }
    tree = {"type": "NIRGraph", "nodes": nodes, "edges": [("input", "cell"), ("cell", "output")]}
    network = from_tree(tree)
    assert network.order() == ("input", "cell.n0", "cell.n1", "output")
    assert set(network.edges) == {
        ("input", "cell.n0"),
        ("cell.n0", "cell.n1"),
        ("cell.n1", "cell.n0"),
        ("cell.n1", "output"),
    }


def test_a_nested_graph_with_two_inputs_is_refused():
    inner = to_tree(chain(n.Scale(np.ones(2))))
    inner["nodes"]["more"] = {"type": "Input", "shape": [2]}
    tree = {"type": "NIRGraph", "nodes": {"cell": inner}, "edges": [("input", "cell")]}
    with pytest.raises(InputError, match="nested graph 'cell' needs exactly one Input node, got 2"):
        from_tree(tree)


def test_to_nir_refuses_what_nir_cannot_say():
    with pytest.raises(InputError, match=r"NIR has no primitive for hwnoise\.Relu, hwnoise\.Softmax"):
        nir_io.to_nir(Network.mlp("4-3-2", Stream(0)))


def edited(change: str, value: object) -> dict[str, object]:
    """The tree of a LIF and a Conv with one entry changed; ``change`` is its path."""
    network = chain(n.Conv1d(np.ones((2, 1, 3)), np.ones(2)), n.Flatten(), shape=(1, 4), dt=1e-3)
    tree = to_tree(network)
    *path, last = change.split("/")
    place = tree
    for key in path:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return tree


@pytest.mark.parametrize(
    ("change", "value", "message"),
    [
        ("nodes", None, "without nodes"),
        ("nodes", 3, "without nodes"),
        ("edges", None, "edges are not pairs"),
        ("edges", [], "edges are not pairs"),
        ("edges", [("a", 3)], "edges are not pairs"),
        ("edges", [("input", "ghost")], "unknown node 'ghost'"),
        ("nodes/n0", 3, "node 'n0' has no type"),
        ("nodes/n0/type", None, "node 'n0' has no type"),
        ("nodes/n0/type", "Lorenz", "node 'n0' has the type 'Lorenz', which hwnoise does not know"),
        ("nodes/n0/weight", None, "lacks the field 'weight'"),
        ("nodes/n0/weight", {"a": 1}, r"node 'n0': Conv1d\.weight must be a non-empty array"),
        ("nodes/n0/refractory", 2, "has an unknown field 'refractory'"),
        ("nodes/n0/stride", np.ones(3, int), r"node 'n0': Conv1d\.stride must be 1 whole number >= 1"),
        ("nodes/n0/input_shape", 9, r"node 'n0' states input_shape 9, but is fed \(4,\)"),
        ("nodes/n1/input_type", np.array([4, 1]), "states input_type"),
        ("nodes/input/shape", "wide", "Input.shape must be whole numbers"),
        ("metadata/hwnoise/dt", "soon", "dt must be"),
        ("metadata/hwnoise/dt", np.ones(3), "dt must be"),
        ("metadata/hwnoise/reset", np.ones(3), "reset must be one of"),
        ("metadata/hwnoise/json", "{", "is not a JSON object"),
        ("metadata/hwnoise/json", 3, "is not a JSON object"),
        ("metadata/hwnoise/format", 2, "is not of format 1"),
        ("metadata/hwnoise/format", np.ones(3), "is not of format 1"),
        ("metadata/hwnoise", 3, "is not of format 1"),
    ],
)
def test_a_tree_that_is_no_network_is_refused_in_a_sentence(change: str, value: object, message: str):
    with pytest.raises(InputError, match=message) as caught:
        from_tree(edited(change, value))
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_noise_are_refused(tmp_path: Path, rng: np.random.Generator):
    (tmp_path / "noise.nir").write_bytes(rng.bytes(4096))
    (tmp_path / "empty.nir").write_bytes(b"")
    (tmp_path / "head.nir").write_bytes(b"\x89HDF\r\n\x1a\n" + rng.bytes(4096))
    for name, message in {
        "none.nir": "no such file",
        ".": "not a file",
        "noise.nir": "not a NIR file",
        "empty.nir": "not a NIR file",
        "head.nir": "not a readable NIR file",
    }.items():
        with pytest.raises(InputError, match=message) as caught:
            nir_io.read(tmp_path / name)
        assert str(tmp_path) in str(caught.value)


def test_a_device_is_no_file():
    with pytest.raises(InputError, match="not a file"):
        nir_io.read(os.devnull)


def test_a_file_that_claims_too_much_is_refused_before_memory_is_asked_for(tmp_path: Path):
    with h5py.File(tmp_path / "huge.nir", "w") as file:
        file.create_dataset("node/weight", shape=(2**40,), dtype="f4", chunks=(2**16,))
    with pytest.raises(InputError, match="claims more numbers than the file can hold"):
        nir_io.read(tmp_path / "huge.nir")


def test_groups_that_contain_themselves_do_not_loop(tmp_path: Path):
    with h5py.File(tmp_path / "loop.nir", "w") as file:
        node = file.create_group("node")
        node["again"] = node
    with pytest.raises(InputError, match="nest more than 16 deep"):
        nir_io.read(tmp_path / "loop.nir")


def test_a_file_on_which_hdf5_crashes_costs_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    path = foreign(chain(neurons()[4]), tmp_path)

    def crashed(*command: object, **options: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, -11, b"", b"")

    def busy(*command: object, **options: object) -> subprocess.CompletedProcess[bytes]:
        raise subprocess.TimeoutExpired("python", 30)

    monkeypatch.setattr(nir_hdf5.subprocess, "run", crashed)
    with pytest.raises(InputError, match="HDF5 broke off with status -11"):
        nir_io.read(path)
    monkeypatch.setattr(nir_hdf5.subprocess, "run", busy)
    with pytest.raises(InputError, match="still busy after 30 s"):
        nir_io.read(path)


def test_writing_replaces_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    one, two = Network.mlp("4-2", Stream(1)), Network.mlp("4-2", Stream(2))
    path = written(one, tmp_path)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="no space left on device"):
        nir_io.write(path, two)
    assert nir_io.read(path) == one
    assert [file.name for file in tmp_path.iterdir()] == ["x.nir"]


def test_writing_into_a_missing_folder_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="cannot write"):
        nir_io.write(tmp_path / "none" / "x.nir", Network.mlp("4-2", Stream(1)))
