"""The Sobol sequence, and Saltelli's design for Sobol indices built on it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.base.toml import Section
from sdsim.design.base import DESIGNS, Floats, Sample, check_factors, drawn
from sdsim.design.factors import Factor

MAX_DIMENSIONS = 21_201  # in the table of direction numbers
MAX_POINTS = 2**30


def _points(dimensions: int, seed: int, first: int, stop: int) -> Floats:
    """Points ``first`` to ``stop - 1`` of a scrambled sequence (Owen 1995; Joe and Kuo 2008)."""
    from scipy.stats import qmc  # slow to import; only this function needs it

    engine = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    if first:
        engine.fast_forward(first)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about counts that are not powers of two
        return np.asarray(engine.random(stop - first))


@dataclass(frozen=True)
class SobolSequence(Sample):
    """A scrambled Sobol sequence, which fills the cube evenly; best with 2^n members.

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> sdsim.SobolSequence(factors, 64).values(0, 64).shape
    (64, 2)
    """

    kind: ClassVar[str] = "sobol"

    def __post_init__(self) -> None:
        super().__post_init__()
        _small_enough(len(self.factors), self.count)

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return _points(len(self.factors), self.seed, first, stop)


@dataclass(frozen=True)
class Saltelli:
    """Saltelli's design: for each of ``base`` points a block of A, A with one factor (or group)
    from B for each factor, the same the other way round for second-order indices, and B
    (Saltelli 2002, 2010).

    by_group : the factors of a group move together and share one index.

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> sdsim.Saltelli(factors, 64).count  # base times (factors + 2)
    256
    """

    kind: ClassVar[str] = "saltelli"
    factors: tuple[Factor, ...]
    base: int
    seed: int = 0
    second_order: bool = False
    by_group: bool = False

    def __post_init__(self) -> None:
        check_factors(self.factors, self.base, self.seed)
        _small_enough(2 * len(self.factors), self.base)

    @cached_property
    def moved(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """What has an index: a name, and the factors that move together."""
        if not self.by_group:
            return tuple((f.name, (i,)) for i, f in enumerate(self.factors))
        groups: dict[str, list[int]] = {}
        for i, f in enumerate(self.factors):
            groups.setdefault(f.group or f.name, []).append(i)
        return tuple((name, tuple(at)) for name, at in groups.items())

    @property
    def block(self) -> int:
        """The number of members per base point."""
        return (2 if self.second_order else 1) * len(self.moved) + 2

    @property
    def alike(self) -> int:
        """See `sdsim.design.base.Design`."""
        return self.block

    @property
    def count(self) -> int:
        """How many members."""
        return self.base * self.block

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        k, n = len(self.factors), len(self.moved)
        low, high = first // self.block, -(-stop // self.block)
        both = _points(2 * k, self.seed, low, high)
        a, b = both[:, :k], both[:, k:]
        out = np.empty((high - low, self.block, k))
        out[:, 0], out[:, -1] = a, b
        for j, (_, at) in enumerate(self.moved, start=1):
            out[:, j] = a
            out[:, j, list(at)] = b[:, list(at)]
            if self.second_order:
                out[:, n + j] = b
                out[:, n + j, list(at)] = a[:, list(at)]
        flat = out.reshape(-1, k)
        return flat[first - low * self.block : stop - low * self.block]

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return drawn(self.factors, self.unit(first, stop))

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {
            "base": self.base, "seed": self.seed, "second_order": self.second_order,
            "by_group": self.by_group,
        }  # fmt: skip


def _small_enough(dimensions: int, points: int) -> None:
    if dimensions > MAX_DIMENSIONS:
        raise ModelError(
            f"{dimensions:,} dimensions, a Sobol sequence has {MAX_DIMENSIONS:,}",
            remedy="leave some factors out",
        )
    if points > MAX_POINTS:
        raise ModelError(
            f"{points:,} points, a Sobol sequence has {MAX_POINTS:,}", remedy="use fewer members"
        )


def _made_saltelli(factors: tuple[Factor, ...], s: Section) -> Saltelli:
    s.only("base", "seed", "second_order", "by_group")
    second, groups = s.flag("second_order", False), s.flag("by_group", False)
    base, seed = s.whole("base", least=1), s.whole("seed", 0, least=0)
    return Saltelli(factors, base, seed, second, groups)


DESIGNS[SobolSequence.kind] = SobolSequence.made
DESIGNS[Saltelli.kind] = _made_saltelli
