"""Matrices inverted in a run whose inverse is spoilt by rounding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Floats
from sdsim.ir.program import Matrix

#: The condition number from which a run warns: 1/sqrt(epsilon) of doubles, 6.7e7. An inverse loses
#: as many of a double's 16 digits as the condition number has (Higham 2002, Accuracy and Stability
#: of Numerical Algorithms, ch. 7 and 14): here half of them, and all in single precision.
LARGE = float(1 / np.sqrt(np.finfo(np.float64).eps))
#: From here on no digit is left: in doubles the matrix cannot be told from a singular one.
SINGULAR = float(1 / np.finfo(np.float64).eps)
#: Most multiplications for the whole check; beyond that, only evenly spaced times are checked.
WORK = 500_000_000


def condition(matrices: Floats) -> Floats:
    """(n,) condition numbers of matrices (n, k, k): largest over smallest singular value. Rows and
    columns are scaled to one size first, since units of measure cost no digits.

    Infinite for a matrix with a row or column of zeros; NaN for one that is not finite.
    """
    a = np.array(matrices, dtype=np.float64)
    bad = ~np.isfinite(a).all(axis=(1, 2))
    a[bad] = np.eye(a.shape[1])
    for axis in (2, 1):
        size = np.abs(a).max(axis=axis, keepdims=True)
        a /= np.where(size > 0, size, 1.0)
    singular = np.linalg.svd(a, compute_uv=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(singular[:, -1] > 0, singular[:, 0] / singular[:, -1], np.inf)
    return np.asarray(np.where(bad, np.nan, found))


def worst(values: Floats, size: int) -> tuple[float, int] | None:
    """The largest condition number of a matrix over the saved times, and the index of that time.

    values : (n_saved, size * size), row by row.   None if there are no times.
    """
    if not len(values):
        return None
    moves = np.flatnonzero((values[1:] != values[:-1]).any(axis=1)) + 1
    at: NDArray[np.int64] = np.concatenate([[0], moves])
    most = max(WORK // (20 * size**3), 1)
    at = at[np.unique(np.linspace(0, len(at) - 1, min(most, len(at))).astype(np.int64))]
    found = condition(values[at].reshape(-1, size, size))
    if np.isnan(found).all():
        return None
    k = int(np.nanargmax(found))
    return float(found[k]), int(at[k])


def doubtful(
    matrices: Sequence[Matrix], values: Floats, time: Floats
) -> list[tuple[str, float, float]]:
    """(label, condition number, time) of each matrix that is worse than `LARGE` at a saved time.

    values : (n_saved, cells of all matrices one after the other).
    """
    out, first = [], 0
    for matrix in matrices:
        stop = first + len(matrix.cells)
        found = worst(values[:, first:stop], round(len(matrix.cells) ** 0.5))
        if found is not None and found[0] > LARGE:
            out.append((matrix.label, found[0], float(time[found[1]])))
        first = stop
    return out


def said(number: float) -> str:
    """What a condition number means for the inverse."""
    if number >= SINGULAR:
        return "singular up to rounding, and its inverse means nothing"
    left = max(round(-np.log10(number / SINGULAR)), 1)
    return f"about {left} of 16 digits of its inverse are left"
