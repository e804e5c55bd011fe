"""Checks what an expression means before anything runs: number or condition, over time or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

import numpy as np

from sdsim.base import names
from sdsim.base.errors import ModelError, counted, nearest, suggested
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary, walk
from sdsim.ir.model import Model, Variable, shape_of
from sdsim.outcomes.measures import MEASURES, Measure
from sdsim.outcomes.values import Numbers

COMPARISONS = ("<", "<=", ">", ">=")
LOGIC = ("and", "or")
MAX_ELEMENTS = 10_000  # for one SUM, ALL, ...

#: An element of a variable: canonical name and flat position.
Cell = tuple[str, int]


class Kind(NamedTuple):
    """The kind of an expression.

    timed : whether it has values along an axis.
    marks : the ranges (and lists of runs) that have not been reduced yet.
    """

    condition: bool = False
    timed: bool = False
    marks: frozenset[str] = frozenset()


#: Elementwise functions of numbers: fewest and most arguments, and the function.
PLAIN: dict[str, tuple[tuple[int, int], Callable[[list[Numbers]], Numbers]]] = {
    "min": ((1, 99), lambda a: reduce(np.minimum, a)),
    "max": ((1, 99), lambda a: reduce(np.maximum, a)),
    "abs": ((1, 1), lambda a: np.abs(a[0])),
    "sqrt": ((1, 1), lambda a: np.sqrt(a[0])),
    "exp": ((1, 1), lambda a: np.exp(a[0])),
    "ln": ((1, 1), lambda a: np.log(a[0])),
    "integer": ((1, 1), lambda a: np.trunc(a[0])),
}

#: Reductions over marked ranges: whether they take conditions, and how two values combine.
COLLECTORS: dict[str, tuple[bool, Callable[[Numbers, Numbers], Numbers]]] = {
    "sum": (False, np.add),
    "prod": (False, np.multiply),
    "vmin": (False, np.minimum),
    "vmax": (False, np.maximum),
    "all": (True, np.minimum),
    "any": (True, np.maximum),
}
FORMS = {
    "in": (2, 2), "in each": (2, 99), "along": (2, 2), "between": (3, 3), "if then else": (3, 3),
}  # fmt: skip
_KNOWN = (*MEASURES, *PLAIN, *COLLECTORS, *FORMS)
_RUNS = "runs: "
#: Functions whose value changes only with their arguments.
_STILL = {
    *PLAIN, "sum", "prod", "vmin", "vmax", "elmcount", "if then else", "modulo", "power", "log",
    "xidz", "zidz", "sin", "cos", "tan", "quantum",
}  # fmt: skip


def fixed_in(model: Model) -> frozenset[str]:
    """Constants, and variables computed from constants alone: numbers rather than series."""
    users: dict[str, list[str]] = {}
    moving: dict[str, None] = {}
    for key, variable in model.variables.items():
        nodes = [n for e in variable.equations for n in walk(e.expr)]
        called = [n for n in nodes if isinstance(n, Call) and n.name not in model.variables]
        if (
            variable.role == "data" or not nodes
            or any(isinstance(n, Ref) and n.name == names.TIME for n in nodes)
            or any(n.name not in _STILL for n in called)
        ):  # fmt: skip
            moving[key] = None
        for n in nodes:
            if isinstance(n, Ref | Call) and n.name in model.variables:
                users.setdefault(n.name, []).append(key)
    stack = list(moving)
    while stack:
        for user in users.get(stack.pop(), ()):
            if user not in moving:
                moving[user] = None
                stack.append(user)
    return frozenset(model.variables.keys() - moving.keys())


def runs_of(call: Call) -> tuple[list[str], Expr]:
    """The runs that IN or IN EACH names, and the expression evaluated in them.

    Raises
    ------
    ModelError : an argument that should be a run's name is not.
    """
    *places, inner = call.args
    out = []
    for p in places:
        if not isinstance(p, Ref) or p.subs:
            raise ModelError(
                f"{call.name.upper()} expects the name of a run first",
                remedy="name one of the claim's runs",
            )
        out.append(p.name)
    return out, inner


def mark_of(call: Call) -> str:
    """The mark that stands for an IN EACH."""
    return _RUNS + ", ".join(runs_of(call)[0])


@dataclass
class Scope:
    """The names known to one claim: the model's variables and elements, and the claim's runs.

    fixed : variables that do not change during a run; see `fixed_in`.
    needs : for each run, the elements used by the expressions checked so far.
    most : limit on the steps of checking and evaluating expressions and on the elements they use;
        None for no limit.   file : the file of the expressions, for messages.
    """

    model: Model
    fixed: frozenset[str]
    runs: tuple[str, ...] = ("base",)
    needs: dict[str, dict[Cell, None]] = field(default_factory=dict)
    most: int | None = None
    file: str = ""
    spent: int = 0

    def spend(self, steps: int = 1) -> None:
        """Count work against the limit.

        Raises
        ------
        ModelError : more than is allowed.
        """
        self.spent += steps
        if self.most is not None and self.spent > self.most:
            raise ModelError(
                f"its expressions take more than {self.most:,} steps", file=self.file or None,
                remedy="split the claim, or run over fewer elements and runs",
            )  # fmt: skip

    def kind(self, expr: Expr, run: str = "base") -> Kind:
        """The kind of an expression evaluated in ``run``.

        Raises
        ------
        ModelError : an unknown name, a subscript that does not fit, a comparison where a number is
            expected, or a number where a comparison is expected.
        """
        self.spend()
        match expr:
            case Num():
                return Kind()
            case Ref():
                return self._ref(expr, run)
            case Unary(op, x):
                inner = self.kind(x, run)
                self._want(x, inner, op == "not")
                return inner
            case Binary(op, left, right):
                return self._binary(op, left, right, run)
            case Call():
                return self._call(expr, run)
        raise ModelError("a table or text cannot be used here", remedy="name a variable")

    # --- names --------------------------------------------------------------------------------

    def _ref(self, ref: Ref, run: str) -> Kind:
        if ref.name == names.TIME and not ref.subs:
            self.needs.setdefault(run, {})
            return Kind(timed=True)
        variable = self.variable(ref)
        marks = []
        for sub, dim in zip(ref.subs, variable.dims, strict=True):
            if sub.endswith("!"):
                marks.append(sub[:-1])
                self._elements(sub[:-1], dim)
            elif sub not in self.model.dimensions[dim].elements:
                known = [*self.model.labels(dim), f"{self.model.dimensions[dim].name}!"]
                raise ModelError(
                    f"'{sub}' is not an element of '{self.model.dimensions[dim].name}'",
                    remedy=nearest(sub, known) or f"write an element, or {dim}! to run over all",
                )
        needed = self.needs.setdefault(run, {})
        for cell in self.cells(ref):
            needed[cell] = None
        return Kind(False, ref.name not in self.fixed, frozenset(marks))

    def variable(self, ref: Ref) -> Variable:
        """The variable that a reference names; it must have as many subscripts as dimensions."""
        if ref.name not in self.model.variables:
            error = self.model.unknown(ref.name)  # the name is in a claim, not in the model's file
            raise ModelError(error.what, remedy=error.remedy)
        variable = self.model.variables[ref.name]
        if variable.role == "lookup":
            raise ModelError(
                f"'{variable.name}' is a table and has no values over time",
                remedy="name a variable that changes",
            )
        if len(ref.subs) != len(variable.dims):
            shape = ", ".join(f"{self.model.dimensions[d].name}!" for d in variable.dims)
            wanted = counted(len(variable.dims), "subscript")
            raise ModelError(
                f"'{variable.name}' has {wanted}, got {len(ref.subs)}",
                remedy=f"write {variable.name}[{shape}] or elements" if shape else "write none",
            )
        return variable

    def _elements(self, source: str, dim: str) -> tuple[str, ...]:
        if source not in self.model.dimensions:
            known = [d.name for d in self.model.dimensions.values()]
            raise ModelError(
                f"'{source}!' is not a subscript range", remedy=nearest(source, known) or ""
            )
        found = self.model.dimensions[source].elements
        inside = self.model.dimensions[dim].elements
        for e in found:
            if e not in inside:
                raise ModelError(
                    f"'{e}' of '{source}' is not an element of '{self.model.dimensions[dim].name}'",
                    remedy="name one that it has",
                )
        return found

    def cells(self, ref: Ref) -> list[Cell]:
        """Every element that a reference may use."""
        variable = self.model.variables[ref.name]
        shape = shape_of(self.model, variable)
        if not shape:
            return [(ref.name, 0)]
        axes = []
        for sub, dim in zip(ref.subs, variable.dims, strict=True):
            place = {e: i for i, e in enumerate(self.model.dimensions[dim].elements)}
            inside = self._elements(sub[:-1], dim) if sub.endswith("!") else (sub,)
            axes.append([place[e] for e in inside])
        self.spend(math.prod(map(len, axes)))
        grid = np.meshgrid(*axes, indexing="ij")
        return [(ref.name, int(i)) for i in np.ravel_multi_index(tuple(grid), shape).reshape(-1)]

    def choices(self, mark: str) -> list[str]:
        """The elements, or runs, that a mark runs over."""
        if mark.startswith(_RUNS):
            return mark.removeprefix(_RUNS).split(", ")
        return list(self.model.dimensions[mark].elements)

    # --- operations ---------------------------------------------------------------------------

    @staticmethod
    def _want(expr: Expr, kind: Kind, condition: bool) -> None:
        if kind.condition != condition:
            what = "a comparison" if condition else "a number"
            raise ModelError(
                f"expected {what}, got {'a number' if condition else 'a comparison'}",
                remedy="write a comparison where one is meant, a number elsewhere",
            )

    def _binary(self, op: str, left: Expr, right: Expr, run: str) -> Kind:
        a, b = self.kind(left, run), self.kind(right, run)
        if op in ("=", "<>"):
            raise ModelError(f"'{op}' has no margin", remedy="write a band: BETWEEN(x, low, high)")
        logic = op in LOGIC
        self._want(left, a, logic)
        self._want(right, b, logic)
        return Kind(logic or op in COMPARISONS, a.timed or b.timed, a.marks | b.marks)

    def _call(self, call: Call, run: str) -> Kind:
        name, args = call.name, call.args
        if name in MEASURES:
            return self._measure(MEASURES[name], args, run)
        if name in COLLECTORS:
            self._arity(call, (1, 1))
            inner = self.kind(args[0], run)
            self._want(args[0], inner, COLLECTORS[name][0])
            self._runs_over(name, inner)
            return Kind(inner.condition, inner.timed)
        if name in PLAIN:
            self._arity(call, PLAIN[name][0])
            return self._joined(args, run)
        if name not in FORMS:
            if name in self.model.variables:
                raise ModelError(
                    f"'{self.model.display(name)}' cannot be called in a check",
                    remedy="name it without parentheses",
                )
            remedy = suggested(name.upper(), [k.upper() for k in _KNOWN])
            raise ModelError(f"unknown measure '{name.upper()}'", remedy=remedy)
        self._arity(call, FORMS[name])
        if name in ("in", "in each"):
            runs, inside = runs_of(call)
            for r in runs:
                if r not in self.runs:
                    known = nearest(r, self.runs) or f"this claim has {', '.join(self.runs)}"
                    raise ModelError(f"no run called '{r}'", remedy=known)
            kinds = [self.kind(inside, r) for r in runs]
            extra = frozenset([mark_of(call)]) if name == "in each" else frozenset[str]()
            return Kind(kinds[0].condition, kinds[0].timed, kinds[0].marks | extra)
        if name == "along":
            row, axis = (self.kind(a, run) for a in args)
            self._want(args[0], row, False)
            self._want(args[1], axis, False)
            if row.timed or axis.timed:
                raise ModelError("ALONG takes a row of numbers", remedy="AT(...) makes them")
            self._runs_over(name, row)
            if axis.marks - row.marks:
                raise ModelError(
                    "the two parts of ALONG run over different ranges",
                    remedy="let both run over the same",
                )
            return Kind(timed=True)
        if name == "between":
            return self._joined(args, run)._replace(condition=True)
        condition = self.kind(args[0], run)
        self._want(args[0], condition, True)
        joined = self._joined(args[1:], run)
        return Kind(False, joined.timed or condition.timed, joined.marks | condition.marks)

    def _joined(self, args: Iterable[Expr], run: str) -> Kind:
        kinds = []
        for a in args:
            kinds.append(self.kind(a, run))
            self._want(a, kinds[-1], False)
        marks = frozenset[str]().union(*(k.marks for k in kinds))
        return Kind(False, any(k.timed for k in kinds), marks)

    def _measure(self, row: Measure, args: tuple[Expr, ...], run: str) -> Kind:
        low, most = row.numbers
        self._arity(
            Call(row.name, args), (row.series + low, row.series + most + (2 if row.window else 0))
        )
        given = [self.kind(a, run) for a in args[: row.series]]
        for a, k in zip(args, given, strict=False):
            self._want(a, k, row.takes == "condition")
        further = self._joined(args[row.series :], run)
        if further.timed:
            raise ModelError(
                f"{row.name.upper()} expects numbers after the first argument",
                remedy="write numbers there",
            )
        marks = further.marks
        if any(k.timed for k in given):
            marks = marks.union(*(k.marks for k in given))
        else:
            inner = frozenset[str]().union(*(k.marks for k in given))
            if not inner:
                raise ModelError(
                    f"{row.name.upper()} of a single number",
                    remedy="give it a variable over time, or a row over Range!",
                )
            self._size(inner)
            if marks & inner:
                raise ModelError(
                    f"{row.name.upper()} runs over a range its numbers depend on",
                    remedy="write plain numbers there",
                )
        return Kind(row.gives == "condition", False, marks)

    def _runs_over(self, name: str, inner: Kind) -> None:
        if not inner.marks:
            raise ModelError(f"{name.upper()} has nothing to run over", remedy="mark a Range!")
        self._size(inner.marks)

    def _size(self, marks: frozenset[str]) -> None:
        size = 1
        for m in marks:
            size *= len(self.choices(m))
        if size > MAX_ELEMENTS:
            raise ModelError(f"runs over {size:,} elements", remedy=f"at most {MAX_ELEMENTS:,}")

    @staticmethod
    def _arity(call: Call, arity: tuple[int, int]) -> None:
        low, most = arity
        if not low <= len(call.args) <= most:
            wanted = str(low) if low == most else f"{low} to {most}"
            raise ModelError(
                f"{call.name.upper()} takes {wanted} arguments, got {len(call.args)}",
                remedy="add what is missing, or delete the extra ones",
            )
