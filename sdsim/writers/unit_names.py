"""The names of units that a written file must define for its units to balance as before."""

from __future__ import annotations

from dataclasses import replace

from sdsim.ir.model import Model, UnitNames
from sdsim.unitcheck.book import UnitBook
from sdsim.unitcheck.unit import canonical


def used(model: Model) -> UnitNames:
    """Those of the model's names of units that its variables use, or that these are defined by."""
    said = model.unit_names
    book = UnitBook(said)
    found = {key for v in model.variables.values() for key, _ in book.spellings(v.units)}
    while True:
        alike = tuple(g for g in said.alike if found & {canonical(name) for name in g})
        met = found | {canonical(name) for group in alike for name in group}
        meant = tuple(pair for pair in said.meant if canonical(pair[0]) in met)
        met |= {key for _, text in meant for key, _ in book.spellings(text)}
        if met == found:
            return UnitNames(alike, meant, said.minus)
        found = met


def without_minus(model: Model) -> Model:
    """The model with ``*`` in its units for each ``-`` that means multiplication."""
    if not model.unit_names.minus:
        return model
    book = UnitBook(model.unit_names)
    changed = {
        key: replace(v, units=book.plain(v.units))
        for key, v in model.variables.items()
        if "-" in v.units
    }
    return model.replacing(changed)
