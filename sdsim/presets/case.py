"""A case of a model: the values that it must give, may give, and shares with all others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

from sdsim.backends import Numpy
from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.compile.order import kinds_of
from sdsim.ir.expr import Call, Expr, Lookup, Num, Ref, walk
from sdsim.ir.model import Model, Variable
from sdsim.ir.provenance import is_definition, provenance_of
from sdsim.overrides import is_parameter, lacking, locate
from sdsim.overrides.preset import attempt_preset
from sdsim.overrides.tables import has_table, over_time
from sdsim.presets.declared import FILE, Declared, Rank, read_declared
from sdsim.run.system import System

PRESETS = "presets"


@dataclass(frozen=True)
class Value:
    """Something that a case may bring to a model.

    key : canonical name of the variable.
    table : where a preset has it: ``constants``, ``lookups``, ``series`` or ``initial``.
    rank : whether a case must give it, may, or shares it with all others.
    declared : whether that is no guess: the author says so in ``case.toml``, or the model lacks it.
    timed : whether it is a table read at Time.
    """

    key: str
    variable: Variable
    table: str
    rank: Rank
    declared: bool
    timed: bool = False


@dataclass(frozen=True)
class Case:
    """What a case of a model is.

    values : everything that it may bring, in the order of the model file.
    home : the case whose values are the model's own; may be empty.
    sums : what sums to one; see `Declared`.
    constants : the model's constants alone, which have values also where it lacks data.
    times : those and the times of a run, which may need more than that.
    """

    values: tuple[Value, ...]
    home: str
    sums: Mapping[str, str | Sequence[str]]
    constants: System
    times: System


def case_of(model: Model, folder: Path | None) -> Case:
    """What a case of a model is, by ``case.toml`` and the presets in its folder, and by the model.

    A case must give what the model lacks. Where the author declares nothing else that it must, this
    is guessed: what every preset beside the model gives (of two or more), what the documentation
    calls data, tables over time, and what stocks begin with. A definition is shared; the rest it
    may give.

    Raises
    ------
    ModelError : ``case.toml`` cannot be used.
    """
    file = None if folder is None else folder / FILE
    declared = read_declared(file, model) if file and file.exists() else Declared()
    presets = sorted((folder / PRESETS).glob("*.toml")) if folder else []
    kinds, timed = kinds_of(model), tables_over_time(model)
    absent = {names.canonical(v.name) for v in lacking(model)}
    guessed = set() if declared.says_what_it_must else _guessed(model, presets, timed)
    out = []
    for key, variable in model.variables.items():
        table = _table_of(variable, kinds[key])
        if variable.hidden or table is None or (table == "series" and key not in absent):
            continue
        said = declared.rank(key, variable)
        rank = said or _undeclared(key, variable, table, absent | guessed)
        sure = said is not None or key in absent
        out.append(Value(key, variable, table, rank, sure, key in timed))
    constants = {k for k, v in model.variables.items() if is_parameter(v)}
    parts = (_part(model, kept) for kept in (constants, constants | {*names.CONTROL}))
    return Case(tuple(out), declared.home, declared.sums, *parts)


def _part(model: Model, kept: Collection[str]) -> System:
    """The model with these variables alone."""
    variables = {k: v for k, v in model.variables.items() if k in kept}
    return System(replace(model, variables=variables), Numpy())


def _undeclared(key: str, variable: Variable, table: str, must: Collection[str]) -> Rank:
    if key in names.CONTROL:
        return "may"
    if key in must:
        return "must"
    return "shared" if is_definition(variable.doc) and table != "initial" else "may"


def _guessed(model: Model, presets: Sequence[Path], timed: set[str]) -> set[str]:
    """What a case of a model must give, where nobody says so."""
    measured = {k for k, v in model.variables.items() if provenance_of(v.doc) == "data"}
    return timed | measured | _starts(model) | _in_all(model, presets)


def tables_over_time(model: Model) -> set[str]:
    """The variables whose table is read at Time: lookups called with it, tables in equations."""
    found = {k for k, v in model.variables.items() if has_table(v) and over_time(v)}
    for node in _nodes(e.expr for v in model.variables.values() for e in v.equations):
        if isinstance(node, Call) and node.args[:1] == (Ref(names.TIME),):
            called = model.variables.get(node.name)
            if called is not None and called.role == "lookup":
                found.add(node.name)
    return found


def _table_of(variable: Variable, kind: str) -> str | None:
    """The table of a preset that a variable of this kind belongs to, None for none."""
    if kind == "stock":
        written = [start_of(e.expr) for e in variable.equations]
        return "initial" if written and all(isinstance(s, Num) for s in written) else None
    if kind == "auxiliary" or kind == "flow":
        return "lookups" if has_table(variable) else None
    return {"constant": "constants", "lookup": "lookups", "data": "series"}[kind]


def start_of(expr: Expr) -> Expr | None:
    """What a stock with this equation begins with; None for any other variable."""
    begun = isinstance(expr, Call) and expr.name == "integ" and len(expr.args) > 1
    return expr.args[1] if isinstance(expr, Call) and begun else None


def _starts(model: Model) -> set[str]:
    """The constants that stocks begin with, and the stocks that begin with a number but 0."""
    out: set[str] = set()
    for key, variable in model.variables.items():
        for equation in variable.equations:
            start = start_of(equation.expr)
            if isinstance(start, Num) and start.value:
                out.add(key)
            out |= {n.name for n in _nodes([start] if start else []) if isinstance(n, Ref)}
    return out


def _in_all(model: Model, presets: Sequence[Path]) -> set[str]:
    """The variables that each of the presets beside the model gives; none if there is one."""
    found = []
    for path in presets if len(presets) > 1 else ():
        given = set()
        try:
            for name in attempt_preset(path)[0].overrides.names:
                given.add(names.canonical(locate(model, name)[0].name))
        except ModelError:
            pass  # what is wrong with it is said when it is checked itself
        found.append(given)
    return reduce(set.intersection, found) if found else set()


def _nodes(exprs: Iterable[Expr]) -> Iterable[Expr]:
    return (node for expr in exprs for node in walk(expr))


def points_of(variable: Variable) -> list[tuple[tuple[str, ...], Lookup]]:
    """(subscripts, table) of each equation of a variable with tables."""
    return [
        (e.subs, node) for e in variable.equations for node in walk(e.expr)
        if isinstance(node, Lookup)
    ]  # fmt: skip
