"""A regression on the outcome's own last value and on drivers: a stock that adjusts.

Steps ahead of the data, what was predicted for one step is the last value of the next, with its
uncertainty. Given coefficients, that is a normal distribution in closed form; predictions average
it over draws of the coefficients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.neighbours import neighbours, steps
from sdsim.comparison.rivals.predictive import NORMAL, Predictive
from sdsim.comparison.rivals.regression import Regression, regress

Floats = NDArray[np.float64]
#: The driver that holds the last value; no file can spell it.
LAST = "\0last"
#: Draws of coefficients.
DRAWS = 1000


@dataclass(frozen=True)
class Lagged:
    """A regression on last values. steps : how it was fitted.   known : all training data, by group
    and time."""

    steps: Regression
    known: Panel

    @property
    def parameters(self) -> int:
        """See `Fitted`."""
        return self.steps.parameters

    @property
    def informed(self) -> float:
        """See `Fitted`."""
        return self.steps.informed

    def predict(self, test: Panel) -> Predictive:
        """See `Fitted`."""
        slopes, level, sd = self._coefficients(test)
        own = slopes[:, -1] / self.steps.size[-1]  # what one unit of the last value adds
        x = self.steps.standardised(_with_last(test, np.zeros(len(test))))
        without = self.steps.middle + slopes @ x.T + level
        location, variance = np.empty((2, DRAWS, len(test)))
        order = np.lexsort((test.times, test.places(test.names)))
        near = neighbours(self.known, test)
        for before, row in zip([-1, *order[:-1]], order, strict=True):
            follows = before >= 0 and test.groups[before] == test.groups[row]
            if follows and self._one_step(test.times[row] - test.times[before]):
                last, unsure = location[:, before], variance[:, before]
            elif self._one_step(near.since[row]):
                last, unsure = self.known.scaled[near.before[row]], np.zeros(DRAWS)
            else:
                what = f"gravity with last stock: no value one step before {test.times[row]:g}"
                of = f" of group '{test.groups[row]}'" if test.groups[row] else ""
                raise ModelError(
                    what + of, remedy="hold out times that follow the data, at even steps"
                )
            location[:, row] = without[:, row] + own * last
            variance[:, row] = sd**2 + own**2 * unsure
        equal = np.full(DRAWS, 1 / DRAWS)
        return Predictive.of(equal, location, np.sqrt(variance), NORMAL, test.scale)

    def _one_step(self, gap: float) -> bool:
        return abs(gap - self.steps.step) < 1e-6 * self.steps.step

    def _coefficients(self, test: Panel) -> tuple[Floats, Floats, Floats]:
        """(n, k) slopes, (n, m) levels of the test data's groups and (n,) standard deviations of
        errors: draws of what the training data leave open."""
        fit, rng = self.steps, np.random.default_rng(0)
        part = rng.choice(len(fit.share), DRAWS, p=fit.share)
        sd = np.sqrt(fit.squares[part] / rng.chisquare(fit.freedom, DRAWS))
        root = np.linalg.cholesky(fit.spread)[part]
        noise = rng.standard_normal((DRAWS, fit.slopes.shape[1]))
        moved = (root @ noise[..., None])[..., 0] * sd[:, None]
        level = fit.level[part] - (fit.lean[part] @ moved[..., None])[..., 0]
        level = level + sd[:, None] * np.sqrt(fit.loose[part]) * rng.standard_normal(level.shape)
        new = [g for g in test.names if g not in fit.train.names]
        fresh = sd[:, None] * np.sqrt(fit.apart[part])[:, None]
        fresh = fresh * rng.standard_normal((DRAWS, len(new)))
        names = (*fit.train.names, *new)
        return (
            fit.slopes[part] + moved,
            np.concatenate([level, fresh], axis=1)[:, test.places(names)],
            sd,
        )


def regress_on_last(train: Panel, columns: Callable[[Panel], Floats]) -> Lagged:
    """Fit the regression to the data that have another one step before.

    train : by group and time, with values.   columns : makes (m, k) columns of a panel.

    Raises
    ------
    ModelError : fewer than three such data.
    """
    rows, gaps = steps(train)
    step = float(np.median(gaps)) if len(gaps) else 1.0
    rows = rows[np.abs(gaps - step) < 1e-6 * step]
    if len(rows) < 3:
        what = f"gravity with last stock: {len(rows)} data that follow another at even steps"
        raise ModelError(what, remedy="give 3 or more")
    used = _with_last(train.rows(rows), train.scaled[rows - 1])

    def with_last(panel: Panel) -> Floats:
        return np.concatenate([columns(panel), panel.driver(LAST)[:, None]], axis=1)

    return Lagged(replace(regress(used, with_last, persistent=False), step=step), train)


def _with_last(panel: Panel, last: Floats) -> Panel:
    return replace(panel, drivers={**panel.drivers, LAST: last})
