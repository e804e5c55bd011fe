"""Regional sensitivity: where in the space of factors a behaviour occurs
(Hornberger and Spear 1981; Spear and Hornberger 1980)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sdsim.analyses.common import Floats, plain
from sdsim.base.errors import ModelError

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Regional:
    """How a factor's values differ between runs that behave and runs that do not.

    distance, p : (n_factor,) from the two-sided Kolmogorov-Smirnov test.
    shift : (n_factor,) median of behaving runs minus median of the others, as a share of the
        factor's range; positive if the behaviour goes with high values.
    direction : where the behaving runs lie: ``high`` or ``low``, ``middle`` (rarer at both ends) or
        ``ends`` (more common at both); empty if there is no difference. Read it together with
        ``p``, since a factor without effect gets a direction too.
    """

    factors: tuple[str, ...]
    distance: Floats
    p: Floats
    shift: Floats
    direction: tuple[str, ...]
    behaving: int
    of: int

    def order(self) -> list[int]:
        """Factors, ordered by distance, the largest first."""
        return [int(i) for i in np.argsort(-self.distance, kind="stable")]

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "factors": list(self.factors), "distance": plain(self.distance), "p": plain(self.p),
            "shift": plain(self.shift), "direction": list(self.direction), "order": self.order(),
            "behaving": self.behaving, "of": self.of,
        }  # fmt: skip


def checked_sample(x: Floats, flags: Flags, factors: Sequence[str]) -> tuple[Floats, Flags]:
    """Check runs (n_run, n_factor) with a flag each, and say what does not fit.

    Raises
    ------
    ModelError : numbers of runs, flags, columns and names that differ, values that are not finite.
    """
    x, flags = np.asarray(x, dtype=np.float64), np.asarray(flags, dtype=bool)
    if x.ndim != 2 or flags.shape != x.shape[:1]:
        raise ModelError(
            f"flags of shape {flags.shape} for runs of shape {x.shape}",
            remedy="give (n_run, n_factor) values and (n_run,) flags",
        )
    if len(factors) != x.shape[1]:
        raise ModelError(
            f"{len(factors)} names for {x.shape[1]} columns of factors",
            remedy="give one name for each",
        )
    bad = np.flatnonzero(~np.isfinite(x).all(axis=0))
    if len(bad):
        count = int((~np.isfinite(x).all(axis=1)).sum())
        raise ModelError(
            f"{count:,} of {len(x):,} runs have a value that is not finite",
            variable=str(factors[bad[0]]), remedy="leave these runs out",
        )  # fmt: skip
    return x, flags


def regional(x: Floats, behaves: Flags, factors: Sequence[str]) -> Regional:
    """Regional sensitivity from a plain sample.

    Parameters
    ----------
    x : (n_run, n_factor), any units.   behaves : (n_run,).

    Raises
    ------
    ModelError : fewer than 2 runs behave, or fewer than 2 do not; see also `checked_sample`.
    """
    x, behaves = checked_sample(x, behaves, factors)
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
        shift / np.where(size > 0, size, 1.0),
        tuple(_direction(x[behaves, j], x[~behaves, j]) for j in range(x.shape[1])),
        count, len(behaves),
    )  # fmt: skip


def _direction(inside: Floats, outside: Floats) -> str:
    """The direction, from the signed gaps between the two cumulative distributions: if one gap is
    twice the other it is a side; if they are similar, the middle or the ends."""
    at = np.unique(np.concatenate([inside, outside]))
    gap = np.searchsorted(np.sort(inside), at, "right") / len(inside)
    gap -= np.searchsorted(np.sort(outside), at, "right") / len(outside)
    low, high = max(float(gap.max()), 0.0), max(float(-gap.min()), 0.0)
    if max(low, high) == 0:
        return ""
    if min(low, high) > max(low, high) / 2:
        return "middle" if gap.argmin() < gap.argmax() else "ends"
    return "low" if low > high else "high"
