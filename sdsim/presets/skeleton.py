"""The skeleton of a preset: TOML with a line for everything that a case brings."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError, counted, one_line
from sdsim.ir.equations import range_text, subscript
from sdsim.ir.expr import Lookup, Num, Ref
from sdsim.ir.model import Model, Variable, constant_value, label_of
from sdsim.ir.provenance import definition_of, provenance_of
from sdsim.overrides import labels, locate
from sdsim.overrides.preset import TABLES, UNKNOWN
from sdsim.presets.case import Case, Value, points_of, start_of
from sdsim.presets.declared import FILE

#: The most elements that get a line each; those of a larger variable stand in one list.
LINES = 12
_HOLE = f'"{UNKNOWN}"'


def skeleton(model: Model, case: Case, title: str = "") -> str:
    """A preset in which every value that a case must give is still to be filled in, and every
    value that it may give is commented out, with the home case's.

    title : of the case; a hole to fill by default.
    """
    parts = [_head(model, case, title)]
    for table in TABLES:
        mine = [v for v in case.values if v.table == table and v.rank != "shared"]
        asked = [v for v in mine if v.rank == "must"]
        free = [v for v in mine if v.rank == "may"]
        if not mine:
            continue
        lines = [f"[{table}]"]
        if asked:
            lines += ["# --- what a case must give", *_lines(model, case, asked)]
        if free:
            lines += ["# --- what it may give", *_lines(model, case, free)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _head(model: Model, case: Case, title: str) -> str:
    """Title, what to do, and what about the case is not asked for."""
    ranks = [v.rank for v in case.values]
    home = f"{case.home}, the home case" if case.home else "the home case"
    shared = ranks.count("shared")
    same = f" {counted(shared, 'value')} that all cases share {'is' if shared == 1 else 'are'} "
    lines = [
        f"A case of {model.file or model.name}. What a case must give ({ranks.count('must')}) has "
        f"{_HOLE} for its value: put a number there, and where it comes from. What it may give "
        f"({ranks.count('may')}) is commented out: there the model's own value, that of {home}, "
        f"holds until the # before it goes.{f'{same}left out.' if shared else ''} "
        f"{FILE} beside the model decides which is which.",
        "`sdsim preset check MODEL FILE` says what is missing or wrong.",
    ]
    wrapped = [f"# {line}" for text in lines for line in textwrap.wrap(one_line(text), 96)]
    about = [f'{key} = ""' for key in ("place", "period", "note")]
    said = json.dumps(title or f"A case of {model.name}", ensure_ascii=False)
    return "\n".join([*wrapped, f"title = {said}", "", "[about]", *about])


def _lines(model: Model, case: Case, values: Sequence[Value]) -> Iterator[str]:
    """A line for each element of each value, groups named above."""
    group = ""
    for value in values:
        own = value.variable.group
        if own and own != group:
            yield f"# {one_line(own, 90)}"
        group = own
        for name, given, home in _entries(model, case, value):
            entry = f"{json.dumps(name, ensure_ascii=False)} = {given}"
            said = _said(value.variable, home if value.rank == "must" else "")
            yield f"{'' if value.rank == 'must' else '# '}{entry}  # {said}".rstrip(" #")


def _said(variable: Variable, home: str) -> str:
    """Units, range, meaning, source and home value of a variable, on one line."""
    source = provenance_of(variable.doc)
    about = textwrap.shorten(one_line(definition_of(variable.doc)), 120, placeholder=" ...")
    facts = ", ".join(filter(None, [one_line(variable.units, 60), range_text(variable)]))
    ends = [about.rstrip(".")] if about else []
    ends += [f"Home case: {home}"] if home else [source.capitalize()] if source else []
    return ". ".join(filter(None, [facts, *ends]))


def _entries(model: Model, case: Case, value: Value) -> Iterator[tuple[str, str, str]]:
    """(name, what stands after the equals sign, the home case's value) of each element."""
    variable, must = value.variable, value.rank == "must"
    if value.table == "constants":
        yield from _constants(model, case, variable, must)
    elif value.table == "initial":
        for equation in variable.equations:
            start = start_of(equation.expr)
            home = _number(start.value) if isinstance(start, Num) else ""
            given = _value(_HOLE if must else home)
            yield _label(model, variable, equation.subs), given, home
    elif value.table == "series":
        for label in labels(model, variable):
            times, holes = _holes(model)
            yield label, _table(times, holes, "time", "values"), ""
    else:
        for subs, points in points_of(variable):
            own = _table(_list(points.x), _list(points.y), "x", "y")
            given = _points(model, points, value.timed) if must else own
            ends = f"{counted(len(points.x), 'point')} from {points.x[0]:g} to {points.x[-1]:g}"
            yield _label(model, variable, subs), given, ends


def _constants(
    model: Model, case: Case, variable: Variable, must: bool
) -> Iterator[tuple[str, str, str]]:
    """The entries of a constant: one for each element, or one for many."""
    home = np.asarray(case.constants.value(variable.name))
    written = [label_of(model, variable, cell) for cell in range(home.size)]
    if home.size <= LINES and all(_leads_back(model, label) for label in written):
        for label, v in zip(written, home.reshape(-1).tolist(), strict=True):
            if not math.isnan(v):  # an element without an equation
                yield label, _value(_HOLE if must else _number(v)), _number(v)
        return
    over = ", ".join(model.dimensions[d].name for d in variable.dims)
    yield variable.name, _value(_nested(home, must)), f"{home.size} values over {over}"


def _leads_back(model: Model, label: str) -> bool:
    """Whether a label can be read again; an element's name may have a comma or bracket in it."""
    try:
        return len(locate(model, label)[1] or (0,)) == 1
    except ModelError:
        return False


def _nested(home: NDArray[np.float64], must: bool) -> str:
    """The elements as a list of lists, each a hole or a number."""
    if not home.ndim:
        return _HOLE if must else "0" if np.isnan(home) else _number(float(home))
    return f"[{', '.join(_nested(part, must) for part in home)}]"


def _value(given: str) -> str:
    return f'{{value = {given}, source = ""}}'


def _points(model: Model, points: Lookup, timed: bool) -> str:
    """A table to fill in: over the run's time, or at the x that the home case has."""
    x, y = _holes(model) if timed else (_list(points.x), _list([_HOLE] * len(points.x)))
    return _table(x, y, "x", "y")


def _table(x: str, y: str, first: str, second: str) -> str:
    return f'{{{first} = {x}, {second} = {y}, source = ""}}'


def _holes(model: Model) -> tuple[str, str]:
    """Times and values of a series to fill in, from the run's start to its end."""
    ends = [constant_value(model, Ref(k)) for k in (names.INITIAL_TIME, names.FINAL_TIME)]
    return _list([_HOLE if e is None else _number(e) for e in ends]), _list([_HOLE] * 2)


def _list(values: Iterable[float | str]) -> str:
    return f"[{', '.join(v if isinstance(v, str) else _number(v) for v in values)}]"


def _number(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(float(value))


def _label(model: Model, variable: Variable, subs: Sequence[str]) -> str:
    return names.element_label(variable.name, tuple(subscript(model, s) for s in subs))
