"""How many directions an update really uses."""

from __future__ import annotations

import numpy as np

from hwnoise.backends.base import Array


def effective_rank(update: Array) -> float:
    """Exponential of the entropy of the normalised singular values (eq:effective-rank).

    It falls by half if two halves of a chip share their noise, while the length of the update
    looks as usual. 0 for an update that vanishes.

    Parameters
    ----------
    update : (n_out, ...) float
        All but the first axis are taken together.

    Notes
    -----
    O. Roy and M. Vetterli, EUSIPCO 2007.

    Examples
    --------
    >>> round(effective_rank(np.eye(5)), 6)
    5.0
    """
    values = np.asarray(update, np.float64)
    singular = np.linalg.svd(values.reshape(len(values), -1), compute_uv=False)
    if not singular.any():
        return 0.0
    share = singular[singular > 0] / singular.sum()
    return float(np.exp(-np.sum(share * np.log(share))))
