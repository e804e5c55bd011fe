"""The builtins of the modelling languages: one row each, grouped by file.

To add a builtin, add a row to one of the files below (or a file to `_ROOMS`). Nothing else changes:
readers keep every call by name, and `sdsim.compile.expand` and `sdsim.compile.lower` look here.
"""

from __future__ import annotations

from sdsim.functions import (
    allocation,
    arrays,
    conveyors,
    delays,
    elementary,
    gammas,
    history,
    inputs,
    noise,
    random,
    root_forms,
    sorting,
    stateful,
    stella,
    tables,
    vectors,
)
from sdsim.functions.base import Builder, Function, Stateful, Vector
from sdsim.functions.noise import REFUSED
from sdsim.functions.root_forms import RootForm
from sdsim.functions.tables import COMPUTED, OfTable

_ROOMS = (elementary, inputs, random, stella, gammas, noise, allocation, arrays)

#: Builtins that become scalar operations, by canonical name.
FUNCTIONS: dict[str, Function] = {row.name: row for room in _ROOMS for row in room.ROWS}

#: Builtins that become explicit stocks and auxiliaries before anything else happens.
STATEFUL: dict[str, Stateful] = {
    row.name: row
    for row in (
        *delays.ROWS,
        *conveyors.ROWS,
        *stateful.ROWS,
        *history.ROWS,
        *sorting.ROWS,
        *allocation.MARKETS,
        *arrays.WRITTEN_OUT,
        *noise.NOISES,
    )
}

#: Builtins over the elements of a dimension, expanded element by element.
VECTOR: dict[str, Vector] = {row.name: row for row in (*vectors.ROWS, *stella.OVER)}

#: Builtins that take a lookup or data variable by name.
TABLES: dict[str, OfTable] = {row.name: row for row in (*tables.ROWS, *conveyors.PROFILES)}

#: The root forms that keep their past.
KEPT: dict[str, RootForm] = {row.name: row for row in root_forms.ROWS}

#: Forms that are meaningful only as the whole right-hand side; `expand` moves them there.
ROOTS = ("integ", "initial", "active initial", "sample if true", *KEPT, *COMPUTED)

#: Builtins that keep something of the past beside the model's own stocks.
MEMORY = frozenset((
    *(row.name for room in (delays, conveyors, stateful, history) for row in room.ROWS),
    *(row.name for row in noise.NOISES), *KEPT, "sample if true",
)) - {"time base", "get time value"}  # fmt: skip

#: The names of all builtins.
NAMES = frozenset((*FUNCTIONS, *STATEFUL, *VECTOR, *TABLES, *ROOTS, "with lookup", "game"))

__all__ = ["FUNCTIONS", "KEPT", "MEMORY", "NAMES", "REFUSED", "ROOTS", "STATEFUL", "TABLES", "VECTOR", "Builder", "Function", "Stateful", "Vector"]  # fmt: skip  # noqa: E501
