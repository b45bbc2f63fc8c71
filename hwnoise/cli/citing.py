"""Citations by the name of a device or a learner."""

from __future__ import annotations

from collections.abc import Sequence

from hwnoise.errors import InputError


def citations(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pair each name with each of its publications.

    Parameters
    ----------
    names : sequence of str
        Devices (presets or TOML files) and learners; every preset and learner if empty.

    Raises
    ------
    InputError
        If a name is neither; the sentence lists what there is.
    """
    from hwnoise import substrate
    from hwnoise.validation import suggest

    found = []
    rules = _rules()
    for name in names or [*substrate.names(), *rules]:
        if name in rules:
            found += [(name, rules[name])]
        elif name in substrate.names() or name.endswith(".toml"):
            found += [(name, str(source)) for source in substrate.load(name).sources]
        else:
            near = suggest(name, [*substrate.names(), *rules])
            raise InputError(f"there is no device or learner {name!r} to cite{near}")
    return found


def _rules() -> dict[str, str]:
    from hwnoise import learners

    return {str(row["name"]): str(row["source"]) for row in learners.describe()}
