"""The equations of a model whose units do not balance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from sdsim.base import names
from sdsim.base.errors import ModelError, one_line
from sdsim.ir.expr import Array, Binary, Call, Expr, Num, Ref, Unary, children, fold, to_text
from sdsim.ir.model import Equation, Model, Variable
from sdsim.unitcheck.book import UnitBook
from sdsim.unitcheck.rules import Dim, Open, builtin_rule, operator_rule, outcome
from sdsim.unitcheck.unit import DIMENSIONLESS, Unit

MAX_EXPONENT = 1000  # of a power written as a number

Kind = Literal["unbalanced", "no units", "unreadable"]
Fault = tuple[str, str]  # what, remedy


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in the units of one equation; as text it is one line.

    kind : ``unbalanced``; ``no units`` if none are declared; ``unreadable`` if they cannot
        be parsed.   line : 0 if unknown.   variable : as the modeller writes it.

    Examples
    --------
    >>> found = sdsim.units("unbalanced.mdl")
    >>> found[0].kind, found[0].variable
    ('unbalanced', 'Teacup Temperature')
    """

    kind: Kind
    file: str
    line: int
    variable: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = {"file": self.file, "variable": self.variable}
        return str(ModelError(self.what, remedy=self.remedy, line=self.line, **place))


def check(model: Model) -> tuple[Finding, ...]:
    """Every fault in the units of a model as read (not expanded), in order of line.

    A variable whose units are missing or unreadable is one finding and then fits everywhere; an
    expression found wrong causes no second finding further out. A number written in an equation
    fits whatever it is added to or compared with, and takes the unit of the left-hand side if it
    stands alone. This follows Vensim, whose tutorial has ``10000+STEP(5000,10)`` in $/Month
    and which faults the LOG but not the sum in ``LOG(population+1,10)``. Lookups accept any
    argument. The rules of the builtins are in `sdsim.unitcheck.rules`; the file can add synonyms
    (`sdsim.ir.model.UnitNames`).
    """
    book = _Book(model)
    found = list(book.findings)
    for key, variable in model.variables.items():
        if not variable.hidden:
            faults = dict.fromkeys(_faults(book, key, variable))
            found += [_finding("unbalanced", model, variable, *fault) for fault in faults]
    return tuple(sorted(found, key=lambda f: f.line))


def _finding(
    kind: Kind, model: Model, variable: Variable, line: int, what: str, remedy: str
) -> Finding:
    return Finding(kind, model.file, line, variable.name, what, remedy)


def _faults(book: _Book, key: str, variable: Variable) -> Iterator[tuple[int, str, str]]:
    declared = book.declared[key]
    if key in names.CONTROL and isinstance(declared, Unit) and declared != book.time:
        what = f"is in {book.text(declared)}, TIME STEP in {book.text(book.time)}"
        yield variable.line, what, "give all control variables the unit of time"
        return
    for equation in variable.equations:
        for what, remedy in _Walk(book, equation, declared).faults():
            yield equation.line, what, remedy


class _Book:
    """The declared units of a model.

    findings : variables with missing or unreadable units.   time : the unit of Time.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.findings: list[Finding] = []
        self._units = UnitBook(model.unit_names)
        self._spelled: dict[str, str] = {}
        self.declared = {k: self._read(v) for k, v in model.variables.items()}
        self.findings += [
            Finding("unreadable", model.file, 0, self._units.spelled.get(name, name), *fault)
            for name, *fault in self._units.faults
        ]
        controls = (names.TIME_STEP, names.FINAL_TIME, names.INITIAL_TIME, names.SAVEPER)
        units = (self.declared.get(name) for name in controls)
        self.time: Dim = next((u for u in units if isinstance(u, Unit)), Open.ANY)
        self._elements = {e for d in model.dimensions.values() for e in d.elements}

    def _read(self, variable: Variable) -> Dim:
        if variable.hidden:
            return Open.ANY
        if not variable.units.strip():
            remedy = "declare them; Dmnl for a number without dimension"
            return self._lost("no units", variable, "no units", remedy)
        try:
            unit = self._units.parse(variable.units)
        except ModelError as e:
            return self._lost("unreadable", variable, e.what, e.remedy)
        for name, written in self._units.spellings(variable.units):
            self._spelled.setdefault(name, written)
        return unit

    def _lost(self, kind: Kind, variable: Variable, what: str, remedy: str) -> Dim:
        self.findings.append(_finding(kind, self.model, variable, variable.line, what, remedy))
        return Open.ANY

    def of(self, name: str) -> Dim:
        """The unit of a variable, by canonical name."""
        if name in self.declared:
            return self.declared[name]
        if name == names.TIME:
            return self.time
        if name in self.model.dimensions or name in self._elements:
            return DIMENSIONLESS
        return Open.ANY

    def name(self, name: str) -> str:
        """A canonical name as the modeller writes it."""
        if name == names.TIME:
            return "Time"
        if name not in self.declared and builtin_rule(name):
            return name.upper()
        return self.model.display(name)

    def text(self, dim: Dim) -> str:
        """A unit in the spelling that occurs first in the model."""
        if isinstance(dim, Unit):
            known = self._units.spelled
            return dim.text(lambda name: self._spelled.get(name) or known.get(name, name))
        return "a number" if dim is Open.NUMBER else "unknown"


class _Walk:
    """A check of one equation, from the leaves up."""

    def __init__(self, book: _Book, equation: Equation, declared: Dim) -> None:
        self._book, self._root, self._declared = book, equation.expr, declared
        self._found: list[Fault] = []

    def faults(self) -> list[Fault]:
        """The faults in the equation, innermost first."""
        right, left = fold(self._root, self._visit), self._declared
        if isinstance(right, Unit) and isinstance(left, Unit) and right != left:
            text = self._book.text
            verb, factor = _lacking(right, left)
            what = f"right side is {text(right)}, left side is {text(left)}"
            remedy = f"{verb} the right side by something in {text(factor)}, or correct the units"
            self._found.append((what, remedy))
        return self._found

    def _visit(self, node: Expr, parts: list[Dim]) -> Dim:
        match node:
            case Num() | Array():
                return Open.NUMBER
            case Ref(name):
                return self._book.of(name)
            case Unary("-"):
                return parts[0]
            case Unary(op) | Binary(op):
                return self._apply(operator_rule(op), node, parts)
            case Call(name) if name in self._book.declared:
                return self._book.declared[name]
            case Call(name):
                return self._apply(builtin_rule(name) or "any", node, parts)
            case _:
                return Open.ANY

    def _apply(self, rule: str, node: Expr, parts: Sequence[Dim]) -> Dim:
        if rule == "power" and len(parts) == 2 and Open.FAULT not in parts:
            exponent = _exponent(children(node)[1])
            if exponent is not None:
                return parts[0] ** exponent if isinstance(parts[0], Unit) else parts[0]
        args = tuple(parts)
        found = outcome(rule, args, self._book.time)
        if rule == "stock" and node is self._root and isinstance(self._declared, Unit):
            held = outcome(rule, args, self._book.time, self._declared)
            found = held if found.faults or len(held.faults) < len(args) else found
        for place, wanted in found.faults:
            self._found.append(self._fault(node, parts, place, wanted))
        return found.result

    def _fault(self, node: Expr, parts: Sequence[Dim], place: int, wanted: Unit) -> Fault:
        got, text = parts[place], self._book.text
        said = [
            f"{self._quoted(x)} ({text(d)})" for x, d in zip(children(node), parts, strict=True)
        ]
        verb, factor = _lacking(got, wanted)
        differ = f"they differ by a factor in {text(factor)}"
        match node:
            case Binary("+"):
                return f"adds {said[1]} to {said[0]}", differ
            case Binary("-"):
                return f"subtracts {said[1]} from {said[0]}", differ
            case Binary("=" | "<>" | "<" | "<=" | ">" | ">="):
                return f"compares {said[0]} with {said[1]}", differ
            case Binary("^"):
                where = ("the base", "the exponent")[place]
            case Binary(op) | Unary(op):
                where = f"an operand of :{op.upper()}:,"
            case Call("integ"):
                where = ("the net flow", "the initial value")[place]
            case Call(name):
                where = f"argument {place + 1} of {name.upper()},"
        remedy = f"{verb} it by something in {text(factor)}, or correct the units"
        return f"{where} {said[place]} should be {text(wanted)}", remedy

    def _quoted(self, expr: Expr) -> str:
        return f"'{one_line(to_text(expr, self._book.name), 40)}'"


def _lacking(got: Dim, wanted: Unit) -> tuple[str, Unit]:
    """Whether to multiply or divide ``got`` to obtain ``wanted``, and by what."""
    factor = wanted / got if isinstance(got, Unit) else wanted
    if all(power < 0 for _, power in factor.powers):
        return "divide", factor**-1
    return "multiply", factor


def _exponent(expr: Expr) -> Fraction | None:
    """The value of ``2``, ``-1`` or ``1/3`` written as an exponent; None for anything else."""

    def visit(node: Expr, parts: list[Fraction | None]) -> Fraction | None:
        match node, parts:
            case Num(value), _ if abs(value) <= MAX_EXPONENT:
                return Fraction(value)
            case Unary("-"), [Fraction() as x]:
                return -x
            case Binary("/"), [Fraction() as x, Fraction() as y] if y:
                return x / y
        return None

    value = fold(expr, visit)
    if value is None or abs(value) > MAX_EXPONENT:
        return None
    return value.limit_denominator(100)
