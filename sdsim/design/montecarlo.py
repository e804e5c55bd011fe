"""Independent draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sdsim.design.base import DESIGNS, Floats, Settings, checked, drawn
from sdsim.design.bits import key_of, unit, words
from sdsim.design.factors import Factor


@dataclass(frozen=True)
class MonteCarlo:
    """Every member and factor drawn on its own.

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> sdsim.MonteCarlo(factors, 100).values(0, 100).shape
    (100, 2)
    """

    kind: ClassVar[str] = "monte carlo"
    alike: ClassVar[int] = 1
    factors: tuple[Factor, ...]
    count: int
    seed: int = 0

    def __post_init__(self) -> None:
        checked(self.factors, self.count, self.seed)

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        numbers = np.arange(first, stop, dtype=np.uint64)
        out = np.empty((stop - first, len(self.factors)))
        for k, f in enumerate(self.factors):
            out[:, k] = unit(words(key_of(self.seed, f.name), numbers))
        return out

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return drawn(self.factors, self.unit(first, stop))

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {"members": self.count, "seed": self.seed}


def _made(factors: tuple[Factor, ...], s: Settings) -> MonteCarlo:
    s.only("members", "seed")
    return MonteCarlo(factors, s.whole("members"), s.whole("seed", 0))


DESIGNS[MonteCarlo.kind] = _made
