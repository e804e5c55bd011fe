"""Several sets of changes as one model: what differs between them becomes data of a run.

Each set of changes alone would be a model of its own, with its own machine code. Here all of them
have the same equations: a table that differs is `sdsim.ir.expr.Given`, its points one of the run's
inputs; a number is a parameter or a table of one point; a start value is a hidden constant. Every
run gives the bits of the model changed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.ir.expr import Call, Expr, Given, Lookup, Num, Ref, is_constant, rewrite, to_data, walk
from sdsim.ir.model import Equation, Model, Variable, shape_of
from sdsim.overrides.applied import elements_of, replaced, started, starts, without_starts
from sdsim.overrides.changes import Overrides

#: Values of parameters: canonical name -> flat position -> value.
Values = dict[str, dict[int, float]]
#: The value of a constant in the model itself, by canonical name and flat position.
Own = Callable[[str, int], float]


@dataclass(frozen=True)
class Together:
    """Several cases as one model.

    model : with the equations that serve all cases.
    parameters : for each case, the values of parameters that differ from the model's.
    tables : for each given table (`Given.number`), its points in each case.
    """

    model: Model
    parameters: tuple[Values, ...]
    tables: tuple[tuple[Lookup, ...], ...]


def together(model: Model, cases: Mapping[str, Overrides], own: Own) -> Together:
    """One model that serves all cases.

    Raises
    ------
    ModelError : a change that does not fit the model, with the case or the place in its file; or an
        equation that some cases replace and others keep.
    """
    merge = _Merge(model, tuple(cases), own)
    for name, overrides in cases.items():
        try:
            changed, parameters = without_starts(model, overrides)
            merge.add(changed, parameters, starts(model, overrides))
        except ModelError as e:
            raise in_case(e, name) from None
    return merge.made()


def in_case(error: ModelError, name: str) -> ModelError:
    """An error about one case, which it names."""
    return type(error)(
        f"case '{name}': {error.what}", remedy=error.remedy, file=error.file, line=error.line,
        variable=error.variable,
    )  # fmt: skip


@dataclass
class _Merge:
    """Cases on their way to one model."""

    model: Model
    names: tuple[str, ...]
    own: Own
    changed: list[dict[str, Variable]] = field(default_factory=list)
    parameters: list[Values] = field(default_factory=list)
    starts: list[Values] = field(default_factory=list)
    tables: list[tuple[Lookup, ...]] = field(default_factory=list)

    def add(self, changed: dict[str, Variable], parameters: Values, starts: Values) -> None:
        """The changes of the next case."""
        self.changed.append(changed)
        self.parameters.append({k: dict(v) for k, v in parameters.items()})
        self.starts.append(starts)

    def made(self) -> Together:
        """The model of all cases."""
        out: dict[str, Variable] = {}
        for key in dict.fromkeys(k for changed in self.changed for k in changed):
            out[key] = self._variable(key)
        for key in dict.fromkeys(k for values in self.starts for k in values):
            out |= self._started(key, out.get(key, self.model.variables[key]))
        model = self.model.replacing(out) if out else self.model
        return Together(model, tuple(self.parameters), tuple(self.tables))

    # --- equations ----------------------------------------------------------------------------

    def _variable(self, key: str) -> Variable:
        """One variable for all cases."""
        base = self.model.variables[key]
        versions = [changed.get(key, base) for changed in self.changed]
        first = versions[0]
        if len({(v.role, _layout(v)) for v in versions}) == 1 and not _has_numbers(versions):
            columns = zip(*(v.equations for v in versions), strict=True)
            exprs = [self._one(base, [e.expr for e in column]) for column in columns]
            made = zip(exprs, first.equations, strict=True)
            return first.with_equations(Equation(x, e.subs, e.excepts, e.line) for x, e in made)
        return self._by_element(key, base, versions)

    def _by_element(self, key: str, base: Variable, versions: Sequence[Variable]) -> Variable:
        """The same, with an equation of its own for each element in which the cases differ."""
        roles = {v.role for v in versions}
        if "lookup" in roles and len(roles) > 1:
            raise self._unlike(base, versions)
        role = roles.pop() if len(roles) == 1 else "equation"
        made: dict[int, Expr] = {}
        for cell, column in self._columns(base, versions):
            if all(e is column[0] for e in column) and _has(base, column[0]):
                continue
            if role == "equation":
                column = self._as_tables(key, cell, base, column)
            made[cell] = self._one(base, column)
        out = replaced(self.model, base, made)
        return out.with_equations(out.equations, role)

    def _as_tables(self, key: str, cell: int, base: Variable, column: Sequence[Expr]) -> list[Expr]:
        """The expressions of an element in every case; numbers and data become tables, read at
        Time unless all are numbers: a number that counts stages, say, must not look like one."""
        time = Ref(names.TIME)
        at = Num(0.0) if all(map(is_constant, column)) else time
        out: list[Expr] = []
        for case, expr in enumerate(column):
            if is_constant(expr):
                value = self._number(case, key, cell, base, expr)
                expr = Call("with lookup", (at, Lookup((0.0,), (value,))))
            elif isinstance(expr, Lookup):
                expr = Call("with lookup", (time, expr))
            out.append(expr)
        return out

    def _columns(
        self, base: Variable, versions: Sequence[Variable]
    ) -> Iterator[tuple[int, list[Expr]]]:
        """Each element, and its expression in every case."""
        size = 1
        for n in shape_of(self.model, base):
            size *= n
        for cell in range(size):
            place = elements_of(self.model, base, cell)
            yield cell, [self._expr(v, place) for v in versions]

    def _expr(self, variable: Variable, place: tuple[str, ...]) -> Expr:
        """The expression that gives one element of a variable."""
        for equation in variable.equations:
            if self._covers(equation.subs, place) and not any(
                self._covers(group, place) for group in equation.excepts
            ):
                return equation.expr
        raise ModelError(
            "has no data in some cases", variable=variable.name, remedy="give it in all cases"
        )

    def _covers(self, subs: Sequence[str], place: Sequence[str]) -> bool:
        dims = self.model.dimensions
        return all(
            e == s or (s in dims and e in dims[s].elements)
            for s, e in zip(subs, place, strict=True)
        )

    def _number(self, case: int, key: str, cell: int, base: Variable, expr: Expr) -> float:
        """The number that a constant has in a case: a parameter's, or one in a new equation."""
        if _has(base, expr):
            given = self.parameters[case].get(key, {})
            return given[cell] if cell in given else self.own(key, cell)
        assert isinstance(expr, Num)
        return expr.value

    def _one(self, base: Variable, exprs: Sequence[Expr]) -> Expr:
        """One expression for all cases: tables that differ become given."""
        if all(e is exprs[0] for e in exprs):
            return exprs[0]
        shapes = [_without_points(e) for e in exprs]
        for name, shape in zip(self.names, shapes, strict=True):
            if shape != shapes[0]:
                raise ModelError(
                    f"has other equations in case '{name}' than in case '{self.names[0]}'",
                    remedy="give it in all cases or in none, or run the cases one by one",
                    variable=base.name,
                )
        tables = zip(*([n for n in walk(e) if isinstance(n, Lookup)] for e in exprs), strict=True)
        column = iter([tuple(t) for t in tables])

        def change(node: Expr) -> Expr:
            return self._given(base, next(column)) if isinstance(node, Lookup) else node

        return rewrite(exprs[0], change)

    def _given(self, base: Variable, points: tuple[Lookup, ...]) -> Expr:
        """A table, given with the run if it differs between cases."""
        if all(p == points[0] for p in points):
            return points[0]
        if any(p.kind == "raw" for p in points):
            what = "is raw data, which cannot differ between cases"
            raise ModelError(what, variable=base.name, remedy="run the cases one by one")
        self.tables.append(points)
        return Given(len(self.tables) - 1)

    def _unlike(self, base: Variable, versions: Sequence[Variable]) -> ModelError:
        other = next(k for k, v in enumerate(versions) if v.role != versions[0].role)
        return ModelError(
            f"is a lookup in one case and a series in another ('{self.names[0]}' and "
            f"'{self.names[other]}')", variable=base.name,
            remedy="give it as the same in all cases, or run the cases one by one",
        )  # fmt: skip

    # --- start values -------------------------------------------------------------------------

    def _started(self, key: str, variable: Variable) -> dict[str, Variable]:
        """A stock whose start values are hidden constants, used in the cases that give them."""
        given = [values.get(key, {}) for values in self.starts]
        cells = sorted({c for values in given for c in values})
        made = started(self.model, variable, dict.fromkeys(cells, 0.0))
        hidden = next(k for k in made if k != key)
        for own, values in zip(self.parameters, given, strict=True):
            own[hidden] = dict(values)
        if all(len(values) == len(cells) for values in given):
            return made
        flag = names.part(variable.name, "given")
        for own, values in zip(self.parameters, given, strict=True):
            own[names.canonical(flag)] = {c: float(c in values) for c in cells}
        return made | self._switched(key, variable, made[key], flag)

    def _switched(
        self, key: str, variable: Variable, made: Variable, name: str
    ) -> dict[str, Variable]:
        """The same stock, which starts as its equation says where a case gives no start value.

        name : of the constant that says where one is given.
        """
        flag = names.canonical(name)
        before = iter(e for e in variable.equations if _is_stock(e))
        equations = []
        for e in made.equations:
            if _is_stock(e):
                net, start = e.expr.args  # type: ignore[union-attr]
                own = next(before).expr.args[1]  # type: ignore[union-attr]
                chosen = Call("if then else", (Ref(flag, e.subs), start, own))
                e = Equation(Call("integ", (net, chosen)), e.subs, e.excepts, e.line)
            equations.append(e)
        one = [
            Equation(Num(1.0), elements_of(self.model, variable, c))
            for c, _ in self._columns(variable, ())
        ]
        doc = f"Whether {variable.name} is given a start value."
        constant = Variable(name, tuple(one), "", doc, dims=variable.dims, hidden=True)
        return {key: made.with_equations(equations), flag: constant}


def _layout(variable: Variable) -> tuple[object, ...]:
    return tuple((e.subs, e.excepts) for e in variable.equations)


def _has(variable: Variable, expr: Expr) -> bool:
    """Whether an expression is one of the variable's own."""
    return any(expr is e.expr for e in variable.equations)


def _has_numbers(versions: Sequence[Variable]) -> bool:
    return any(is_constant(e.expr) for v in versions for e in v.equations)


def _is_stock(equation: Equation) -> bool:
    return isinstance(equation.expr, Call) and equation.expr.name == "integ"


def _without_points(expr: Expr) -> list[list[object]]:
    """An expression without the points of its tables, to compare."""
    return [row[:1] if row[0] == "Lookup" else row for row in to_data(expr)]
