"""Draws shared by all policies: which of them count, and means over them with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdsim.analyses.common import ROOM, Floats, interval
from sdsim.base.errors import ModelError

BETTER = ("high", "low")


def sign_of(better: str) -> float:
    """1 if ``high`` is better, -1 if ``low`` is."""
    if better not in BETTER:
        raise ModelError(f"better must be 'high' or 'low', got '{better}'", remedy="choose one")
    return 1.0 if better == "high" else -1.0


def named(labels: Sequence[str], values: Floats, axis: int, what: str) -> None:
    """Refuse values without an axis for ``labels`` followed by one for draws."""
    if values.ndim <= axis + 1 or len(labels) != values.shape[axis]:
        raise ModelError(
            f"{len(labels)} names of {what} for values of shape {values.shape}",
            remedy="give one for each",
        )


def finite(values: Floats, axis: int) -> NDArray[np.bool_]:
    """(n_draw,) which draws (along ``axis``) are finite throughout.

    Raises
    ------
    ModelError : none are.
    """
    rest = tuple(i for i in range(values.ndim) if i != axis)
    good = np.asarray(np.isfinite(values).all(axis=rest))
    if not good.any():
        raise ModelError(
            "no draw in which every policy has an outcome",
            remedy="look for a policy whose runs all fail",
        )
    return good


def resampled(columns: Floats, resamples: int, seed: int) -> Floats:
    """(resamples, n_column) bootstrap means over the draws of columns (n_draw, n_column) (Efron
    1979). The same seed gives the same resamples."""
    rng = np.random.default_rng(seed)
    n = len(columns)
    out = np.empty((resamples, columns.shape[1]))
    step = max(ROOM // n, 1)
    for first in range(0, resamples, step):
        count = min(step, resamples - first)
        out[first : first + count] = rng.multinomial(n, np.full(n, 1 / n), size=count) @ columns / n
    return out


def mean(
    values: Floats, axis: int, resamples: int, level: float, seed: int
) -> tuple[Floats, Floats, Floats]:
    """The mean along the axis of draws, and the ends of its interval at ``level``."""
    columns = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)
    low, high = np.empty((2, columns.shape[1]))
    step = max(ROOM // resamples, 1)
    for first in range(0, len(low), step):
        part = slice(first, first + step)
        low[part], high[part] = interval(resampled(columns[:, part], resamples, seed), level)
    middle = values.mean(axis=axis)
    return middle, low.reshape(middle.shape), high.reshape(middle.shape)
