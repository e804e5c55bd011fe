"""Trade-offs: policies that nothing beats in every outcome, and the search for them.

The search is pymoo's NSGA-II (Deb et al. 2002; Blank and Deb 2020): it proposes a whole generation,
which is evaluated as one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.errors import ModelError
from sdsim.sensitivity.common import Floats, plain

#: (n, k) values of levers -> (n, m) outcomes, NaN where a run failed.
Evaluate = Callable[[Floats], Floats]
#: What stands for a failed run: worse than anything, and finite, as the search needs it.
FAILED = 1e30


def _signs(better: Sequence[str]) -> Floats:
    """1 where low is better, -1 where high is."""
    for word in better:
        if word not in ("high", "low"):
            raise ModelError(f"better = '{word}'", remedy="'high' or 'low' for each outcome")
    return np.array([1.0 if word == "low" else -1.0 for word in better])


def front(points: Floats, better: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) which of ``points`` (n, m) no other is better than in one outcome and at least as good
    in all others. Equal points are kept together; points that are not finite never."""
    y = np.asarray(points, dtype=np.float64) * _signs(better)
    out = np.asarray(np.isfinite(y).all(axis=1))
    for i in np.flatnonzero(out):
        if out[i]:
            worse = (y[i] <= y).all(axis=1) & (y[i] < y).any(axis=1)
            out &= ~worse
    return out


def hypervolume(points: Floats, reference: Sequence[float], better: Sequence[str]) -> float:
    """The volume between points (n, m) and a reference that is worse than all, m = 2 or 3."""
    sign = _signs(better)
    y = (np.asarray(points, dtype=np.float64) * sign)[front(points, better)]
    ref = np.asarray(reference, dtype=np.float64) * sign
    y = y[(y < ref).all(axis=1)]
    if y.shape[1] == 2:
        return _area(y, ref)
    if y.shape[1] != 3:
        raise ModelError(f"{y.shape[1]} outcomes, expected 2 or 3")
    total, order = 0.0, np.argsort(y[:, 2], kind="stable")
    heights = np.append(y[order, 2], ref[2])
    for n in range(1, len(order) + 1):
        layer = y[order[:n], :2]
        total += _area(layer, ref[:2]) * (heights[n] - heights[n - 1])
    return total


def _area(y: Floats, ref: Floats) -> float:
    total, floor = 0.0, float(ref[1])
    for a, b in y[np.lexsort((y[:, 1], y[:, 0]))]:
        if b < floor:
            total += (float(ref[0]) - float(a)) * (floor - float(b))
            floor = float(b)
    return total


@dataclass(frozen=True)
class Front:
    """What a search found.

    x : (n, n_lever).   y : (n, n_outcome), own units; none beats another.
    evaluations : runs made.   failed : of them without an outcome.
    """

    levers: tuple[str, ...]
    outcomes: tuple[str, ...]
    x: Floats
    y: Floats
    evaluations: int
    failed: int

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {k: plain(v) for k, v in self.__dict__.items()}


def optimise(
    evaluate: Evaluate, levers: Sequence[str], low: Sequence[float], high: Sequence[float],
    outcomes: Sequence[str], better: Sequence[str], *, population: int = 64, generations: int = 30,
    seed: int = 0,
) -> Front:  # fmt: skip
    """Search for the front.

    Parameters
    ----------
    evaluate : called once a generation.
    low, high : (n_lever,) ends of what may be chosen.

    Raises
    ------
    ModelError : nothing to choose, or nothing that can be run.
    """
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize

    sign, count = _signs(better), [0, 0]
    if not len(levers) or population < 4 or generations < 1:
        raise ModelError("a search needs levers, a population from 4 and a generation")

    class Batch(Problem):  # type: ignore[misc]
        """A whole generation at a time."""

        def _evaluate(self, x: Floats, out: dict[str, Any], *_: Any, **__: Any) -> None:
            y = np.asarray(evaluate(np.asarray(x, dtype=np.float64)), dtype=np.float64)
            bad = np.asarray(~np.isfinite(y).all(axis=1))
            count[0] += len(y)
            count[1] += int(bad.sum())
            out["F"] = np.where(bad[:, None], FAILED, y * sign)

    problem = Batch(
        n_var=len(levers), n_obj=len(sign), xl=np.asarray(low, float), xu=np.asarray(high, float)
    )
    found = minimize(problem, NSGA2(pop_size=population), ("n_gen", generations), seed=seed)
    x, y = np.atleast_2d(found.X), np.asarray(np.atleast_2d(found.F), dtype=np.float64)
    kept = np.asarray((y < FAILED).all(axis=1))
    if not kept.any():
        raise ModelError("no run of the search has outcomes")
    x, y = x[kept], y[kept] * sign
    order = np.lexsort((*x.T[::-1], y[:, 0]))
    return Front(tuple(levers), tuple(outcomes), x[order], y[order], count[0], count[1])
