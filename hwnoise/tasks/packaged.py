"""Data files inside other installed packages, found without importing those packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from hwnoise.errors import InputError


def packaged_file(package: str, inside: str, remedy: str) -> Path:
    """Return the path of a file that ``package`` ships.

    The package is located, not imported: ``sklearn.datasets`` takes over a second to import, the
    file in it a few milliseconds to read.

    Parameters
    ----------
    package : str
        Top-level import name.
    inside : str
        Path of the file inside the package, with ``/``.
    remedy : str
        The command that installs it, for the sentence of the error.

    Raises
    ------
    InputError
        If the package is not installed, or comes without the file.
    """
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise InputError(f"the data ship with {package}, which is not installed: {remedy}")
    for folder in spec.submodule_search_locations or ():
        path = Path(folder, *inside.split("/"))
        if path.is_file():
            return path
    raise InputError(f"this installation of {package} lacks the file {inside}: {remedy}")
