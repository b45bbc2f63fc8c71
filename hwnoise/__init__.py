"""Emulate noisy hardware, and train networks on it with the hardware's own noise.

>>> import hwnoise
>>> hwnoise.Stream(7).child("chip").name
'chip'

Names are imported on first use (PEP 562), so that ``import hwnoise`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:  # for editors and type checkers; a test holds it equal to the table below
    from hwnoise import backends as backends
    from hwnoise import bench as bench
    from hwnoise import chips as chips
    from hwnoise import devices as devices
    from hwnoise import learners as learners
    from hwnoise import tasks as tasks
    from hwnoise import testing as testing
    from hwnoise import training as training
    from hwnoise.backends.base import Backend as Backend
    from hwnoise.backends.base import Capabilities as Capabilities
    from hwnoise.backends.base import Probe as Probe
    from hwnoise.backends.base import Program as Program
    from hwnoise.backends.base import Reading as Reading
    from hwnoise.errors import HwnoiseError as HwnoiseError
    from hwnoise.errors import InputError as InputError
    from hwnoise.network import Network as Network
    from hwnoise.oracle import alignment as alignment
    from hwnoise.streams import Stream as Stream
    from hwnoise.substrate import Substrate as Substrate
    from hwnoise.training.evaluate import evaluate as evaluate
    from hwnoise.training.fit import fit as fit

_MODULES = {"backends", "bench", "chips", "devices", "learners", "tasks", "testing", "training"}
_NAMES = {
    "Backend": "hwnoise.backends.base",
    "Capabilities": "hwnoise.backends.base",
    "HwnoiseError": "hwnoise.errors",
    "InputError": "hwnoise.errors",
    "Network": "hwnoise.network",
    "Probe": "hwnoise.backends.base",
    "Program": "hwnoise.backends.base",
    "Reading": "hwnoise.backends.base",
    "Stream": "hwnoise.streams",
    "Substrate": "hwnoise.substrate",
    "alignment": "hwnoise.oracle",
    "evaluate": "hwnoise.training.evaluate",
    "fit": "hwnoise.training.fit",
}

__all__ = sorted(_MODULES | _NAMES.keys())


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _MODULES:
        return import_module(f"hwnoise.{name}")
    if name not in _NAMES:
        raise AttributeError(f"module 'hwnoise' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_NAMES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
