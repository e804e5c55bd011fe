"""Scenario discovery: boxes in the space of factors in which the cases of interest are common.

PRIM peels a box from the outside (Friedman and Fisher 1999; Bryant and Lempert 2010), CART cuts the
space into boxes (Breiman et al. 1984, scikit-learn's trees). Quasi-p values, and how often
resampled data restrict a dimension, show which dimensions of a box matter.

The usual sequence: ``boxes = prim(x, case, names)``, ``box = pasted(x, case, chosen(boxes))``,
``simplified(x, case, box)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdsim.analyses.boxes import Box as Box
from sdsim.analyses.boxes import TradeOff as TradeOff
from sdsim.analyses.boxes import checked_cases, measured
from sdsim.analyses.boxes import trade_off as trade_off
from sdsim.analyses.common import Floats, Found
from sdsim.analyses.regional import Flags
from sdsim.base.errors import ModelError
from sdsim.base.extras import extra


def _share(what: str, value: float) -> None:
    if not 0 < value < 1:
        raise ModelError(
            f"{what} is {value:g}, expected a share between 0 and 1", remedy="write one such as 0.8"
        )


def prim(
    x: Floats, case: Flags, factors: Sequence[str], *, peel: float = 0.05, least: float = 0.05
) -> list[Box]:
    """The boxes of one PRIM peeling, from all runs to the smallest: a trade-off to choose from.

    Each step removes the end that gains most density. For a factor with few values, such as a
    switch, an end is a whole value and larger than the others, so the gain per removed run counts
    (the lenient criterion of Kwakkel and Jaxa-Rozen 2016).

    Parameters
    ----------
    x : (n_run, n_factor), any units.   case : (n_run,).
    peel : share of the box's runs that a step removes.   least : mass at which peeling stops.

    Raises
    ------
    ModelError : no run is a case, or all are; a share outside 0 to 1; see also
        `regional.checked_sample`.
    """
    x, case = checked_cases(x, case, factors)
    _share("peel", peel)
    _share("least", least)
    low, high = x.min(axis=0), x.max(axis=0)
    out = [measured(x, case, factors, low, high)]
    inside = np.ones(len(x), dtype=bool)
    while out[-1].density not in (0.0, 1.0):
        end = _weakest(x[inside], case[inside], peel, least * len(x))
        if end is None:
            break
        j, upper, edge = end
        (high if upper else low)[j] = edge
        inside &= x[:, j] <= edge if upper else x[:, j] >= edge
        out.append(measured(x, case, factors, low, high))
    return out


def _weakest(x: Floats, case: Flags, peel: float, least: float) -> tuple[int, bool, float] | None:
    """The peel that gains most: factor, whether its upper end, and the new end."""
    take = max(int(np.ceil(peel * len(x))), 1)
    best, found = -np.inf, None
    for j in range(x.shape[1]):
        for upper in (False, True):
            v = -x[:, j] if upper else x[:, j]
            edge = np.partition(v, take)[take] if take < len(v) else v.min()
            if edge == v.min():
                edge = v[v > edge].min(initial=np.inf)
            keep = v >= edge
            if keep.sum() < max(least, 1):
                continue
            gain = float(case[keep].mean() - case.mean())
            worth = gain / float((~keep).sum()) if gain > 0 else gain
            if worth > best:
                best, found = worth, (j, upper, float(-edge if upper else edge))
    return found


def pasted(x: Floats, case: Flags, box: Box, paste: float = 0.05) -> Box:
    """A box with its ends moved out again for as long as its density does not fall, to regain
    what peeling cut off too early (Friedman and Fisher 1999, section 8.2).

    paste : share of the box's runs that a step brings back, from next to the box.
    """
    x, case = checked_cases(x, case, box.factors)
    _share("paste", paste)
    while True:
        within = (x >= box.low) & (x <= box.high)
        misses = (~within).sum(axis=1)
        take = max(int(np.ceil(paste * (misses == 0).sum())), 1)
        better: list[Box] = []
        for j in np.flatnonzero(box.restricted):
            beside = x[(misses == 1) & ~within[:, j], j]
            for upper in (False, True):
                near = np.sort(beside[beside > box.high[j]] if upper
                               else -beside[beside < box.low[j]])  # fmt: skip
                # An end that excludes fewer runs than one step is dropped altogether.
                edge = near[take - 1] if take <= len(near) else np.inf
                new = [box.low.copy(), box.high.copy()]
                new[upper][j] = edge if upper else -edge
                wider = measured(x, case, box.factors, *new)
                moved = (wider.low < box.low).any() or (wider.high > box.high).any()
                if moved and wider.density >= box.density:
                    better.append(wider)
        if not better:
            return box
        box = max(better, key=lambda b: (b.density, b.mass))


def chosen(boxes: Sequence[Box], density: float | None = None) -> Box:
    """Choose a box of a peeling: the one that covers most with at least ``density``, or the densest
    if none reaches it; without ``density``, the greatest product of coverage and density."""
    if density is None:
        return max(boxes, key=lambda b: b.coverage * b.density)
    enough = [b for b in boxes if b.density >= density]
    return max(enough, key=lambda b: b.coverage) if enough else max(boxes, key=lambda b: b.density)


def simplified(x: Floats, case: Flags, box: Box, worst: float = 0.05) -> Box:
    """A box without restrictions that chance can explain (quasi-p above ``worst``)."""
    x, case = checked_cases(x, case, box.factors)
    ends_low, ends_high = x.min(axis=0), x.max(axis=0)
    while box.restricted.any():
        p = np.where(box.restricted, box.p, -1.0)
        j = int(np.argmax(np.nan_to_num(p, nan=2.0)))
        if p[j] <= worst:
            break
        low, high = box.low.copy(), box.high.copy()
        low[j], high[j] = ends_low[j], ends_high[j]
        box = measured(x, case, box.factors, low, high)
    return box


def cart(
    x: Floats, case: Flags, factors: Sequence[str], *, leaves: int = 8, least: float = 0.05,
    seed: int = 0,
) -> list[Box]:  # fmt: skip
    """The leaves of a classification tree as boxes, densest first; each run is in exactly one.

    leaves : largest number of leaves.   least : smallest mass of a leaf.

    Raises
    ------
    ModelError : as in `prim`.
    """
    with extra("discovery", "a tree of boxes"):
        from sklearn.tree import DecisionTreeClassifier

    x, case = checked_cases(x, case, factors)
    _share("least", least)
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
            out.append(measured(x, case, factors, low, high))
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


@dataclass(frozen=True)
class Restrictions(Found):
    """How stable a box's choice of factors is.

    share : (n_factor,) share of resamples in which the chosen box restricts the factor.
    used, left_out : number of resamples; those with no cases, or only cases, are left out.
    """

    factors: tuple[str, ...]
    share: Floats
    used: int
    left_out: int

    def __getitem__(self, factor: int | np.integer[Any]) -> float:
        """The share of one factor, by position."""
        return float(self.share[factor])


def stability(
    x: Floats, case: Flags, factors: Sequence[str], *, resamples: int = 20,
    density: float | None = None, seed: int = 0, peel: float = 0.05,
) -> Restrictions:  # fmt: skip
    """Count which factors are restricted when resampled runs are peeled, chosen and simplified.

    Raises
    ------
    ModelError : fewer than 1 resample; see also `prim`.
    """
    x, case = checked_cases(x, case, factors)
    if resamples < 1:
        raise ModelError(
            f"{resamples} resamples, expected at least 1", remedy="write one such as 100"
        )
    rng = np.random.default_rng(seed)
    counts, used = np.zeros(x.shape[1]), 0
    for _ in range(resamples):
        pick = rng.integers(0, len(x), len(x))
        if 0 < case[pick].sum() < len(pick):
            found = chosen(prim(x[pick], case[pick], factors, peel=peel), density)
            counts += simplified(x[pick], case[pick], found).restricted
            used += 1
    share = counts / used if used else np.full(len(counts), np.nan)
    return Restrictions(tuple(factors), share, used, resamples - used)
