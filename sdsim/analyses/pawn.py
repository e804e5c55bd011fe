"""PAWN: how far the distribution of an output moves when a factor is fixed. It does not rely on
moments and works on any plain sample.

Pianosi, F. and Wagener, T. (2018). Distribution-based sensitivity analysis from a generic
input-output sample. Environmental Modelling & Software 108, 197-207.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.analyses.common import Floats, Found, named, parts, short, spread
from sdsim.base.errors import ModelError

Whole = NDArray[np.int64]
#: The fewest runs per slice, on average; a slice with fewer than half as many is ignored.
FEWEST = 10


@dataclass(frozen=True)
class Pawn(Found):
    """Distances between distributions, 0 to 1 (Kolmogorov-Smirnov).

    median, largest, mean : (n_factor, ...) over the slices of a factor.
    dummy : (...) the 95 % quantile, over shuffles, of the median of a factor without effect.
    used : (...) runs with a finite output; ``left_out`` the others.
    varies : (...) whether there is more than one value; otherwise all distances are NaN.
    note : which distances are NaN for lack of runs, in words.
    """

    factors: tuple[str, ...]
    median: Floats
    largest: Floats
    mean: Floats
    dummy: Floats
    used: Whole
    left_out: Whole
    varies: NDArray[np.bool_]
    slices: int
    note: str = ""


def pawn(
    x: Floats, y: Floats, factors: Sequence[str], *, slices: int = 10, shuffles: int = 100,
    seed: int = 0,
) -> Pawn:  # fmt: skip
    """PAWN indices from a plain sample.

    Parameters
    ----------
    x : (n_run, n_factor), any units.   y : (n_run, ...). A run that is not finite is left out of
        that series.
    slices : number of slices per factor, with equally many runs in each; a factor with few values
        gets one slice per value.
    shuffles, seed : for the slices of a factor without effect.

    Raises
    ------
    ModelError : fewer than `FEWEST` runs per slice; shapes that do not fit; points not finite.
    """
    names = named(factors)
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or x.shape != (len(y), len(names)) or not np.isfinite(x).all():
        raise ModelError(
            f"points of shape {x.shape} for {len(y):,} runs and {len(names)} factors",
            remedy="give a finite value of each factor for each run",
        )
    if len(y) < FEWEST * slices or slices < 2 or shuffles < 1:
        raise ModelError(
            f"{len(y):,} runs in {slices} slices, {shuffles} shuffles",
            remedy=f"take at least 2 slices, {FEWEST} runs a slice, and a shuffle",
        )
    flat = y.reshape(len(y), -1)
    good = np.isfinite(flat)
    used, varies = good.sum(axis=0), spread(flat, good) > 0
    found, dummy = np.full((3, len(names), flat.shape[1]), np.nan), np.full(flat.shape[1], np.nan)
    for rows, columns in _alike(good, varies & (used >= FEWEST * slices)):
        belongs = [_slices(v, slices) for v in x[rows].T]
        for part in parts(len(columns), 8 * int(rows.sum())):
            at = columns[part]
            ranked = _ranked(flat[np.ix_(rows, at)])
            for j, which in enumerate(belongs):
                found[:, j, at] = _summary(_distances(which[ranked[0]], *ranked[1:]))
            dummy[at] = _dummy(*ranked[1:], slices, shuffles, seed)
    shape = y.shape[1:]
    median, largest, mean = (v.reshape(len(names), *shape) for v in found)
    return Pawn(
        names, median, largest, mean, dummy.reshape(shape), used.reshape(shape),
        (len(y) - used).reshape(shape), varies.reshape(shape), slices,
        short(used, FEWEST * slices, "runs"),
    )  # fmt: skip


def _alike(good: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> list[tuple[Any, Whole]]:
    """Groups of series that use the same runs: those runs, and the series."""
    found: dict[bytes, list[int]] = {}
    for s in np.flatnonzero(wanted):
        found.setdefault(good[:, s].tobytes(), []).append(int(s))
    return [(good[:, at[0]], np.array(at)) for at in found.values()]


def _slices(x: Floats, slices: int) -> Whole:
    """(n,) the slice of each value."""
    values, which = np.unique(x, return_inverse=True)
    if len(values) <= slices:
        return np.asarray(which)
    edges = np.quantile(x, np.linspace(0, 1, slices + 1))
    return np.asarray(np.clip(np.searchsorted(edges, x, side="right") - 1, 0, slices - 1))


def _ranked(y: Floats) -> tuple[Whole, Floats, Floats]:
    """The order of the runs and, at each place in it, the shares of all runs that are no larger
    and that are smaller; each (n, n_series)."""
    n = len(y)
    order = np.argsort(y, axis=0, kind="stable")
    value = np.take_along_axis(y, order, axis=0)
    new = np.ones(value.shape, dtype=bool)
    new[1:] = value[1:] > value[:-1]
    place = np.arange(n)[:, None]
    smaller = np.maximum.accumulate(np.where(new, place, 0), axis=0)
    ends = np.concatenate([new[1:], np.ones_like(new[:1])])
    within = np.minimum.accumulate(np.where(ends, place + 1, n)[::-1], axis=0)[::-1]
    return order, within / n, smaller / n


def _distances(which: Whole, within: Floats, smaller: Floats) -> Floats:
    """(n_slice, n_series) the largest distance between a slice's distribution and that of all runs.

    which : (n, n_series) slices of the runs in the order of the output, the same number of runs in
        each slice throughout; within, smaller : see `_ranked`. The largest distance is reached at a
        value in the slice, or just below one.
    """
    grouped = np.argsort(which, axis=0, kind="stable")
    size = np.bincount(which[:, 0])
    size = size[size > 0]
    starts = np.cumsum(size) - size
    inside = np.arange(len(which)) - np.repeat(starts, size)
    total = np.repeat(size, size)
    above = ((inside + 1) / total)[:, None] - np.take_along_axis(within, grouped, axis=0)
    below = np.take_along_axis(smaller, grouped, axis=0) - (inside / total)[:, None]
    return np.asarray(np.maximum.reduceat(np.maximum(above, below), starts)[size >= FEWEST // 2])


def _summary(distance: Floats) -> Floats:
    """(3, n_series) median, largest and mean over slices, NaN without slices."""
    if not len(distance):
        return np.full((3, distance.shape[1]), np.nan)
    return np.stack([np.median(distance, axis=0), distance.max(axis=0), distance.mean(axis=0)])


def _dummy(within: Floats, smaller: Floats, slices: int, shuffles: int, seed: int) -> Floats:
    """(n_series,) 95 % quantile of the median distance over shuffled slices.

    Only which values of an output are equal matters here, not the values themselves.
    """
    n, series = within.shape
    even = np.arange(n) * slices // n
    ties = np.flatnonzero((within - smaller > 1.5 / n).any(axis=0))
    without = np.setdiff1d(np.arange(series), ties)[:1]
    medians = np.empty((shuffles, series))
    rng = np.random.default_rng(seed)
    for some in parts(shuffles, 8 * n):
        count = some.stop - some.start
        which = rng.permuted(np.tile(even, (count, 1)), axis=1).T
        for s in [*without, *ties]:
            each = (np.broadcast_to(v[:, s : s + 1], which.shape) for v in (within, smaller))
            medians[some, s] = np.median(_distances(which, *each), axis=0)
    out = np.quantile(medians[:, [*without, *ties]], 0.95, axis=0)
    found = np.full(series, out[0])
    found[ties] = out[len(without) :]
    return found
