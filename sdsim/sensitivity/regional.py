"""Regional sensitivity: where in the space of factors a behaviour occurs
(Hornberger and Spear 1981; Spear and Hornberger 1980)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sdsim.errors import ModelError
from sdsim.sensitivity.common import Floats, plain


@dataclass(frozen=True)
class Regional:
    """How a factor's values differ between runs that behave and runs that do not.

    distance, p : (n_factor,) of the two-sided test of Kolmogorov and Smirnov.
    shift : (n_factor,) median where they behave, less the median where not, as a share of the
        factor's range: above 0 where the behaviour comes with high values.
    """

    factors: tuple[str, ...]
    distance: Floats
    p: Floats
    shift: Floats
    behaving: int
    of: int

    def order(self) -> list[int]:
        """Factors, the largest distance first."""
        return [int(i) for i in np.argsort(-self.distance, kind="stable")]

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "factors": list(self.factors), "distance": plain(self.distance), "p": plain(self.p),
            "shift": plain(self.shift), "behaving": self.behaving, "of": self.of,
        }  # fmt: skip


def regional(x: Floats, behaves: NDArray[np.bool_], factors: Sequence[str]) -> Regional:
    """From a plain sample.

    Parameters
    ----------
    x : (n_run, n_factor), any units.   behaves : (n_run,).

    Raises
    ------
    ModelError : all runs behave, or none does.
    """
    behaves = np.asarray(behaves, dtype=bool)
    count = int(behaves.sum())
    if not 2 <= count <= len(behaves) - 2:
        raise ModelError(
            f"{count} of {len(behaves)} runs behave: nothing to compare",
            remedy="choose a condition that some runs fulfil and some do not",
        )
    found = [stats.ks_2samp(x[behaves, j], x[~behaves, j]) for j in range(x.shape[1])]
    size = np.ptp(x, axis=0)
    shift = np.median(x[behaves], axis=0) - np.median(x[~behaves], axis=0)
    return Regional(
        tuple(factors), np.array([f.statistic for f in found]), np.array([f.pvalue for f in found]),
        shift / np.where(size > 0, size, 1.0), count, len(behaves),
    )  # fmt: skip
