"""What a run saves: whole variables, and single elements of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.model import label_of
from sdsim.overrides import locate
from sdsim.run.system import System


@dataclass(frozen=True)
class Saved:
    """The values that a run saves.

    cells : for each variable (canonical), the flat positions of its elements, in order.
    single : the variables of which only elements were named; each of these is saved by its own
        name, ``Stock[north]``.
    values : the numbers of all these values in the program, in order.
    """

    cells: Mapping[str, tuple[int, ...]]
    single: frozenset[str]
    values: tuple[int, ...]


def saved_of(system: System, save: str | Iterable[str] | None) -> Saved:
    """What to save: the variables and elements named, or all variables that the modeller wrote.

    A range or ``*`` in place of an element names all of its elements.

    Raises
    ------
    ModelError : an unknown name, or something without values over time.
    """
    wanted = None if save is None else (save,) if isinstance(save, str) else tuple(save)
    places = {key: dict(system.places[key]) for key in system.chosen(wanted)}
    some: dict[str, dict[int, None]] = {}
    whole = set(places) if wanted is None else set()
    for name in wanted or ():
        variable, cells = locate(system.model, name)
        key = names.canonical(variable.name)
        if cells is None:
            whole.add(key)
            continue
        some.setdefault(key, {}).update(dict.fromkeys(cells))
        for cell in cells:
            if cell not in places[key]:
                label = label_of(system.model, variable, cell)
                remedy = "name an element that has one"
                raise ModelError("has no equation", variable=label, remedy=remedy)
    found = {key: tuple(all_ if key in whole else some[key]) for key, all_ in places.items()}
    values = tuple(places[key][cell] for key, cells in found.items() for cell in cells)
    return Saved(found, frozenset(places) - whole, values)
