"""Closed forms of the rules on local traces, through the emulator; each with a mutant that fails.

One layer of leaky integrators and a loss that is linear in their membranes: the gradient is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from timed import DT
from tiny import kind

from hwnoise import Network, Stream, learners
from hwnoise.backends.emulator import backend
from hwnoise.testing import assert_mean, assert_rejects

SIGMA, STEPS, N_IN, N_OUT = 0.1, 6, 5, 4
SAMPLES, CALLS = 256, 80


def chip(decay: float) -> Any:
    """Integrators of which a step leaves the share ``decay``, with white noise on what they take in."""
    network = Network.spiking(f"{N_IN}-{N_OUT}", Stream(3, "network"), tau=DT / (1 - decay), dt=DT)
    return backend.compile(network, kind(node_noise={"sigma": SIGMA}), Stream(1, "chip"))


def problem(decay: float, slope: Any) -> tuple[Any, Any]:
    """Spikes (1, steps, n_in), and the gradient of sum(slope * membranes) by the weights."""
    spikes = (Stream(5, "spikes").generator().random((1, STEPS, N_IN)) < 0.4).astype(np.float32)
    later = np.subtract.outer(np.arange(STEPS), np.arange(STEPS)).clip(min=0)  # [to, from]
    reach = np.tril(decay**later)
    return spikes, np.einsum("ti,tu,uj->ij", slope, reach, spikes[0])


def estimates(learner: Any, program: Any, spikes: Any, slope: Any) -> Any:
    """Weight estimates (calls, n_out, n_in) from as many batches of the one sample."""
    learner.bind(program.network, program.capabilities)
    batch = np.repeat(spikes, SAMPLES, axis=0)
    found = []
    for call in range(CALLS):
        reading = program.run(batch, learner.ask(call, SAMPLES))
        losses = np.einsum("psti,ti->ps", reading.output.astype(np.float64), slope)
        found.append(learner.tell(reading, losses)["readout.weight"])
    return np.array(found, np.float64)


def near(samples: Any, expected: float) -> None:
    """The mean of independent ``samples`` is ``expected`` (z test, 1e-6)."""
    assert_mean(samples, expected, float(np.std(samples)))


def gain(found: Any, gradient: Any) -> Any:
    return np.einsum("cij,ij->c", found, gradient) / np.sum(gradient**2)


def across(found: Any, gradient: Any) -> Any:
    """Component along a direction that is orthogonal to the gradient."""
    other = Stream(7, "across").generator().standard_normal(gradient.shape)
    other -= gradient * np.sum(other * gradient) / np.sum(gradient**2)
    return np.einsum("cij,ij->c", found, other)


@pytest.mark.parametrize("normalizer", ["layer", "network"])
def test_snp_without_a_trace_has_the_mean_of_the_gradient(normalizer: str) -> None:
    """Check eq:snp with b = 0, through membranes that remember."""
    slope = Stream(9, "slope").generator().standard_normal((STEPS, N_OUT))
    spikes, gradient = problem(0.5, slope)
    found = estimates(learners.make("snp", trace=0.0, normalizer=normalizer), chip(0.5), spikes, slope)
    near(gain(found, gradient), 1.0)
    near(across(found, gradient), 0.0)
    assert_rejects(near, gain(-found, gradient), 1.0)
    assert_rejects(near, gain(found * 2 * SIGMA**2, gradient), 1.0)  # the normaliser left out
    assert_rejects(near, gain(0.7 * found, gradient), 1.0)


def test_membranes_do_not_show_the_gradient() -> None:
    """Check eq:snp: noise that lives on in a membrane is credited to the wrong step."""
    slope = Stream(9, "slope").generator().standard_normal((STEPS, N_OUT))
    spikes, gradient = problem(0.8, slope)
    found = estimates(learners.make("snp", trace=0.0, post="membrane"), chip(0.8), spikes, slope)
    assert_rejects(near, across(found, gradient), 0.0)


def test_a_trace_pays_where_inputs_are_rates() -> None:
    """Check eq:snp with b > 0: a steady slope is found with less variance."""
    slope = np.ones((STEPS, N_OUT))
    spikes = (Stream(6, "rates").generator().random((1, STEPS, N_IN)) < 0.2).astype(np.float32)
    ratio = {}
    for trace in (0.0, 0.8):
        found = estimates(learners.make("snp", trace=trace), chip(0.0), spikes, slope)
        ratio[trace] = np.sum(found.mean(axis=0) ** 2) / found.var(axis=0).sum()
    assert ratio[0.8] > 1.3 * ratio[0.0]


@pytest.mark.parametrize("baseline", ["passes", "running"])
@pytest.mark.parametrize("passes", [2, 3])
def test_three_factors_follow_the_gradient(passes: int, baseline: str) -> None:
    """Check eq:three-factor and eq:three-factor-baseline: sigma^2 g for membranes without memory."""
    slope = Stream(9, "slope").generator().standard_normal((STEPS, N_OUT))
    spikes, gradient = problem(0.0, slope)
    learner = learners.make("three-factor", passes=passes, post="membrane", trace=0.0, baseline=baseline)
    found = estimates(learner, chip(0.0), spikes, slope) / SIGMA**2
    near(gain(found, gradient), 1.0)
    near(across(found, gradient), 0.0)
    assert_rejects(near, gain(-found, gradient), 1.0)
    assert_rejects(near, gain(found * (passes - 1) / passes, gradient), 1.0)  # counted as if all were free
