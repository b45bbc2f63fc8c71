"""What is installed is what the folders hold, what is imported is declared, every pin can be installed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from source_tree import PACKAGE_FOLDERS, ROOT, imports, module_name, python_files

import hwnoise
from hwnoise import toml

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
# Distributions whose import name differs.
DISTRIBUTION = {
    "sklearn": "scikit-learn",
    "vl_convert": "vl-convert-python",
    "tomli_w": "tomli-w",
    "lava": "lava-nc",
}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return toml.read(ROOT / "pyproject.toml")


@pytest.fixture(scope="module")
def declared(project: dict[str, Any]) -> list[Requirement]:
    table = project["project"]
    extras = [line for lines in table["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in table["dependencies"] + extras]


@pytest.fixture(scope="module")
def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def applies(requirement: Requirement, python: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"python_version": python})


def test_every_package_is_installed(project: dict[str, Any]) -> None:
    folders = {module_name(p) for p in python_files(*PACKAGE_FOLDERS) if p.name == "__init__.py"}
    assert folders == set(project["tool"]["setuptools"]["packages"])


def test_every_module_is_in_a_package() -> None:
    loose = [path for path in python_files(*PACKAGE_FOLDERS) if not (path.parent / "__init__.py").exists()]
    assert not loose, f"no __init__.py beside {loose}"


def test_every_data_file_is_installed(project: dict[str, Any]) -> None:
    settings = project["tool"]["setuptools"]
    homes = {"hwnoise.backends": "backends", "hwnoise.kernels": "kernels"}
    shipped = {
        path
        for package, patterns in settings["package-data"].items()
        for pattern in patterns
        for path in (ROOT / homes.get(package, package.replace(".", "/"))).glob(pattern)
    }
    present = {path for folder in PACKAGE_FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()}
    data = {path for path in present if path.suffix != ".py" and "__pycache__" not in path.parts}
    assert data == shipped


def test_every_import_is_declared(declared: list[Requirement]) -> None:
    names = {requirement.name for requirement in declared}
    for path in python_files(*PACKAGE_FOLDERS):
        for target in imports(ast.parse(path.read_text(encoding="utf-8"))):
            top = target.partition(".")[0]
            known = top in sys.stdlib_module_names or top in ("hwnoise", "tomllib")
            assert known or DISTRIBUTION.get(top, top) in names, (
                f"{path.name} imports {top}, which is not declared"
            )


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_pinned_within_its_bounds(
    python: str, declared: list[Requirement], pins: list[Requirement]
) -> None:
    versions = {pin.name: next(iter(pin.specifier)).version for pin in pins if applies(pin, python)}
    for requirement in declared:
        if applies(requirement, python):
            pin = versions.get(requirement.name, "nothing")
            assert pin != "nothing", f"{requirement.name} has no pin on Python {python}"
            assert requirement.specifier.contains(pin), f"{requirement} against the pin {pin}"


def test_a_pin_is_a_name_and_a_version(pins: list[Requirement]) -> None:
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) and pin.url is None for pin in pins)


@pytest.mark.parametrize("python", PYTHONS)
def test_nothing_is_pinned_twice(python: str, pins: list[Requirement]) -> None:
    names = [pin.name for pin in pins if applies(pin, python)]
    assert len(names) == len(set(names))


def test_python_versions_agree(project: dict[str, Any]) -> None:
    supported = SpecifierSet(project["project"]["requires-python"])
    assert [minor for minor in range(30) if f"3.{minor}" in supported] == [10, 11, 12, 13]
    classifiers = {
        line.rpartition(" ")[2] for line in project["project"]["classifiers"] if "Python :: 3" in line
    }
    assert classifiers == set(PYTHONS)


def test_the_citation_and_the_changelog_know_the_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {hwnoise.__version__}\n" in citation
    assert f"\n## {hwnoise.__version__}" in (ROOT / "docs" / "changelog.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["backends", "kernels"])
def test_a_bare_import_from_the_checkout_is_refused(folder: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {folder}"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert f"this folder is hwnoise.{folder}: run `pip install -e .`" in done.stderr


def test_type_checkers_see_the_public_names() -> None:
    tree = ast.parse(Path(hwnoise.__file__).read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    seen = {
        alias.asname: None if node.module == "hwnoise" else node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == dict.fromkeys(hwnoise._MODULES) | hwnoise._NAMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'hwnoise' has no attribute 'nosie'"):
        _ = hwnoise.nosie
