"""Stocks and the limits on their flows: net flows, non-negative stocks, conveyors.

Outflows of a non-negative stock are limited to its content plus its inflows (isee's help, Flow
prioritization): the first outflow listed takes from ``stock / dt + inflows``, the next from what
is left. An inflow that depends on the outflow itself is not counted, to avoid a loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError, counted, one_line, some
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary
from sdsim.readers.scan import Entry
from sdsim.readers.xmile.conveyors import Belt, belt_of
from sdsim.readers.xmile.depends import Graph
from sdsim.readers.xmile.document import Element
from sdsim.readers.xmile.equations import Meaning, Spot
from sdsim.readers.xmile.grammar import parse_equations
from sdsim.readers.xmile.scopes import Placed, resolved

Made = tuple[Entry, Expr]
_OTHERS = ("queue", "oven")


class Flows:
    """The stocks of one file with their flows."""

    def __init__(
        self, root: Element, found: Mapping[str, Placed], meaning: Meaning, notes: list[str]
    ) -> None:
        self.found, self.meaning, self.notes = found, meaning, notes
        self.behaviour = _defaults(root)
        self.stocks = {k: p for k, p in found.items() if p.element.tag == "stock" and not p.given}
        self.sources: dict[str, list[str]] = {}
        for key, p in self.stocks.items():
            for flow in self._names(p, "outflow"):
                self.sources.setdefault(flow, []).append(key)
        self._listed()
        self.belts = {k for k, p in self.stocks.items() if p.element.first("conveyor")}

    def driven(self, key: str) -> bool:
        """Whether a conveyor determines the flow."""
        return any(s in self.belts for s in self.sources.get(key, ()))

    def _listed(self) -> None:
        """Check that a stock lists each flow once (XMILE 1.0, 4.2: one <inflow> for each flow); a
        flow listed twice is ambiguous, and the file is refused.

        A flow listed by several stocks has more ends than a pipe, but its effect is clear: each
        stock's own list is its balance. Such files come from tools in which one rate may feed
        several stocks, so they are read, with a note.
        """
        for tag, verb in (("inflow", "enters"), ("outflow", "leaves")):
            ends: dict[str, list[str]] = {}
            for p in self.stocks.values():
                met: dict[str, Element] = {}
                for f in p.element.all(tag):
                    said = f.text.strip()
                    key = resolved(said, p.scope.prefix, self.found) or names.canonical(said)
                    if met.setdefault(key, f) is not f:
                        what = f"lists the {tag} '{one_line(said, 80)}' twice"
                        raise ModelError(what, remedy="delete one", line=f.line, variable=p.name)
                    ends.setdefault(key, []).append(p.name)
            self.notes += [
                f"flow '{self.found[key].name}' {verb} {counted(len(of), 'stock')} ({some(of)}); "
                "each counts it in full"
                for key, of in ends.items() if len(of) > 1 and key in self.found
            ]  # fmt: skip

    def whole(self, p: Placed, expr: Expr, spot: Spot) -> Expr:
        """The right-hand side of a variable whose own equation is ``expr``."""
        element = p.element
        for word in _OTHERS:
            if element.first(word):
                raise UnsupportedError(
                    f"<{word}> is not supported in this version",
                    remedy="write it with stocks and delays",
                )
        if element.tag == "stock":
            return self._stock(p, expr, spot)
        start = element.first("init_eqn")
        if start is not None and start.text.strip():
            at_start = self.meaning.meant(parse_equations(start.text, start.line)[0], spot)
            expr = Call("active initial", (expr, at_start))
        if element.tag == "flow" and self._not_negative(element):
            expr = Call("max", (expr, Num(0.0)))
        return expr

    def _stock(self, p: Placed, initial: Expr, spot: Spot) -> Expr:
        net: Expr | None = None
        for tag, op in (("inflow", "+"), ("outflow", "-")):
            for flow in p.element.all(tag):
                # A name, with any characters that a name may have, or one with subscripts.
                text = flow.text.strip()
                key = resolved(text, p.scope.prefix, self.found)
                one = self.meaning.meant(
                    Ref(text) if key else parse_equations(text, flow.line)[0], spot
                )
                if isinstance(one, Ref) and one.subs and len(one.subs) == len(spot.subs):
                    one = Ref(one.name, spot.subs)
                if net is None:
                    net = one if op == "+" else Unary("-", one)
                else:
                    net = Binary(op, net, one)
        net = net or Num(0.0)
        if self._not_negative(p.element) and spot.own not in self.belts:
            floor = Unary("-", Binary("/", Ref(spot.own, spot.subs), Ref(names.TIME_STEP)))
            net = Call("max", (net, floor))
        return Call("integ", (net, initial))

    def _not_negative(self, element: Element) -> bool:
        own = element.flag("non_negative")
        return self.behaviour.get(element.tag, False) if own is None else own

    def _names(self, p: Placed, tag: str) -> list[str]:
        """The flows of a stock that are variables, by canonical full name."""
        found = (resolved(f.text.strip(), p.scope.prefix, self.found) for f in p.element.all(tag))
        return [key for key in found if key is not None]

    # --- limits on flows ----------------------------------------------------------------------

    def connected(self, made: Sequence[Made]) -> list[Made]:
        """The entries with the limits that stocks impose on their flows.

        Raises
        ------
        ModelError : conveyors of a kind that is not supported.
        """
        by_key: dict[str, list[Made]] = {}
        for entry, expr in made:
            by_key.setdefault(entry.key, []).append((entry, expr))
        graph = Graph({k: [x for _, x in parts] for k, parts in by_key.items()})
        belts: dict[str, Belt] = {}
        limits: dict[str, Expr] = {}
        for key in self.belts:
            try:
                belts[key] = self._belt(self.stocks[key], by_key, graph)
            except ModelError as e:
                p = self.stocks[key]
                raise e.at(line=p.element.line, variable=p.name) from None
            limits |= belts[key].flows
        cut = {
            key: self._ranked(key, p, by_key, graph) for key, p in self.stocks.items()
            if key not in belts and self._not_negative(p.element)
        }  # fmt: skip
        for key, outflows in cut.items():
            self._cut(key, outflows, graph, limits)
        for belt in belts.values():
            self._admit(belt, by_key, limits)
        out = [m for k, parts in by_key.items() for m in self._limited(k, parts, limits)]
        return [*out, *(m for belt in belts.values() for m in belt.entries)]

    def _ranked(
        self, key: str, p: Placed, by_key: Mapping[str, list[Made]], graph: Graph
    ) -> dict[str, bool]:
        """The outflows of a stock in order of priority, and whether each is limited to what is
        left: the listed order, but none before those that it depends on."""
        dims = self.meaning.arrays.get(key, ())
        outflows: list[str] = []
        cut: dict[str, bool] = {}
        for flow in self._names(p, "outflow"):
            why = self._uncut(flow, key, dims, by_key, graph)
            cut[flow] = not why
            if why:
                self.notes.append(
                    f"'{p.name}' is held at 0; its outflow '{self.found[flow].name}' is not cut, "
                    f"as {why}"
                )
            at = next((n for n, o in enumerate(outflows) if graph.reaches(o, flow)), len(outflows))
            outflows.insert(at, flow)
        for n, flow in enumerate(outflows):
            for other in outflows[:n] if cut[flow] else ():
                graph.add(flow, other)
        return {flow: cut[flow] for flow in outflows}

    def _cut(
        self, key: str, outflows: Mapping[str, bool], graph: Graph, limits: dict[str, Expr]
    ) -> None:
        """Limit an outflow. Inflow during the step counts as available (Stella's help, Flow
        prioritization) unless it depends on the outflow: if two stocks feed each other, one of them
        gives only from what it had."""
        p, dims = self.stocks[key], self.meaning.arrays.get(key, ())
        before: list[Expr] = []
        for flow, cut in outflows.items():
            if cut:
                there: Expr = Binary("/", Ref(key, dims), Ref(names.TIME_STEP))
                for inflow in self._names(p, "inflow"):
                    if self.meaning.arrays.get(inflow, ()) != dims or inflow == flow:
                        continue
                    if graph.reaches(inflow, flow):
                        out, into = self.found[flow].name, self.found[inflow].name
                        self.notes.append(
                            f"'{out}' is cut to what '{p.name}' had before the step, without "
                            f"'{into}', which depends on it"
                        )
                        continue
                    there = Binary("+", there, Ref(inflow, dims))
                    graph.add(flow, inflow)
                for other in before:
                    there = Binary("-", there, other)
                wanted = limits.get(flow, Ref(_wanted(self.found[flow].name), dims))
                limits[flow] = Call("min", (wanted, Call("max", (there, Num(0.0)))))
            before.append(Ref(flow, dims))

    def _uncut(
        self, flow: str, stock: str, dims: tuple[str, ...], by_key: Mapping[str, list[Made]],
        graph: Graph,
    ) -> str:  # fmt: skip
        """Why an outflow cannot be limited; empty if it can."""
        if self.sources[flow] != [stock]:
            return "it leaves several stocks"
        if self.found[flow].element.tag != "flow" or self.found[flow].given:
            return "it is no flow"
        if self.meaning.arrays.get(flow, ()) != dims:
            return "it has other dimensions"
        if graph.starts_from(stock, flow):
            return "the stock's initial value depends on it"
        return ""

    def _belt(self, p: Placed, by_key: Mapping[str, list[Made]], graph: Graph) -> Belt:
        outflows = [self.found[k] for k in self._names(p, "outflow")]
        for flow in outflows:
            if len(self.sources[names.canonical(flow.name)]) > 1:
                what = f"its outflow '{flow.name}' leaves several stocks"
                raise ModelError(what, remedy="give each its own outflow")
        return belt_of(
            p, self._names(p, "inflow"), outflows, by_key[names.canonical(p.name)],
            self.meaning, graph,
        )  # fmt: skip

    def _admit(self, belt: Belt, by_key: Mapping[str, list[Made]], limits: dict[str, Expr]) -> None:
        """Limit a conveyor's inflows: nothing flows back, nor in beyond what it admits."""
        before: list[Expr] = []
        for flow in belt.inflows:
            if self.driven(flow) or self.found[flow].element.tag != "flow":
                continue
            wanted = limits.get(flow, Ref(_wanted(self.found[flow].name), belt.dims))
            admitted: Expr = Call("max", (wanted, Num(0.0)))
            for room in belt.rooms:
                left = room
                for other in before:
                    left = Binary("-", left, other)
                admitted = Call("min", (admitted, Call("max", (left, Num(0.0)))))
            limits[flow] = admitted
            before.append(Ref(flow, belt.dims))

    def _limited(self, key: str, parts: list[Made], limits: Mapping[str, Expr]) -> list[Made]:
        if key not in limits:
            return parts
        first = parts[0][0]
        dims = self.meaning.arrays.get(key, ())
        whole = replace(first, kind="equation", text="(limited)", subs=dims, excepts=())
        out: list[Made] = [(whole, limits[key])]
        if not self.driven(key):
            wanted = _wanted(first.label)
            out += [(replace(e, name=wanted, hidden=True, doc=""), x) for e, x in parts]
        return out


def _wanted(label: str) -> str:
    """The name of the variable that holds a flow's own equation."""
    return names.canonical(f"{label}>wanted#")


def _defaults(root: Element) -> dict[str, bool]:
    """The defaults that <behavior> sets for all stocks and for all flows."""
    out: dict[str, bool] = {}
    for part in (root, *root.all("model")):
        for block in part.all("behavior"):
            for tag in ("stock", "flow"):
                kind = block.first(tag)
                said = kind.flag("non_negative") if kind else None
                said = block.flag("non_negative") if said is None else said
                if said is not None:
                    out[tag] = said
    return out
