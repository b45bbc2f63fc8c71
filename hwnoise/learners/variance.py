"""Variances from observed differences: the only place a learner gets a noise strength from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hwnoise.backends.base import Array

MEMORY = 20_000  # observations; found by simulation: bias below 1e-3, and drift is still followed
PRIOR = 10  # observations that the mean over the layer counts for


class RunningVariance:
    """Mean and variance per element of every layer, over the last observations (eq:running-variance).

    Few observations of one element say little, and dividing by them would give an estimate with
    infinite variance; so the mean over the layer counts as ``PRIOR`` further observations.

    Parameters
    ----------
    about_mean : bool
        Whether observations can have a mean that is not zero (a difference to a quiet pass can,
        the difference of two noisy passes cannot).
    """

    def __init__(self, about_mean: bool = False) -> None:
        self.about_mean = about_mean
        self._count: dict[str, int] = {}
        self._square: dict[str, Array] = {}
        self._mean: dict[str, Array] = {}

    def update(self, name: str, values: Array) -> None:
        """Take in ``values`` (observations, ...) of the layer ``name``."""
        count = self._count.get(name, 0)
        weight = np.float32(len(values) / (count + len(values)))
        self._count[name] = min(count + len(values), MEMORY)
        _move(
            self._square, name, np.einsum("s...,s...->...", values, values) / np.float32(len(values)), weight
        )
        if self.about_mean:
            _move(self._mean, name, values.mean(axis=0), weight)

    def mean(self, name: str) -> Array:
        """Mean of each element; zero where it cannot be otherwise."""
        return self._mean.get(name, np.zeros((), np.float32))

    def variance(self, name: str) -> Array:
        """Variance of each element, >= 0, drawn towards the mean over the layer; zero if unknown."""
        if name not in self._count:
            return np.zeros((), np.float32)
        own = np.maximum(self._square[name] - self.mean(name) ** 2, 0)
        share = np.float32(PRIOR / (PRIOR + self._count[name]))
        return np.asarray(own + share * (own.mean(dtype=np.float64).astype(np.float32) - own))

    def state(self, prefix: str) -> dict[str, Array]:
        """Everything remembered, under names that start with ``prefix/``."""
        found: dict[str, Array] = {}
        for name, count in self._count.items():
            found[f"{prefix}/count/{name}"] = np.array([count], np.int64)
            found[f"{prefix}/square/{name}"] = self._square[name].copy()
            if self.about_mean:
                found[f"{prefix}/mean/{name}"] = self._mean[name].copy()
        return found

    def restore(self, state: Mapping[str, Array], prefix: str) -> None:
        """Take over the entries of ``state`` that start with ``prefix/``."""
        self._count = {k: int(v[0]) for k, v in _below(state, f"{prefix}/count/").items()}
        self._square = {k: v.copy() for k, v in _below(state, f"{prefix}/square/").items()}
        self._mean = {k: v.copy() for k, v in _below(state, f"{prefix}/mean/").items()}


def _move(store: dict[str, Array], name: str, target: Array, weight: np.float32) -> None:
    if name in store:
        store[name] += weight * (target - store[name])
    else:
        store[name] = np.array(target, np.float32)


def _below(state: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def divide(values: Array, by: Array) -> Array:
    """``values / by``, and 0 where ``by`` says that nothing moved."""
    by = np.broadcast_to(by, values.shape)
    return np.divide(values, by, out=np.zeros_like(values), where=by > np.finfo(np.float32).tiny)
