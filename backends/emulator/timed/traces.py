"""What the synapses of one layer summed up over time, for a host that knows only losses (eq:traces)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwnoise.backends.base import LocalRule
from hwnoise.backends.emulator.threads import one_blas_thread
from hwnoise.backends.emulator.timed.stage import Floats
from hwnoise.kernels.leaky import leak
from hwnoise.patches import Patches


class LayerTraces:
    """Implements ``hwnoise.backends.base.Traces`` for a layer of ``n_in`` inputs and ``n_out`` neurons.

    On a chip each synapse keeps a trace of its input, sum_s b^(t-s) x(s), and adds its product with
    the post variable at every step. Here the post variable is faded backwards in time instead,
    which gives the same sum and lets every neuron have its own b.

    Parameters
    ----------
    pre : (passes, samples, steps, n_in) float32
    post : (passes, samples, steps, n_out) float32
        Membranes, what they took in, or spikes, as ``rule`` asks.
    decay : (n_out,) float32
        What a step leaves of a trace at each neuron.
    """

    def __init__(self, rule: LocalRule, pre: NDArray[Any], post: NDArray[Any], decay: Floats) -> None:
        self._decay = np.zeros_like(decay) if rule.pre == "spike" else decay
        if rule.post.endswith("_difference"):
            self._pre, self._post = pre[0::2], post[0::2] - post[1::2]
        else:
            self._pre, self._post = pre, post - post.mean(axis=0, dtype=np.float32)

    @property
    def power(self) -> Floats:
        """Sum over neurons and steps of the squared post variable: (passes or pairs, samples)."""
        found: Floats = np.einsum("pstn,pstn->ps", self._post, self._post)
        return found

    def correlate(self, credit: NDArray[Any]) -> Floats:
        """Sum of ``credit`` [pass or pair, sample] times the trace of each synapse: (n_out, n_in)."""
        weighted = self._weighted(credit)
        n_out, n_in = weighted.shape[-1], self._pre.shape[-1]
        with one_blas_thread():
            found: Floats = weighted.reshape(-1, n_out).T @ self._pre.reshape(-1, n_in)
        return found

    def correlate_bias(self, credit: NDArray[Any]) -> Floats:
        """The same for an input of 1 at every step: (n_out,)."""
        found: Floats = self._weighted(credit).sum(axis=(0, 1, 2))
        return found

    def _weighted(self, credit: NDArray[Any]) -> Floats:
        """The faded post variable times the credit of its presentation."""
        found: Floats = self._faded * np.asarray(credit, np.float32)[..., None, None]
        return found

    @cached_property
    def _faded(self) -> Floats:
        """The post variable, faded backwards: sum over later steps s of b^(s-t) post(s)."""
        shape = self._post.shape
        backwards = np.ascontiguousarray(self._post[:, :, ::-1]).reshape(-1, *shape[2:])
        rule = np.ascontiguousarray([self._decay, np.ones_like(self._decay), np.zeros_like(self._decay)])
        faded = np.empty_like(backwards)
        leak(backwards, rule, np.zeros((len(backwards), shape[-1]), np.float32), faded)
        return np.ascontiguousarray(faded[:, ::-1]).reshape(shape)


class FilterTraces(LayerTraces):
    """The traces of a convolution: a filter sums up what it saw at all of its places."""

    def __init__(
        self, rule: LocalRule, pre: NDArray[Any], post: NDArray[Any], decay: Floats, patches: Patches
    ) -> None:
        super().__init__(rule, pre, post, decay)
        self._patches = patches

    def correlate(self, credit: NDArray[Any]) -> Floats:
        """Sum of ``credit`` [pass or pair, sample] times the trace of each weight, in the weight's shape."""
        weighted = self._weighted(credit)
        nodes, pre = (values.reshape(-1, values.shape[-1]) for values in (weighted, self._pre))
        with one_blas_thread():
            return self._patches.correlate(nodes, pre)

    def correlate_bias(self, credit: NDArray[Any]) -> Floats:
        """The same for an input of 1 at every place and step: (n_out,)."""
        found: Floats = super().correlate_bias(credit).reshape(-1, self._patches.count).sum(axis=1)
        return found
