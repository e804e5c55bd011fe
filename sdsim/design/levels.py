"""Designs of chosen levels: a full grid, and one factor at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.base.toml import Section
from sdsim.design.base import DESIGNS, Floats, check_factors, drawn
from sdsim.design.bits import key_of, unit, words
from sdsim.design.distributions import Choice
from sdsim.design.factors import Factor

MAX_GRID = 10_000_000_000
MAX_POINTS = 1_000_000  # of one factor


def _levels(factor: Factor, points: int) -> Floats:
    """A factor's levels in [0, 1]; its own if it has a list of values."""
    if isinstance(factor.distribution, Choice):
        n = len(factor.distribution.values)
        ends = np.concatenate([[0.0], factor.distribution.ends, [1.0]])
        return np.asarray(0.5 * (ends[:-1] + ends[1:])) if n > 1 else np.array([0.5])
    return np.linspace(0.0, 1.0, points) if points > 1 else np.array([0.5])


@dataclass(frozen=True)
class Grid:
    """Every combination, a full grid, of ``points`` levels of each factor, evenly spaced in its
    distribution, or of its listed values; the last factor varies fastest.

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> sdsim.Grid(factors, 3).values(0, 4).round(6).tolist()
    [[0.3, 5.0], [0.3, 7.0], [0.3, 9.0], [0.45, 5.0]]
    """

    kind: ClassVar[str] = "grid"
    factors: tuple[Factor, ...]
    points: int = 5

    def __post_init__(self) -> None:
        check_factors(self.factors, self.points)
        if self.points > MAX_POINTS:
            raise ModelError(
                f"{self.points:,} points, at most {MAX_POINTS:,}",
                remedy="use fewer steps or factors",
            )
        if self.count > MAX_GRID:
            raise ModelError(f"a grid of {self.count:.3g} members", remedy="use fewer levels")

    @cached_property
    def _all(self) -> tuple[Floats, ...]:
        return tuple(_levels(f, self.points) for f in self.factors)

    @property
    def count(self) -> int:
        """How many members."""
        out = 1
        for levels in self._all:
            out *= len(levels)
        return out

    @property
    def alike(self) -> int:
        """See `sdsim.design.base.Design`."""
        return self.count

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        number = np.arange(first, stop, dtype=np.int64)
        out = np.empty((stop - first, len(self.factors)))
        for k in range(len(self.factors) - 1, -1, -1):
            number, at = np.divmod(number, len(self._all[k]))
            out[:, k] = self._all[k][at]
        return out

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return drawn(self.factors, self.unit(first, stop))

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {"points": self.points}


@dataclass(frozen=True)
class OneAtATime:
    """One factor at a time: per draw, a block with the centre of every distribution, then each
    factor at its low and high end, the others fixed. From the second draw on, the centre is random.

    draws : number of blocks.

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> sdsim.OneAtATime(factors).values(0, 5).round(6).tolist()
    [[0.45, 7.0], [0.3, 7.0], [0.6, 7.0], [0.45, 5.0], [0.45, 9.0]]
    """

    kind: ClassVar[str] = "one at a time"
    factors: tuple[Factor, ...]
    draws: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        check_factors(self.factors, self.draws, self.seed)

    @property
    def block(self) -> int:
        """The size of a block: the centre, low and high of the first factor, of the second ..."""
        return 2 * len(self.factors) + 1

    @property
    def alike(self) -> int:
        """See `sdsim.design.base.Design`."""
        return self.block

    @property
    def count(self) -> int:
        """How many members."""
        return self.draws * self.block

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        low, high = first // self.block, -(-stop // self.block)
        numbers = np.arange(low, high, dtype=np.uint64)
        centre = np.empty((high - low, len(self.factors)))
        for k, f in enumerate(self.factors):
            centre[:, k] = unit(words(key_of(self.seed, f.name, "centre"), numbers))
        centre[numbers == 0] = 0.5
        out = np.repeat(centre[:, None], self.block, axis=1)
        for k in range(len(self.factors)):
            out[:, 1 + 2 * k, k], out[:, 2 + 2 * k, k] = 0.0, 1.0
        return out.reshape(-1, len(self.factors))[first - low * self.block :][: stop - first]

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return drawn(self.factors, self.unit(first, stop))

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {"draws": self.draws, "seed": self.seed}


def _made_grid(factors: tuple[Factor, ...], s: Section) -> Grid:
    s.only("points")
    return Grid(factors, s.whole("points", 5, least=1))


def _made_single(factors: tuple[Factor, ...], s: Section) -> OneAtATime:
    s.only("draws", "seed")
    return OneAtATime(factors, s.whole("draws", 1, least=1), s.whole("seed", 0, least=0))


DESIGNS[Grid.kind] = _made_grid
DESIGNS[OneAtATime.kind] = _made_single
