"""What synapses of a digital chip sum up while it runs: the local part of a rule (``LocalRule``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import LocalRule
from hwnoise.errors import InputError
from hwnoise.kernels.spike_trace import fill_trace
from hwnoise.patches import Patches

Array = NDArray[Any]


class StepTraces:
    """``sum over steps of post(t) pre(t)`` for every synapse, kept as its two factors.

    Parameters
    ----------
    pre : (passes or pairs, samples, steps, n_in) float32
    post : (passes or pairs, samples, steps, n_out) float32
    steady : (steps,) float32
        The pre variable of an input of 1 at every step.
    """

    def __init__(self, pre: Array, post: Array, steady: Array) -> None:
        self._pre, self._post, self._steady = pre, post, steady

    @property
    def power(self) -> Array:
        """Sum over neurons and steps of the squared post variable: (passes or pairs, samples)."""
        return np.asarray(np.einsum("pstn,pstn->ps", self._post, self._post))

    def correlate(self, credit: Array) -> Array:
        """Sum of ``credit`` [pass or pair, sample] times what each synapse summed up: (n_out, n_in)."""
        n_out, n_in = self._post.shape[-1], self._pre.shape[-1]
        return np.asarray(self._credited(credit).reshape(-1, n_out).T @ self._pre.reshape(-1, n_in))

    def correlate_bias(self, credit: Array) -> Array:
        """As ``correlate``, for a bias, an input of 1 at every step: (n_out,)."""
        return np.asarray(np.einsum("pstn,t->n", self._credited(credit), self._steady))

    def _credited(self, credit: Array) -> Array:
        given = np.asarray(credit, np.float32)
        if given.shape != self._post.shape[:2]:
            raise InputError(f"credit must have shape {self._post.shape[:2]}, got {given.shape}")
        return given[:, :, None, None] * self._post


class FilterStepTraces(StepTraces):
    """The same for the filters of a convolution, which sum up what they saw at all of their places."""

    def __init__(self, pre: Array, post: Array, steady: Array, patches: Patches) -> None:
        super().__init__(pre, post, steady)
        self._patches = patches

    def correlate(self, credit: Array) -> Array:
        """As ``StepTraces.correlate``, in the shape of the filters."""
        given = self._credited(credit)
        nodes, pre = (values.reshape(-1, values.shape[-1]) for values in (given, self._pre))
        return self._patches.correlate(nodes, pre)

    def correlate_bias(self, credit: Array) -> Array:
        """As ``StepTraces.correlate_bias``, one for each channel."""
        found = super().correlate_bias(credit).reshape(-1, self._patches.count)
        return np.asarray(found.sum(axis=1))


def pre_trace(spikes: Array, rule: LocalRule, membrane_decay: float) -> Array:
    """The pre variable of ``spikes`` (rows, steps, n): themselves, or their trace; float32."""
    if rule.pre == "spike":
        return spikes.astype(np.float32)
    out = np.empty(spikes.shape, np.float32)
    decay = membrane_decay if rule.decay is None else rule.decay
    fill_trace(spikes, np.float32(decay), out)
    return out


def post_variable(spikes: Array, membranes: Array, rule: LocalRule, keep: float, integrates: bool) -> Array:
    """The post variable of all passes (passes, samples, steps, n): a row per pass, or per pair.

    ``keep`` is the share of a membrane left after a step; a neuron that ``integrates`` never spikes,
    and takes part by its membrane.
    """
    if rule.post == "drive_difference":
        taken = drive(spikes, membranes, keep)
        return np.asarray(taken[0::2] - taken[1::2])
    if rule.post == "membrane_difference":
        return np.asarray(membranes[0::2] - membranes[1::2])
    values = membranes if rule.post == "membrane_excess" or integrates else spikes.astype(np.float32)
    return np.asarray(values - values.mean(axis=0, keepdims=True))


def drive(spikes: Array, membranes: Array, keep: float) -> Array:
    """What membranes took in at each step: all but what was left of the step before, which a spike clears."""
    left = membranes[:, :, :-1] * (spikes[:, :, :-1] == 0)
    taken = membranes.copy()
    taken[:, :, 1:] -= np.float32(keep) * left
    return np.asarray(taken)
