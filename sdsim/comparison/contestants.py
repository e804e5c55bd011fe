"""Who takes part in a comparison: what each predicted of the same data, unseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals import RIVALS, WITH_DRIVERS, Rival

Floats = NDArray[np.float64]
#: Draws of a rival's predictions, and the seed of their random numbers.
DRAWS, SEED = 2000, 0


@dataclass(frozen=True)
class Contestant:
    """A model or a rival, and what it predicted.

    name : as it is shown.
    log_density : (m,) of each held-out datum given the training data alone, in model units: of a
        model, the logarithm of the mean density over posterior draws.
    draws : (n, m) data as it would have predicted them, noise included; model units.
    weights : (n,) of the draws; equal if not given.
    parameters, informed : how many are free, and how many of them the data inform; None if unknown.
    """

    name: str
    log_density: Floats
    draws: Floats
    weights: Floats | None = None
    parameters: float | None = None
    informed: float | None = None


def enter(rival: Rival, train: Panel, test: Panel) -> Contestant:
    """A rival, fitted to ``train``, as a contestant on ``test``.

    Raises
    ------
    ModelError : it cannot be fitted, or has no way to predict some of the data.
    """
    fitted = rival.fit(train)
    predicted = fitted.predict(test)
    drawn = predicted.draws(DRAWS, np.random.default_rng(SEED))
    density = predicted.log_density(test.values)
    return Contestant(rival.name, density, drawn, None, fitted.parameters, fitted.informed)


def enter_all(
    train: Panel, test: Panel, rivals: Mapping[str, Rival] | None = None
) -> tuple[list[Contestant], dict[str, str]]:
    """All rivals as contestants, and why others cannot take part.

    rivals : by name; by default each of `RIVALS` with its default settings, those with drivers only
        if the data have any.

    Returns
    -------
    The contestants, and for each rival that is left out the reason, in words.
    """
    if rivals is None:
        known = [k for k in RIVALS if train.drivers or k not in WITH_DRIVERS]
        rivals = {kind: RIVALS[kind]() for kind in known}
    entered, left_out = [], {}
    for name, rival in rivals.items():
        try:
            entered.append(enter(rival, train, test))
        except ModelError as error:
            left_out[name] = str(error)
    return entered, left_out
