"""Trade-offs: Pareto-optimal policies and the search for them.

The search is pymoo's NSGA-II (Deb et al. 2002; Blank and Deb 2020): it proposes a whole generation,
which is evaluated as one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.analyses.common import Floats, Found
from sdsim.analyses.draws import sign_of
from sdsim.base.errors import ModelError
from sdsim.base.extras import extra

#: (n, k) values of levers -> (n, m) outcomes, NaN where a run failed.
Evaluate = Callable[[Floats], Floats]


def _signed(points: Floats, better: Sequence[str]) -> Floats:
    """Points (n, m) with signs changed so that low is better in every outcome."""
    y = np.asarray(points, dtype=np.float64)
    if y.ndim != 2 or y.shape[1] != len(better):
        raise ModelError(
            f"points of shape {y.shape} for {len(better)} outcomes",
            remedy="give (n_point, n_outcome) values, and 'high' or 'low' for each outcome",
        )
    return y * _signs(better)


def _signs(better: Sequence[str]) -> Floats:
    """1 if low is better, -1 if high is."""
    return np.array([-sign_of(word) for word in better])


def front(points: Floats, better: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) which of ``points`` (n, m) are on the Pareto front: no other point is better in one
    outcome and at least as good in all others. Equal points are kept together; points that are
    not finite are never on the front.

    Raises
    ------
    ModelError : shapes that do not fit; a word other than ``high`` and ``low``.
    """
    y = _signed(points, better)
    out = np.asarray(np.isfinite(y).all(axis=1))
    y, back = np.unique(y[out], axis=0, return_inverse=True)
    if y.shape[1] == 2:
        # Sorted by the first outcome, so points on the front keep improving in the second.
        least = np.minimum.accumulate(np.append(np.inf, y[:, 1]))[:-1]
        kept = y[:, 1] < least
    else:
        kept = np.ones(len(y), dtype=bool)
        for i in range(len(y)):
            # Rows are sorted and distinct, so a row can only be dominated by an earlier one.
            if kept[i]:
                kept[i + 1 :] &= (y[i + 1 :] < y[i]).any(axis=1)
    out[out] = kept[back.ravel()]
    return out


def hypervolume(points: Floats, reference: Sequence[float], better: Sequence[str]) -> float:
    """The volume dominated by points (n, m), up to a reference (m,), for m = 2 or 3 (Zitzler and
    Thiele 1999). Units: the product of the outcomes' units. Points that are not better than the
    reference in every outcome, or are not finite, add nothing.

    Raises
    ------
    ModelError : shapes that do not fit, a reference that is not finite.
    """
    y = _signed(points, better)[front(points, better)]
    m = y.shape[1]
    if m not in (2, 3):
        raise ModelError(f"{m} outcomes, expected 2 or 3", remedy="name two or three")
    if len(reference) != m or not np.isfinite(reference).all():
        raise ModelError(
            f"reference {list(reference)}, expected {m} finite numbers",
            remedy="give one for each outcome",
        )
    ref = np.asarray(reference, dtype=np.float64) * _signs(better)
    y = y[(y < ref).all(axis=1)]
    if m == 2:
        return _area(y, ref)
    total, order = 0.0, np.argsort(y[:, 2], kind="stable")
    heights = np.append(y[order, 2], ref[2])
    for n in range(1, len(order) + 1):
        layer = y[order[:n], :2]
        total += _area(layer, ref[:2]) * float(heights[n] - heights[n - 1])
    return total


def _area(y: Floats, ref: Floats) -> float:
    total, floor = 0.0, float(ref[1])
    for a, b in y[np.lexsort((y[:, 1], y[:, 0]))]:
        if b < floor:
            total += (float(ref[0]) - float(a)) * (floor - float(b))
            floor = float(b)
    return total


@dataclass(frozen=True)
class Front(Found):
    """The Pareto front found by a search.

    x : (n, n_lever).   y : (n, n_outcome), in the outcomes' units; none dominates another.
    evaluations : number of runs.   failed : number of runs without an outcome.
    """

    levers: tuple[str, ...]
    outcomes: tuple[str, ...]
    x: Floats
    y: Floats
    evaluations: int
    failed: int


def optimise(
    evaluate: Evaluate, levers: Sequence[str], low: Sequence[float], high: Sequence[float],
    outcomes: Sequence[str], better: Sequence[str], *, population: int = 64, generations: int = 30,
    seed: int = 0,
) -> Front:  # fmt: skip
    """Search for the Pareto front.

    Parameters
    ----------
    evaluate : (n, n_lever) -> (n, n_outcome), called once per generation with all its new points;
        a failed run is NaN and is never chosen.
    low, high : (n_lever,) bounds of the search, units of the levers.
    better : ``high`` or ``low`` for each outcome.
    population : size of a generation.   seed : the same seed gives the same result.

    Raises
    ------
    ModelError : nothing to choose, bounds or shapes that do not fit, or no run that succeeds.
    """
    with extra("search", "a search for a front"):
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.problem import Problem
        from pymoo.optimize import minimize

    sign, count = _signs(better), [0, 0]
    ends = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if not len(levers) or population < 4 or generations < 1:
        raise ModelError(
            "a search needs levers, a population of 4 or more and a generation",
            remedy="give it these",
        )
    if len(outcomes) != len(sign) or any(e.shape != (len(levers),) for e in ends):
        raise ModelError(
            f"{len(levers)} levers and {len(outcomes)} outcomes; expected as many low, high and "
            f"better, got {ends[0].size}, {ends[1].size} and {len(sign)}",
            remedy="give one of each for each lever, and a sign for each outcome",
        )
    for name, least, most in zip(levers, *ends, strict=True):
        if not (np.isfinite(least) and np.isfinite(most) and least <= most):
            raise ModelError(
                f"from {least:g} to {most:g} is not a range",
                variable=str(name),
                remedy="give the smaller end first",
            )

    class Batch(Problem):  # type: ignore[misc]
        """Evaluates a generation at a time; a failed run violates a constraint and always loses."""

        def _evaluate(self, x: Floats, out: dict[str, Any], *_: Any, **__: Any) -> None:
            y = np.asarray(evaluate(np.array(x, dtype=np.float64)), dtype=np.float64)
            if y.shape != (len(x), len(sign)):
                raise ModelError(
                    f"outcomes of shape {y.shape}, expected {(len(x), len(sign))}",
                    remedy="give a row for each policy and a column for each outcome",
                )
            bad = np.asarray(~np.isfinite(y).all(axis=1))
            count[0] += len(y)
            count[1] += int(bad.sum())
            out["F"] = np.where(bad[:, None], 0.0, y * sign)
            out["G"] = bad[:, None].astype(np.float64)

    problem = Batch(
        n_var=len(levers), n_obj=len(sign), n_ieq_constr=1, xl=ends[0], xu=ends[1]
    )  # fmt: skip
    found = minimize(problem, NSGA2(pop_size=population), ("n_gen", generations), seed=seed)
    if found.X is None:
        raise ModelError(
            f"none of the {count[0]:,} runs of the search has outcomes",
            remedy="see that the model runs at the ends of the levers",
        )
    x = np.asarray(np.atleast_2d(found.X), dtype=np.float64)
    y = np.asarray(np.atleast_2d(found.F), dtype=np.float64) * sign
    order = np.lexsort((*x.T[::-1], y[:, 0]))
    return Front(tuple(levers), tuple(outcomes), x[order], y[order], count[0], count[1])
