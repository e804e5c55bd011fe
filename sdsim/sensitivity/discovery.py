"""Scenario discovery: boxes in the space of factors in which a case of interest is common.

PRIM peels a box from the outside (Friedman and Fisher 1999; Bryant and Lempert 2010), CART cuts the
space into boxes (Breiman et al. 1984, scikit-learn's trees). Which dimensions of a box mean
anything is told by quasi-p values and by how often resampled data restrict them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sdsim.errors import ModelError
from sdsim.sensitivity.common import Floats, plain

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Box:
    """A box.

    low, high : (n_factor,) its ends, units of the factors; the ends of the data where it is open.
    restricted : (n_factor,) whether either end is closed.
    coverage : share of all cases that lie in it.   density : share of its runs that are cases.
    mass : share of all runs that lie in it.
    p : (n_factor,) quasi-p: how likely the restriction of that factor alone gains as much density
        by chance (one-sided binomial test); NaN where it is not restricted.
    """

    factors: tuple[str, ...]
    low: Floats
    high: Floats
    restricted: Flags
    coverage: float
    density: float
    mass: float
    p: Floats

    def inside(self, x: Floats) -> Flags:
        """(n_run,) which runs lie in it."""
        return np.asarray(((x >= self.low) & (x <= self.high)).all(axis=1))

    def words(self) -> list[str]:
        """Its restrictions, one a line, the surest first."""
        order = [int(i) for i in np.argsort(self.p) if self.restricted[i]]
        return [f"{self.low[i]:.4g} <= {self.factors[i]} <= {self.high[i]:.4g}" for i in order]

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        limits = {
            self.factors[i]: {"low": plain(self.low[i]), "high": plain(self.high[i]),
                              "p": plain(self.p[i])}
            for i in np.flatnonzero(self.restricted)
        }  # fmt: skip
        return {
            "limits": limits, "coverage": self.coverage, "density": self.density, "mass": self.mass,
        }  # fmt: skip


def _checked(x: Floats, case: Flags) -> tuple[Floats, Flags]:
    x, case = np.asarray(x, dtype=np.float64), np.asarray(case, dtype=bool)
    if x.ndim != 2 or len(x) != len(case):
        raise ModelError(f"{len(case)} cases for runs of shape {x.shape}")
    if not 0 < case.sum() < len(case):
        raise ModelError(
            f"{int(case.sum())} of {len(case)} runs are cases: nothing to discover",
            remedy="choose a condition that some runs fulfil and some do not",
        )
    return x, case


def _box(x: Floats, case: Flags, factors: Sequence[str], low: Floats, high: Floats) -> Box:
    ends_low, ends_high = x.min(axis=0), x.max(axis=0)
    low, high = np.maximum(low, ends_low), np.minimum(high, ends_high)
    closed = (low > ends_low) | (high < ends_high)
    each = (x >= low) & (x <= high)
    inside = each.all(axis=1)
    n, hits = int(inside.sum()), int(case[inside].sum())
    p = np.full(x.shape[1], np.nan)
    for j in np.flatnonzero(closed):
        without = np.delete(each, j, axis=1).all(axis=1)
        share = case[without].mean() if without.any() else 0.0
        p[j] = stats.binom.sf(hits - 1, n, share) if n else np.nan
    return Box(
        tuple(factors), low, high, closed, hits / int(case.sum()), hits / n if n else 0.0,
        n / len(x), p,
    )  # fmt: skip


def prim(
    x: Floats, case: Flags, factors: Sequence[str], *, peel: float = 0.05, least: float = 0.05
) -> list[Box]:
    """The boxes of one peeling, from all runs to the smallest, the trade-off to choose from.

    Parameters
    ----------
    x : (n_run, n_factor).   case : (n_run,).
    peel : share of the runs in the box that a step takes away, from the end that leaves the
        greatest density.   least : mass at which it stops.
    """
    x, case = _checked(x, case)
    low, high = x.min(axis=0).copy(), x.max(axis=0).copy()
    out = [_box(x, case, factors, low, high)]
    inside = np.ones(len(x), dtype=bool)
    while True:
        best: tuple[float, int, bool, float] | None = None
        here, hits = x[inside], case[inside]
        for j in range(x.shape[1]):
            column = np.sort(here[:, j])
            take = max(int(np.ceil(peel * len(column))), 1)
            for upper in (False, True):
                edge = column[-take - 1] if upper else column[take] if take < len(column) else None
                if edge is None:
                    continue
                keep = here[:, j] <= edge if upper else here[:, j] >= edge
                if keep.all() or keep.sum() < least * len(x):
                    continue
                density = hits[keep].mean()
                if best is None or density > best[0]:
                    best = (float(density), j, upper, float(edge))
        if best is None or (best[0] <= hits.mean() and hits.mean() in (0.0, 1.0)):
            return out
        _, j, upper, edge = best
        (high if upper else low)[j] = edge
        inside = ((x >= low) & (x <= high)).all(axis=1)
        out.append(_box(x, case, factors, low.copy(), high.copy()))
        if out[-1].density == 1.0 or len(out) > 1000:
            return out


def chosen(boxes: Sequence[Box], density: float | None = None) -> Box:
    """One box of a peeling: the one that covers most with at least ``density``; without it, the one
    with the greatest product of coverage and density."""
    if density is None:
        return max(boxes, key=lambda b: b.coverage * b.density)
    enough = [b for b in boxes if b.density >= density]
    return max(enough, key=lambda b: b.coverage) if enough else max(boxes, key=lambda b: b.density)


def simplified(x: Floats, case: Flags, box: Box, worst: float = 0.05) -> Box:
    """A box without the restrictions that chance explains (quasi-p above ``worst``)."""
    x, case = _checked(x, case)
    ends_low, ends_high = x.min(axis=0), x.max(axis=0)
    while box.restricted.any():
        p = np.where(box.restricted, box.p, -1.0)
        j = int(np.argmax(np.nan_to_num(p, nan=2.0)))
        if p[j] <= worst:
            break
        low, high = box.low.copy(), box.high.copy()
        low[j], high[j] = ends_low[j], ends_high[j]
        box = _box(x, case, box.factors, low, high)
    return box


def cart(
    x: Floats, case: Flags, factors: Sequence[str], *, leaves: int = 8, least: float = 0.05,
    seed: int = 0,
) -> list[Box]:  # fmt: skip
    """The leaves of a tree as boxes, the densest first.

    leaves : at most so many.   least : mass of the smallest.
    """
    from sklearn.tree import DecisionTreeClassifier

    x, case = _checked(x, case)
    smallest = max(int(np.ceil(least * len(x))), 1)
    tree = DecisionTreeClassifier(
        max_leaf_nodes=max(leaves, 2), min_samples_leaf=smallest, random_state=seed
    )
    tree.fit(x, case)
    t = tree.tree_
    out = []
    stack = [(0, x.min(axis=0), x.max(axis=0))]
    while stack:
        node, low, high = stack.pop()
        if t.children_left[node] < 0:
            out.append(_box(x, case, factors, low, high))
            continue
        j, cut = int(t.feature[node]), float(t.threshold[node])
        left, right = high.copy(), low.copy()
        left[j] = x[:, j][x[:, j].astype(np.float32) <= cut].max()
        right[j] = x[:, j][x[:, j].astype(np.float32) > cut].min()
        stack += [
            (int(t.children_left[node]), low, left),
            (int(t.children_right[node]), right, high),
        ]
    return sorted(out, key=lambda b: -b.density)


def stability(
    x: Floats, case: Flags, factors: Sequence[str], *, resamples: int = 20,
    density: float | None = None, seed: int = 0, peel: float = 0.05,
) -> Floats:  # fmt: skip
    """(n_factor,) the share of resampled data in which the chosen box restricts each factor after
    chance restrictions are dropped."""
    x, case = _checked(x, case)
    rng = np.random.default_rng(seed)
    out, done = np.zeros(x.shape[1]), 0
    for _ in range(resamples):
        pick = rng.integers(0, len(x), len(x))
        if 0 < case[pick].sum() < len(pick):
            found = chosen(prim(x[pick], case[pick], factors, peel=peel), density)
            out += simplified(x[pick], case[pick], found).restricted
            done += 1
    return out / max(done, 1)
