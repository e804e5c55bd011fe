"""XMILE's macros (1.0, 3.6) as bodies for `sdsim.readers.macros` to expand."""

from __future__ import annotations

from functools import reduce

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary
from sdsim.readers.macros import Body
from sdsim.readers.scan import Entry, Macro
from sdsim.readers.xmile.document import Element
from sdsim.readers.xmile.equations import Meaning, Spot
from sdsim.readers.xmile.grammar import parse_equations
from sdsim.readers.xmile.scopes import plain
from sdsim.readers.xmile.tables import table_of


def body_of(macro: Element, meaning: Meaning, file: str, apart: str = "") -> Body:
    """A macro with the expressions of its variables; its own equation is under its name.

    apart : see `sdsim.readers.xmile.specs.apart`.

    Raises
    ------
    ModelError : an equation that cannot be read, by file, line and variable.
    """
    label = plain(macro.get("name"))
    inputs = tuple(plain(q.text) for q in macro.all("parm"))
    inner = [v for block in macro.all("variables") for v in block.children if v.own]
    local = frozenset(names.canonical(n) for n in (*inputs, *(v.get("name") for v in inner), label))
    parts = [(plain(v.get("name")), v) for v in inner]
    if names.canonical(label) not in {names.canonical(n) for n, _ in parts}:
        parts.append((label, macro))
    entries, exprs = [], []
    for name, element in parts:
        try:
            expr = _expression(name, element, meaning, local)
        except ModelError as e:
            raise e.at(file=file, line=element.line, variable=name) from None
        kind = "lookup" if not element.said("eqn") else "equation"
        entries.append(Entry(name, kind, "(macro)", line=element.line))
        exprs.append(expr)
    refused = f"<sim_specs> of its own ({apart}), a run at each call" if apart else ""
    return Body(Macro(label, inputs, (), tuple(entries), macro.line), tuple(exprs), refused)


def _expression(name: str, element: Element, meaning: Meaning, local: frozenset[str]) -> Expr:
    for word in ("conveyor", "queue", "oven", "dimensions"):
        if element.first(word):
            what = f"<{word}> in a macro is not supported in this version"
            raise UnsupportedError(what, remedy="write it outside the macro")
    said = element.first("eqn")
    if said is None or not said.text.strip():
        if element.tag == "gf" or element.first("gf"):
            return table_of(element)
        raise ModelError("has no equation", remedy="write one")
    own = names.canonical(name)
    expr = meaning.meant(parse_equations(said.text, said.line)[0], Spot(own=own, local=local))
    if element.tag == "stock":
        flows = [
            (op, Ref(names.canonical(plain(f.text))))
            for tag, op in (("inflow", "+"), ("outflow", "-"))
            for f in element.all(tag)
        ]
        net: Expr = reduce(lambda a, f: Binary(f[0], a, f[1]), flows, Num(0.0))  # type: ignore[arg-type, return-value]
        if element.flag("non_negative"):
            floor = Unary("-", Binary("/", Ref(own), Ref(names.TIME_STEP)))
            net = Call("max", (net, floor))
        return Call("integ", (net, expr))
    if element.first("gf"):
        expr = Call("with lookup", (expr, table_of(element)))
    return Call("max", (expr, Num(0.0))) if element.flag("non_negative") else expr
