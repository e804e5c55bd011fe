"""Sobol indices from Saltelli's design, with bootstrap intervals, for all series at once.

First order: Saltelli et al. (2010), table 2 (b). Total: Jansen (1999), table 2 (f) there. Second
order: Saltelli (2002). Outputs are centred and scaled first, which changes no index but keeps
precision. An index may fall below 0 or exceed 1 by its error; it is not truncated.

Saltelli, A. (2002). Computer Physics Communications 145, 280-297.
Saltelli, A., Annoni, P., Azzini, I., Campolongo, F., Ratto, M. and Tarantola, S. (2010). Computer
Physics Communications 181, 259-270.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.analyses.common import (
    Floats,
    blocks,
    checked_level,
    interval,
    named,
    parts,
    plain,
    resampled,
    short,
    spread,
)  # fmt: skip
from sdsim.base.errors import ModelError

#: The fewest base points for indices; with fewer they are NaN.
LEAST = 8
#: The fewest base points for indices that mean anything.
FEWEST = 16
#: A total index whose interval is wider than this is poorly known.
WIDE = 0.1


@dataclass(frozen=True)
class Indices:
    """Estimates with the ends of their intervals, all of the same shape."""

    value: Floats
    low: Floats
    high: Floats

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {"value": plain(self.value), "low": plain(self.low), "high": plain(self.high)}


@dataclass(frozen=True)
class Sobol:
    """Sobol indices: shares of variance.

    first, total : (n_factor, ...).   second : (n_pair, ...), with ``pairs`` (n_pair, 2).
    used : (...) base points with finite outputs in their whole block; ``left_out`` the others.
    varies : (...) whether the output varies; otherwise all indices are NaN.
    note : which indices are NaN for lack of base points, in words.
    """

    factors: tuple[str, ...]
    first: Indices
    total: Indices
    second: Indices | None
    pairs: NDArray[np.int64]
    used: NDArray[np.int64]
    left_out: NDArray[np.int64]
    varies: NDArray[np.bool_]
    level: float
    note: str = ""

    def verdict(self) -> str:
        """Why more base points are needed, in words; empty if there are enough."""
        out = []
        wide = self.total.high - self.total.low
        if (self.used < FEWEST).any():
            out.append(f"some outcomes have fewer than {FEWEST} base points")
        if np.isfinite(wide).any() and np.nanmax(wide) > WIDE:
            k = int(np.unravel_index(np.nanargmax(wide), wide.shape)[0])
            out.append(
                f"the total index of '{self.factors[k]}' is known to {np.nanmax(wide) / 2:.2f} "
                f"either way only, more than {WIDE / 2:.2f}"
            )
        if (np.isfinite(self.total.value) & ~np.isfinite(wide)).any():
            out.append("too few base points differ for an interval")
        unclear = self._unclear()
        if unclear:
            out.append(f"the order of {unclear} is open")
        return "; ".join(out)

    def _unclear(self) -> str:
        """Factors adjacent in rank whose intervals overlap, if either index is above 0.05."""
        flat = [v.reshape(len(self.factors), -1) for v in
                (self.total.value, self.total.low, self.total.high)]  # fmt: skip
        for column in range(flat[0].shape[1]):
            value, low, high = (f[:, column] for f in flat)
            order = [int(i) for i in np.argsort(-value) if np.isfinite(value[i])]
            for a, b in pairwise(order):
                if value[b] > 0.05 and low[a] < high[b]:
                    return f"'{self.factors[a]}' and '{self.factors[b]}'"
        return ""

    def above_chance(self, series: int = 0) -> list[int]:
        """Positions in ``pairs`` of one series' notable second-order indices, largest first: those
        above what the largest of as many pairs without interaction reaches in 5 of 100 designs.

        The error of an index is taken from its interval, assuming a normal distribution.
        """
        if self.second is None or not len(self.pairs):
            return []
        normal = NormalDist()
        tail = normal.inv_cdf((1 + self.level) / 2)
        value, low, high = (
            v.reshape(len(self.pairs), -1)[:, series]
            for v in (self.second.value, self.second.low, self.second.high)
        )
        most = normal.inv_cdf(0.95 ** (1 / len(self.pairs))) * (high - low) / (2 * tail)
        with np.errstate(invalid="ignore"):
            found = np.flatnonzero((value > most) & (low > 0))
        return [int(i) for i in found[np.argsort(-value[found], kind="stable")]]

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        pairs = [[self.factors[i], self.factors[j]] for i, j in self.pairs]
        return {
            "factors": list(self.factors), "level": self.level, "first": self.first.to_data(),
            "total": self.total.to_data(), "pairs": pairs,
            "second": self.second.to_data() if self.second else None,
            "used": plain(self.used), "left_out": plain(self.left_out),
            "varies": plain(self.varies), "verdict": self.verdict(), "note": self.note,
        }  # fmt: skip


def sobol(
    y: Floats, factors: Sequence[str], *, second_order: bool = False, resamples: int = 1000,
    level: float = 0.95, seed: int = 0,
) -> Sobol:  # fmt: skip
    """Indices from the outputs of a `sdsim.design.Saltelli` design.

    Parameters
    ----------
    y : (n_run, ...) in the design's order: for each base point A, A with each factor from B, the
        same the other way round if ``second_order``, B. A base point with any non-finite output in
        its block is left out of that series.
    factors : names, or names of groups that move together; a group counts as one column.
    resamples, level, seed : for the intervals, which are quantiles over resampled base points.

    Raises
    ------
    ModelError : runs that do not fill blocks; names that are missing or repeated.
    """
    checked_level(level, resamples)
    names = named(factors)
    k = len(names)
    width = (2 if second_order else 1) * k + 2
    cut, shape = blocks(y, width, "Saltelli")
    good = np.asarray(np.isfinite(cut).all(axis=1))
    used = good.sum(axis=0)
    varies = spread(cut[:, [0, -1]].reshape(-1, good.shape[1]), np.repeat(good, 2, axis=0)) > 0
    pairs = np.array(list(combinations(range(k), 2)), dtype=np.int64).reshape(-1, 2)
    many = 2 * k + (len(pairs) if second_order else 0)
    found = np.full((3, many, good.shape[1]), np.nan)
    for some in parts(good.shape[1], max(len(cut), resamples) * (many + 5)):
        found[:, :, some] = _estimates(cut[..., some], good[:, some], k, second_order,
                                       resamples, level, seed)  # fmt: skip
    found[:, :, ~varies | (used < LEAST)] = np.nan

    def part(first: int, stop: int) -> Indices:
        return Indices(*(v[first:stop].reshape(stop - first, *shape) for v in found))

    return Sobol(
        names, part(0, k), part(k, 2 * k), part(2 * k, many) if second_order else None, pairs,
        used.reshape(shape), (len(cut) - used).reshape(shape), varies.reshape(shape), level,
        short(used, LEAST, "base points"),
    )  # fmt: skip


def _estimates(
    cut: Floats, good: NDArray[np.bool_], k: int, second_order: bool, resamples: int, level: float,
    seed: int,
) -> Floats:  # fmt: skip
    """(3, n_index, n_series): estimates, and the ends of their intervals."""
    terms = _terms(cut, good, k, second_order)
    value = _indices(terms, np.ones((1, len(cut))), k, second_order)[0]
    rng, series = np.random.default_rng(seed), len(terms) * cut.shape[2]
    drawn = [
        _indices(terms, counts, k, second_order)
        for counts in resampled(len(cut), resamples, rng, series)
    ]
    return np.stack([value, *interval(np.concatenate(drawn), level)])


def _terms(cut: Floats, good: NDArray[np.bool_], k: int, second_order: bool) -> list[Floats]:
    """The terms that the estimators sum, each (n_base, n_series): whether the base point counts, A
    and its square, B and its square, then the products of the first-order and total estimators for
    each factor, then those of the second-order estimator for each pair."""
    count = np.maximum(good.sum(axis=0), 1)
    kept = np.where(good[:, None], cut, 0.0)
    size = np.abs(kept).max(axis=(0, 1))
    kept /= np.where(size > 0, size, 1.0)
    c = np.where(good[:, None], kept - kept.sum(axis=(0, 1)) / (count * cut.shape[1]), 0.0)
    size = np.abs(c).max(axis=(0, 1))
    c /= np.where(size > 0, size, 1.0)
    a, b = c[:, 0], c[:, -1]
    out = [good.astype(np.float64), a, a * a, b, b * b]
    for j in range(k):
        moved = c[:, 1 + j]
        out += [b * (moved - a), (a - moved) ** 2]
    if second_order:
        for i, j in combinations(range(k), 2):
            out.append(c[:, 1 + k + i] * c[:, 1 + j] - a * b)
    return out


def _indices(terms: list[Floats], counts: Floats, k: int, second_order: bool) -> Floats:
    """(n_resample, n_index, n_series): first order, total, then pairs, for weights of the base
    points (n_resample, n_base)."""
    sums = [counts @ t for t in terms]
    n, a, aa, b, bb = sums[:5]
    with np.errstate(all="ignore"):
        variance = (aa + bb) / (2 * n) - ((a + b) / (2 * n)) ** 2
        size = (aa + bb) / (2 * n)
        variance = np.where(variance > 1e-14 * size, variance, np.nan)
        first = [sums[5 + 2 * j] / n / variance for j in range(k)]
        total = [0.5 * sums[6 + 2 * j] / n / variance for j in range(k)]
        second = []
        if second_order:
            for at, (i, j) in enumerate(combinations(range(k), 2)):
                closed = sums[5 + 2 * k + at] / n / variance
                second.append(closed - first[i] - first[j])
    return np.stack([*first, *total, *second], axis=1)


def convergence(
    y: Floats, factors: Sequence[str], *, second_order: bool = False, resamples: int = 200,
    level: float = 0.95, seed: int = 0,
) -> dict[int, Sobol]:  # fmt: skip
    """Sobol indices from the first eighth, quarter and half of the base points, and from all.

    Returns
    -------
    The indices by number of base points.
    """
    width = (2 if second_order else 1) * len(factors) + 2
    n = len(y) // width
    if n < 8:
        raise ModelError(
            f"{n} base points, expected at least 8 to look at convergence",
            remedy="use more members",
        )
    return {
        m: sobol(y[: m * width], factors, second_order=second_order, resamples=resamples,
                 level=level, seed=seed)
        for m in sorted({n // 8, n // 4, n // 2, n})
    }  # fmt: skip
