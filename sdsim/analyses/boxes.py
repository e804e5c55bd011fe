"""A box in the space of factors, and what runs say of it (Bryant and Lempert 2010)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sdsim.analyses.common import Floats, Found, plain
from sdsim.analyses.regional import Flags, checked_sample
from sdsim.base.errors import ModelError
from sdsim.base.numerals import shown


@dataclass(frozen=True)
class Box:
    """A box.

    low, high : (n_factor,) its ends, units of the factors; the ends of the data where it is open.
    from_low, to_high : (n_factor,) whether that end is a condition, not just where the data end.
    coverage : share of all cases that lie in it.   density : share of its runs that are cases.
    mass : share of all runs that lie in it.
    p : (n_factor,) quasi-p: how likely the restriction of that factor alone gains as much density
        by chance (one-sided binomial test); NaN where it is not restricted.
    """

    factors: tuple[str, ...]
    low: Floats
    high: Floats
    from_low: Flags
    to_high: Flags
    coverage: float
    density: float
    mass: float
    p: Floats

    @property
    def restricted(self) -> Flags:
        """(n_factor,) whether either end is a condition."""
        return self.from_low | self.to_high

    def inside(self, x: Floats) -> Flags:
        """(n_run,) which runs lie in it."""
        return np.asarray(((x >= self.low) & (x <= self.high)).all(axis=1))

    def words(self) -> list[str]:
        """Its conditions, one a line, the surest first; an end of the data is none."""
        return [self.condition(int(i)) for i in np.argsort(self.p) if self.restricted[i]]

    def condition(self, i: int) -> str:
        """That of one factor which is restricted."""
        name, low, high = self.factors[i], shown(self.low[i]), shown(self.high[i])
        if self.low[i] == self.high[i]:
            return f"{name} = {low}"
        if not self.to_high[i]:
            return f"{name} >= {low}"
        return f"{low} <= {name} <= {high}" if self.from_low[i] else f"{name} <= {high}"

    def to_data(self) -> dict[str, Any]:
        """As plain data; an end that is open is None."""
        limits = {
            self.factors[i]: {
                "low": plain(self.low[i]) if self.from_low[i] else None,
                "high": plain(self.high[i]) if self.to_high[i] else None, "p": plain(self.p[i]),
            }
            for i in np.flatnonzero(self.restricted)
        }  # fmt: skip
        return {
            "limits": limits, "coverage": self.coverage, "density": self.density, "mass": self.mass,
        }  # fmt: skip


@dataclass(frozen=True)
class TradeOff(Found):
    """What a peeling offers, each (n_box,), from all runs to the smallest box.

    coverage, density, mass : as of `Box`.   restricted : how many factors are.
    """

    coverage: Floats
    density: Floats
    mass: Floats
    restricted: NDArray[np.int64]


def trade_off(boxes: Sequence[Box]) -> TradeOff:
    """The boxes of a peeling as columns."""
    return TradeOff(
        np.array([b.coverage for b in boxes]), np.array([b.density for b in boxes]),
        np.array([b.mass for b in boxes]),
        np.array([b.restricted.sum() for b in boxes], dtype=np.int64),
    )  # fmt: skip


def checked_cases(x: Floats, case: Flags, factors: Sequence[str]) -> tuple[Floats, Flags]:
    """Runs (n_run, n_factor), some of them cases and some not, or a refusal."""
    x, case = checked_sample(x, case, factors)
    if not 0 < case.sum() < len(case):
        raise ModelError(
            f"{int(case.sum())} of {len(case)} runs are cases: nothing to discover",
            remedy="choose a condition that some runs fulfil and some do not",
        )
    return x, case


def measured(x: Floats, case: Flags, factors: Sequence[str], low: Floats, high: Floats) -> Box:
    """A given box on given runs, such as one found on some, tried on others.

    low, high : (n_factor,), units of the factors; infinite where it is open.

    Raises
    ------
    ModelError : no run is a case, or all are; as of `regional.checked_sample`.
    """
    x, case = checked_cases(x, case, factors)
    ends_low, ends_high = x.min(axis=0), x.max(axis=0)
    low, high = np.maximum(low, ends_low), np.minimum(high, ends_high)
    from_low, to_high = low > ends_low, high < ends_high
    closed = from_low | to_high
    within = (x >= low) & (x <= high)
    misses = (~within).sum(axis=1)
    inside = misses == 0
    n, hits = int(inside.sum()), int(case[inside].sum())
    p = np.full(x.shape[1], np.nan)
    if n:
        without = (misses[:, None] - ~within == 0)[:, closed]
        p[closed] = stats.binom.sf(hits - 1, n, case.astype(float) @ without / without.sum(axis=0))
    return Box(
        tuple(factors), low, high, from_low, to_high, hits / int(case.sum()),
        hits / n if n else 0.0, n / len(x), p,
    )  # fmt: skip
