"""Every equation in the documents is implemented by code, and checked by a test, that name it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from source_tree import PACKAGE_FOLDERS, ROOT, docstrings, python_files

DEFINED = re.compile(r"\((eq:[a-z0-9-]+)\)=")
NAMED = re.compile(r"eq:[a-z0-9]+(?:-[a-z0-9]+)*")


def labels_on_pages() -> list[str]:
    pages = sorted((ROOT / "docs" / "equations").rglob("*.md"))
    return [label for page in pages for label in DEFINED.findall(page.read_text(encoding="utf-8"))]


def labels_in(paths: list[Path]) -> set[str]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in paths)
    return {label for tree in trees for text in docstrings(tree) for label in NAMED.findall(text)}


@pytest.fixture(scope="module")
def pages() -> set[str]:
    return set(labels_on_pages())


@pytest.fixture(scope="module")
def code() -> set[str]:
    return labels_in(python_files(*PACKAGE_FOLDERS))


@pytest.fixture(scope="module")
def tests() -> set[str]:
    return labels_in([path for path in python_files("tests") if path != Path(__file__)])


def test_a_label_is_defined_once() -> None:
    found = labels_on_pages()
    assert len(found) == len(set(found)), (
        f"defined twice: {sorted(x for x in set(found) if found.count(x) > 1)}"
    )


def test_every_equation_is_implemented(pages: set[str], code: set[str]) -> None:
    assert pages <= code, f"on a page, but in no docstring of the package: {sorted(pages - code)}"


def test_every_equation_is_tested(pages: set[str], tests: set[str]) -> None:
    assert pages <= tests, f"on a page, but in no docstring of a test: {sorted(pages - tests)}"


def test_no_label_points_nowhere(pages: set[str], code: set[str], tests: set[str]) -> None:
    assert code <= pages, f"named by the package, but on no page: {sorted(code - pages)}"
    assert tests <= pages, f"named by a test, but on no page: {sorted(tests - pages)}"
