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
from sdsim.outcomes.values import Series
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
    """The runs of some groups side by side, and the rows of the data that are read from them.

    A group is a case of the run: one program serves all, and what differs is data.

    groups : (n_case,) the number of each among all groups.
    readings : with the group of each.
    conditions : that every run must meet, by name.
    moving : constants (canonical) that were given a series.   drawn : constants that vary.

    Raises
    ------
    ModelError : an expression, time or name that does not fit the model.
    """

    def __init__(
        self, run: Prepared, groups: Sequence[int], readings: Sequence[Reading],
        conditions: Mapping[str, Expr], moving: frozenset[str], drawn: Sequence[str],
    ) -> None:  # fmt: skip
        self.groups, self.readings, self.conditions = tuple(groups), readings, conditions
        self.moving, self.drawn = moving, drawn
        model = run.system.model
        self.scope = Scope(model, fixed_in(model) - moving)
        self.by_tree: dict[Expr, list[Reading]] = {}
        kinds: dict[Expr, Kind] = {}
        for r in readings:
            self.by_tree.setdefault(r.tree, []).append(r)
            kind = kinds.get(r.tree) or kinds.setdefault(r.tree, self._kind(r.name, r.tree))
            self._check(r, kind)
        for name, tree in conditions.items():
            kind = self._kind(name, tree)
            if not kind.condition or kind.timed or kind.marks:
                remedy = "write a comparison of numbers, such as FINAL(x) > 0"
                raise ModelError("is not a condition", variable=name, remedy=remedy)
        self.run, self.last = self._until(run)
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

    @staticmethod
    def _check(r: Reading, kind: Kind) -> None:
        """Refuse an expression of the wrong kind."""
        if kind.condition or kind.marks:
            what = "a condition" if kind.condition else "still runs over a range"
            raise ModelError(what, variable=r.name, remedy="write an expression of one number")
        if r.times is None and kind.timed:
            remedy = "give the rows times, or reduce it: FINAL(...), PEAK(...)"
            raise ModelError("has values over time", variable=r.name, remedy=remedy)

    def _until(self, run: Prepared) -> tuple[Prepared, Floats]:
        """The run, ended where the data end and saving only what they need; and for each group,
        (n_case,), the time up to which it must have values."""
        horizon = run.horizon
        kept: dict[int, set[int]] = {g: set() for g in self.groups}
        whole = set(self.groups) if self.conditions else set()
        for r in self.readings:
            r.refuse_outside(run.grid.times)
            if r.whole or r.times is None:
                whole.add(r.group)
                continue
            kept[r.group].update(_steps(r.times, horizon.start, horizon.step, run.grid.steps))
        whole |= {g for g, steps in kept.items() if not steps}
        last = [np.inf if g in whole else horizon.start + max(kept[g]) * horizon.step
                for g in self.groups]  # fmt: skip
        steps = range(run.grid.steps + 1) if whole else sorted(set().union(*kept.values()))
        if any(r.period is not None for r in self.readings):
            steps = range(steps[-1] + 1)
        return replace(run, horizon=horizon.saving(steps)), np.array(last) + horizon.step / 2

    def predict(
        self, values: Sequence[Floats], count: int, out: Floats, fits: NDArray[np.bool_]
    ) -> None:
        """Fill the groups' columns of ``out`` (count, m), and clear ``fits`` (count,) where a run
        is no good.

        values : (count, n_group) of each constant that varies.
        """
        numbers = np.zeros(count * len(self.groups), dtype=np.int64)  # the same random streams
        of = np.repeat(np.arange(len(self.groups)), count)
        given = [np.ascontiguousarray(v[:, list(self.groups)].T).ravel() for v in values]
        members = self.run.members(self.rows, given, numbers, of)
        for some, marched in march_in_blocks(self.run, members, self.wanted, ROOM):
            here = of[some]
            good = ~(marched.stopped <= self.last[here])
            batch = {c: marched.values[:, row] for c, row in self.cells.items()}
            every = Evaluator(self.scope, {"base": Batch(marched.time, batch)})
            for tree in self.conditions.values():
                good &= np.broadcast_to(every.number(tree) > 0, good.shape)
            member = np.arange(len(of))[some] % count
            fits[member[~good]] = False
            for readings in self.by_tree.values():
                self._read(readings, every, marched.time, batch, here, member, good, out)

    def _read(
        self, readings: Sequence[Reading], every: Evaluator, time: Floats,
        batch: Mapping[Any, Floats], here: NDArray[np.int64], member: NDArray[np.int64],
        good: NDArray[np.bool_], out: Floats,
    ) -> None:  # fmt: skip
        """Read the rows with one expression, evaluated at once for all groups that have it."""
        case = {g: c for c, g in enumerate(self.groups)}
        mine = np.isin(here, [case[r.group] for r in readings])
        if not mine.any():
            return
        if not mine.all():  # what another group asks for may lie outside this one's run
            only = {c: v[:, mine] if v.shape[1] > 1 else v for c, v in batch.items()}
            every = Evaluator(self.scope, {"base": Batch(time, only)})
        here, member, good = here[mine], member[mine], good[mine]
        value = readings[0].evaluated(every)
        for r in readings:
            first, stop = np.searchsorted(here, [case[r.group], case[r.group] + 1])
            if first == stop:
                continue
            found = r.read(_some(value, slice(first, stop)), stop - first)
            at = slice(member[first], member[stop - 1] + 1)
            out[at, r.rows] = np.where(good[first:stop, None], found, np.nan)

    def to_data(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "run": plain.to_data(self.run), "groups": list(self.groups),
            "readings": [r.to_data() for r in self.readings],
            "conditions": {name: to_data(tree) for name, tree in self.conditions.items()},
            "moving": sorted(self.moving), "drawn": list(self.drawn),
        }  # fmt: skip

    @classmethod
    def from_data(cls, d: Mapping[str, Any], threads: int | None = None) -> GroupRuns:
        """The inverse of `to_data`.

        threads : that a kernel may use.
        """
        return cls(
            plain.from_data(d["run"], threads), d["groups"],
            [Reading.from_data(r) for r in d["readings"]],
            {name: from_data(tree) for name, tree in d["conditions"].items()},
            frozenset(d["moving"]), d["drawn"],
        )  # fmt: skip


def _steps(times: Floats, start: float, step: float, last: int) -> list[int]:
    """The steps between which times lie; one step where a time is on it."""
    at = (times - start) / step
    near = np.rint(at)
    exact = np.abs(at - near) < 1e-6
    kept = np.concatenate([near[exact], np.floor(at[~exact]), np.ceil(at[~exact])])
    return np.clip(kept, 0, last).astype(int).tolist()  # type: ignore[no-any-return]


def _some(value: Series | Floats, runs: slice) -> Series | Floats:
    """The value in some of the runs; one number for all stays as it is."""
    if isinstance(value, Series):
        one = value.values.shape[1] == 1
        return value if one else Series(value.axis, value.values[:, runs])
    found = np.atleast_1d(value)
    return found if len(found) == 1 else found[runs]


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of all groups: one batch, or several where groups run over different times or
    replace different equations.

    rows : how many rows of data they predict.   keys : labels of the parameters that vary.
    """

    batches: Sequence[GroupRuns]
    rows: int
    keys: tuple[str, ...]

    def predict(self, values: Mapping[str, Floats]) -> Predicted:
        """Predictions for values of the parameters, (n, n_group) each, by label."""
        count = len(next(iter(values.values())))
        out = np.full((count, self.rows), np.nan)
        fits = np.ones(count, dtype=bool)
        given = [values[key] for key in self.keys]
        for batch in self.batches:
            batch.predict(given, count, out, fits)
        return Predicted(out, fits)

    def to_json(self) -> str:
        """As JSON text."""
        batches = [batch.to_data() for batch in self.batches]
        return json.dumps({"batches": batches, "rows": self.rows, "keys": list(self.keys)})

    @classmethod
    def from_json(cls, text: str, threads: int | None = None) -> Runs:
        """The inverse of `to_json`.

        threads : that a kernel may use.
        """
        d = json.loads(text)
        batches = [GroupRuns.from_data(b, threads) for b in d["batches"]]
        return cls(batches, d["rows"], tuple(d["keys"]))
