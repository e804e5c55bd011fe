"""A model as a value: variables with units, documentation and equations; dimensions; source."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sdsim.base import names
from sdsim.base.errors import ModelError, counted, nearest, one_line
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary, fold, from_data, to_data


@dataclass(frozen=True, slots=True)
class Equation:
    """One equation of a variable: the left-hand subscripts and the expression.

    subs : canonical names of the elements or dimensions on the left.
    excepts : groups of subscripts to which the equation does not apply (``:EXCEPT:``).
    line : 1-based line in the source file, 0 if unknown.
    """

    expr: Expr
    subs: tuple[str, ...] = ()
    excepts: tuple[tuple[str, ...], ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Variable:
    """A variable of the model.

    name : as the modeller writes it.   units, doc, group : free text, possibly empty.
    limits : declared range; either end may be open.
    dims : canonical names of its dimensions; a variable defined element by element has the smallest
        dimension that contains its elements.
    role : ``equation`` (stock, flow, auxiliary or constant; `sdsim.compile.order` decides which),
        ``lookup`` (a table called with an argument) or ``data`` (a series over time).
    hidden : added by `sdsim.compile.expand`, not written by the modeller.
    """

    name: str
    equations: tuple[Equation, ...]
    units: str = ""
    doc: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    dims: tuple[str, ...] = ()
    group: str = ""
    role: str = "equation"
    hidden: bool = False

    @property
    def line(self) -> int:
        """The line of the first equation, 0 if unknown."""
        return self.equations[0].line if self.equations else 0

    def with_equations(self, equations: Iterable[Equation], role: str | None = None) -> Variable:
        """The same variable with other equations and, if given, another role."""
        return replace(self, equations=tuple(equations), role=role or self.role)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that it says; kept, since changed models share most of their variables."""
        return _digest(_variable_to_data(self))

    @property
    def is_stock(self) -> bool:
        """Whether it is an integral in at least one of its elements."""
        return any(isinstance(e.expr, Call) and e.expr.name == "integ" for e in self.equations)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A subscript range: ordered elements by canonical name.

    labels : the elements as written.
    maps : for each mapped dimension, its element that corresponds to each of ours, in order.
    """

    name: str
    elements: tuple[str, ...]
    labels: tuple[str, ...]
    maps: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reality:
    """A statement of Vensim's Reality Check, as text; not part of the model's equations.

    name, subs : the left-hand side, as written.
    condition : for a constraint the text between ``:THE CONDITION:`` and ``:IMPLIES:``; for a test
        input the ``variable = expression`` that it sets.
    implies : what a constraint says must then hold; None for a test input.
    line : in the source file.   doc, group : free text, possibly empty.
    """

    name: str
    subs: tuple[str, ...]
    condition: str
    implies: str | None
    line: int
    doc: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class UnitNames:
    """What a file says about its names of units, as text; `sdsim.unitcheck` interprets it.

    alike : groups of names for the same unit.   meant : (name, the equation that defines it).
    minus : whether ``-`` means multiplication, as in XMILE.
    """

    alike: tuple[tuple[str, ...], ...] = ()
    meant: tuple[tuple[str, str], ...] = ()
    minus: bool = False


@dataclass(frozen=True, repr=False)
class Model:
    """Everything a file says, ready for `expand`, `order` and `lower`. Never changed in place.

    variables, dimensions : by canonical name, in file order.
    file : name of the source file (without folder), for messages.   digest : SHA-256 of the source.
    notes : remarks of the reader for the user, one line each.
    method : the integration method given in the file: ``rk4``, or empty for Euler.
    reality : Vensim reality checks in the file; `sdsim.claims` evaluates them.
    reads : the files beside the model whose data were read.
    unit_names : which names of units mean the same unit.

    Examples
    --------
    >>> model = sdsim.read("teacup.mdl")
    >>> [v.name for v in model.variables.values()][:2]
    ['Teacup Temperature', 'Heat Loss to Room']
    """

    name: str
    variables: Mapping[str, Variable]
    dimensions: Mapping[str, Dimension]
    file: str = ""
    digest: str = ""
    notes: tuple[str, ...] = ()
    method: str = ""
    reality: tuple[Reality, ...] = ()
    reads: tuple[str, ...] = ()
    unit_names: UnitNames = UnitNames()

    def __repr__(self) -> str:
        return f"<Model {self.counts()}>"

    def __reduce__(self) -> tuple[Callable[..., Model], tuple[Any, ...]]:
        return _unpickled, (to_json(self), self.reads)  # trees can be too deep for pickle

    def counts(self) -> str:
        """The model's name and size (only what the modeller wrote), in a few words."""
        own = [v for k, v in self.variables.items() if not v.hidden and k not in names.CONTROL]
        stocks = sum(v.is_stock for v in own)
        name = one_line(self.name, 60)
        return f"'{name}': {counted(stocks, 'stock')}, {counted(len(own), 'variable')}"

    def find(self, name: str) -> Variable:
        """The variable with a given name, in any spelling.

        Raises
        ------
        ModelError : no such variable; the nearest name is suggested.
        """
        variable = self.variables.get(names.canonical(name))
        if variable is None:
            raise self.unknown(name)
        return variable

    def unknown(self, name: str, what: str = "variable") -> ModelError:
        """The error for a name that is not in the model."""
        known = [v.name for v in self.variables.values() if not v.hidden]
        remedy = nearest(name, known) or "`sdsim info` lists the names"
        return ModelError(f"no {what} called '{name}'", remedy=remedy, file=self.file or None)

    def spelled(self, variable: Variable) -> str:
        """The remedy for a wrong number of subscripts: how the variable is written."""
        over = ", ".join(self.dimensions[d].name for d in variable.dims)
        return f"write {variable.name}[{over}]" if over else f"write {variable.name}"

    def display(self, canonical: str) -> str:
        """The modeller's spelling of a canonical name."""
        variable = self.variables.get(canonical)
        return variable.name if variable else canonical

    def elements(self, dims: Iterable[str]) -> tuple[tuple[str, ...], ...]:
        """The elements of each dimension, in order."""
        return tuple(self.dimensions[d].elements for d in dims)

    def labels(self, dim: str) -> tuple[str, ...]:
        """The elements of a dimension as the modeller writes them."""
        return self.dimensions[dim].labels

    def widest(self, dim: str) -> Dimension:
        """The range in which an element is numbered: the widest; ties go to the first by name."""
        mine = set(self.dimensions[dim].elements)
        wider = {k: d for k, d in self.dimensions.items() if mine <= set(d.elements)}
        return wider[min(wider, key=lambda k: (-len(wider[k].elements), k))]

    def mapped(self, source: str, target: str) -> dict[str, str]:
        """For each element of ``source``, the corresponding element of ``target``.

        By a mapping in either direction, as a subrange, or through one intermediate dimension.
        """
        direct = self._mapped(source, target)
        if direct:
            return direct
        for middle in (*self.dimensions[source].maps, *self.dimensions[target].maps):
            if middle not in (source, target) and middle in self.dimensions:
                first, second = self._mapped(source, middle), self._mapped(middle, target)
                if first and second and all(v in second for v in first.values()):
                    return {e: second[v] for e, v in first.items()}
        return {}

    def _mapped(self, source: str, target: str) -> dict[str, str]:
        a, b = self.dimensions[source], self.dimensions[target]
        if target in a.maps:
            return {e: i[0] for e, i in zip(a.elements, a.maps[target], strict=True)}
        if source in b.maps:
            return {i: e for e, im in zip(b.elements, b.maps[source], strict=True) for i in im}
        return {e: e for e in a.elements} if set(a.elements) <= set(b.elements) else {}

    def replacing(self, changed: Mapping[str, Variable]) -> Model:
        """The model with these variables (by canonical name) replaced or added."""
        return replace(self, variables={**self.variables, **changed})

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the equations, units and dimensions; equal for equal models."""
        dimensions = [_dimension_to_data(d) for d in self.dimensions.values()]
        return _digest([[v.digest for v in self.variables.values()], dimensions])


class Holding:
    """Finds the dimensions that contain given elements."""

    def __init__(self, dims: Mapping[str, Dimension]) -> None:
        self.dims = dims
        self.sets = {key: frozenset(d.elements) for key, d in dims.items()}
        self.of: dict[str, list[str]] = {}
        for key, d in dims.items():
            for element in d.elements:
                self.of.setdefault(element, []).append(key)

    def smallest(self, elements: Sequence[str], prefer: Sequence[str] = ()) -> str | None:
        """The smallest dimension with all elements; ties go to a preferred one, then the first."""
        wanted = set(elements)
        holding = [k for k in self.of.get(elements[0], ()) if wanted <= self.sets[k]]
        return min(holding, key=lambda k: (len(self.sets[k]), k not in prefer), default=None)

    def meant(self, written: Iterable[str]) -> tuple[str | None, list[str]]:
        """The dimension of one position of a variable, from everything written at that position:
        the only dimension written there, or the smallest that contains it; and the elements."""
        said = list(dict.fromkeys(written))
        used: dict[str, None] = {}
        for w in said:
            used.update(dict.fromkeys(self.dims[w].elements if w in self.dims else (w,)))
        alone = len(said) == 1 and said[0] in self.dims
        return (said[0] if alone else self.smallest(list(used), said)), list(used)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan,
}


def constant_value(model: Model, expr: Expr, depth: int = 8) -> float | None:
    """The initial value of an expression with default constants; None if it takes a run to tell."""

    def visit(node: Expr, parts: Sequence[float | None]) -> float | None:
        if isinstance(node, Num):
            return node.value
        if isinstance(node, Ref) and not node.subs and depth:
            variable = model.variables.get(node.name)
            if variable and variable.role == "equation" and len(variable.equations) == 1:
                return constant_value(model, variable.equations[0].expr, depth - 1)
        if isinstance(node, Call) and node.name == "step" and len(parts) == 2 and None not in parts:
            height, at = parts
            start = constant_value(model, Ref(names.INITIAL_TIME), 1)
            return height if start is not None and start >= (at or 0.0) else 0.0
        if isinstance(node, Unary) and node.op == "-" and parts[0] is not None:
            return -parts[0]
        if isinstance(node, Binary) and node.op in _ARITHMETIC:
            a, b = parts
            return None if a is None or b is None else _ARITHMETIC[node.op](a, b)
        return None

    return fold(expr, visit)


def _digest(data: list[Any]) -> str:
    said = json.dumps(data, ensure_ascii=False)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def knowing(model: Model, hashed: str) -> Model:
    """The model with its hash already known, so that it is not computed again."""
    model.__dict__["hash"] = hashed
    return model


def to_json(model: Model) -> dict[str, Any]:
    """The model as plain data."""
    return {
        "name": model.name,
        "file": model.file,
        "digest": model.digest,
        "notes": list(model.notes),
        "method": model.method,
        "unit_names": [
            list(map(list, model.unit_names.alike)), list(map(list, model.unit_names.meant)),
            model.unit_names.minus,
        ],
        "reality": [
            [r.name, list(r.subs), r.condition, r.implies, r.line, r.doc, r.group]
            for r in model.reality
        ],
        "dimensions": [_dimension_to_data(d) for d in model.dimensions.values()],
        "variables": [_variable_to_data(v) for v in model.variables.values()],
    }  # fmt: skip


def _dimension_to_data(d: Dimension) -> list[Any]:
    return [d.name, d.elements, d.labels, {k: list(map(list, v)) for k, v in d.maps.items()}]


def _variable_to_data(v: Variable) -> list[Any]:
    equations = [
        [to_data(e.expr), list(e.subs), [list(x) for x in e.excepts], e.line] for e in v.equations
    ]
    return [
        v.name, v.units, v.doc, list(v.limits), list(v.dims), v.group, v.role, v.hidden, equations
    ]  # fmt: skip


def from_json(data: Mapping[str, Any]) -> Model:
    """The inverse of `to_json`."""
    dimensions = {
        names.canonical(n): Dimension(
            n, tuple(e), tuple(lab), {k: tuple(map(tuple, v)) for k, v in maps.items()}
        )
        for n, e, lab, maps in data["dimensions"]
    }
    variables = {}
    for name, units, doc, limits, dims, group, role, hidden, equations in data["variables"]:
        variables[names.canonical(name)] = Variable(
            name,
            tuple(
                Equation(from_data(x), tuple(s), tuple(map(tuple, ex)), line)
                for x, s, ex, line in equations
            ),
            units,
            doc,
            (limits[0], limits[1]),
            tuple(dims),
            group,
            role,
            hidden,
        )
    return Model(
        data["name"], variables, dimensions, data["file"], data["digest"], tuple(data["notes"]),
        str(data.get("method", "")),
        tuple(Reality(n, tuple(s), *rest) for n, s, *rest in data.get("reality", ())),
        unit_names=_unit_names(*data.get("unit_names", ())),
    )  # fmt: skip


def _unpickled(data: Mapping[str, Any], reads: tuple[str, ...]) -> Model:
    return replace(from_json(data), reads=reads)


def _unit_names(
    alike: Sequence[Sequence[str]] = (), meant: Sequence[Sequence[str]] = (), minus: bool = False
) -> UnitNames:
    pairs = tuple((name, text) for name, text in meant)
    return UnitNames(tuple(map(tuple, alike)), pairs, minus)


def shape_of(model: Model, variable: Variable) -> tuple[int, ...]:
    """The shape of a variable: the number of elements in each dimension."""
    return tuple(len(e) for e in model.elements(variable.dims))


def label_of(model: Model, variable: Variable, cell: int) -> str:
    """The label ``Name[a,b]`` of an element, given by its flat position."""
    labels: list[str] = []
    for d in reversed(variable.dims):
        along = model.labels(d)
        cell, place = divmod(cell, len(along))
        labels.insert(0, along[place])
    return names.element_label(variable.name, tuple(labels))
