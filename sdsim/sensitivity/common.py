"""What the methods share: runs in blocks, resampling, plain data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.errors import ModelError

Floats = NDArray[np.float64]
#: Numbers that a step of resampling may hold at once.
ROOM = 20_000_000


def blocks(y: Floats, size: int, what: str) -> tuple[Floats, tuple[int, ...]]:
    """(n_block, size, n_series) and the shape of the further axes.

    Raises
    ------
    ModelError : the runs are no whole number of blocks.
    """
    y = np.asarray(y, dtype=np.float64)
    if not len(y) or len(y) % size:
        raise ModelError(
            f"{len(y):,} runs are no whole number of blocks of {size}",
            remedy=f"give all runs of a {what} design, in its order",
        )
    return y.reshape(len(y) // size, size, -1), y.shape[1:]


def resampled(
    n: int, resamples: int, rng: np.random.Generator, series: int
) -> list[NDArray[np.float64]]:
    """How often each of ``n`` blocks is drawn, (some resamples, n) at a time."""
    most = max(int(ROOM // max(series, n, 1)), 1)
    out = []
    for first in range(0, resamples, most):
        count = min(most, resamples - first)
        picks = rng.integers(0, n, (count, n))
        counts = np.zeros((count, n))
        np.add.at(counts, (np.arange(count)[:, None], picks), 1.0)
        out.append(counts)
    return out


def interval(samples: Floats, level: float) -> tuple[Floats, Floats]:
    """Lower and upper quantiles along the first axis, NaN where any sample is none."""
    tail = (1 - level) / 2
    with np.errstate(all="ignore"):
        low, high = np.quantile(samples, [tail, 1 - tail], axis=0)
    return low, high


def plain(value: Any) -> Any:
    """For JSON: lists in place of arrays, None in place of NaN."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def checked_level(level: float, resamples: int) -> None:
    """Refuse levels and numbers of resamples that make no interval."""
    if not 0 < level < 1:
        raise ModelError(f"level is {level:g}, expected between 0 and 1")
    if resamples < 2:
        raise ModelError(f"{resamples} resamples, expected at least 2")
