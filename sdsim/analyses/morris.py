"""Screening by elementary effects (Morris 1991; mu* of Campolongo, Cariboni and Saltelli 2007).

Morris, M. D. (1991). Technometrics 33, 161-174. Campolongo, F., Cariboni, J. and Saltelli, A.
(2007). Environmental Modelling & Software 22, 1509-1518.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdsim.analyses.common import (
    Floats,
    Found,
    blocks,
    checked_level,
    interval,
    named,
    parts,
    resampled,
    short,
)
from sdsim.base.errors import ModelError

#: The fewest trajectories for an estimate; with fewer, effects are NaN.
LEAST = 4
#: A column of the design that moves by less counts as fixed.
STILL = 1e-12


@dataclass(frozen=True)
class Morris(Found):
    """Elementary effects: the change when a factor (or group) moves, scaled to its whole range.

    mean, star, deviation : (n_factor, ...) mean of the effects, mean of their absolute values,
        and their standard deviation, in units of the output: mu, mu* and sigma of the papers. A
        group has no ``mean``, since its members move in different directions; its ``deviation``
        is that of the absolute values.
    low, high : ends of the interval of ``star``; likewise for the others.
    used : (...) trajectories with finite outputs throughout; ``left_out`` the others.
    note : which effects are NaN for lack of trajectories, in words.
    """

    factors: tuple[str, ...]
    mean: Floats
    star: Floats
    deviation: Floats
    low: Floats
    high: Floats
    mean_low: Floats
    mean_high: Floats
    deviation_low: Floats
    deviation_high: Floats
    used: NDArray[np.int64]
    left_out: NDArray[np.int64]
    level: float
    note: str = ""


def morris(
    unit: Floats, y: Floats, factors: Sequence[str], *,
    members: Sequence[Sequence[int]] | None = None, resamples: int = 1000, level: float = 0.95,
    seed: int = 0,
) -> Morris:  # fmt: skip
    """Elementary effects from a `sdsim.design.Morris` design; the points show what moved.

    Parameters
    ----------
    unit : (n_run, n_column) in [0, 1], and y : (n_run, ...), trajectory after trajectory. A
        trajectory with any non-finite output is left out of that series.
    factors : names of what moves; ``members`` are the columns of each, by default one each.
    resamples, level, seed : for the intervals, which are quantiles over resampled trajectories.

    Raises
    ------
    ModelError : runs that do not fill trajectories; columns that belong to no factor or to two;
        a step in which anything but one factor or group moves.
    """
    checked_level(level, resamples)
    names = named(factors)
    columns = [tuple(c) for c in members or [(i,) for i in range(len(names))]]
    cut, shape = blocks(y, len(names) + 1, "Morris")
    if len(unit) != len(y):
        raise ModelError(
            f"{len(unit):,} points for {len(y):,} runs", remedy="give one run for each point"
        )
    which, length = _steps(blocks(unit, len(names) + 1, "Morris")[0], columns, len(names))
    good = np.asarray(np.isfinite(cut).all(axis=1))
    with np.errstate(invalid="ignore", over="ignore"):
        effect = np.diff(np.where(good[:, None], cut, 0.0), axis=1) / length[:, :, None]
    effect = np.take_along_axis(effect, np.argsort(which, axis=1)[:, :, None], axis=1)
    grouped = np.array([len(c) > 1 for c in columns])
    effect[:, grouped] = np.abs(effect[:, grouped])
    used = good.sum(axis=0)
    found = np.full((3, 3, len(names), good.shape[1]), np.nan)
    for some in parts(good.shape[1], 6 * max(len(cut), resamples) * len(names)):
        found[..., some] = _estimates(effect[..., some], good[:, some], resamples, level, seed)
    found[..., used < LEAST] = np.nan
    found[:, 0, grouped] = np.nan
    (mean, star, deviation), low, high = found.reshape(3, 3, len(names), *shape)
    return Morris(
        names, mean, star, deviation, low[1], high[1], low[0], high[0], low[2], high[2],
        used.reshape(shape), (len(cut) - used).reshape(shape), level,
        short(used, LEAST, "trajectories"),
    )  # fmt: skip


def _steps(
    x: Floats, columns: list[tuple[int, ...]], count: int
) -> tuple[NDArray[np.int64], Floats]:
    """(n_trajectory, n_factor) the factor that moved in each step, and how far."""
    if len(columns) != count or sorted(c for at in columns for c in at) != [*range(x.shape[2])]:
        raise ModelError(
            f"{len(columns)} sets of columns for {count} factors and {x.shape[2]} columns",
            remedy="give each column of the design to one factor or group",
        )
    owner = np.empty(x.shape[2], dtype=np.int64)
    for k, at in enumerate(columns):
        owner[list(at)] = k
    step = np.diff(x, axis=1)
    moved = np.abs(step) > STILL
    first = moved.argmax(axis=2)
    which = owner[first]
    if not moved.any(axis=2).all() or (moved & (owner != which[:, :, None])).any():
        raise ModelError(
            "a step moves nothing, or more than one factor or group",
            remedy="give the points of a Morris design in its order, and its groups",
        )
    if (np.sort(which, axis=1) != np.arange(count)).any():
        raise ModelError(
            "a trajectory does not move every factor once", remedy="use the runs of a Morris design"
        )
    return which, np.take_along_axis(step, first[:, :, None], axis=2)[:, :, 0]


def _estimates(
    effect: Floats, good: NDArray[np.bool_], resamples: int, level: float, seed: int
) -> Floats:
    """(3, 3, n_factor, n_series): estimates and the ends of their intervals, for the mean, the
    absolute value and the deviation."""
    weight = good.astype(np.float64)
    with np.errstate(all="ignore"):
        middle = effect.sum(axis=0) / weight.sum(axis=0)
        off = np.where(good[:, None], effect - middle, 0.0)
    terms = [t.reshape(len(t), -1) for t in (off, np.abs(effect), off**2)]

    def moments(counts: Floats) -> Floats:
        n = (counts @ weight)[:, None]
        shift, star, square = (
            (counts @ t).reshape(len(counts), *effect.shape[1:]) for t in terms
        )  # fmt: skip
        with np.errstate(all="ignore"):
            variance = np.maximum(square - shift**2 / n, 0.0) / (n - 1)
            return np.stack([middle + shift / n, star / n, np.sqrt(variance)], axis=1)

    value = moments(np.ones((1, len(good))))[0]
    rng, sums = np.random.default_rng(seed), 3 * terms[0].shape[1]
    drawn = [moments(counts) for counts in resampled(len(good), resamples, rng, sums)]
    return np.stack([value, *interval(np.concatenate(drawn), level)])
