"""What a fit found: a substrate, each number with its interval, and what the data could not say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwnoise import files
from hwnoise.devices.composition import Substrate


@dataclass(frozen=True)
class Parameter:
    """One estimate.

    Attributes
    ----------
    name : str
        Table and key in a substrate file, such as ``"drift.mean.slope"``, or a curve at a point,
        such as ``"programming_noise.sigma(x=0.5)"``.
    value, low, high : float
        Estimate and 95 % interval (bootstrap over devices).
    unit : str
        Empty for pure numbers.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str = ""

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.name} = {self.value:.4g}{unit} (95 %: {self.low:.4g} to {self.high:.4g})"


@dataclass(frozen=True)
class Fit:
    """A substrate fitted to measurements.

    Attributes
    ----------
    substrate : Substrate
        Ready for a chip; only what the data support is in it.
    parameters : tuple of Parameter
        Every number that was estimated.
    left_out : tuple of str
        A sentence for each effect that the data cannot support, or not without a caveat.
    """

    substrate: Substrate
    parameters: tuple[Parameter, ...]
    left_out: tuple[str, ...]

    def __getitem__(self, name: str) -> Parameter:
        found = next((p for p in self.parameters if p.name == name), None)
        if found is None:
            raise KeyError(f"{name}; there are {', '.join(p.name for p in self.parameters)}")
        return found

    def to_toml(self) -> str:
        """The substrate as a file that ``substrate.load`` reads, intervals and caveats as comments."""
        lines = [f"# {parameter}" for parameter in self.parameters]
        lines += [f"# {sentence}" for sentence in self.left_out]
        return "\n".join([*lines, "", self.substrate.to_toml()])

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        files.write_text(path, self.to_toml())

    def __str__(self) -> str:
        return "\n".join([*map(str, self.parameters), *self.left_out])
