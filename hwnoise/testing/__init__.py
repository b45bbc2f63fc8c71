"""Assertions for noise: is this sample what the device's numbers say it is?

Every check has a stated rate of false alarms, ``ALPHA``, and the ``draws_for_*`` functions say how many
draws it takes to notice a given error with probability ``POWER``. Check moments first, the shape after:
with 80,000 draws a sigma wrong by 2 % is plain to :func:`assert_gaussian_std`, but not to
:func:`assert_distribution`.

>>> import numpy as np
>>> noise = 0.1 * np.random.default_rng(1).standard_normal(draws_for_sigma(0.02))
>>> assert_gaussian_std(noise, 0.1)
>>> assert_rejects(assert_gaussian_std, 1.02 * noise, 0.1)  # the mutant that proves the check has teeth
"""

from hwnoise.testing.distributions import assert_distribution, assert_frequencies, assert_probability
from hwnoise.testing.moments import assert_gaussian_std, assert_mean, assert_uncorrelated, assert_variance
from hwnoise.testing.power import POWER, assert_rejects, draws_for_mean, draws_for_sigma
from hwnoise.testing.verdict import ALPHA

__all__ = [
    "ALPHA",
    "POWER",
    "assert_distribution",
    "assert_frequencies",
    "assert_gaussian_std",
    "assert_mean",
    "assert_probability",
    "assert_rejects",
    "assert_uncorrelated",
    "assert_variance",
    "draws_for_mean",
    "draws_for_sigma",
]
