"""What a preset gives a model: which elements, and their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.model import Model, Variable, shape_of
from sdsim.overrides import locate, values_for
from sdsim.overrides.preset import TABLES, Preset
from sdsim.presets.case import Case
from sdsim.presets.findings import Kind, PresetFinding

#: Canonical name of a variable, and flat positions of some of its elements.
Place = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Given:
    """A preset whose every entry fits its model.

    cells : for each table of the preset, name -> (canonical name of the variable, the flat
        positions of the elements that it gives).
    meant : the same of entries that it has and that cannot be used.
    """

    model: Model
    case: Case
    preset: Preset
    cells: Mapping[str, Mapping[str, Place]]
    meant: Sequence[Place] = ()

    @cached_property
    def numbers(self) -> Mapping[str, Mapping[int, float]]:
        """The constants: canonical name -> flat position -> value."""
        return values_for(self.model, self.preset.overrides.constants)

    @cached_property
    def elements(self) -> Mapping[str, frozenset[int]]:
        """The elements of each variable that the preset is about, by canonical name."""
        out: dict[str, frozenset[int]] = {}
        given = [place for table in TABLES for place in self.cells[table].values()]
        for key, cells in (*given, *self.meant):
            out[key] = out.get(key, frozenset()) | frozenset(cells)
        return out

    def variable(self, key: str) -> Variable:
        """The variable with a canonical name."""
        return self.model.variables[key]

    def of(self, key: str) -> NDArray[np.float64]:
        """The value of a constant with what the preset gives, in the shape of its subscripts."""
        value = np.array(self.case.constants.value(self.variable(key).name), dtype=np.float64)
        flat = value.reshape(-1)
        for cell, number in self.numbers.get(key, {}).items():
            flat[cell] = number
        return flat.reshape(value.shape)

    def name_of(self, key: str) -> str:
        """The first name under which the preset gives something of a variable."""
        entries = ((n, k) for table in TABLES for n, (k, _) in self.cells[table].items())
        return next(n for n, k in entries if k == key)

    def fault(
        self, kind: Kind, name: str, what: str, remedy: str, error: bool = True
    ) -> PresetFinding:
        """A finding about an entry, at its place."""
        file, line = self.preset.overrides.places.get(name, (None, None))
        return PresetFinding(kind, error, file, line, (name,), what, remedy)


def given_by(model: Model, case: Case, preset: Preset, unusable: Iterable[str] = ()) -> Given:
    """What a preset gives a model that all of its entries fit.

    unusable : names of entries left out, or of keys in them (``Name.source``); they count as given
        where they are in the model.
    """
    cells = {
        table: {n: _place(model, n) for n in getattr(preset.overrides, table)} for table in TABLES
    }
    meant = []
    for name in unusable:
        while name:
            with suppress(ModelError):
                meant.append(_place(model, name))
                break
            name = name.rpartition(".")[0]
    return Given(model, case, preset, cells, meant)


def _place(model: Model, name: str) -> Place:
    variable, some = locate(model, name)
    every = range(math.prod(shape_of(model, variable)))
    return names.canonical(variable.name), tuple(every if some is None else some)
