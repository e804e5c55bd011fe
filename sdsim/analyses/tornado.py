"""One factor at a time: the effect of its low and high end, around one or several centres."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdsim.analyses.common import Floats, blocks, plain


@dataclass(frozen=True)
class Tornado:
    """Changes relative to the centre of a block, in units of the output.

    low, high : (n_factor, ...) at the factor's low and high end, in the first block.
    low_band, high_band : (2, n_factor, ...) 5 and 95 % quantiles of the same over all blocks.
    centre : (...) the output at the centre of the first block.   used : blocks.
    """

    factors: tuple[str, ...]
    centre: Floats
    low: Floats
    high: Floats
    low_band: Floats
    high_band: Floats
    used: int

    def order(self, series: int | tuple[int, ...] = ()) -> list[int]:
        """Factors of one series, ordered by swing, the largest first."""
        at = (series,) if isinstance(series, int) else series
        swing = np.moveaxis(np.abs(self.high - self.low), 0, -1)[at]
        return [int(i) for i in np.argsort(-np.nan_to_num(swing, nan=-1.0), kind="stable")]

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "factors": list(self.factors), "centre": plain(self.centre), "low": plain(self.low),
            "high": plain(self.high), "low_band": plain(self.low_band),
            "high_band": plain(self.high_band), "used": self.used,
        }  # fmt: skip


def tornado(y: Floats, factors: Sequence[str]) -> Tornado:
    """A tornado from the outputs of a `sdsim.design.OneAtATime` design: y (n_run, ...)."""
    k = len(factors)
    cut, shape = blocks(y, 2 * k + 1, "one at a time")
    with np.errstate(invalid="ignore"):
        change = cut[:, 1:] - cut[:, :1]
    low, high = change[:, 0::2], change[:, 1::2]

    def band(v: Floats) -> Floats:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.filterwarnings("ignore", "All-NaN slice")  # NaN is the right answer
            return np.asarray(np.nanquantile(v, [0.05, 0.95], axis=0)).reshape(2, k, *shape)

    return Tornado(
        tuple(factors), cut[0, 0].reshape(shape), low[0].reshape(k, *shape),
        high[0].reshape(k, *shape), band(low), band(high), len(cut),
    )  # fmt: skip
