"""Linear algebra with nothing but products: conjugate gradients and Lanczos, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hwnoise.backends.base import Array

Product = Callable[[Array], Array]


def conjugate_gradients(product: Product, target: Array, iterations: int, tolerance: float = 1e-6) -> Array:
    """Solve ``product(x) = target`` for a symmetric positive semidefinite product (eq:conjugate-gradients).

    Parameters
    ----------
    product : callable
        The matrix, as what it does to a vector.
    target : (n,) float64
    iterations : int
        At most so many products, >= 1.
    tolerance : float
        Ends when the residual has this share of the length of the target, or no curvature is left.

    Notes
    -----
    M. Hestenes and E. Stiefel, J. Res. Natl. Bur. Stand. 49:409 (1952).
    """
    found, residual = np.zeros_like(target), target.copy()
    direction, square = residual.copy(), float(residual @ residual)
    enough = tolerance**2 * square
    for _ in range(iterations):
        moved = product(direction)
        curvature = float(direction @ moved)
        if square <= enough or curvature <= 0:
            break
        found += square / curvature * direction
        residual -= square / curvature * moved
        last, square = square, float(residual @ residual)
        direction = residual + square / last * direction
    return found


def lanczos(product: Product, start: Array, size: int) -> tuple[Array, Array]:
    """Return an orthonormal basis (k, n) and the product in it (k, k), with ``start`` along the first row.

    The basis spans start, product(start), ...; it is shorter than ``size`` where that space ends.

    Parameters
    ----------
    product : callable
        Symmetric; may be indefinite.
    start : (n,) float64
        Not zero.
    size : int
        Most products, >= 1.

    Notes
    -----
    C. Lanczos, J. Res. Natl. Bur. Stand. 45:255 (1950), with full re-orthogonalisation.
    """
    length = np.linalg.norm(start)
    basis, images = [start / length], []
    for _ in range(min(size, len(start))):
        images.append(product(basis[-1]))
        rest, known = images[-1].copy(), np.array(basis)
        for _ in range(2):  # once is not enough where digits cancel
            rest -= known.T @ (known @ rest)
        if np.linalg.norm(rest) <= 1e-6 * np.linalg.norm(images[-1]) or len(images) == min(size, len(start)):
            break
        basis.append(rest / np.linalg.norm(rest))
    rows = np.array(basis)
    inner = rows @ np.array(images).T
    return rows, (inner + inner.T) / 2
