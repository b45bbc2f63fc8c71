"""The package's own source as syntax trees, for tests that read the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE_FOLDERS = ("hwnoise", "backends", "kernels")


def python_files(*folders: str) -> list[Path]:
    """Every Python file below the named folders of the checkout, in a fixed order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    """The name ``path`` is imported by: backends/ and kernels/ lie at the top, but below hwnoise."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "hwnoise" else ("hwnoise", *parts)
    return ".".join(parts).removesuffix(".__init__")


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that ``tree`` imports when run, in functions too, but not for annotations only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from hwnoise import tasks` imports hwnoise.tasks; `from numpy import array` no module more.
            inside = node.module in ("hwnoise", "hwnoise.backends", "hwnoise.kernels")
            yield from (f"{node.module}.{alias.name}" if inside else node.module for alias in node.names)
        yield from imports(node)


def docstrings(tree: ast.AST) -> Iterator[str]:
    """Every docstring in ``tree``."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented):
            yield ast.get_docstring(node, clean=False) or ""
