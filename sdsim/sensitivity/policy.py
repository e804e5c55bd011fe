"""Policies compared under uncertainty: rank, regret, worse before better, stability of the order.

Every policy meets the same draws; a draw in which any policy's outcome is not finite is left out
for all of them, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sdsim.errors import ModelError
from sdsim.sensitivity.common import Floats, checked_level, interval, plain

BETTER = ("high", "low")


@dataclass(frozen=True)
class Ranking:
    """Policies on one outcome, units of the outcome unless said.

    mean : (n_policy,), with mean_low, mean_high the ends of its interval.
    quantiles : (n_policy, 3) 5, 50, 95 % over draws.
    regret : (n_policy, 3) mean, 90 % quantile and largest loss against the best policy of a draw.
    best : (n_policy,) share of draws in which it is the best; ties are shared.
    meets : (n_policy,) share of draws that reach the threshold, NaN without one.
    """

    policies: tuple[str, ...]
    better: str
    mean: Floats
    mean_low: Floats
    mean_high: Floats
    quantiles: Floats
    regret: Floats
    best: Floats
    meets: Floats
    used: int
    left_out: int
    level: float

    def order(self) -> list[int]:
        """Policies, the best mean first."""
        sign = -1 if self.better == "high" else 1
        return [int(i) for i in np.argsort(sign * self.mean, kind="stable")]

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {k: plain(v) for k, v in self.__dict__.items()}


def _checked(better: str) -> float:
    if better not in BETTER:
        raise ModelError(f"better = '{better}'", remedy="'high' or 'low'")
    return 1.0 if better == "high" else -1.0


def rank(
    outcome: Floats, policies: Sequence[str], better: str, *, threshold: float | None = None,
    resamples: int = 1000, level: float = 0.95, seed: int = 0,
) -> Ranking:  # fmt: skip
    """Compare policies.

    Parameters
    ----------
    outcome : (n_policy, n_draw).   better : ``high`` or ``low``.
    threshold : what is good enough.

    Raises
    ------
    ModelError : no draw in which all policies have a finite outcome.
    """
    sign = _checked(better)
    checked_level(level, resamples)
    good = np.isfinite(outcome).all(axis=0)
    if not good.any():
        raise ModelError("no draw in which every policy has an outcome")
    kept = outcome[:, good]
    value = sign * kept
    top = value.max(axis=0)
    loss = top - value
    ties = value == top
    rng = np.random.default_rng(seed)
    n = kept.shape[1]
    counts = rng.multinomial(n, np.full(n, 1 / n), size=resamples)
    low, high = interval(counts @ kept.T / n, level)
    meets = np.full(len(kept), np.nan)
    if threshold is not None:
        meets = (value >= sign * threshold).mean(axis=1)
    return Ranking(
        tuple(policies), better, kept.mean(axis=1), low, high,
        np.quantile(kept, [0.05, 0.5, 0.95], axis=1).T,
        np.stack([loss.mean(axis=1), np.quantile(loss, 0.9, axis=1), loss.max(axis=1)], axis=1),
        (ties / ties.sum(axis=0)).mean(axis=1), meets, n, int((~good).sum()), level,
    )  # fmt: skip


@dataclass(frozen=True)
class WorseBeforeBetter:
    """Policies that first go the wrong way.

    share : (n_policy,) of draws in which a policy is first worse than the baseline by more than
        the tolerance and ends better.   depth : (n_policy,) median of the largest loss there, as a
        share of the baseline's range.   until : (n_policy,) median time at which it is made good.
    """

    policies: tuple[str, ...]
    share: Floats
    depth: Floats
    until: Floats

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {k: plain(v) for k, v in self.__dict__.items()}


def worse_before_better(
    series: Floats, time: Floats, policies: Sequence[str], baseline: int, better: str, *,
    tolerance: float = 0.01,
) -> WorseBeforeBetter:  # fmt: skip
    """Look for costs that come before gains.

    Parameters
    ----------
    series : (n_policy, n_draw, n_time).   baseline : the policy to compare with.
    tolerance : of the range of the baseline's series in a draw.
    """
    sign = _checked(better)
    base = series[baseline]
    size = np.ptp(base, axis=1)
    size = np.where(size > 0, size, np.maximum(np.abs(base).max(axis=1), 1e-300))
    gain = sign * (series - base) / size[:, None]
    worst = gain.argmin(axis=2)
    depth = -gain.min(axis=2)
    with np.errstate(invalid="ignore"):
        found = (depth > tolerance) & (gain[..., -1] > tolerance)
        after = np.arange(len(time)) >= worst[..., None]
        before = np.where(np.arange(len(time)) <= worst[..., None], gain, -np.inf).max(axis=2)
        found &= before <= tolerance  # worse first, not better first
        good = np.argmax(after & (gain >= 0), axis=2)
    finite = np.isfinite(series).all(axis=2) & np.isfinite(base).all(axis=1)
    found &= finite

    def middle(v: Floats) -> Floats:
        return np.array([
            np.median(v[p, found[p]]) if found[p].any() else np.nan for p in range(len(series))
        ])  # fmt: skip

    share = found.sum(axis=1) / np.maximum(finite.sum(axis=1), 1)
    return WorseBeforeBetter(tuple(policies), share, middle(depth), middle(time[good]))


@dataclass(frozen=True)
class Stability:
    """Whether the order of policies is the same in other worlds, such as rival theories.

    tau : (n_world, n_world) Kendall's of the orders by mean.
    pairs : (n_pair, 2) policies; keeps (n_pair,) the share of worlds, weighted alike, and of
        resampled draws in which the pair keeps the order that it has in the first world.
    """

    worlds: tuple[str, ...]
    policies: tuple[str, ...]
    tau: Floats
    pairs: NDArray[np.int64]
    keeps: Floats

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {k: plain(v) for k, v in self.__dict__.items()}


def rank_stability(
    outcome: Floats, worlds: Sequence[str], policies: Sequence[str], better: str, *,
    resamples: int = 200, seed: int = 0,
) -> Stability:  # fmt: skip
    """Compare orders.

    Parameters
    ----------
    outcome : (n_world, n_policy, n_draw).
    """
    sign = _checked(better)
    good = np.isfinite(outcome).all(axis=(0, 1))
    if not good.any():
        raise ModelError("no draw in which every policy has an outcome in every world")
    value = sign * outcome[..., good]
    n = value.shape[-1]
    mean = value.mean(axis=-1)
    count = len(worlds)
    tau = np.ones((count, count))
    for i, j in combinations(range(count), 2):
        tau[i, j] = tau[j, i] = stats.kendalltau(mean[i], mean[j]).statistic
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples) / n
    drawn = np.einsum("wpd,rd->rwp", value, weights)
    pairs = np.array(list(combinations(range(len(policies)), 2)), dtype=np.int64).reshape(-1, 2)
    keeps = np.array([
        (np.sign(drawn[..., a] - drawn[..., b]) == np.sign(mean[0, a] - mean[0, b])).mean()
        for a, b in pairs
    ])  # fmt: skip
    return Stability(tuple(worlds), tuple(policies), tau, pairs, keeps)
