"""Morris designs: trajectories that change one factor, or one group of factors, at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.base.toml import Section
from sdsim.design.base import DESIGNS, Floats, check_factors, drawn
from sdsim.design.factors import Factor


@dataclass(frozen=True)
class Morris:
    """A Morris design: trajectories with one member more than there are factors (or groups). From a
    point on a grid of ``levels``, each factor moves once, by levels / (2 (levels - 1)), in random
    order (Morris 1991; groups after Campolongo, Cariboni and Saltelli 2007).

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> sdsim.Morris(factors, 10).count  # trajectories times (factors + 1)
    30
    """

    kind: ClassVar[str] = "morris"
    factors: tuple[Factor, ...]
    trajectories: int
    seed: int = 0
    levels: int = 4
    by_group: bool = False

    def __post_init__(self) -> None:
        check_factors(self.factors, self.trajectories, self.seed)
        if self.levels < 2 or self.levels % 2:
            raise ModelError(
                f"levels must be an even number from 2, got {self.levels}", remedy="write 4 or 6"
            )

    @cached_property
    def moved(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """What moves together: a name and its factors."""
        groups: dict[str, list[int]] = {}
        for i, f in enumerate(self.factors):
            groups.setdefault((f.group or f.name) if self.by_group else f.name, []).append(i)
        return tuple((name, tuple(at)) for name, at in groups.items())

    @property
    def block(self) -> int:
        """The number of members in a trajectory."""
        return len(self.moved) + 1

    @property
    def alike(self) -> int:
        """See `sdsim.design.base.Design`."""
        return self.block

    @property
    def count(self) -> int:
        """How many members."""
        return self.trajectories * self.block

    def _trajectory(self, number: int) -> Floats:
        rng = np.random.default_rng((self.seed, number))
        k, step = len(self.factors), self.levels / (2 * (self.levels - 1))
        grid = np.arange(self.levels // 2) / (self.levels - 1)
        start = rng.choice(grid, k)
        up = rng.random(k) < 0.5
        x = np.where(up, start, start + step)
        out = np.empty((self.block, k))
        out[0] = x
        for row, which in enumerate(rng.permutation(len(self.moved)), start=1):
            at = list(self.moved[which][1])
            x = x.copy()
            x[at] += np.where(up[at], step, -step)
            out[row] = x
        return np.clip(out, 0.0, 1.0)

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        low, high = first // self.block, -(-stop // self.block)
        flat = np.concatenate([self._trajectory(t) for t in range(low, high)])
        return flat[first - low * self.block : stop - low * self.block]

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return drawn(self.factors, self.unit(first, stop))

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {
            "trajectories": self.trajectories, "seed": self.seed, "levels": self.levels,
            "by_group": self.by_group,
        }  # fmt: skip


def _made(factors: tuple[Factor, ...], s: Section) -> Morris:
    s.only("trajectories", "seed", "levels", "by_group")
    return Morris(
        factors, s.whole("trajectories", least=1), s.whole("seed", 0, least=0),
        s.whole("levels", 4), s.flag("by_group", False),
    )  # fmt: skip


DESIGNS[Morris.kind] = _made
