"""Is Lava here, is it the version we know, and which commands install it."""

from __future__ import annotations

import sys
from importlib import metadata

from hwnoise.errors import InputError

DISTRIBUTION = "lava-nc"  # the distribution called "lava" is an unrelated Vulkan package
VERSION = "0.10.0"
PYTHONS = ((3, 10), (3, 13))


def install_lines(python: tuple[int, int] = sys.version_info[:2]) -> tuple[str, ...]:
    """Return the commands that install Lava beside hwnoise.

    Lava's metadata asks for Python 3.10. Later versions run it too, but there an installer has to be
    told so for this one distribution alone: the flag would reach its dependencies as well.

    Parameters
    ----------
    python : (int, int)
        Version of the interpreter.

    Returns
    -------
    tuple of str
        One command, two from Python 3.11 on; none where Lava cannot run.
    """
    if not PYTHONS[0] <= python <= PYTHONS[1]:
        return ()
    extra = 'pip install "hwnoise[lava]"'
    if python < (3, 11):
        return (extra,)
    return extra, f"pip install --no-deps --ignore-requires-python {DISTRIBUTION}=={VERSION}"


def installed() -> str | None:
    """Return the version of Lava that is installed, or None. Imports nothing."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None


def problem(version: str | None, python: tuple[int, int] = sys.version_info[:2]) -> str:
    """Say in one sentence why Lava cannot be used, or return an empty string."""
    if version == VERSION:
        return ""
    state = f"{version} is installed" if version else "it is not installed"
    lines = install_lines(python)
    if not lines:
        return (
            f"Lava runs on Python {PYTHONS[0][0]}.{PYTHONS[0][1]} to {PYTHONS[1][0]}.{PYTHONS[1][1]}, "
            f"and this is Python {python[0]}.{python[1]}"
        )
    return f"{DISTRIBUTION} {VERSION} is needed and {state}: run {' and then '.join(lines)}"


def require() -> None:
    """Raise InputError unless the version of Lava that we know is installed."""
    found = problem(installed())
    if found:
        raise InputError(found)
