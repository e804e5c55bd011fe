"""Monte Carlo sampling: independent draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sdsim.design.base import DESIGNS, Floats, Sample
from sdsim.design.bits import key_of, unit, words


@dataclass(frozen=True)
class MonteCarlo(Sample):
    """A Monte Carlo design: every member and factor is drawn independently.

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

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        numbers = np.arange(first, stop, dtype=np.uint64)
        out = np.empty((stop - first, len(self.factors)))
        for k, f in enumerate(self.factors):
            out[:, k] = unit(words(key_of(self.seed, f.name), numbers))
        return out


DESIGNS[MonteCarlo.kind] = MonteCarlo.made
