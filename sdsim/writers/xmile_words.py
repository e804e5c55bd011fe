"""Functions that XMILE spells differently, and parts it requires: flows of stocks, tables.

Functions that XMILE lacks are written under Vensim's name in the namespace ``vensim``, as XMILE
requires of vendors' functions (XMILE 1.0, 3.5 and 3.2.2.3).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.base.numerals import listed
from sdsim.ir.expr import Binary, Call, Expr, Lookup, Num, Ref, Unary, rewrite, walk
from sdsim.ir.model import Equation, Model, Variable
from sdsim.writers.adding import Adder, Args, Place, Row, rewritten, translated
from sdsim.writers.cells import by_cell, whole
from sdsim.writers.data import without_data_equations

_FAR = Num(1e30)


def _known(place: Place, expr: Expr) -> float | None:
    """The number that an expression is throughout, where it plainly is one."""
    if isinstance(expr, Ref) and not expr.subs:
        return number_of(place.model.variables, expr.name)
    return expr.value if isinstance(expr, Num) else None


def _fixed(name: str) -> Row:
    """DELAY if the delay time is a known number; otherwise Vensim's function."""

    def row(place: Place, a: Args) -> Expr:
        known = _known(place, a[1]) is not None
        return Call("delay fixed", a[:3]) if known else Call(name, a)

    return row


def _conveyor(place: Place, a: Args) -> Expr:
    """DELAY where the time is a number of steps, nothing leaks and the profile is flat."""
    time, first = (_known(place, a[k]) for k in (1, 5))
    step = _known(place, Ref(names.TIME_STEP))
    table = place.model.variables.get(a[3].name) if isinstance(a[3], Ref) else None
    flat = table is not None and all(
        isinstance(e.expr, Lookup) and len(set(e.expr.y)) == 1 for e in table.equations
    )
    even = time is not None and step is not None and (time / step).is_integer()
    if flat and even and time == first and a[2] == Num(0.0):
        return Call("delay fixed", (a[0], a[1], Binary("/", a[4], a[1])))
    return Call("delay conveyor", a)


ROWS: dict[str, Row] = {
    "delay material": _fixed("delay material"),
    "delay information": _fixed("delay information"),
    "delay conveyor": _conveyor,
    "log": lambda _, a: Binary("/", Call("ln", (a[0],)), Call("ln", (a[1],))),
    "power": lambda _, a: Binary("^", *a),
    "pulse": lambda _, a: Call("pulse train", (*a, _FAR, _FAR)),
    "forecast": lambda _, a: Call("forecast", (*a, Num(0.0))[:4]),
    "game": lambda _, a: a[0],
}

#: What stands in the file for a function, and the function.
OTHER = {"PULSE TRAIN": "PULSE"}


@dataclass(frozen=True)
class Said:
    """A model in the form that XMILE needs.

    flows : the names of what flows into and out of each stock.
    used : the names of the functions in the model as it was.
    """

    model: Model
    flows: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    notes: tuple[str, ...]
    used: frozenset[str] = frozenset()


def in_xmile(model: Model) -> Said:
    """The model in XMILE's functions.

    Raises
    ------
    ModelError : what XMILE cannot say, with file, line and variable.
    """
    used = frozenset(
        n.name.upper() for v in model.variables.values() for e in v.equations
        for n in walk(e.expr) if isinstance(n, Call)
    )  # fmt: skip
    model = without_data_equations(model)
    adder = Adder(model)
    model = _without_waiting(model, adder)
    made = replace(model, variables=rewritten(model, adder, _equation))
    cells = {k: _by_cell(made, v) for k, v in made.variables.items()}
    flat = replace(made, variables={**cells})
    if any(d.maps for d in flat.dimensions.values()):
        bare = {k: replace(d, maps={}) for k, d in flat.dimensions.items()}
        flat = replace(flat, dimensions=bare)
        adder.notes.append("mappings between ranges are written out, element by element")
    if flat.reality:
        which = listed([names.display(r.name) for r in flat.reality])
        adder.notes.append(f"reality checks are not written, XMILE has none: {which}")
        flat = replace(flat, reality=())
    variables, flows = _flows(flat, adder)
    return Said(replace(flat, variables=_control(variables)), flows, tuple(adder.notes), used)


def _without_waiting(model: Model, adder: Adder) -> Model:
    """The model without data variables that have no data yet, where nothing reads them."""
    waiting = {k for k, v in model.variables.items() if not v.equations}
    if waiting:
        exprs = [e.expr for v in model.variables.values() for e in v.equations]
        waiting -= {n.name for x in exprs for n in walk(x) if isinstance(n, Ref | Call)}
    if not waiting:
        return model
    which = listed([model.variables[k].name for k in model.variables if k in waiting])
    adder.notes.append(f"data variables without data, which XMILE lacks, are left out: {which}")
    return replace(model, variables={k: v for k, v in model.variables.items() if k not in waiting})


def _equation(place: Place) -> Equation:
    expr = place.equation.expr
    if isinstance(expr, Lookup):
        expr = _drawn(expr)
        if place.variable.role == "lookup":
            return replace(place.equation, expr=expr)
        place.note("its data are written as a table over time")
        return replace(place.equation, expr=Call("with lookup", (Ref(names.TIME), expr)))
    expr = rewrite(translated(place, expr, ROWS), _drawn)
    # Where one element has a table beside its equation, all have.
    top = expr if all(map(_has_table, place.variable.equations)) else None

    def change(node: Expr) -> Expr:
        if isinstance(node, Call) and node.name == "with lookup" and node is not top:
            at = place.apart(node.args[1], "table", "lookup")
            return Call(at.name, (node.args[0],), at.subs)
        if isinstance(node, Call) and node.name == "elmcount" and isinstance(node.args[0], Ref):
            dim = place.model.dimensions.get(node.args[0].name)
            return Num(float(len(dim.elements))) if dim else node
        return node

    if isinstance(top, Call) and top.name == "with lookup":
        inner = rewrite(top.args[0], change)
        return replace(place.equation, expr=Call("with lookup", (inner, top.args[1])))
    return replace(place.equation, expr=rewrite(expr, change))


def _has_table(equation: Equation) -> bool:
    expr = equation.expr
    return (
        isinstance(expr, Call) and expr.name == "with lookup" and isinstance(expr.args[1], Lookup)
    )


def _drawn(node: Expr) -> Expr:
    """A table in one of XMILE's kinds; one that looks forward holds from just after each point."""
    if not isinstance(node, Lookup):
        return node
    if node.kind == "look_forward":
        x = (node.x[0], *(math.nextafter(v, math.inf) for v in node.x[:-1]))
        return Lookup(x, node.y, "hold_backward")
    return replace(node, kind="interpolate" if node.kind == "raw" else node.kind)


def _by_cell(model: Model, variable: Variable) -> Variable:
    out: list[Equation] = []
    for equation in variable.equations:
        try:
            if whole(model, variable, equation):
                out.append(equation)
            else:
                out.extend(by_cell(model, variable, equation))
        except ModelError as error:
            raise error.at(file=model.file, line=equation.line, variable=variable.name) from None
    role = "equation" if variable.role == "data" and out else variable.role
    return replace(variable, equations=tuple(out), role=role)


def _flows(
    model: Model, adder: Adder
) -> tuple[dict[str, Variable], dict[str, tuple[tuple[str, ...], tuple[str, ...]]]]:
    """Each stock with flows that are variables; one of their own for what is no such sum."""
    variables: dict[str, Variable] = {}
    flows: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    used: set[tuple[str, bool]] = set()
    for key, variable in model.variables.items():
        variables[key] = variable
        nets = [e.expr for e in variable.equations if isinstance(e.expr, Call)]
        nets = [n for n in nets if n.name == "integ"]
        if not nets:
            continue
        if len(nets) < len(variable.equations):
            what = "a stock some of whose elements are none cannot be written in XMILE"
            raise UnsupportedError(what).at(
                file=model.file, line=variable.line, variable=variable.name
            )
        plain = _summed(model, variable) if len(nets) == 1 else None
        if plain and used.isdisjoint(marks := {(n, i == 0) for i in (0, 1) for n in plain[i]}):
            used |= marks
            flows[key] = plain
            continue
        name = names.canonical(label := adder.name(f"{variable.name} net flow"))
        equations = tuple(
            replace(e, expr=n.args[0]) for e, n in zip(variable.equations, nets, strict=True)
        )
        variables[name] = adder.added[name] = Variable(
            label, equations, doc=f"What flows into {variable.name}, less what flows out.",
            dims=variable.dims, group=variable.group,
        )  # fmt: skip
        variables[key] = replace(variable, equations=tuple(
            replace(e, expr=Call("integ", (Ref(name, e.subs), n.args[1])))
            for e, n in zip(variable.equations, nets, strict=True)
        ))  # fmt: skip
        flows[key] = ((name,), ())
    return variables, flows


def _summed(model: Model, variable: Variable) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The flows of a stock whose net flow reads: in + in - out - out; None for any other."""
    equation = variable.equations[0]
    if equation.subs != variable.dims or not isinstance(equation.expr, Call):
        return None
    net = equation.expr.args[0]
    terms: list[tuple[Expr, bool]] = []
    while isinstance(net, Binary) and net.op in "+-":
        terms.insert(0, (net.right, net.op == "+"))
        net = net.left
    if net == Num(0.0) and not terms:
        return (), ()
    if isinstance(net, Unary) and net.op == "-":
        terms.insert(0, (net.x, False))
    else:
        terms.insert(0, (net, True))
    signs = [plus for _, plus in terms]
    found = [t.name for t, _ in terms if isinstance(t, Ref) and t.subs == variable.dims]
    if signs != sorted(signs, reverse=True) or len(set(found)) < len(terms):
        return None
    for name in found:
        flow = model.variables.get(name)
        if flow is None or flow.role != "equation" or flow.dims != variable.dims or any(
            isinstance(e.expr, Call) and e.expr.name == "integ" for e in flow.equations
        ) or name in names.CONTROL:  # fmt: skip
            return None
    split = signs.count(True)
    return tuple(found[:split]), tuple(found[split:])


def _control(variables: Mapping[str, Variable]) -> dict[str, Variable]:
    """Replace control variables that are known numbers by those numbers."""
    out = dict(variables)
    for key in names.CONTROL:
        value = number_of(variables, key)
        if value is not None:
            out[key] = replace(variables[key], equations=(Equation(Num(value)),))
    return out


def number_of(variables: Mapping[str, Variable], key: str) -> float | None:
    """A control variable's number, where it is one or the name of another."""
    for _ in itertools.repeat(None, 4):
        variable = variables.get(key)
        expr = variable.equations[0].expr if variable and len(variable.equations) == 1 else None
        if isinstance(expr, Unary) and expr.op == "-" and isinstance(expr.x, Num):
            return -expr.x.value
        if isinstance(expr, Num):
            return expr.value if math.isfinite(expr.value) else None
        if not isinstance(expr, Ref):
            return None
        key = expr.name
    return None
