"""Indices of variance from Saltelli's design, with bootstrap intervals, for all series at once.

First order: Saltelli et al. (2010), table 2 (b). Total: Jansen (1999), table 2 (f) there. Second
order: Saltelli (2002). Outputs are centred first, which changes no index and saves digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.errors import ModelError
from sdsim.sensitivity.common import Floats, blocks, checked_level, interval, plain, resampled

#: Fewest base points that say anything.
FEWEST = 16
#: A total index whose interval is wider than this is not known well.
WIDE = 0.1


@dataclass(frozen=True)
class Indices:
    """Estimates with the ends of their intervals, all of one shape."""

    value: Floats
    low: Floats
    high: Floats

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {"value": plain(self.value), "low": plain(self.low), "high": plain(self.high)}


@dataclass(frozen=True)
class Sobol:
    """Shares of variance.

    first, total : (n_factor, ...).   second : (n_pair, ...), with ``pairs`` (n_pair, 2).
    used : (...) base points with finite outputs in their whole block; ``left_out`` the others.
    varies : (...) whether there is variance to share; all indices are NaN where there is none.
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

    def verdict(self) -> str:
        """Why more base points are needed, in words; empty where they suffice."""
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
        unclear = self._unclear()
        if unclear:
            out.append(f"the order of {unclear} is open")
        return "; ".join(out)

    def _unclear(self) -> str:
        """Neighbours in rank whose intervals overlap, where either matters (above 0.05)."""
        flat = [v.reshape(len(self.factors), -1) for v in
                (self.total.value, self.total.low, self.total.high)]  # fmt: skip
        for column in range(flat[0].shape[1]):
            value, low, high = (f[:, column] for f in flat)
            order = [int(i) for i in np.argsort(-value) if np.isfinite(value[i])]
            for a, b in pairwise(order):
                if value[b] > 0.05 and low[a] < high[b]:
                    return f"'{self.factors[a]}' and '{self.factors[b]}'"
        return ""

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        pairs = [[self.factors[i], self.factors[j]] for i, j in self.pairs]
        return {
            "factors": list(self.factors), "level": self.level, "first": self.first.to_data(),
            "total": self.total.to_data(), "pairs": pairs,
            "second": self.second.to_data() if self.second else None,
            "used": plain(self.used), "left_out": plain(self.left_out),
            "varies": plain(self.varies), "verdict": self.verdict(),
        }  # fmt: skip


def sobol(
    y: Floats, factors: Sequence[str], *, second_order: bool = False, resamples: int = 1000,
    level: float = 0.95, seed: int = 0,
) -> Sobol:  # fmt: skip
    """Indices from the outputs of a `sdsim.design.Saltelli` design.

    Parameters
    ----------
    y : (n_run, ...) in the design's order: for each base point A, A with each factor from B, the
        same the other way round where ``second_order``, B. A base point with anything that is not
        finite in its block is left out of that series.
    factors : names, or names of groups that move together.

    Raises
    ------
    ModelError : runs that do not fill blocks.
    """
    checked_level(level, resamples)
    k = len(factors)
    width = (2 if second_order else 1) * k + 2
    cut, shape = blocks(y, width, "Saltelli")
    good = np.asarray(np.isfinite(cut).all(axis=1))
    used = good.sum(axis=0)
    terms = _terms(cut, good, k, second_order)
    value = _indices(terms, np.ones((1, len(cut))), k, second_order)[0]
    rng = np.random.default_rng(seed)
    parts = [
        _indices(terms, counts, k, second_order)
        for counts in resampled(len(cut), resamples, rng, terms[0].shape[1] * len(terms))
    ]
    low, high = interval(np.concatenate(parts), level)
    enough = used >= 2
    value, low, high = (np.where(enough, v, np.nan) for v in (value, low, high))

    def part(first: int, stop: int) -> Indices:
        return Indices(*(v[first:stop].reshape(stop - first, *shape) for v in (value, low, high)))

    pairs = np.array(list(combinations(range(k), 2)), dtype=np.int64).reshape(-1, 2)
    varies = np.isfinite(value[:k]).all(axis=0)
    return Sobol(
        tuple(factors), part(0, k), part(k, 2 * k),
        part(2 * k, 2 * k + len(pairs)) if second_order else None, pairs,
        used.reshape(shape), (len(cut) - used).reshape(shape), varies.reshape(shape), level,
    )  # fmt: skip


def _terms(cut: Floats, good: NDArray[np.bool_], k: int, second_order: bool) -> list[Floats]:
    """For each base point (n_base, n_series) what the estimators add up: whether it counts, A and
    its square, B and its square, then for each factor the products of the first and total order
    estimators, then for each pair those of the second."""
    count = np.maximum(good.sum(axis=0), 1)
    middle = np.where(good[:, None], cut, 0.0).sum(axis=(0, 1)) / (count * cut.shape[1])
    with np.errstate(invalid="ignore"):
        c = np.where(good[:, None], cut - middle, 0.0)
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
    """The same from the first eighth, quarter and half of the base points, and from all of them.

    Returns
    -------
    By the number of base points.
    """
    width = (2 if second_order else 1) * len(factors) + 2
    n = len(y) // width
    if n < 8:
        raise ModelError(f"{n} base points, expected at least 8 to look at convergence")
    return {
        m: sobol(y[: m * width], factors, second_order=second_order, resamples=resamples,
                 level=level, seed=seed)
        for m in sorted({n // 8, n // 4, n // 2, n})
    }  # fmt: skip
