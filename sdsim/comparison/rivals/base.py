"""What a rival is: a predictor without theory, fitted to the same data as the models."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.predictive import Predictive

#: How many data the prior of a variance counts as: few enough to leave intervals as they are.
PRIOR_FREEDOM = 0.1


class Fitted(Protocol):
    """A rival that knows its training data."""

    @property
    def parameters(self) -> int:
        """How many free parameters it has."""

    @property
    def informed(self) -> float:
        """How many of them the data inform: 0 to ``parameters``."""

    def predict(self, test: Panel) -> Predictive:
        """What it predicts for each datum of ``test``, given the training data alone.

        test : times, groups and drivers; its values are not read.

        Raises
        ------
        ModelError : a datum that it has no way to predict.
        """


class Rival(Protocol):
    """A predictor to be fitted; a frozen dataclass with its settings.

    To add one, write a file with a class that has these, and a row in `RIVALS`.

    kind : its name in specs.
    """

    kind: ClassVar[str]

    @property
    def name(self) -> str:
        """What it is, in words."""

    def fit(self, train: Panel) -> Fitted:
        """Fit it.

        train : the data to learn from; all have values.

        Raises
        ------
        ModelError : too few data; drivers that are missing.
        """


def checked(train: Panel, least: int, what: str) -> Panel:
    """Training data by group and time.

    Raises
    ------
    ModelError : fewer than ``least`` data; a value that is missing.
    """
    if len(train) < least:
        raise ModelError(f"{what}: {len(train)} data to learn from", remedy=f"give {least} or more")
    if np.isnan(train.values).any():
        raise ModelError(f"{what}: data to learn from without values", remedy="leave them out")
    return train.sorted()


def prior_scale(train: Panel) -> float:
    """About how large errors may be, before any is seen, on the scale of the data: 3 %, on the
    level of the data's root mean square. It counts as much as `PRIOR_FREEDOM` data."""
    if train.scale != "level":
        return 0.03
    size = float(np.sqrt((train.values**2).mean()))
    return 0.03 * size if size > 0 else 1.0


def variance(squares: float, n: int, train: Panel) -> tuple[float, float]:
    """The scaled inverse chi-square posterior of a variance: its scale and degrees of freedom.

    squares : of n errors whose mean is known to be 0.
    """
    freedom = n + PRIOR_FREEDOM
    return (squares + PRIOR_FREEDOM * prior_scale(train) ** 2) / freedom, freedom
