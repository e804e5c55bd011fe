"""Densities of data that were held out, given those alone that were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from sdsim.calibration.likelihoods.base import Floats, Likelihood, Settings

Whole = NDArray[np.int64]


def log_density_ahead(
    errors: Likelihood, observed: Floats, predicted: Floats, settings: Settings,
    times: Floats, series: Sequence[object], known: NDArray[np.bool_],
) -> Floats:  # fmt: skip
    """(n_member, n_datum) log density of each datum given the known data before it in its series.

    `Likelihood.log_density` takes each datum given the one before; of held-out data, that would be
    a forecast that has seen the held-out datum before. Here, it is a forecast from the last known
    one. The two are the same for known data, and for errors that do not persist. What is new in
    Student's errors over such a gap has Student's distribution, too, although draws add up several.

    Parameters
    ----------
    observed, predicted, settings : as in `Likelihood.log_density`.
    times : (n_datum,) in order within a series.   series : (n_datum,) what tells series apart.
    known : (n_datum,) whether a datum is known.
    """
    before, since = last_known(times, series, known)
    # An error depends on the known past by its last datum alone: each makes a series of two.
    own = np.arange(len(before))
    pairs = np.stack([np.where(before < 0, own, before), own], axis=1).ravel()
    gaps = np.stack([np.full_like(since, np.inf), since], axis=1).ravel()
    given = {f.name: getattr(errors, f.name) for f in fields(errors)}
    of_pairs = {k: tuple(v[i] for i in pairs) for k, v in given.items() if isinstance(v, tuple)}
    values = {k: v if v.shape[-1] == 1 else v[..., pairs] for k, v in settings.items()}
    paired = replace(errors, **of_pairs)
    return paired.log_density(observed[pairs], predicted[:, pairs], values, gaps)[:, 1::2]


def last_known(
    times: Floats, series: Sequence[object], known: NDArray[np.bool_]
) -> tuple[Whole, Floats]:
    """(n_datum,) the place of the last known datum before each in its series, -1 if there is none,
    and (n_datum,) the time since it, infinite if there is none."""
    before, since = np.full(len(times), -1), np.full(len(times), np.inf)
    last: dict[object, int] = {}
    for i, name in enumerate(series):
        if name in last:
            before[i], since[i] = last[name], times[i] - times[last[name]]
        if known[i]:
            last[name] = i
    return before, since
