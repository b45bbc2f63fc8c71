"""From measurements of devices to a substrate: estimates, their intervals, and what the data cannot say."""

from __future__ import annotations

from hwnoise.devices.fitting.fit import fit
from hwnoise.devices.fitting.result import Fit, Parameter

__all__ = ["Fit", "Parameter", "fit"]
