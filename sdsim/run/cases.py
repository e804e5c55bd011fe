"""Cases: sets of changes to one model that run side by side in one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sdsim.backends.base import Floats, Ints, Members, Tables
from sdsim.backends.pieces import pieces_of
from sdsim.ir.expr import Lookup
from sdsim.ir.program import Program, Table
from sdsim.overrides import Together, parameter_vector


@dataclass(frozen=True)
class Cases:
    """What differs between the cases of a run.

    names : of the cases.   vectors : (n_param, n_case) the parameters of each, model units.
    tables : the given tables of each, in place of members.
    moving : the parameters that are not the same in all cases.
    """

    names: tuple[str, ...]
    vectors: Floats
    tables: Tables | None
    moving: frozenset[int]

    @property
    def count(self) -> int:
        """The number of cases."""
        return len(self.names)

    def tables_of(self, case: int) -> Tables | None:
        """The given tables of one case, for one member."""
        return self.tables and self.tables.some(slice(case, case + 1))

    def crossed(self, count: int) -> tuple[Ints, Ints]:
        """For ``count`` members in each case: their own numbers, and the case of each."""
        return np.tile(np.arange(count), self.count), np.repeat(np.arange(self.count), count)

    def members(self, of: Ints, numbers: Ints, seed: int) -> Members:
        """A batch with a member of case ``of[k]`` at each position k."""
        tables = self.tables and self.tables.some(of)
        return Members(self.vectors[:, of], numbers, seed, self.moving, tables)


def cases_to_data(cases: Cases) -> dict[str, Any]:
    """As plain data."""
    tables = cases.tables
    return {
        "names": list(cases.names),
        "vectors": cases.vectors.tolist(),
        "points": [] if tables is None else [p.tolist() for p in tables.points],
        "of": None if tables is None else tables.of.tolist(),
        "moving": sorted(cases.moving),
    }


def cases_from_data(data: Mapping[str, Any]) -> Cases:
    """The inverse of `cases_to_data`."""
    points = tuple(np.array(p, dtype=np.float64) for p in data["points"])
    of = data["of"]
    tables = None if of is None else Tables(points, np.array(of, dtype=np.int64))
    vectors = np.array(data["vectors"], dtype=np.float64).reshape(-1, len(data["names"]))
    return Cases(tuple(data["names"]), vectors, tables, frozenset(data["moving"]))


def cases_of(program: Program, names: Sequence[str], both: Together) -> Cases:
    """The cases of a program that serves them all."""
    vectors = np.stack([parameter_vector(program, p) for p in both.parameters], axis=1)
    moving = np.flatnonzero((vectors != vectors[:, :1]).any(axis=1))
    tables = _tables(both.tables) if program.given else None
    return Cases(tuple(names), vectors, tables, frozenset(moving.tolist()))


def _tables(given: Sequence[Sequence[Lookup]]) -> Tables:
    """The given tables, each distinct one stored once."""
    place: dict[Lookup, int] = {}
    of = [[place.setdefault(points, len(place)) for points in column] for column in given]
    points = tuple(pieces_of(Table(p.x, p.y, p.kind)) for p in place)
    return Tables(points, np.array(of, dtype=np.int64))


def with_rows(members: Members, rows: Sequence[Sequence[int]], values: Sequence[Floats]) -> Members:
    """The members with their own values of some parameters; see `Prepared.members`."""
    for where, own in zip(rows, values, strict=True):
        members.params[list(where)] = own
    drawn = {r for where in rows for r in where}
    return replace(members, moving=frozenset(drawn) | (members.moving or frozenset()))
