"""Comparison of policies under uncertainty: rank, regret, worse before better, rank stability
(Savage 1951 on regret; Lempert, Groves, Popper and Bankes 2006 on satisficing).

Every policy is evaluated on the same draws; a draw in which any policy's outcome is not finite is
left out for all policies, and counted. Intervals come from resampled draws (Efron 1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sdsim.analyses.common import Floats, Found, checked_level, interval
from sdsim.analyses.draws import finite, mean, named, resampled, sign_of
from sdsim.base.errors import ModelError


@dataclass(frozen=True)
class Ranking(Found):
    """The comparison of policies on one outcome, in its units unless stated. Arrays may end with
    the outcome's further axes. ``..._low`` and ``..._high`` are intervals at ``level``.

    mean : (n_policy,).   quantiles : (n_policy, 3) 5, 50, 95 % over draws.
    regret : (n_policy, 3) mean, 90 % quantile and maximum of the loss against the best policy of
        each draw; the interval is that of the mean.
    best : (n_policy,) share of draws in which the policy is best; ties are shared.
    meets : (n_policy,) share of draws that reach the threshold, NaN without one.
    used, left_out : numbers of draws.
    """

    policies: tuple[str, ...]
    better: str
    mean: Floats
    mean_low: Floats
    mean_high: Floats
    quantiles: Floats
    regret: Floats
    regret_low: Floats
    regret_high: Floats
    best: Floats
    best_low: Floats
    best_high: Floats
    meets: Floats
    meets_low: Floats
    meets_high: Floats
    used: int
    left_out: int
    level: float

    def order(self) -> list[int]:
        """Policies, ordered by mean, the best first.

        Raises
        ------
        ModelError : the outcome has further axes, so there is no single order.
        """
        if self.mean.ndim != 1:
            raise ModelError(
                f"means of shape {self.mean.shape} have no one order",
                remedy="rank one outcome at one time",
            )
        sign = -1 if self.better == "high" else 1
        return [int(i) for i in np.argsort(sign * self.mean, kind="stable")]


def rank(
    outcome: Floats, policies: Sequence[str], better: str, *, threshold: float | None = None,
    resamples: int = 1000, level: float = 0.95, seed: int = 0,
) -> Ranking:  # fmt: skip
    """Rank policies on one outcome.

    Parameters
    ----------
    outcome : (n_policy, n_draw, ...), with further axes such as outcomes or times; a draw that is
        not finite anywhere is left out everywhere.   better : ``high`` or ``low``.
    threshold : what is good enough, units of the outcome.

    Raises
    ------
    ModelError : no draw in which all policies have a finite outcome; names that do not fit.
    """
    sign = sign_of(better)
    checked_level(level, resamples)
    outcome = np.asarray(outcome, dtype=np.float64)
    named(policies, outcome, 0, "policies")
    good = finite(outcome, 1)
    kept = outcome[:, good]
    value = sign * kept
    top = value.max(axis=0)
    loss, ties = top - value, value == top
    settings = (1, resamples, level, seed)
    regret, regret_low, regret_high = mean(loss, *settings)
    if threshold is None:
        meets = (np.full_like(regret, np.nan),) * 3
    else:
        meets = mean((value >= sign * threshold).astype(np.float64), *settings)
    return Ranking(
        tuple(policies), better, *mean(kept, *settings),
        np.moveaxis(np.quantile(kept, [0.05, 0.5, 0.95], axis=1), 0, 1),
        np.stack([regret, np.quantile(loss, 0.9, axis=1), loss.max(axis=1)], axis=1),
        regret_low, regret_high, *mean(ties / ties.sum(axis=0), *settings), *meets,
        int(good.sum()), int((~good).sum()), level,
    )  # fmt: skip


@dataclass(frozen=True)
class WorseBeforeBetter(Found):
    """Policies that first make things worse and later better.

    share : (n_policy,) share of draws in which a policy is first worse than the baseline by more
        than the tolerance and ends better by more than the tolerance.
    depth : (n_policy,) median of the largest loss before it is clearly better, as a share of the
        baseline's range.
    until : (n_policy,) median time at which that loss is made good.
    used, left_out : numbers of draws.
    """

    policies: tuple[str, ...]
    share: Floats
    depth: Floats
    until: Floats
    used: int
    left_out: int


def worse_before_better(
    series: Floats, time: Floats, policies: Sequence[str], baseline: int, better: str, *,
    tolerance: float = 0.01,
) -> WorseBeforeBetter:  # fmt: skip
    """Find policies whose costs come before their gains (Forrester 1971).

    Parameters
    ----------
    series : (n_policy, n_draw, n_time).   time : (n_time,).
    baseline : index of the policy to compare with.
    tolerance : a share of the range of the baseline's series in a draw; if that is flat, of its
        size; if it is 0 throughout, of the largest difference that a policy makes.

    Raises
    ------
    ModelError : shapes that do not fit, no draw in which every policy has an outcome.
    """
    sign = sign_of(better)
    series, time = np.asarray(series, dtype=np.float64), np.asarray(time, dtype=np.float64)
    named(policies, series, 0, "policies")
    if series.ndim != 3 or time.shape != series.shape[2:]:
        raise ModelError(
            f"{time.size} times for series of shape {series.shape}",
            remedy="give one time for each value",
        )
    if not (0 <= baseline < len(series) and tolerance >= 0):
        raise ModelError(
            f"baseline {baseline} and tolerance {tolerance:g}",
            remedy=f"give the place of one of {len(series)} policies, and a tolerance from 0",
        )
    good = finite(series, 1)
    series = series[:, good]
    base = series[baseline]
    size = np.ptp(base, axis=1)
    size = np.where(size > 0, size, np.abs(base).max(axis=1))
    for draw in np.flatnonzero(size == 0):
        size[draw] = np.abs(series[:, draw]).max() or 1.0
    rows = [_dip(sign * (one - base) / size[:, None], time, tolerance) for one in series]
    share, depth, until = np.array(rows).T
    return WorseBeforeBetter(
        tuple(policies), share, depth, until, int(good.sum()), int((~good).sum())
    )


def _dip(gain: Floats, time: Floats, tolerance: float) -> tuple[float, float, float]:
    """Share, depth and end of first losses in ``gain`` (n_draw, n_time)."""
    step = np.arange(len(time))
    start = (np.abs(gain) > tolerance).argmax(axis=1)[:, None]
    found = (np.take_along_axis(gain, start, 1)[:, 0] < -tolerance) & (gain[:, -1] > tolerance)
    if not found.any():
        return 0.0, np.nan, np.nan
    gain, start = gain[found], start[found]
    turn = ((gain > tolerance) & (step >= start)).argmax(axis=1)[:, None]
    below = (step >= start) & (step <= turn) & (gain < 0)
    last = len(time) - 1 - below[:, ::-1].argmax(axis=1)
    depth = np.where(below, -gain, 0.0).max(axis=1)
    return float(found.mean()), float(np.median(depth)), float(np.median(time[last + 1]))


@dataclass(frozen=True)
class Stability(Found):
    """How stable the order of policies is across worlds, such as rival theories. ``..._low`` and
    ``..._high`` are the intervals of tau and agree at ``level``.

    tau : (n_world, n_world) Kendall's tau-b between the orders by mean.
    pairs : (n_pair, 2) policies.
    keeps : (n_pair,) share of worlds, equally weighted and including the first, in which the
        pair's means have the same order as in the first, averaged over resampled draws. It is a
        probability, so it has no interval.
    agree : (n_world, n_pair) share of a world's draws with the pair in that order; ties count half.
    used, left_out : numbers of draws.
    """

    worlds: tuple[str, ...]
    policies: tuple[str, ...]
    tau: Floats
    tau_low: Floats
    tau_high: Floats
    pairs: NDArray[np.int64]
    keeps: Floats
    agree: Floats
    agree_low: Floats
    agree_high: Floats
    used: int
    left_out: int
    level: float


def _taus(means: Floats, pairs: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Signs of pairs (..., n_world, n_pair) and tau-b (..., n_world, n_world) of means
    (..., n_world, n_policy); NaN if all policies tie in a world (Kendall 1945)."""
    signs = np.sign(means[..., pairs[:, 0]] - means[..., pairs[:, 1]])
    together = signs @ np.swapaxes(signs, -1, -2)
    untied = np.sqrt(np.diagonal(together, axis1=-2, axis2=-1))
    with np.errstate(invalid="ignore"):
        return signs, together / (untied[..., :, None] * untied[..., None, :])


def rank_stability(
    outcome: Floats, worlds: Sequence[str], policies: Sequence[str], better: str, *,
    resamples: int = 200, level: float = 0.95, seed: int = 0,
) -> Stability:  # fmt: skip
    """Compare the order of policies between worlds.

    Parameters
    ----------
    outcome : (n_world, n_policy, n_draw); all worlds use the same draws.

    Raises
    ------
    ModelError : shapes that do not fit, fewer than 2 policies, no draw in which every policy has an
        outcome in every world.
    """
    sign = sign_of(better)
    checked_level(level, resamples)
    outcome = np.asarray(outcome, dtype=np.float64)
    named(worlds, outcome, 0, "worlds")
    named(policies, outcome, 1, "policies")
    if outcome.ndim != 3 or len(policies) < 2:
        raise ModelError(
            f"outcomes of shape {outcome.shape}, expected worlds, policies, draws",
            remedy="give an array with these axes",
        )
    good = finite(outcome, 2)
    value = sign * outcome[..., good]
    pairs = np.array(list(combinations(range(len(policies)), 2)), dtype=np.int64)
    signs, tau = _taus(value.mean(axis=-1), pairs)
    again = resampled(value.reshape(-1, value.shape[-1]).T, resamples, seed)
    drawn, taus = _taus(again.reshape(resamples, *value.shape[:2]), pairs)
    keeps = (drawn == signs[0]).mean(axis=(0, 1))
    ahead = signs[0][:, None] * np.sign(value[:, pairs[:, 0]] - value[:, pairs[:, 1]])
    agree = mean((1 + ahead) / 2, 2, resamples, level, seed)
    return Stability(
        tuple(worlds), tuple(policies), tau, *interval(taus, level), pairs,
        keeps, *agree,
        int(good.sum()), int((~good).sum()), level,
    )  # fmt: skip
