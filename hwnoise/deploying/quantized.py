"""A float network on its way to integers: scales chosen with data, and what that lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from hwnoise.integers import IntegerNetwork
from hwnoise.network import Network
from hwnoise.quantization.report import QuantizationReport
from hwnoise.substrate import Substrate

Array = NDArray[Any]


@dataclass(frozen=True)
class Quantized:
    """What became of a float network on the grid of a chip, without noise.

    Attributes
    ----------
    data : str
        What it was shown.
    samples : int
    report : QuantizationReport
        Layer by layer: units, exponents, clipped weights, errors.
    agreement : dict of str to float
        By population: share of neurons and steps in which the chip spikes as the float network does.
    losses : dict of str to int
        By population: how often a current wrapped or a membrane was cut off.
    same_answers : float
        Share of samples with the same answer.
    accuracy, float_accuracy : float or None
        After and before, where there are labels.
    """

    data: str
    samples: int
    report: QuantizationReport
    agreement: Mapping[str, float]
    losses: Mapping[str, int]
    same_answers: float
    accuracy: float | None
    float_accuracy: float | None

    def lines(self) -> Iterator[str]:
        """In words, for people."""
        yield f"quantized with {self.samples} {self.data}, the chip's noise apart:"
        yield from (f"  {line}" for line in str(self.report).splitlines())
        shares = (f"{name} {100 * share:.2f} %" for name, share in self.agreement.items())
        yield f"  spikes as in the float network: {', '.join(shares) or 'no neuron spikes'}"
        lost = [f"{count:,} times in {name}" for name, count in self.losses.items() if count]
        yield f"  numbers that left their bits: {', '.join(lost) or 'none'}"
        yield f"  same answers: {100 * self.same_answers:.1f} %{self._accuracies()}"

    def _accuracies(self) -> str:
        if self.accuracy is None or self.float_accuracy is None:
            return ""
        lost = 100 * (self.float_accuracy - self.accuracy)
        loss = f"{lost:.1f} points lost" if lost > 0 else "nothing lost"
        before, after = 100 * self.float_accuracy, 100 * self.accuracy
        return f"; accuracy {after:.1f} %, {before:.1f} % before ({loss})"


def quantize_with(
    network: Network, chip: Substrate, data: str, x: Array, labels: Array | None
) -> tuple[IntegerNetwork, Quantized]:
    """Choose scales for ``network`` with the spikes ``x`` (samples, steps, n_in), and say what was lost.

    Raises
    ------
    InputError, MismatchError
        If the network does not fit the chip.
    """
    from hwnoise.calibration import calibrate
    from hwnoise.quantization import integers_of

    found = calibrate(network, chip, x, labels)
    assert chip.fixed_point is not None  # or there was no calibration
    account = Quantized(
        data, len(x), found.quantization, found.agreement, found.losses, found.same_answers,
        found.accuracy, found.float_accuracy,
    )  # fmt: skip
    return integers_of(found.network, chip.fixed_point), account
