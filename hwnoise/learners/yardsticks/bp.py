"""Back-propagation: the gradient itself, the first-order yardstick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hwnoise.backends.base import Array, Reading
from hwnoise.learners.yardsticks.base import Yardstick


@dataclass
class BackPropagation(Yardstick):
    """The exact gradient of the mean loss, through time where the network has one (eq:bp).

    By default through the noise of the very pass that was read, which is hardware-aware training;
    with ``quiet`` through the network as it would be without noise.

    References
    ----------
    D. Rumelhart, G. Hinton, R. Williams, Nature 323:533 (1986).
    P. Werbos, Proc. IEEE 78:1550 (1990): through time.
    E. Neftci, H. Mostafa, F. Zenke, IEEE Signal Process. Mag. 36:51 (2019): surrogate gradients of spikes.
    """

    name: ClassVar[str] = "bp"
    summary: ClassVar[str] = "yardstick of first order: back-propagation, through time and through the noise"
    source: ClassVar[str] = (
        "D. Rumelhart, G. Hinton, R. Williams, Nature 323:533 (1986); P. Werbos, Proc. IEEE 78:1550 (1990); "
        "E. Neftci, H. Mostafa, F. Zenke, IEEE Signal Process. Mag. 36:51 (2019)"
    )

    def tell(self, reading: Reading, losses: Array) -> dict[str, Array]:
        """Return the gradient (eq:bp)."""
        derivatives, error = self._derivatives(reading, losses)
        return derivatives.backward(error)
