"""Read and write TOML, with one sentence for a file that cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hwnoise.errors import InputError
from hwnoise.validation import printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 10_000_000


def read(path: str | Path) -> dict[str, Any]:
    """Parse the TOML file ``path``.

    Raises
    ------
    InputError
        If it is missing, no text, over 10 MB, or malformed.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except ValueError:  # a zero byte in the name
        raise InputError(f"{str(path)!r} cannot be the name of a file") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: too large for a TOML file (over {MAX_BYTES} bytes)")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None
    except (ValueError, RecursionError) as error:  # malformed, or a number of thousands of digits
        reason = "nested too deeply" if isinstance(error, RecursionError) else printable(str(error))
        raise InputError(f"{path}: not valid TOML: {reason}") from None


def value(text: str) -> Any:
    """The value of a ``key=value`` flag: a TOML literal, or else the text itself."""
    try:
        return tomllib.loads(f"v = {text}")["v"] if "\n" not in text else text
    except (ValueError, RecursionError):
        return text


def dumps(table: Mapping[str, Any]) -> str:
    """Write ``table`` as TOML, without keys whose value is None."""
    import tomli_w

    return tomli_w.dumps(_without_none(table))


def _without_none(item: Any) -> Any:
    if isinstance(item, Mapping):
        return {key: _without_none(entry) for key, entry in item.items() if entry is not None}
    if isinstance(item, (list, tuple)):
        return [_without_none(entry) for entry in item]
    return item
