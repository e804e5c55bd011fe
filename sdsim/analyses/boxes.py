"""Boxes in the space of factors and their measures (Bryant and Lempert 2010)."""

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
    """A box in the space of factors: an interval for each factor.

    low, high : (n_factor,) its ends, units of the factors; open ends are the ends of the data.
    from_low, to_high : (n_factor,) whether that end is a restriction rather than an open end.
    coverage : share of all cases inside the box.   density : share of its runs that are cases.
    mass : share of all runs inside the box.
    p : (n_factor,) quasi-p: the probability that restricting that factor alone gains as much
        density by chance (one-sided binomial test); NaN for unrestricted factors.
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
        """(n_factor,) whether either end is a restriction."""
        return self.from_low | self.to_high

    def inside(self, x: Floats) -> Flags:
        """(n_run,) which runs lie inside the box."""
        return np.asarray(((x >= self.low) & (x <= self.high)).all(axis=1))

    def words(self) -> list[str]:
        """The box's restrictions, one per line, the most significant first."""
        return [self.condition(int(i)) for i in np.argsort(self.p) if self.restricted[i]]

    def condition(self, i: int) -> str:
        """The restriction of one factor, in words."""
        name, low, high = self.factors[i], shown(self.low[i]), shown(self.high[i])
        if self.low[i] == self.high[i]:
            return f"{name} = {low}"
        if not self.to_high[i]:
            return f"{name} >= {low}"
        return f"{low} <= {name} <= {high}" if self.from_low[i] else f"{name} <= {high}"

    def to_data(self) -> dict[str, Any]:
        """As plain data; open ends are None."""
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
    """The trade-off along a peeling, each (n_box,), from all runs to the smallest box.

    coverage, density, mass : as in `Box`.   restricted : number of restricted factors.
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
    """Check runs (n_run, n_factor), of which some must be cases and some not."""
    x, case = checked_sample(x, case, factors)
    if not 0 < case.sum() < len(case):
        raise ModelError(
            f"{int(case.sum())} of {len(case)} runs are cases: nothing to discover",
            remedy="choose a condition that some runs fulfil and some do not",
        )
    return x, case


def measured(x: Floats, case: Flags, factors: Sequence[str], low: Floats, high: Floats) -> Box:
    """Measure a given box on given runs, for example one found on other runs.

    low, high : (n_factor,), units of the factors; infinite for open ends.

    Raises
    ------
    ModelError : no run is a case, or all are; see also `regional.checked_sample`.
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
