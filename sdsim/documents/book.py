"""A model as a book: an entry for each variable, in groups, with causes and uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sdsim.base import names
from sdsim.compile.order import kinds_of
from sdsim.ir.equations import equation_text, range_text
from sdsim.ir.expr import Call, Ref, walk
from sdsim.ir.model import Model, Variable, constant_value
from sdsim.ir.provenance import provenance_of

#: What a variable can be, in the order in which it is counted.
KINDS = ("stock", "flow", "auxiliary", "constant", "lookup", "data")
#: The group of variables that belong to none, where others do and where none does.
NO_GROUP, ALL = "Other variables", "Variables"


def plural(kind: str, count: int = 2) -> str:
    """What so many variables of a kind are called."""
    if count == 1:
        return kind
    return {"auxiliary": "auxiliaries", "data": "data series"}.get(kind, f"{kind}s")


@dataclass(frozen=True)
class Entry:
    """What the documentation says of one variable.

    key : its canonical name.   over : the subscript ranges, as the modeller writes them.
    limits : the declared range in words, empty where there is none.
    source : what kind of source its text names (`sdsim.ir.provenance`), empty without one.
    uses, used_by : canonical names, in the order of the file.
    """

    key: str
    variable: Variable
    kind: str
    over: tuple[str, ...]
    equation: str
    limits: str
    source: str
    group: str
    uses: tuple[str, ...]
    used_by: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the modeller writes it, with its subscript ranges."""
        return names.element_label(self.variable.name, self.over)


@dataclass(frozen=True)
class Book:
    """All entries of a model, by canonical name in the order of the file.

    groups : the entries of each group, in the order in which the file first names them; that of
        the control variables last.
    times : INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER in words.
    """

    model: Model
    entries: Mapping[str, Entry]
    groups: Mapping[str, tuple[Entry, ...]]
    times: Mapping[str, str]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    @property
    def own(self) -> list[Entry]:
        """The entries without the control variables."""
        return [e for e in self if e.key not in names.CONTROL]

    def size(self) -> dict[str, int]:
        """How many there are of each kind, control variables left out."""
        return {kind: sum(e.kind == kind for e in self.own) for kind in KINDS}


def book_of(model: Model) -> Book:
    """Bind what a model says of its variables; nothing is run, and data may be missing."""
    shown = {k: v for k, v in model.variables.items() if not v.hidden}
    kinds = kinds_of(model)
    uses = {k: tuple(u for u in _named(v) if u in shown and u != k) for k, v in shown.items()}
    used_by: dict[str, list[str]] = {k: [] for k in shown}
    for k, found in uses.items():
        for u in found:
            used_by[u].append(k)
    grouped = any(v.group.strip() for k, v in shown.items() if k not in names.CONTROL)
    entries = {
        k: Entry(
            k, v, kinds[k], tuple(model.dimensions[d].name for d in v.dims),
            equation_text(model, v), range_text(v), provenance_of(v.doc) or "",
            v.group.strip() or (NO_GROUP if grouped else ALL), uses[k], tuple(used_by[k]),
        )
        for k, v in shown.items()
    }  # fmt: skip
    groups: dict[str, list[Entry]] = {}
    for e in sorted(entries.values(), key=lambda e: e.key in names.CONTROL):
        groups.setdefault(e.group, []).append(e)
    times = {
        entries[k].name: _time(model, k) for k in names.CONTROL if k in entries
    }  # fmt: skip
    return Book(model, entries, {g: tuple(es) for g, es in groups.items()}, times)


def _named(variable: Variable) -> dict[str, None]:
    """Every variable that stands in its equations, in order."""
    return {
        node.name: None
        for e in variable.equations
        for node in walk(e.expr)
        if isinstance(node, Ref | Call)
    }


def _time(model: Model, key: str) -> str:
    variable = model.variables[key]
    value = constant_value(model, Ref(key))
    said = equation_text(model, variable) if value is None else f"{value:g}"
    return f"{said} {variable.units}".strip()
