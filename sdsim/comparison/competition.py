"""Competitions: models, variants of models and rivals, each fitted to the same data, then scored
on data that none of them was shown.

What a refit can make up for is no evidence: a mechanism counts for what its variant loses after the
other parameters were fitted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base import files, names
from sdsim.base.errors import ModelError, counted
from sdsim.calibration.calibration import Calibration
from sdsim.calibration.data import Data
from sdsim.calibration.drive import calibrate
from sdsim.calibration.fitted import Fitted
from sdsim.calibration.rounds import State
from sdsim.comparison.contestants import Contestant, enter_all
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals import Rival
from sdsim.comparison.table import Table, table
from sdsim.overrides import Overrides, locate

Floats = NDArray[np.float64]
#: The scale on which a kind of error has the same size everywhere.
SCALE = {
    "normal": "level", "student": "level", "log_normal": "log", "binomial": "logit",
    "negative_binomial": "log", "poisson": "log",
}  # fmt: skip
#: Called with the name of a contestant and the progress of its calibration.
Told = Callable[[str, State], None]


@dataclass(frozen=True)
class Competition:
    """Who competes.

    contestants : calibrations by name; all have the same data and hold out the same rows.
    base : the name of the one that the others are compared with.
    rivals : rivals by name; None takes all that need no drivers, and those with drivers if the data
        have columns.

    Raises
    ------
    ModelError : nobody, data that differ, or nothing held out.
    """

    contestants: Mapping[str, Calibration]
    base: str = ""
    rivals: Mapping[str, Rival] | None = None
    title: str = ""

    def __post_init__(self) -> None:
        if not self.contestants:
            raise ModelError("a competition without contestants", remedy="name calibrations")
        if self.base and self.base not in self.contestants:
            remedy = f"one of {', '.join(self.contestants)}"
            raise ModelError(f"base '{self.base}' does not compete", remedy=remedy)
        (first, own), *others = self.contestants.items()
        for name, other in others:
            if difference := _unlike(own, other):
                raise ModelError(
                    f"'{name}' and '{first}' have not the same data: {difference}",
                    remedy="give all the same data, errors aside, and hold out the same rows",
                )
        if not any(_held(own, d).any() for d in own.data):
            raise ModelError("nothing is held out", remedy="write [hold_out] after = ...")


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a competition ended.

    tables : for each data set with held-out rows, the scores of all on it.
    fits : the calibration of each model.   left_out : for each data set, rivals that could not take
    part, and why.
    """

    tables: Mapping[str, Table]
    fits: Mapping[str, Fitted]
    left_out: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def unsure(self) -> tuple[str, ...]:
        """Models whose calibration did not converge: their scores are no scores."""
        return tuple(name for name, fit in self.fits.items() if not fit.converged)

    def to_data(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {
            "tables": {name: t.to_data() for name, t in self.tables.items()},
            "not converged": list(self.unsure),
            "left out": {name: dict(why) for name, why in self.left_out.items()},
            "verdicts": {name: fit.verdict for name, fit in self.fits.items()},
        }


def variant(
    base: Calibration, constants: Mapping[str, float], fixed: Sequence[str] = ()
) -> Calibration:
    """A calibration of the same model with something taken out.

    constants : values in every run and group, by name: a switch, or any auxiliary, whose equation
        the number replaces. What is free in ``base`` and given here is free no longer.
    fixed : further free parameters that keep the model's own value.

    Raises
    ------
    ModelError : a name that the model lacks, or a fixed one that is not free.
    """
    free = {names.canonical(p.name) for p in base.parameters}
    for name in constants:
        locate(base.system.model, name)
    for name in fixed:
        if names.canonical(name) not in free:
            raise ModelError("is not free", variable=name, remedy="name one of [parameters]")
    gone = {names.canonical(n) for n in (*constants, *fixed)}
    change = Overrides(dict(constants))
    return replace(
        base,
        parameters=[p for p in base.parameters if names.canonical(p.name) not in gone],
        params=base.params | change,
        groups={g: own | change for g, own in base.groups.items()},
    )


def compete(
    competition: Competition, path: str | Path | None = None, *, resume: bool = False,
    jobs: int = 0, told: Told | None = None,
) -> Outcome:  # fmt: skip
    """Fit all contestants and rivals, and score them on what was held out.

    path : a folder with a store for each calibration; nothing is kept by default.
    resume : go on with stores that were begun.

    Raises
    ------
    ModelError : see `sdsim.calibration.drive.calibrate`.
    """
    fits: dict[str, Fitted] = {}
    for name, calibration in competition.contestants.items():
        place = None if path is None else Path(path) / files.named(name)
        begun = resume and place is not None and place.exists()
        progress = None if told is None else _telling(told, name)
        fits[name] = calibrate(calibration, place, resume=begun, jobs=jobs, progress=progress)
    first = next(iter(competition.contestants.values()))
    tables, left_out = {}, {}
    for data in first.data:
        held = _held(first, data)
        if not held.any():
            continue
        models = [_contestant(name, fit, data) for name, fit in fits.items()]
        rivals, why = _rivals(data, held, competition.rivals)
        left_out[data.name] = why
        if len(models) + len(rivals) < 2:
            raise ModelError(
                "only one contestant can predict these data", variable=data.name,
                remedy="add a variant or a rival",
            )  # fmt: skip
        tables[data.name] = table(
            data.values[held], [*models, *rivals], scale=_scale(data), base=competition.base,
            series=[data.group[i] for i in np.flatnonzero(held).tolist()] if data.group else None,
        )  # fmt: skip
    return Outcome(tables, fits, left_out)


def _telling(told: Told, name: str) -> Callable[[State], None]:
    return lambda state: told(name, state)


def _held(calibration: Calibration, data: Data) -> NDArray[np.bool_]:
    return np.asarray(~calibration.fitted(data))


def _unlike(one: Calibration, other: Calibration) -> str:
    """What tells the data of two calibrations apart, in words; empty if nothing does."""
    if [d.name for d in one.data] != [d.name for d in other.data]:
        return "they are called otherwise"
    for a, b in zip(one.data, other.data, strict=True):
        if len(a) != len(b):
            return f"'{a.name}' has {counted(len(a), 'row')} and {len(b)}"
        for what in ("values", "times", "group"):
            if not np.array_equal(getattr(a, what), getattr(b, what)):
                return f"{what} of '{a.name}'"
        if not np.array_equal(one.fitted(a), other.fitted(b)):
            return f"other rows of '{a.name}' are held out"
    return ""


def _contestant(name: str, fit: Fitted, data: Data) -> Contestant:
    """A model as a contestant on the held-out rows of a data set."""
    rows = fit.rows
    at = np.flatnonzero(((rows["data"] == data.name) & ~rows["fitted"].astype(bool)).to_numpy())
    told = fit.parameters["told by"]
    draws = fit.dataset["simulated"].to_numpy()[:, at]
    return Contestant(
        name, rows["log density"].to_numpy()[at], draws[np.isfinite(draws).all(axis=1)], None,
        len(fit.parameters), int((told == "data").sum()),
    )  # fmt: skip


def _rivals(
    data: Data, held: NDArray[np.bool_], rivals: Mapping[str, Rival] | None
) -> tuple[list[Contestant], dict[str, str]]:
    """Rivals on a data set; none where data have no times."""
    if data.times is None:
        return [], {"all": "data without times have no past to go on from"}
    drivers = {k: v for k, v in data.columns.items() if k not in data.words}  # others: errors'
    try:
        panel = Panel(data.times, data.values, tuple(data.group), drivers, _scale(data))
    except ModelError as e:
        return [], {"all": str(e)}
    return enter_all(panel.rows(~held), panel.rows(held), rivals)


def _scale(data: Data) -> str:
    scale = SCALE[data.errors.kind]
    if scale == "log" and (data.values <= 0).any():
        return "log1p"
    if scale == "logit" and ((data.values <= 0) | (data.values >= 1)).any():
        return "level"
    return scale


def lines(outcome: Outcome) -> Iterator[str]:
    """What the tables say, sentence by sentence, what is unsure first."""
    for name in outcome.unsure:
        yield f"{name} did NOT CONVERGE, and its scores are no scores: {outcome.fits[name].verdict}"
    several = len(outcome.tables) > 1
    for name, found in outcome.tables.items():
        yield from (f"{name}: {sentence}" if several else sentence for sentence in found.sentences)
