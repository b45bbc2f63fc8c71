"""LayerTraces: what a layer's synapses summed up inside Lava, asked for from outside."""

from __future__ import annotations

import numpy as np

from hwnoise.backends.lava.session.board import Array
from hwnoise.backends.lava.session.session import Session
from hwnoise.errors import InputError


class LayerTraces:
    """Implements ``hwnoise.backends.base.Traces``: each answer is worked out by the layer's Learner.

    Parameters
    ----------
    session : Session
    layer : str
    number : int
        Of the run that left the traces, for the next one overwrites them.
    shape : (int, int)
        Passes or pairs, samples.
    """

    def __init__(self, session: Session, layer: str, number: int, shape: tuple[int, int]) -> None:
        self._session, self._layer, self._number, self._shape = session, layer, number, shape
        power = session.board[f"{layer}/power"][: shape[0] * shape[1]]
        self._power = power.reshape(shape).copy()
        self._asked: tuple[bytes, tuple[Array, Array]] | None = None

    @property
    def power(self) -> Array:
        """See ``Traces.power``."""
        return self._power

    def correlate(self, credit: Array) -> Array:
        """See ``Eligibility.correlate``.

        Raises
        ------
        InputError
            For credit of another shape, or after the next run.
        """
        return self._sums(credit)[0]

    def correlate_bias(self, credit: Array) -> Array:
        """See ``Traces.correlate_bias``."""
        return self._sums(credit)[1]

    def _sums(self, credit: Array) -> tuple[Array, Array]:
        """Both sums: a Learner works them out at once, and learners ask for one after the other."""
        given = np.asarray(credit, np.float32)
        if given.shape != self._shape:
            raise InputError(f"credit must have shape {self._shape}, got {given.shape}")
        if self._asked is None or self._asked[0] != given.tobytes():
            if self._session.plays != self._number:
                raise InputError(f"the synapses of {self._layer!r} have seen another run since this reading")
            self._asked = given.tobytes(), self._session.ask(self._layer, given)
        return self._asked[1]
