"""What a run changes in a model: constants, lookups, time series, initial values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from sdsim.base import names
from sdsim.base.errors import ModelError, warn
from sdsim.ir.model import Model
from sdsim.overrides.labelled import plain
from sdsim.overrides.places import locate
from sdsim.overrides.tables import has_table, over_time
from sdsim.overrides.values import Points, mapping

_TABLES = ("constants", "lookups", "series", "initial")


@dataclass(frozen=True)
class Overrides:
    """Changes to a model, by variable name as a person writes it.

    constants : numbers, for ``Name`` or ``Name[a,b]`` (a range or ``*`` for an element means
        all of its elements), or arrays in the shape of the variable. A labelled array is matched by
        its labels, in any order: an `xarray.DataArray` by its dimension names and coordinate
        labels, a pandas Series by the elements of the variable's only dimension.
    lookups : tables that replace a lookup, or the table inside a variable's equation
        (WITH LOOKUP, XMILE's <gf> beside an <eqn>).
    series : time series that replace the equation of any variable.
    initial : initial values of stocks, as numbers or arrays.
    places : the file and line of each name that comes from a file.

    Examples
    --------
    >>> changes = sdsim.Overrides({"Room Temperature": 60}, initial={"Teacup Temperature": 90})
    >>> run = sdsim.simulate(sdsim.load("teacup.mdl"), changes)
    >>> float(run["Teacup Temperature"][0])
    90.0
    """

    constants: Mapping[str, Any] = field(default_factory=dict)
    lookups: Mapping[str, Points] = field(default_factory=dict)
    series: Mapping[str, Points] = field(default_factory=dict)
    initial: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, tuple[str, int | None]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __or__(self, other: Overrides) -> Overrides:
        """Both sets of changes; where they overlap, ``other`` wins, also where it gives a number
        for what was a series, or a whole variable of which single elements were given."""
        given = {k for name in _TABLES for k in getattr(other, name)}
        kept = {k: place for k, place in self.places.items() if k not in given}
        both = {k: {**_left(self, other, k), **getattr(other, k)} for k in _TABLES}
        return Overrides(**both, places={**kept, **other.places})

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that is given a value, as written, each once."""
        return tuple(dict.fromkeys(n for table in _TABLES for n in getattr(self, table)))

    def placed(self, error: ModelError, name: str) -> ModelError:
        """An error about the value of ``name``, with the place where that value is given."""
        place = self.places.get(name)
        return error.instead(*place) if place else error

    def place_of(self, key: str) -> tuple[str | None, int | None] | None:
        """File and line of the change to a variable (canonical name); None if unchanged."""
        for table in _TABLES:
            for name in getattr(self, table):
                if names.canonical(name) == key:
                    return self.places.get(name, (None, None))
        return None

    def __bool__(self) -> bool:
        return any(getattr(self, k) for k in _TABLES)


def _left(first: Overrides, second: Overrides, table: str) -> dict[str, Any]:
    """What ``second`` leaves of a table of ``first``."""
    tables = ("initial",) if table == "initial" else _TABLES[:3]
    taken = {names.canonical(n) for t in tables for n in getattr(second, t)}
    mine = getattr(first, table).items()
    return {n: v for n, v in mine if not taken & {names.canonical(n), _whole(n)}}


def _whole(name: str) -> str:
    """The canonical name of the variable of which ``Name[a,b]`` is an element."""
    return names.canonical(name.partition("[")[0] if name.rstrip().endswith("]") else name)


def sorted_out(
    model: Model, params: Mapping[str, Any], initial: Mapping[str, Any] | None = None
) -> Overrides:
    """Plain values assigned to the right kind of change, by the kind of variable and value.

    A number or array changes a constant, a labelled array by its labels (see `Overrides`);
    `Points`, or a pandas Series indexed by time, is the new table of a lookup or, for any other
    variable, a time series. A Series for a whole subscripted constant counts as a time series
    only if its index is called ``time``. A variable with a table inside its equation gets a
    warning: the points are values over time there too, and ``Overrides(lookups=...)`` replaces
    the table.

    Raises
    ------
    ModelError : no such variable, or labels that do not fit.
    """
    constants: dict[str, Any] = {}
    lookups: dict[str, Points] = {}
    series: dict[str, Points] = {}
    said: dict[str, str] = {}
    for name, value in mapping(params, "params").items():
        variable, cells = locate(model, name)
        if (earlier := said.setdefault(names.canonical(name), name)) != name:
            raise ModelError(f"given twice, first as '{earlier}'", remedy="give one", variable=name)
        value = plain(model, variable, cells, value, name)
        index = str(getattr(getattr(value, "index", None), "name", "")).casefold()
        if isinstance(value, pd.Series):
            value = Points.of(list(value.index), list(value.to_numpy()), name)
        if isinstance(value, Points):
            (lookups if variable.role == "lookup" else series)[name] = value
            if has_table(variable) and not over_time(variable) and index != "time":
                warn(
                    f"'{name}': the points are its values over time, and its own table is not "
                    "read; to replace that, give them as Overrides(lookups={name: Points(x, y)})"
                )
        else:
            constants[name] = value
    begun = {}
    for name, value in mapping(initial or {}, "initial").items():
        begun[name] = plain(model, *locate(model, name), value, name)
    return Overrides(constants, lookups, series, begun)
