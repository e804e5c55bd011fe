"""Errors that persist: a first-order autoregression in continuous time.

The correlation of two standardised errors a time d apart is ``autocorrelation ** d``, so that times
may be uneven (Jones, R. H. (1981). Fitting a continuous time autoregression to discrete data. In:
Findley, D. F. (ed.), Applied Time Series Analysis II, 651-682). The first error of a series has the
stationary distribution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError

Floats = NDArray[np.float64]


def gaps(times: Floats, series: Sequence[object] | NDArray[np.generic] | None = None) -> Floats:
    """(n_datum,) the time since the datum before in the same series, infinite at its beginning.

    times : (n_datum,) in order within a series.   series : (n_datum,) what tells series apart, such
        as the group of each datum; data of one series stand together.

    Raises
    ------
    ModelError : times of a series that do not increase; a series in two places.
    """
    times = np.asarray(times, dtype=np.float64)
    names = list(series) if series is not None else [0] * len(times)
    out = np.full(len(times), np.inf)
    for i in range(1, len(times)):
        if names[i] == names[i - 1]:
            out[i] = times[i] - times[i - 1]
            if not out[i] > 0:
                what = f"time {times[i]:g} follows {times[i - 1]:g} in one series"
                raise ModelError(what, remedy="sort the data by time, each time once")
    starts = [n for n, gap in zip(names, out, strict=True) if np.isinf(gap)]
    if len(set(starts)) < len(starts):
        raise ModelError("a series of data has others in between", remedy="sort the data by series")
    return out


def innovations(errors: Floats, autocorrelation: Floats, gaps: Floats) -> tuple[Floats, Floats]:
    """What is new in each error, and the logarithm of its scale.

    errors : (n_member, n_datum) standardised.   autocorrelation : broadcast against them.

    Returns
    -------
    (n_member, n_datum) errors less what the error before foretells, divided by their own scale; and
    the logarithm of that scale, which is 0 where nothing is foretold.
    """
    kept, log_scale = _kept(autocorrelation, gaps)
    before = np.concatenate([np.zeros_like(errors[:, :1]), errors[:, :-1]], axis=1)
    foretold = np.where(np.isinf(gaps), 0.0, kept * before)
    return (errors - foretold) / np.exp(log_scale), log_scale + np.zeros_like(errors)


def chained(
    noise: Floats, autocorrelation: Floats, gaps: Floats, known: Floats | None = None
) -> Floats:
    """The inverse of `innovations`: (n_member, n_datum) errors from what is new in each.

    known : (n_member, n_datum) standardised errors that are what they are, NaN elsewhere.
    """
    kept, log_scale = _kept(autocorrelation, gaps)
    new = noise * np.exp(log_scale)
    kept = np.broadcast_to(kept, new.shape)
    for i in range(new.shape[1]):
        if np.isfinite(gaps[i]):
            new[:, i] += kept[:, i] * new[:, i - 1]
        if known is not None:
            new[:, i] = np.where(np.isnan(known[:, i]), new[:, i], known[:, i])
    return new


def _kept(autocorrelation: Floats, gaps: Floats) -> tuple[Floats, Floats]:
    """The share of an error that remains, and the log scale of what comes anew."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log_kept = gaps * np.log(autocorrelation)
        return np.exp(log_kept), 0.5 * np.log(-np.expm1(2 * log_kept))
