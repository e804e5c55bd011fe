"""Model -> Model: every delay, smooth and trend as explicit stocks, every SUM written out.

What remains is arithmetic, functions without memory, and the root forms ``integ``, ``initial``,
``active initial``, ``sample if true`` and those of `sdsim.functions.root_forms`, each as the whole
right-hand side of its variable. Variables added here are marked hidden.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, counted, nearest, some
from sdsim.compile.bounds import bounds
from sdsim.functions import KEPT, ROOTS, STATEFUL, VECTOR
from sdsim.functions.base import check_arity
from sdsim.functions.tables import COMPUTED
from sdsim.ir.expr import Array, Binary, Call, Expr, Num, Ref, Unary, is_constant, rewrite, walk
from sdsim.ir.model import Equation, Model, Variable, constant_value

_ONE = {"game": (1, 1), "elmcount": (1, 1)}


def expand(model: Model) -> Model:
    """``model`` with every implicit stock and sum written out.

    Raises
    ------
    ModelError : an order that is not a number known before the run, a delay time of zero, a SUM
        over nothing, or a wrong number of arguments; file, line and variable are named.
    """
    added: dict[str, Variable] = {}
    written = _Written()
    for key, variable in model.variables.items():
        equations = []
        for number, equation in enumerate(variable.equations):
            writer = _Writer(model, variable, equation, number, written)
            try:
                expr = writer.rewrite(equation.expr)
            except ModelError as e:
                raise e.at(file=model.file, line=equation.line, variable=variable.name) from None
            added.update(writer.added)
            equations.append(Equation(expr, equation.subs, equation.excepts, equation.line))
        if any(a.expr is not b.expr for a, b in zip(equations, variable.equations, strict=True)):
            added[key] = variable.with_equations(equations)
    return model.replacing(added) if added else model


class _Written:
    """The size, in expression nodes, of all sums over elements expanded so far in the model."""

    def __init__(self) -> None:
        self._nodes = 0

    def add(self, nodes: int, name: str) -> None:
        self._nodes += nodes
        if self._nodes > 2 * limits.OPERATIONS:
            raise ModelError(
                f"{name.upper()} written out element by element makes the model too large",
                remedy=f"give inner sums a variable of their own, {limits.TRUSTED}",
            )


class _Writer:
    """Rewrites one equation, collecting the hidden variables it needs; a `functions.base.Maker`."""

    def __init__(
        self, model: Model, variable: Variable, equation: Equation, number: int, written: _Written
    ) -> None:
        self._written = written
        self._model, self._variable, self._equation = model, variable, equation
        self._prefix = names.part(variable.name, f"{number + 1}." if number else "")
        self._count = itertools.count(1)
        self.added: dict[str, Variable] = {}

    # --- the two passes -----------------------------------------------------------------------

    def rewrite(self, root: Expr) -> Expr:
        """The equation's right-hand side with every implicit stock and sum written out."""
        if not any(isinstance(n, Call) for n in walk(root)):
            return root
        plain = rewrite(root, self._write_out)
        if isinstance(plain, Call) and plain.name in ROOTS:
            args = tuple(rewrite(a, self._unfold) for a in plain.args)
            same = all(a is b for a, b in zip(args, plain.args, strict=True))
            return self._checked(plain if same else Call(plain.name, args))
        return rewrite(plain, self._unfold)

    def _write_out(self, node: Expr) -> Expr:
        if not isinstance(node, Call):
            return node
        arity = VECTOR[node.name].arity if node.name in VECTOR else _ONE.get(node.name)
        if arity:
            check_arity(node.name, len(node.args), arity)
        if node.name == "game":
            return node.args[0]
        if node.name == "elmcount":
            dim = node.args[0]
            if not isinstance(dim, Ref) or dim.name not in self._model.dimensions:
                raise ModelError(
                    "ELMCOUNT expects the name of a subscript range, got something else",
                    remedy=f"one of {some(d.name for d in self._model.dimensions.values())}"
                    if self._model.dimensions
                    else "define one: 'range: element, ...'",
                )
            return Num(float(len(self._model.dimensions[dim.name].elements)))
        row = VECTOR.get(node.name)
        return row.combine(self._terms(node)) if row else node

    def _terms(self, call: Call) -> list[tuple[Expr, ...]]:
        """The arguments of ``call``, once for each element of the dimensions marked ``!``."""
        marked = dict.fromkeys(
            s[:-1]
            for a in call.args
            for n in walk(a)
            for s in (n.subs if isinstance(n, Ref | Call) else ())
            if s.endswith("!")
        )
        for d in marked:
            if d not in self._model.dimensions:
                known = [r.name for r in self._model.dimensions.values()]
                remedy = nearest(d, known) or "put ! after the name of a subscript range"
                raise ModelError(f"no subscript range called '{d}'", remedy=remedy)
        dims = [self._model.dimensions[d].elements for d in marked]
        if math.prod(map(len, dims)) > limits.TERMS:
            raise ModelError(
                f"{call.name.upper()} over {math.prod(map(len, dims)):,} elements, at most "
                f"{limits.TERMS:,}",
                remedy="give inner sums a variable of their own",
            )
        nodes = sum(1 for a in call.args for _ in walk(a))
        self._written.add(math.prod(map(len, dims)) * nodes, call.name)
        out = []
        for combination in itertools.product(*dims):
            at = dict(zip((f"{d}!" for d in marked), combination, strict=True))
            out.append(tuple(rewrite(a, _substituting(at)) for a in call.args))
        return out

    def _unfold(self, node: Expr) -> Expr:
        if not isinstance(node, Call):
            return node
        row = STATEFUL.get(node.name)
        if row:
            check_arity(node.name, len(node.args), row.arity)
            return row.expand(self, node.args)
        return self.add(self._checked(node)) if node.name in ROOTS else node

    def _checked(self, call: Call) -> Call:
        kept = KEPT.get(call.name)
        arity = {"integ": 2, "initial": 1, "active initial": 2}.get(call.name, 3)
        arity = kept.count if kept else 1 if call.name in COMPUTED else arity
        check_arity(call.name, len(call.args), (arity, arity))
        if kept and kept.time is not None:
            time = constant_value(self._model, call.args[kept.time])
            if time is not None and time < 0:
                raise ModelError(f"delay time is {time:g}", remedy="it must be 0 or above")
        return call

    # --- the Maker interface for stateful builtins --------------------------------------------

    def add(self, expr: Expr) -> Expr:
        """See `functions.base.Maker.add`."""
        if isinstance(expr, Num | Ref):
            return expr
        return self._hidden(lambda _: expr)

    def stock(self, initial: Expr, net: Callable[[Expr], Expr]) -> Expr:
        """See `functions.base.Maker.stock`."""
        return self._hidden(lambda me: Call("integ", (net(me), initial)))

    def held(self, initial: Expr, becomes: Callable[[Expr], Expr]) -> Expr:
        """See `functions.base.Maker.held`."""
        step = Ref(names.TIME_STEP)
        return self._hidden(lambda me: Call("delay fixed", (becomes(me), step, initial)))

    def along(self, expr: Expr, what: str) -> tuple[list[Expr], list[Expr]]:
        """See `functions.base.Maker.along`."""
        dims, variable = self._model.dimensions, None
        if isinstance(expr, Ref) and expr.subs:
            variable = self._model.variables.get(expr.name)
        if not isinstance(expr, Ref) or variable is None or len(variable.dims) != len(expr.subs):
            raise ModelError(
                f"{what} expects a variable with a subscript at the end",
                remedy="give the expression a variable of its own",
            )
        last = expr.subs[-1]
        elements = dims[last if last in dims else variable.dims[-1]].elements
        values: list[Expr] = [Ref(expr.name, (*expr.subs[:-1], e)) for e in elements]
        if last not in dims:
            return values, [Num(float(e == last)) for e in elements]
        own = self._equation.subs
        left = last if last in own else own[-1] if own else ""
        return values, [Binary("=", Ref(left), Ref(e)) if left else Num(0.0) for e in elements]

    def elements(self, expr: Expr, back: int, what: str) -> tuple[str, ...]:
        """See `functions.base.Maker.elements`."""
        dims = self._model.dimensions
        variable = self._model.variables.get(expr.name) if isinstance(expr, Ref) else None
        if variable is None or not isinstance(expr, Ref) or len(expr.subs) != len(variable.dims):
            raise ModelError(
                f"{what} expects a subscripted variable",
                remedy="give the expression a variable of its own",
            )
        sub = expr.subs[-back]
        return dims[sub if sub in dims else variable.dims[-back]].elements

    def own(self, back: int, what: str) -> list[Expr]:
        """See `functions.base.Maker.own`."""
        dims, subs = self._model.dimensions, self._equation.subs
        if len(subs) < back:
            raise ModelError(
                f"{what} needs {counted(back, 'subscript')} on the left, got {len(subs)}",
                remedy=f"write {self._variable.name}[range, ...] =",
            )
        sub = subs[-back]
        if sub in dims:
            return [Binary("=", Ref(sub), Ref(e)) for e in dims[sub].elements]
        return [Num(float(e == sub)) for e in dims[self._variable.dims[-back]].elements]

    def lookup(self, expr: Expr, what: str) -> None:
        """See `functions.base.Maker.lookup`."""
        variable = self._model.variables.get(expr.name) if isinstance(expr, Ref) else None
        if variable is None or variable.role != "lookup":
            raise ModelError(
                f"the {what} must be the name of a lookup",
                remedy="give its points a variable of their own",
            )

    def constant(self, expr: Expr) -> float | None:
        """See `functions.base.Maker.constant`."""
        return constant_value(self._model, expr)

    def met(self, name: str, last: str) -> frozenset[float] | None:
        """See `functions.base.Maker.met`."""
        dims, out = self._model.dimensions, set[float]()
        for equation in self._model.variables[name].equations:
            expr, sign = equation.expr, 1.0
            if not is_constant(expr):
                return None
            if isinstance(expr, Unary):
                expr, sign = expr.x, -1.0
            assert isinstance(expr, Array | Num)
            values = expr.values if isinstance(expr, Array) else (expr.value,)
            inside = dims[equation.subs[-1]].elements if equation.subs[-1] in dims else (last,)
            if equation.subs[-1] not in (*dims, last) or last not in inside:
                continue
            apart = len(inside) if len(values) % len(inside) == 0 else 1
            out |= {sign * v for v in values[inside.index(last) % apart :: apart]}
        return frozenset(out)

    def shared(self, expr: Expr) -> Expr:
        """See `functions.base.Maker.shared`."""
        subs = self._equation.subs
        used = {s for n in walk(expr) if isinstance(n, Ref | Call) for s in (*n.subs, n.name)}
        if not subs or subs[-1] in used or self._equation.excepts:
            return self.add(expr)
        return self._hidden(lambda _: expr, subs[:-1])

    def number(self, expr: Expr, what: str) -> float:
        """See `functions.base.Maker.number`."""
        value = constant_value(self._model, expr)
        if value is None:
            raise ModelError(
                f"the {what} must be a number or a constant", remedy="it shapes the model itself"
            )
        if not 1 <= value <= limits.ORDER:
            raise ModelError(
                f"{what} {value:g} is outside 1 to {limits.ORDER}: too large or too small",
                remedy="use a lower order" if value > limits.ORDER else "use 1 or more",
            )
        return value

    def most(self, expr: Expr, what: str) -> int:
        """See `functions.base.Maker.most`."""
        most = bounds(self._model, expr)[1]
        if not most < limits.ORDER + 0.5:
            limit = "none that is known" if most == math.inf else f"{most:g}"
            raise ModelError(
                f"the {what} changes, and its limit is {limit}; at most {limits.ORDER}",
                remedy=f"write MIN(..., 12) or so for the {what}",
            )
        return max(1, math.floor(most + 0.5))

    def nonzero(self, expr: Expr, what: str) -> Expr:
        """See `functions.base.Maker.nonzero`."""
        value = constant_value(self._model, expr)
        if value is not None and value <= 0:
            raise ModelError(f"{what} is {value:g}", remedy="it must be above 0")
        return expr

    def _hidden(
        self, equation: Callable[[Expr], Expr], subs: tuple[str, ...] | None = None
    ) -> Expr:
        name = f"{self._prefix}{next(self._count)}"
        subs = self._equation.subs if subs is None else subs
        me = Ref(names.canonical(name), subs)
        made = Equation(equation(me), subs, self._equation.excepts, self._equation.line)
        v = self._variable
        doc = f"Part of the equation of {v.name}."
        self.added[me.name] = Variable(
            name, (made,), "", doc, dims=v.dims[: len(subs)], group=v.group, hidden=True
        )
        return me


def _substituting(at: dict[str, str]) -> Callable[[Expr], Expr]:
    def change(node: Expr) -> Expr:
        if isinstance(node, Ref) and any(s in at for s in node.subs):
            return Ref(node.name, tuple(at.get(s, s) for s in node.subs))
        if isinstance(node, Call) and any(s in at for s in node.subs):
            return Call(node.name, node.args, tuple(at.get(s, s) for s in node.subs))
        if isinstance(node, Ref) and f"{node.name}!" in at:
            return Ref(at[f"{node.name}!"])
        return node

    return change
