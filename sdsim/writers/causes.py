"""The contents of a model's diagram, view by view: stocks, their flows, and causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sdsim.base import names
from sdsim.ir.expr import Binary, Call, Expr, Ref, Unary, walk
from sdsim.ir.model import Model, Variable

#: The view of variables without a group.
REST = "Model"


@dataclass
class Page:
    """The contents of one view, by canonical name.

    own : the variables that are at home here, in the order of the file.
    flows : (from stock, to stock) of each flow at home here; None is a cloud.
    causes : what each of ``own`` reads, but for the flows of a stock that are drawn as pipes.
    """

    name: str
    own: list[str] = field(default_factory=list)
    flows: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    causes: dict[str, list[str]] = field(default_factory=dict)
    stocks: set[str] = field(default_factory=set)


def pages(model: Model, hidden: bool = True) -> list[Page]:
    """A page for each group, in file order; control variables are left out.

    hidden : whether the parts of macros are shown; if not, what they read takes their place.
    """
    shown = {
        k: v for k, v in model.variables.items()
        if k not in names.CONTROL and (hidden or not v.hidden)
    }  # fmt: skip
    stocks = {k for k, v in shown.items() if _net(v)}
    home = {k: v.group or REST for k, v in shown.items()}
    ends = _ends({k: shown[k] for k in shown if k in stocks}, shown, stocks)
    for flow, both in ends.items():
        at = [home[s] for s in both if s is not None]
        if home[flow] not in at:
            home[flow] = at[0]
    out = {name: Page(name) for name in dict.fromkeys(v.group or REST for v in shown.values())}
    for key, variable in shown.items():
        page = out[home[key]]
        page.own.append(key)
        if key in stocks:
            page.stocks.add(key)
        page.causes[key] = _read(variable, key, model, hidden)
    for flow, both in ends.items():
        page = out[home[flow]]
        start, end = (s if s is not None and home[s] == page.name else None for s in both)
        page.flows[flow] = (start, end)
        for stock in (s for s in (start, end) if s is not None):
            page.causes[stock].remove(flow)
    return [page for page in out.values() if page.own]


def _net(variable: Variable) -> list[Expr]:
    """The net flows of a stock."""
    roots = [e.expr for e in variable.equations]
    return [r.args[0] for r in roots if isinstance(r, Call) and r.name == "integ"]


def _ends(
    stocks: Mapping[str, Variable], shown: Mapping[str, Variable], known: set[str]
) -> dict[str, tuple[str | None, str | None]]:
    """The stocks at the ends of each flow; the first found, if there are several."""
    out: dict[str, tuple[str | None, str | None]] = {}
    for key, stock in stocks.items():
        for net in _net(stock):
            for name, inwards in _signed(net):
                if name not in shown or name in known or shown[name].role != "equation":
                    continue
                start, end = out.get(name, (None, None))
                if key in (start, end):
                    continue
                if inwards:
                    end = end or key
                else:
                    start = start or key
                out[name] = (start, end)
    return out


def _signed(net: Expr) -> Iterator[tuple[str, bool]]:
    """The plain terms of a sum, and whether they are added; bounds are seen through."""
    stack = [(net, True)]
    while stack:
        node, inwards = stack.pop()
        match node:
            case Ref(name, _):
                yield name, inwards
            case Unary("-", x):
                stack.append((x, not inwards))
            case Binary("+", a, b):
                stack += [(b, inwards), (a, inwards)]
            case Binary("-", a, b):
                stack += [(b, not inwards), (a, inwards)]
            case Call("max" | "min", args):
                stack.append((args[0], inwards))


def _read(variable: Variable, key: str, model: Model, hidden: bool) -> list[str]:
    """What a variable reads, each once; itself and dimensions are no causes."""
    found: dict[str, None] = {}
    open_, seen = [variable], {key}
    for one in open_:
        for equation in one.equations:
            for node in walk(equation.expr):
                if not isinstance(node, Ref | Call) or node.name == key:
                    continue
                other = model.variables.get(node.name)
                if other is None:
                    if node == Ref(names.TIME):
                        found[names.TIME] = None
                elif hidden or not other.hidden:
                    found[node.name] = None
                elif node.name not in seen:
                    seen.add(node.name)
                    open_.append(other)
    return list(found)
