"""The runs that a calibration needs, as plain data: any process can make them from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.calibration.readings import Reading
from sdsim.ir.expr import Expr, from_data, to_data
from sdsim.outcomes import Batch, Evaluator, Kind, Scope, fixed_in
from sdsim.run import plain
from sdsim.run.driver import march_in_blocks
from sdsim.run.prepared import Prepared

Floats = NDArray[np.float64]
#: The most numbers that runs may keep at once (32 megabytes).
ROOM = 4_000_000


class Predicted(NamedTuple):
    """What the model says.

    values : (n, m) for each row of the data, one series after the other, in their units and
        before coverage; NaN where the run failed.
    fits : (n,) whether every run reached its end and met the restrictions.
    """

    values: Floats
    fits: NDArray[np.bool_]


class GroupRuns:
    """The runs of one group, and the rows of the data that are read from them.

    conditions : that every run must meet, by name.
    moving : constants (canonical) that were given a series.   drawn : constants that vary.

    Raises
    ------
    ModelError : an expression, time or name that does not fit the model.
    """

    def __init__(
        self, run: Prepared, readings: Sequence[Reading], conditions: Mapping[str, Expr],
        moving: frozenset[str], drawn: Sequence[str],
    ) -> None:  # fmt: skip
        self.readings, self.conditions = readings, conditions
        self.moving, self.drawn = moving, drawn
        model = run.system.model
        self.scope = Scope(model, fixed_in(model) - moving)
        for r in readings:
            kind = self._kind(r.name, r.tree)
            if kind.condition or kind.marks:
                what = "a condition" if kind.condition else "still runs over a range"
                raise ModelError(what, variable=r.name, remedy="write an expression of one number")
            if r.times is None and kind.timed:
                remedy = "give the rows times, or reduce it: FINAL(...), PEAK(...)"
                raise ModelError("has values over time", variable=r.name, remedy=remedy)
        for name, tree in conditions.items():
            kind = self._kind(name, tree)
            if not kind.condition or kind.timed or kind.marks:
                remedy = "write a comparison of numbers, such as FINAL(x) > 0"
                raise ModelError("is not a condition", variable=name, remedy=remedy)
        self.run = self._until(run)
        self.rows = self.run.rows(drawn)
        places = {name: dict(cells) for name, cells in self.run.system.places.items()}
        cells = list(self.scope.needs.get("base", {}))
        self.wanted = list(dict.fromkeys(places[n][c] for n, c in cells))
        at = {value: row for row, value in enumerate(self.wanted)}
        self.cells = {(n, c): at[places[n][c]] for n, c in cells}

    def _kind(self, name: str, tree: Expr) -> Kind:
        try:
            return self.scope.kind(tree)
        except ModelError as e:
            raise ModelError(e.what, remedy=e.remedy, variable=name) from None

    def _until(self, run: Prepared) -> Prepared:
        """The run, ended where the data end and saving only what they need."""
        for r in self.readings:
            r.refuse_outside(run.grid.times)
        horizon, every = run.horizon, range(run.grid.steps + 1)
        timed = [r.times for r in self.readings if r.times is not None]
        if self.conditions or not timed or any(r.whole for r in self.readings):
            return replace(run, horizon=horizon.saving(every))
        steps = (np.concatenate(timed) - horizon.start) / horizon.step
        near = np.rint(steps)
        exact = np.abs(steps - near) < 1e-6
        kept = np.concatenate([near[exact], np.floor(steps[~exact]), np.ceil(steps[~exact])])
        saved = np.unique(np.clip(kept, 0, every[-1])).astype(np.int64)
        if any(r.period is not None for r in self.readings):
            saved = np.arange(saved[-1] + 1)
        return replace(run, horizon=horizon.saving(saved.tolist()))

    def predict(self, values: Sequence[Floats], count: int, out: Floats) -> NDArray[np.bool_]:
        """Fill the group's columns of ``out`` (count, m); returns (count,) which runs are good."""
        fits = np.ones(count, dtype=bool)
        numbers = np.zeros(count, dtype=np.int64)  # the same random streams
        members = self.run.members(self.rows, values, numbers)
        for some, marched in march_in_blocks(self.run, members, self.wanted, ROOM):
            batch = Batch(
                marched.time, {c: marched.values[:, row] for c, row in self.cells.items()}
            )
            good = np.isnan(marched.stopped)
            evaluator = Evaluator(self.scope, {"base": batch})
            for tree in self.conditions.values():
                good &= np.broadcast_to(evaluator.number(tree) > 0, good.shape)
            for r in self.readings:
                out[some, r.rows] = np.where(good[:, None], r.read(evaluator, len(good)), np.nan)
            fits[some] = good
        return fits

    def to_data(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "run": plain.to_data(self.run), "readings": [r.to_data() for r in self.readings],
            "conditions": {name: to_data(tree) for name, tree in self.conditions.items()},
            "moving": sorted(self.moving), "drawn": list(self.drawn),
        }  # fmt: skip

    @classmethod
    def from_data(cls, d: Mapping[str, Any], threads: int | None = None) -> GroupRuns:
        """The inverse of `to_data`.

        threads : that a kernel may use.
        """
        return cls(
            plain.from_data(d["run"], threads),
            [Reading.from_data(r) for r in d["readings"]],
            {name: from_data(tree) for name, tree in d["conditions"].items()},
            frozenset(d["moving"]), d["drawn"],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of all groups.

    rows : how many rows of data they predict.   keys : labels of the parameters that vary.
    """

    groups: Sequence[GroupRuns]
    rows: int
    keys: tuple[str, ...]

    def predict(self, values: Mapping[str, Floats]) -> Predicted:
        """Predictions for values of the parameters, (n, n_group) each, by label."""
        count = len(next(iter(values.values())))
        out = np.full((count, self.rows), np.nan)
        fits = np.ones(count, dtype=bool)
        for number, group in enumerate(self.groups):
            given = [np.ascontiguousarray(values[key][:, number]) for key in self.keys]
            fits &= group.predict(given, count, out)
        return Predicted(out, fits)

    def to_json(self) -> str:
        """As JSON text."""
        groups = [group.to_data() for group in self.groups]
        return json.dumps({"groups": groups, "rows": self.rows, "keys": list(self.keys)})

    @classmethod
    def from_json(cls, text: str, threads: int | None = None) -> Runs:
        """The inverse of `to_json`.

        threads : that a kernel may use.
        """
        d = json.loads(text)
        groups = [GroupRuns.from_data(g, threads) for g in d["groups"]]
        return cls(groups, d["rows"], tuple(d["keys"]))
