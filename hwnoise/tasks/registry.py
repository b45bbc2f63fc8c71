"""What tasks there are, by name."""

from __future__ import annotations

import difflib

from hwnoise.errors import InputError
from hwnoise.tasks import breast_cancer, digits, files, mnist5k, order, parity
from hwnoise.tasks.base import Task, TaskInfo

_TASKS = {
    info.name: info
    for info in (digits.INFO, mnist5k.INFO, breast_cancer.INFO, parity.XOR, parity.PARITY, order.INFO)
}


def names() -> tuple[str, ...]:
    """Return the names that ``load`` takes; ``parity-N`` stands for ``parity-2`` to ``parity-12``."""
    return tuple(_TASKS)


def describe() -> list[dict[str, str | int | None]]:
    """Return the lines of ``hwnoise tasks``, without loading any data.

    Returns
    -------
    list of dict
        Keys ``name``, ``samples``, ``features``, ``classes``, ``source``, ``extra``; the last is the
        extra of the package that brings the data, or None.
    """
    keys = ("name", "samples", "features", "classes", "source", "extra")
    return [{key: getattr(info, key) for key in keys} for info in _TASKS.values()]


def load(name: str, data: str | None = None) -> Task:
    """Load a task.

    Parameters
    ----------
    name : str
        One of ``names()``; not used where ``data`` is given.
    data : str or None
        A file or folder of the user's own instead, see ``hwnoise.tasks.files``.

    Returns
    -------
    Task

    Raises
    ------
    InputError
        If there is no such task, its data are not installed, or ``data`` cannot be read.

    Examples
    --------
    >>> load("parity-3").default_network
    '3-12-2'
    """
    if data is not None:
        return files.load(data)
    return _find(name).load(name)


def _find(name: str) -> TaskInfo:
    """The entry of a name, or a sentence with the nearest ones."""
    if name.startswith(parity.PREFIX):
        return parity.PARITY
    if name in _TASKS:
        return _TASKS[name]
    near = difflib.get_close_matches(name, _TASKS, n=1)
    hint = f", did you mean {near[0]!r}" if near else ""
    raise InputError(f"there is no task {name!r}{hint}: choose from {', '.join(_TASKS)}, or give --data PATH")
