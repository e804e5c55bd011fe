"""Helpers shared by the methods: runs in blocks, resampling, plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError

Floats = NDArray[np.float64]
#: The most numbers that one step of resampling may hold.
ROOM = 20_000_000
#: An output counts as constant if its range is a smaller share of its size than this.
ROUNDING = 1e-13


def named(factors: Sequence[str]) -> tuple[str, ...]:
    """Check names: at least one, and none twice."""
    names = tuple(factors)
    if not names or len(set(names)) < len(names):
        twice = next((n for n in names if names.count(n) > 1), "")
        raise ModelError(
            f"two factors are called '{twice}'" if twice else "no factors",
            remedy="give each factor or group of the design its own name",
        )
    return names


def blocks(y: Floats, size: int, what: str) -> tuple[Floats, tuple[int, ...]]:
    """The outputs as (n_block, size, n_series), and the shape of the further axes.

    Raises
    ------
    ModelError : the runs do not make a whole number of blocks.
    """
    y = np.asarray(y, dtype=np.float64)
    if not len(y) or len(y) % size:
        raise ModelError(
            f"{len(y):,} runs do not make whole blocks of {size}",
            remedy=f"give all runs of a {what} design, in its order",
        )
    return y.reshape(len(y) // size, size, -1), y.shape[1:]


def resampled(
    n: int, resamples: int, rng: np.random.Generator, series: int
) -> Iterator[NDArray[np.float64]]:
    """Bootstrap counts (Efron 1979): how often each of ``n`` blocks is drawn. They come as (some
    resamples, n) at a time, so that neither they nor ``series`` sums for each outgrow `ROOM`."""
    most = max(int(ROOM // max(series, 4 * n, 1)), 1)
    for first in range(0, resamples, most):
        count = min(most, resamples - first)
        picks = rng.integers(0, n, (count, n)) + n * np.arange(count)[:, None]
        counts = np.bincount(picks.ravel(), minlength=count * n)
        yield counts.reshape(count, n).astype(np.float64)


def parts(series: int, each: int) -> Iterator[slice]:
    """The series in order, split so that ``each`` numbers per series stay within `ROOM`."""
    step = max(ROOM // max(each, 1), 1)
    for first in range(0, series, step):
        yield slice(first, min(first + step, series))


def spread(y: Floats, good: NDArray[np.bool_]) -> Floats:
    """(n_series,) the range along the first axis of the values that count; 0 if it is only
    rounding error."""
    low = np.where(good, y, np.inf).min(axis=0, initial=np.inf)
    high = np.where(good, y, -np.inf).max(axis=0, initial=-np.inf)
    size = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(good.any(axis=0) & (high - low > ROUNDING * size), high - low, 0.0)


def short(used: NDArray[np.int64], least: int, what: str) -> str:
    """Which series have too little data, in words; empty if none."""
    few = int((used < least).sum())
    if not few:
        return ""
    of = f" in {few:,} of {used.size:,} series" if used.size > 1 else ""
    return f"fewer than {least} {what} have finite outputs{of}"


def interval(samples: Floats, level: float) -> tuple[Floats, Floats]:
    """Lower and upper quantiles along the first axis; NaN where any sample is NaN."""
    tail = (1 - level) / 2
    with np.errstate(all="ignore"):
        low, high = np.quantile(samples, [tail, 1 - tail], axis=0)
    return low, high


def plain(value: Any) -> Any:
    """Data for JSON: lists instead of arrays, None instead of NaN."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


class Found:
    """What a method of analysis found: a dataclass that can be given as plain data."""

    def to_data(self) -> dict[str, Any]:
        """As plain data: every field, lists in place of arrays, None in place of NaN."""
        return {k: plain(v) for k, v in self.__dict__.items()}


def checked_level(level: float, resamples: int) -> None:
    """Refuse levels and numbers of resamples that cannot give an interval."""
    if not 0 < level < 1:
        raise ModelError(f"level is {level:g}, expected between 0 and 1", remedy="0.95 is usual")
    if resamples < 2:
        raise ModelError(f"{resamples:,} resamples, expected at least 2", remedy="1000 are usual")
