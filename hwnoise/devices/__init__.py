"""Device models: one physical effect a file, each a frozen record of measured numbers; and their fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwnoise.devices.fitting import fit as fit

__all__ = ["fit"]


def __getattr__(name: str) -> Any:
    """Import ``fit`` when it is first asked for: it brings what a substrate alone does not need."""
    if name != "fit":
        raise AttributeError(f"module 'hwnoise.devices' has no attribute {name!r}")
    from hwnoise.devices.fitting import fit

    return fit
