"""What a calibration found: draws of the parameters, what they predict, and tables of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from sdsim.calibration.problem import Problem
from sdsim.inference.directions import Directions, directions
from sdsim.inference.loo import left_out
from sdsim.inference.scores import Fit as Closeness
from sdsim.inference.scores import autocorrelation, coverage, crps, fit, log_score, ranks
from sdsim.inference.target import stream

Floats = NDArray[np.float64]
#: How many draws are run to predict the data.
PREDICTED = 1000
#: The central interval that tables show.
LEVEL = 0.9
#: A posterior narrower than this share of the prior is told by the data, above the second share by
#: the prior.
TOLD = (0.5, 0.9)


def results(problem: Problem, draws: Floats, best: Floats) -> xr.Dataset:
    """Draws and what they predict.

    Parameters
    ----------
    problem : over all rows of the data, fitted or not.
    draws : (n_draw, k) equally likely, in working units, in random order.
    best : (k,) the point of highest density.

    Returns
    -------
    Dataset with ``draws (draw, parameter)`` in model units, ``best (parameter)``; for the first
    `PREDICTED` draws ``predicted (sample, row)``, the model's value, ``simulated (sample, row)``,
    with observation errors, and ``log_density (sample, row)``; and what is known of each ``row``.
    """
    space, calibration = problem.space, problem.calibration
    some = draws[:PREDICTED]
    values = space.values(some)
    predicted = problem.run(problem.predictor.runs, values)
    rng = stream(calibration.seed, "predictions")
    parts = problem.parts
    times = [p.times if p.times is not None else np.full(len(p.rows), np.nan) for p in parts]
    fitted = [calibration.fitted(p.data)[list(p.rows)] for p in parts]
    return xr.Dataset(
        {
            "draws": (("draw", "parameter"), space.natural(draws)),
            "best": (("parameter",), space.natural(best[None])[0]),
            "predicted": (("sample", "row"), problem.means(values, predicted)),
            "simulated": (("sample", "row"), problem.draw(values, predicted, rng)),
            "log_density": (("sample", "row"), problem.densities(values, predicted)),
            "observed": (("row",), problem.observed),
            "fitted": (("row",), np.concatenate(fitted)),
        },
        {
            "parameter": list(space.names),
            "data": (("row",), [p.data.name for p in parts for _ in p.rows]),
            "group": (("row",), [g for p in parts for g in p.group]),
            "time": (("row",), np.concatenate(times)),
            "units": (("row",), [p.data.units for p in parts for _ in p.rows]),
        },
        {"title": calibration.title, "conditional": "on the model, its priors and error models"},
    )


@dataclass(frozen=True)
class Interval:
    """A central interval of draws, (m,) each."""

    low: Floats
    middle: Floats
    high: Floats

    @classmethod
    def of(cls, draws: Floats, level: float = LEVEL) -> Interval:
        """Of (n, m) draws; NaN among them does not count."""
        tail = (1 - level) / 2
        return cls(*np.nanquantile(draws, [tail, 0.5, 1 - tail], axis=0))


def parameter_table(found: xr.Dataset, problem: Problem) -> pd.DataFrame:
    """A row for each free number: prior and posterior, in model units, and who tells it.

    Columns: ``prior 5 %``, ``prior 50 %``, ``prior 95 %``; ``best``, ``mean``, ``sd``, ``5 %``,
    ``50 %``, ``95 %``; ``narrowed``, the posterior's standard deviation as a share of the
    prior's, in working units; ``told by``: ``data`` if that is below a half, ``prior`` if above
    nine tenths, otherwise ``both``.
    """
    space = problem.space
    before = _prior(problem)
    prior = Interval.of(space.natural(before))
    draws = found["draws"].to_numpy()
    after = np.stack([a.working(draws[:, i]) for i, a in enumerate(space.axes)], axis=1)
    narrowed = after.std(axis=0) / before.std(axis=0)
    own = Interval.of(draws)
    told = np.select([narrowed < TOLD[0], narrowed < TOLD[1]], ["data", "both"], "prior")
    return pd.DataFrame(
        {
            "prior 5 %": prior.low, "prior 50 %": prior.middle, "prior 95 %": prior.high,
            "best": found["best"].to_numpy(), "mean": draws.mean(axis=0),
            "sd": draws.std(axis=0), "5 %": own.low, "50 %": own.middle, "95 %": own.high,
            "narrowed": narrowed, "told by": told,
        },
        index=pd.Index(space.names, name="parameter"),
    )  # fmt: skip


def row_table(found: xr.Dataset) -> pd.DataFrame:
    """A row for each datum: observed, the model's median, the interval of new observations, the log
    predictive density and the place of the datum among its predictions (0 to 1); of fitted rows the
    log density ``left out``, under the posterior of all others (Pareto-smoothed importance
    sampling), ``k-hat`` of that, and whether it is ``doubtful``."""
    simulated, fitted = found["simulated"].to_numpy(), found["fitted"].to_numpy()
    density = found["log_density"].to_numpy()
    without = left_out(density[:, fitted])
    band = Interval.of(simulated)
    return pd.DataFrame({
        "data": found["data"], "group": found["group"], "time": found["time"],
        "observed": found["observed"], "fitted": found["fitted"],
        "model": np.nanmedian(found["predicted"].to_numpy(), axis=0),
        "5 %": band.low, "95 %": band.high,
        "log density": log_score(density),
        "place": ranks(found["observed"].to_numpy(), simulated),
        "left out": _spread_over(fitted, without.log_density, np.nan),
        "k-hat": _spread_over(fitted, without.k_hat, np.nan),
        "doubtful": _spread_over(fitted, without.doubtful, False),
    })  # fmt: skip


def _spread_over(fitted: NDArray[np.bool_], own: NDArray[Any], other: Any) -> NDArray[Any]:
    """Values of the fitted rows among all rows."""
    out = np.full(len(fitted), other, dtype=own.dtype)
    out[fitted] = own
    return out


def direction_table(told: Directions, names: Sequence[str]) -> pd.DataFrame:
    """A row for each direction in the space of parameters, the best informed first.

    Columns: ``gain``, the precision that the data add, in units of the prior's; ``narrowed``, the
    standard deviation that leaves, as a share of the prior's; and for each parameter how far the
    direction moves it, in standard deviations of the prior in working units.
    """
    table = pd.DataFrame(told.loading, columns=list(names))
    table.insert(0, "narrowed", told.narrowed)
    table.insert(0, "gain", told.gain)
    table.index = pd.Index(np.arange(1, len(table) + 1), name="direction")
    return table


def informed(problem: Problem, jacobian: Floats) -> Directions:
    """The directions that the data speak to.

    jacobian : (m, k) of the residuals at the best fit; the first k are the prior's.
    """
    return directions(jacobian[len(problem.names) :], _prior(problem).std(axis=0))


def _prior(problem: Problem) -> Floats:
    """(2000, k) evenly likely values of each parameter under the prior, in working units."""
    u = (np.arange(2000) + 0.5) / 2000
    return np.stack([a.drawn(u) for a in problem.space.axes], axis=1)


def score_table(found: xr.Dataset) -> pd.DataFrame:
    """A row for each data set, its fitted rows and its held-out rows apart: how close the median
    prediction comes, Theil's shares, the log score and CRPS of the predictive distribution, its
    coverage at 90 %, the log score of rows left out one by one (and the worst k-hat of that, and
    how many rows are doubtful), the first autocorrelation of residuals."""
    rows = row_table(found)
    made: dict[tuple[str, str], dict[str, float]] = {}
    for (name, fitted), mine in rows.groupby(["data", "fitted"], sort=False):
        made[str(name), "fitted" if fitted else "held out"] = _scores(found, mine)
    return pd.DataFrame.from_dict(made, orient="index").rename_axis(["data", "rows"])


def _scores(found: xr.Dataset, rows: pd.DataFrame) -> dict[str, float]:
    at = rows.index.to_numpy()
    seen, said = rows["observed"].to_numpy(), rows["model"].to_numpy()
    close: Closeness = fit(seen, said)
    simulated = found["simulated"].to_numpy()[:, at]
    covered = coverage(rows["place"].to_numpy(), [LEVEL])
    return {
        "n": len(rows),
        "RMSE": float(close.rmse), "MAE": float(close.mae), "R2": float(close.r2),
        "RMS log error": float(close.rms_log), "bias": float(close.bias),
        "variance": float(close.variance), "covariance": float(close.covariance),
        "log score": float(rows["log density"].sum()),
        "CRPS": float(crps(seen, simulated).mean()),
        "in 90 %": float(covered.share[0]),
        "left out": float(rows["left out"].sum(skipna=False)),
        "worst k-hat": float(rows["k-hat"].max()), "doubtful": int(rows["doubtful"].sum()),
        "autocorrelation": _first_lag(seen - said, list(rows["group"])),
    }  # fmt: skip


def _first_lag(residuals: Floats, groups: Sequence[str]) -> float:
    if len(residuals) < 3:
        return np.nan
    return float(autocorrelation(residuals, 1, groups).correlation[0])
