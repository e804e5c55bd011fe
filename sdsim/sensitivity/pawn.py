"""PAWN: how far the distribution of an output moves when a factor is known (Pianosi and Wagener
2018). Independent of moments, and taken from any plain sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdsim.errors import ModelError
from sdsim.sensitivity.common import Floats, plain

#: Fewest runs in a slice.
FEWEST = 10


@dataclass(frozen=True)
class Pawn:
    """Distances between distributions, 0 to 1 (Kolmogorov and Smirnov's).

    median, largest, mean : (n_factor, ...) over the slices of a factor.
    dummy : (...) what a factor that does nothing reaches in 95 of 100 shuffles, by its median.
    used : (...) runs with a finite output.
    """

    factors: tuple[str, ...]
    median: Floats
    largest: Floats
    mean: Floats
    dummy: Floats
    used: Floats

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "factors": list(self.factors), "median": plain(self.median),
            "largest": plain(self.largest), "mean": plain(self.mean),
            "dummy": plain(self.dummy), "used": plain(self.used),
        }  # fmt: skip


def pawn(
    x: Floats, y: Floats, factors: Sequence[str], *, slices: int = 10, shuffles: int = 100,
    seed: int = 0,
) -> Pawn:  # fmt: skip
    """From a plain sample.

    Parameters
    ----------
    x : (n_run, n_factor), any units.   y : (n_run, ...).
    slices : of each factor, with as many runs in each.

    Raises
    ------
    ModelError : fewer than `FEWEST` runs a slice.
    """
    n, k = x.shape
    if n < FEWEST * slices or slices < 2:
        raise ModelError(
            f"{n:,} runs in {slices} slices", remedy=f"take at least {FEWEST} runs a slice"
        )
    flat = np.asarray(y, dtype=np.float64).reshape(n, -1)
    rng = np.random.default_rng(seed)
    found = np.full((k, 3, flat.shape[1]), np.nan)
    dummy, used = np.full(flat.shape[1], np.nan), np.isfinite(flat).sum(axis=0).astype(float)
    shuffled = rng.permuted(np.tile(np.arange(n), (shuffles, 1)), axis=1)
    for s in range(flat.shape[1]):
        good = np.isfinite(flat[:, s])
        if good.sum() < FEWEST * slices or np.ptp(flat[good, s]) == 0:
            continue
        order = np.argsort(flat[:, s][good], kind="stable")
        value = flat[:, s][good][order]
        for j in range(k):
            distance = _distances(x[good, j][order], value, slices)
            found[j, :, s] = np.median(distance), distance.max(), distance.mean()
        inside = [row[good[row]] for row in shuffled]
        none = [np.median(_distances(row.astype(float), value, slices)) for row in inside]
        dummy[s] = np.quantile(none, 0.95)
    shape = y.shape[1:]
    median, largest, mean = (found[:, i].reshape(k, *shape) for i in range(3))
    return Pawn(tuple(factors), median, largest, mean, dummy.reshape(shape), used.reshape(shape))


def _distances(x: Floats, value: Floats, slices: int) -> Floats:
    """(n_slice,) distance of the distribution in each slice of x from that of all.

    value : (n,) sorted; x in the same order.
    """
    n = len(x)
    edges = np.quantile(x, np.linspace(0, 1, slices + 1))
    which = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, slices - 1)
    inside = np.zeros((slices, n))
    inside[which, np.arange(n)] = 1.0
    size = inside.sum(axis=1)
    last = np.append(np.diff(value) > 0, True)  # where equal values end
    with np.errstate(all="ignore"):
        gap = np.abs(inside.cumsum(axis=1) / size[:, None] - np.arange(1, n + 1) / n)[:, last]
    return np.asarray(gap.max(axis=1)[size >= 1])
