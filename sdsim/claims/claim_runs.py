"""The runs that claims need, made in batches: each distinct run once, all with the same draws."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Members
from sdsim.base import names
from sdsim.base.errors import ModelError, ModelWarning
from sdsim.claims.claims import Changes
from sdsim.claims.links import Link, holdable, link_of
from sdsim.ir.model import label_of
from sdsim.outcomes.evaluate import Batch
from sdsim.outcomes.meaning import Cell
from sdsim.overrides import Overrides, values_for
from sdsim.run.driver import march_in_blocks
from sdsim.run.horizon import Horizon
from sdsim.run.methods import Method, in_batches
from sdsim.run.prepared import Prepared, method_of, prepare
from sdsim.run.ranges import left
from sdsim.run.simulate import simulated
from sdsim.run.system import System

T = TypeVar("T")

#: The most numbers that one batch may keep (half a gigabyte).
MAX_NUMBERS = 60_000_000


@dataclass(frozen=True)
class Draws:
    """Values of the drawn constants: (n_cell,) places and (n_cell, n_member) numbers."""

    cells: tuple[Cell, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class _Ready:
    """A prepared run: the values it sets, before scaling, and what it scales."""

    run: Prepared
    set: frozenset[Cell]
    scale: tuple[tuple[int, float], ...]

    @property
    def system(self) -> System:
        """Its model."""
        return self.run.system

    def scaled(self) -> Prepared:
        """The run with its scale factors applied."""
        vector = self.run.vector.copy()
        for row, factor in self.scale:
            vector[row] *= factor
        return replace(self.run, vector=vector)


class Worlds:
    """Runs a model under `Changes`.

    Parameters
    ----------
    overrides : put on every run, such as a preset.
    links : every link that any run may hold.
    lenient : ignore changes to names that the model does not have.
    """

    def __init__(
        self, system: System, overrides: Overrides | None = None, method: Method | None = None,
        links: Iterable[Link] = (), *, seed: int = 0, lenient: bool = False,
    ) -> None:  # fmt: skip
        self._method = in_batches(method or method_of(system), "claims run")
        model, self._switches = holdable(system.model, links)
        self.system = System(model, system.backend, system.cached) if self._switches else system
        self.plain, self._seed, self._lenient = system, seed, lenient
        self._overrides = overrides or Overrides()
        if lenient:
            self._overrides = self._known(self._overrides)
        self._ready: dict[str, _Ready] = {}
        self._wanted: dict[int, dict[Cell, None]] = {}

    # --- making ready -------------------------------------------------------------------------

    def ready(self, changes: Changes) -> _Ready:
        """The prepared run; each is prepared once.

        Raises
        ------
        ModelError : a name or value that does not fit the model.
        """
        if changes.key not in self._ready:
            self._ready[changes.key] = self._made(self._fitting(changes))
        return self._ready[changes.key]

    def need(self, changes: Changes, cells: Iterable[Cell]) -> None:
        """Announce, before anything runs, what a run must keep, so that one kernel serves all."""
        self._wanted.setdefault(id(self.ready(changes).system), {}).update(dict.fromkeys(cells))

    def _made(self, changes: Changes) -> _Ready:
        own = changes.overrides
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ModelWarning)
            all_changes = self._overrides | own | self._held(changes)
            run = prepare(self.system, all_changes, self._method, seed=self._seed)
        system, rows = run.system, run.system.program.param_places
        cells = {(key, c) for key, v in values_for(system.model, own.constants).items() for c in v}
        scale = []
        for name, factor in changes.scale.items():
            found = values_for(system.model, {name: factor})
            for key, values in found.items():
                if any((key, c) not in rows for c in values):
                    raise ModelError(
                        "is not a constant and cannot be scaled",
                        variable=name,
                        remedy="name a constant",
                    )
                if key in names.CONTROL:
                    raise ModelError("cannot be scaled", remedy="set it", variable=name)
                scale += [(rows[key, c], factor) for c in values]
        return _Ready(run, frozenset(cells), tuple(scale))

    def outside(self, changes: Changes) -> list[str]:
        """Constants that a run sets or scales outside the range declared in the model."""
        ready, model = self.ready(changes), self.plain.model
        scaled = {row for row, _ in ready.scale}
        out = []
        for (row, (key, cell)), value in zip(
            enumerate(ready.system.program.param_cells), ready.scaled().vector, strict=True
        ):
            variable = model.variables.get(key)
            if variable is None or ((key, cell) not in ready.set and row not in scaled):
                continue
            if said := left(variable.limits, value, value):
                out.append(f"'{label_of(model, variable, cell)}' to {value:g}, {said}")
        return out

    def _held(self, changes: Changes) -> Overrides:
        links = [link_of(t, self.plain.model) for t in changes.hold]
        return Overrides({self._switches[k]: 1.0 for k in links})

    def _fitting(self, changes: Changes) -> Changes:
        """The changes that the model can take; all of them unless it is lenient."""
        if not self._lenient:
            return changes
        return Changes(
            self._known(changes.overrides),
            {k: v for k, v in changes.scale.items() if self._has(k)},
        )

    def _known(self, overrides: Overrides) -> Overrides:
        """The overrides that fit a variable of the model.

        An initial value needs a stock and a lookup needs a lookup: a variable of the right name but
        the wrong kind takes neither.
        """

        def kept(group: Mapping[str, T], *kinds: str) -> dict[str, T]:
            return {k: v for k, v in group.items() if self._has(k, *kinds)}

        o = overrides
        return Overrides(
            kept(o.constants), kept(o.lookups, "lookup"), kept(o.series), kept(o.initial, "stock")
        )

    def _has(self, name: str, *kinds: str) -> bool:
        key = names.canonical(name.split("[")[0])
        return key in self.plain.model.variables and (
            not kinds or self.plain.kinds.get(key) in kinds
        )

    # --- running ------------------------------------------------------------------------------

    def each(
        self, runs: Mapping[str, Changes], needs: Mapping[str, Iterable[Cell]]
    ) -> dict[str, Batch]:
        """Run one member of each run; outcomes by the run's key.

        needs : for each run the elements to keep.
        """
        groups: dict[tuple[int, Horizon], list[str]] = {}
        for key, changes in runs.items():
            ready = self.ready(changes)
            groups.setdefault((id(ready.system), ready.run.horizon), []).append(key)
        out = {}
        for keys in groups.values():
            mine = [self.ready(runs[k]).scaled() for k in keys]
            matrix = np.stack([r.vector for r in mine], axis=1)
            rows = np.flatnonzero((matrix != matrix[:, :1]).any(axis=1))
            numbers = np.zeros(len(keys), dtype=np.int64)
            members = mine[0].members([[int(r)] for r in rows], list(matrix[rows]), numbers)
            outcome = self._march(mine[0], members, {c for k in keys for c in needs[k]})
            for i, k in enumerate(keys):
                values = {c: outcome.values[c][:, i : i + 1] for c in needs[k]}
                out[k] = Batch(outcome.time, values)
        return out

    def drawn(self, changes: Changes, needs: Iterable[Cell], draws: Draws, first: int) -> Batch:
        """One run with drawn constants; ``first`` is the number of the first member."""
        ready = self.ready(changes)
        run, places = ready.scaled(), ready.system.program.param_places
        drawn = {
            places[cell]: values.copy()
            for cell, values in zip(draws.cells, draws.values, strict=True)
            if cell not in ready.set and cell in places
        }
        for row, factor in ready.scale:
            if row in drawn:
                drawn[row] *= factor
        numbers = np.arange(first, first + draws.values.shape[1], dtype=np.int64)
        members = run.members([[row] for row in drawn], list(drawn.values()), numbers)
        return self._march(run, members, needs)

    def _march(self, run: Prepared, members: Members, keep: Iterable[Cell]) -> Batch:
        wanted = sorted(self._wanted[id(run.system)])
        row = {cell: i for i, cell in enumerate(wanted)}
        kept = list(dict.fromkeys(keep))
        parts, time = [], np.empty(0)
        for _, marched in march_in_blocks(
            run, members, self._values(run.system, wanted), MAX_NUMBERS
        ):
            values = marched.values[:, [row[c] for c in kept]]
            values[:, :, marched.failed] = np.nan
            parts.append(values)
            time = marched.time
        values = np.concatenate(parts, axis=2)
        return Batch(time, {c: values[:, i] for i, c in enumerate(kept)})

    @staticmethod
    def _values(system: System, wanted: Iterable[Cell]) -> list[int]:
        places = {name: dict(system.places.get(name, ())) for name, _ in wanted}
        for name, cell in wanted:
            if cell not in places[name]:
                raise ModelError(
                    "has no values over time",
                    variable=system.model.display(name),
                    remedy="name a variable that has",
                )
        return [places[name][cell] for name, cell in wanted]

    def blame(self, changes: Changes) -> str:
        """Why a run stopped, in one line; empty if it did not stop."""
        ready = self.ready(changes)
        given: dict[str, float] = {}
        for label, value, before in zip(
            ready.system.program.params, ready.scaled().vector, ready.run.vector, strict=True
        ):
            if value != before:
                given[label] = value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ModelWarning)
            changed = self._overrides | changes.overrides | self._held(changes) | Overrides(given)
            return simulated(self.system, changed, self._method, seed=self._seed).message
