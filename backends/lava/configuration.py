"""How Lava is to run a graph: on its simulation of Loihi 2, or on a chip where its extension is there."""

from __future__ import annotations

import functools
import os
import signal
import traceback
from pathlib import Path
from typing import Any

from hwnoise.backends.lava.job import Failure, write_failure
from hwnoise.errors import InputError

_METHODS = ("run_spk", "run_post_mgmt")


def chip_is_reachable() -> bool:
    """Whether Lava's closed extension for Loihi 2 is installed; Lava must be importable."""
    from lava.utils.loihi import is_installed

    return bool(is_installed())


def simulation(folder: Path) -> Any:
    """Return Lava's bit-accurate simulation, with models that report an exception and end the run.

    In Lava, a model that raises leaves the others, and the caller, waiting for ever.
    """
    from lava.magma.core.run_configs import Loihi2SimCfg

    class Watched(Loihi2SimCfg):  # type: ignore[misc]  # lava has no types
        def select(self, process: Any, proc_models: Any) -> Any:
            return _reporting(super().select(process, proc_models), process.name, folder)

    return Watched(select_tag="fixed_pt")


def hardware() -> Any:
    """Return the configuration for a chip; spikes enter and leave it through Lava's own adapters.

    Raises
    ------
    InputError
        If Lava's extension for Loihi 2 is not installed.
    """
    if not chip_is_reachable():
        raise InputError(
            "no Loihi 2 can be reached: Lava's extension for it (lava-loihi, from Intel) is not installed"
        )
    from lava.magma.core.run_configs import Loihi2HwCfg

    from hwnoise.backends.lava.on_chip.adapters import MODELS

    return Loihi2HwCfg(exception_proc_model_map=MODELS)


def _reporting(model: Any, name: str, folder: Path) -> Any:
    """Wrap the methods of ``model`` that a step calls; once, for this process and those it forks."""
    for method in _METHODS:
        function = getattr(model, method, None)
        if function is not None and not hasattr(function, "reports"):
            setattr(model, method, _guarded(function, folder))
    return model


def _guarded(function: Any, folder: Path) -> Any:
    @functools.wraps(function)
    def guarded(self: Any) -> None:
        try:
            function(self)
        except Exception as error:
            where = f"step {getattr(self, 'time_step', 0)} of {type(self).__name__}"
            write_failure(folder, Failure(where, f"{type(error).__name__}: {error}", traceback.format_exc()))
            os.killpg(os.getpgid(0), signal.SIGTERM)

    guarded.reports = True  # type: ignore[attr-defined]  # a mark for _reporting
    return guarded
