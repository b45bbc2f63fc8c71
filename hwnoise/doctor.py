"""What is installed, what is missing, and whether the core really computes: ``hwnoise doctor``."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

from packaging.requirements import Requirement

MANDATORY = ""  # the "extra" of a requirement that everybody needs


@dataclass(frozen=True)
class Item:
    """One thing looked at.

    Attributes
    ----------
    name : str
        A package, an extra, or a check.
    ok : bool
        Whether it is there and works.
    detail : str
        A version, a measurement, or what is wrong.
    fix : str
        The exact command or step that puts it right; empty if ``ok``.
    required : bool
        Whether the core needs it.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""
    required: bool = True


@dataclass(frozen=True)
class Check:
    """Something the core has to be able to do: ``try_it`` returns what it found, or raises."""

    name: str
    try_it: Callable[[], str]
    fix: str


def examine() -> list[Item]:
    """Look at Python, every package, every extra, and compute a little on a chip.

    Returns
    -------
    list of Item
        In the order to be read; checks that need a missing package are among the failed.
    """
    return [_python(), *_core_packages(), *_extras(), _lava(), *map(_attempt, CHECKS)]


def is_healthy(items: list[Item]) -> bool:
    """Whether everything that the core needs is in order."""
    return all(item.ok for item in items if item.required)


def _python() -> Item:
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Item("python", True, detail)


def _core_packages() -> Iterator[Item]:
    for needed in _requirements(MANDATORY):
        problem = _problem(needed)
        fix = f'pip install "{_bare(needed)}"' if problem else ""
        yield Item(needed.name, not problem, problem or metadata.version(needed.name), fix)


def _extras() -> Iterator[Item]:
    for extra in metadata.metadata("hwnoise").get_all("Provides-Extra") or []:
        needs = _requirements(extra)
        problems = [f"{needed.name} {problem}" for needed in needs if (problem := _problem(needed))]
        detail = ", ".join(problems or (f"{n.name} {metadata.version(n.name)}" for n in needs))
        fix = f'pip install "hwnoise[{extra}]"' if problems else ""
        if needs:  # an extra may have nothing to install on this version of Python
            yield Item(f"extra {extra}", not problems, detail, fix, required=False)


def _lava() -> Item:
    """Lava, which no extra can bring along on Python 3.11 and later: installed, and able to run a network."""
    from hwnoise.backends.lava import detect, trial

    version = detect.installed()
    problem = detect.problem(version)
    if problem:
        return Item("lava", False, problem, " && ".join(detect.install_lines()), required=False)
    found = _attempt(Check("lava", trial.try_out, " && ".join(detect.install_lines())))
    return replace(found, detail=f"{version}, {found.detail}", required=False)


def _requirements(extra: str) -> list[Requirement]:
    """What the extra adds to the core on this Python, from the package's own metadata."""
    found = map(Requirement, metadata.requires("hwnoise") or [])
    if extra == MANDATORY:
        return [r for r in found if r.marker is None or r.marker.evaluate({"extra": MANDATORY})]
    return [r for r in found if r.marker and "extra" in str(r.marker) and r.marker.evaluate({"extra": extra})]


def _problem(needed: Requirement) -> str:
    """What is wrong with an installed package, or nothing."""
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return "is not installed"
    fits = needed.specifier.contains(version, prereleases=True)
    return "" if fits else f"is {version}, needs {needed.specifier}"


def _bare(needed: Requirement) -> str:
    return f"{needed.name}{needed.specifier}"


def _attempt(check: Check) -> Item:
    try:
        return Item(check.name, True, check.try_it())
    except Exception as error:  # whatever it is, a doctor has to name it and go on
        return Item(check.name, False, f"{type(error).__name__}: {error}", check.fix)


def _kernel_cache() -> str:
    """Compiled kernels are kept: where, and whether that place takes files."""
    from hwnoise.kernels.philox import words64

    kernel: Any = words64  # to type checkers a kernel is the function that it was made of
    folder = str(kernel.stats.cache_path)
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return folder


def _threads() -> str:
    from hwnoise.backends.emulator.threads import thread_count

    return f"{thread_count()} of {os.cpu_count()} processors"


def _noisy_reads() -> str:
    """Two reads of one small chip: they must differ, and by nothing that is not a number."""
    import numpy as np

    from hwnoise import substrate
    from hwnoise.backends import registry
    from hwnoise.backends.base import Probe
    from hwnoise.network import Network
    from hwnoise.streams import Stream

    began = time.perf_counter()
    network = Network.mlp("8-16-4", Stream(0, "doctor/network"))
    chip = registry.get("emulator").compile(network, substrate.load("pcm"), Stream(0, "doctor/chip"))
    output = chip.run(np.ones((4, 8), np.float32), Probe(passes=2)).output
    if not np.isfinite(output).all() or np.array_equal(output[0], output[1]):
        raise ArithmeticError("two reads of a pcm chip are equal or not finite")
    return f"compiled and ran in {time.perf_counter() - began:.2f} s"


def _products() -> str:
    """A float32 product against float64, and whose BLAS made it."""
    import numpy as np
    from threadpoolctl import threadpool_info

    exact = np.random.Generator(np.random.Philox(0)).standard_normal((64, 64))
    single = exact.astype(np.float32)
    error = float(np.abs(single @ single - exact @ exact).max() / np.abs(exact @ exact).max())
    if error > 1e-5:
        raise ArithmeticError(f"relative error {error:.1e} in a float32 product")
    libraries = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    names = ", ".join(sorted({f"{lib['internal_api']} {lib['version']}" for lib in libraries}))
    return f"{names or 'a BLAS unknown to threadpoolctl'}, relative error {error:.0e}"


REINSTALL = "pip install --force-reinstall hwnoise"
CHECKS = (
    Check("kernel cache", _kernel_cache, "export NUMBA_CACHE_DIR=~/.cache/hwnoise"),
    Check("noisy reads", _noisy_reads, REINSTALL),
    Check("threads", _threads, REINSTALL),
    Check("float32 products", _products, "pip install --force-reinstall numpy"),
)
