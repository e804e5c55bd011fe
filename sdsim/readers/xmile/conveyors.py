"""Conveyors (XMILE 1.0, 4.2.1; isee's help, Computational details), built from fixed delays.

Material travels for ``len`` and leaves: the outflow is the inflow of ``n`` steps ago, n = len / dt
rounded. With leakage, material that entered with volume A loses

    linear       A * f / n each step: f of it when it leaves
    exponential  f * dt of what was left each step: 1 - (1 - f dt)^n when it leaves

At the start the belt is filled as if the first inflow had always been constant. A leakage fraction
may change during a run and then applies to everything on the belt; the transit time may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, minus, over, plus, times
from sdsim.readers.scan import Entry
from sdsim.readers.xmile.depends import Graph
from sdsim.readers.xmile.document import Element
from sdsim.readers.xmile.equations import Meaning, Spot
from sdsim.readers.xmile.grammar import bare, parse_equations
from sdsim.readers.xmile.scopes import Placed

_DT, _ONE = Ref(names.TIME_STEP), Num(1.0)
#: The least share that remains after a step of exponential leakage.
_LEAST = Num(1e-12)


@dataclass
class Belt:
    """An expanded conveyor.

    flows : the equations of its outflows.   entries : hidden variables.
    rooms : upper limits of the inflow, each a rate.
    """

    dims: tuple[str, ...]
    inflows: list[str]
    flows: dict[str, Expr] = field(default_factory=dict)
    entries: list[tuple[Entry, Expr]] = field(default_factory=list)
    rooms: list[Expr] = field(default_factory=list)


def belt_of(
    p: Placed, inflows: Sequence[str], outflows: Sequence[Placed],
    stock: Sequence[tuple[Entry, Expr]], meaning: Meaning, graph: Graph,
) -> Belt:  # fmt: skip
    """Expand a conveyor with its flows (inflows by canonical full name).

    stock : the entries of the stock itself.

    Raises
    ------
    UnsupportedError : discrete conveyors, arrest, leak zones, transit times that change.
    ModelError : no transit time, no outflow, or several that are not leaks.
    """
    return _Maker(p, list(inflows), stock, meaning, graph).made(outflows)


class _Maker:
    def __init__(
        self, p: Placed, inflows: list[str], stock: Sequence[tuple[Entry, Expr]],
        meaning: Meaning, graph: Graph,
    ) -> None:  # fmt: skip
        self.p, self.meaning, self.graph, self.stock = p, meaning, graph, stock
        self.key = names.canonical(p.name)
        self.dims = meaning.arrays.get(self.key, ())
        self.spot = Spot(p.scope.prefix, self.key, self.dims, self.dims)
        found = p.element.first("conveyor")
        assert found is not None
        self.conveyor: Element = found
        self.belt = Belt(self.dims, inflows)

    def made(self, outflows: Sequence[Placed]) -> Belt:
        self.check(outflows)
        leaks = [f for f in outflows if f.element.first("leak")]
        (primary,) = (f for f in outflows if f not in leaks)
        # The number of steps, the volume at the start, and what enters.
        length = self.said(self.conveyor, "len")
        if length is None:
            raise ModelError("a conveyor without <len>", remedy="say how long things travel")
        if not self.graph.settled(length):
            raise UnsupportedError(
                "a conveyor's transit time that changes during the run is not supported",
                remedy="give <len> a constant",
            )
        steps = Call("int", (plus(over(length, _DT), Num(0.5)),))
        n = self.hidden("steps", Call("max", (_ONE, steps)))
        start = self.hidden_each("start")
        entering: Expr = Num(0.0)
        for k, flow in enumerate(self.belt.inflows):
            one = Ref(flow, self.dims)
            entering = plus(entering, one) if k else one
        if self.conveyor.get("exponential_leak").lower() == "true" and leaks:
            out = self.exponential(n, start, entering, leaks)
        else:
            out = self.linear(n, start, entering, leaks)
        self.belt.flows[names.canonical(primary.name)] = out
        leaving: Expr = Ref(names.canonical(primary.name), self.dims)
        for leak in leaks:
            leaving = plus(leaving, Ref(names.canonical(leak.name), self.dims))
        capacity = self.said(self.conveyor, "capacity")
        if capacity is not None:
            room = over(minus(capacity, Ref(self.key, self.dims)), _DT)
            self.belt.rooms.append(plus(room, leaving))
        limit = self.said(self.conveyor, "in_limit")
        if limit is not None:
            self.belt.rooms.append(limit)
        return self.belt

    def check(self, outflows: Sequence[Placed]) -> None:
        def leaking(flow: Placed) -> bool:
            return flow.element.first("leak") is not None

        for flow in (self.meaning.found[k] for k in self.belt.inflows):
            spread = {v for k, v in flow.element.attributes.items() if k.endswith("spreadflow")}
            if spread - {"", "beginning", "source"} or (spread & {"source"} and leaking(flow)):
                what = f"inflows spread along a conveyor ('{flow.name}') are not supported"
                raise UnsupportedError(what, remedy="let them enter at its beginning")
        for flow in (*outflows, *(self.meaning.found[k] for k in self.belt.inflows)):
            if self.meaning.arrays.get(names.canonical(flow.name), ()) != self.dims:
                what = f"'{flow.name}' has other dimensions than the conveyor"
                raise ModelError(what, remedy="give both the same")
        if self.conveyor.get("discrete").lower() == "true":
            what = "discrete conveyors are not supported in this version"
            remedy = 'leave out discrete="true" for one that is not, whose numbers are others'
            raise UnsupportedError(what, remedy=remedy)
        if bare(self.conveyor.said("arrest")) not in ("", "0"):
            what = "conveyors that are arrested are not supported in this version"
            raise UnsupportedError(what, remedy="leave out <arrest>")
        plain = [f for f in outflows if not f.element.first("leak")]
        if len(plain) != 1:
            raise ModelError(
                f"a conveyor with {len(plain)} outflows that are not leaks",
                remedy="give it one, and mark the others <leak/>",
            )
        for flow in outflows:
            if flow.element.first("leak_integers"):
                what = f"leakage in whole units ('{flow.name}') is not supported"
                raise UnsupportedError(what, remedy="leave out <leak_integers/>")
            zone = [flow.element.get("leak_start", "0"), flow.element.get("leak_end", "1")]
            if [z.strip().rstrip("0").rstrip(".") or "0" for z in zone] != ["0", "1"]:
                what = f"leak zones ('{flow.name}') are not supported"
                raise UnsupportedError(what, remedy="let it leak from 0 to 1")

    # --- the two ways to leak -----------------------------------------------------------------

    def linear(self, n: Expr, start: Expr, entering: Expr, leaks: Sequence[Placed]) -> Expr:
        """The outflow; also sets the flows of the leaks."""
        travel = self.hidden("travel", times(n, _DT))
        shares = self.fractions(leaks, at_most_one=True)
        if not leaks:
            return self.delayed("leaving", entering, travel, over(start, travel))
        total = self.hidden("leak", self.total(shares))
        first = self.hidden("first leak", Call("initial", (total,)))
        lost = times(first, over(minus(n, _ONE), Num(2.0)))
        volume = self.hidden("volume", over(start, minus(n, lost)))
        gone = self.delayed("old", entering, travel, over(volume, _DT))
        # Everything on the belt, including what it has lost: each step takes the same part of it.
        whole = self.hidden("entered", Call("integ", (minus(entering, gone), times(volume, n))))
        for leak, share in zip(leaks, shares, strict=True):
            self.belt.flows[names.canonical(leak.name)] = over(times(share, whole), travel)
        left: Expr = minus(_ONE, first)
        if not self.graph.settled(self.total(shares)):
            more = minus(total, first)
            since = self.hidden("more leak", Call("integ", (more, Num(0.0))))
            now = self.hidden("leak by now", plus(since, times(more, _DT)))
            then = self.delayed("leak by then", now, travel, Num(0.0))
            left = minus(left, over(minus(now, then), travel))
        return times(gone, left)

    def exponential(self, n: Expr, start: Expr, entering: Expr, leaks: Sequence[Placed]) -> Expr:
        """The same for exponential leakage, where a share of what is left leaks."""
        travel = self.hidden("travel", times(n, _DT))
        shares = self.fractions(leaks, at_most_one=False)
        total = self.hidden("leak", self.total(shares))
        keep = Call("max", (minus(_ONE, times(total, _DT)), _LEAST))
        stays = self.hidden("stays", keep)
        first = self.hidden("first stays", Call("initial", (stays,)))
        survive = self.hidden("survives", Binary("^", first, n))
        shrunk = over(times(start, minus(_ONE, first)), minus(_ONE, survive))
        same = Binary("=", first, _ONE)
        volume = self.hidden("volume", Call("if then else", (same, over(start, n), shrunk)))
        gone = self.delayed("old", entering, travel, over(volume, _DT))
        part = over(minus(_ONE, stays), Call("max", (times(total, _DT), Num(1e-300))))
        for leak, share in zip(leaks, shares, strict=True):
            flow = times(times(share, part), Ref(self.key, self.dims))
            self.belt.flows[names.canonical(leak.name)] = flow
        if self.graph.settled(self.total(shares)):
            return times(gone, survive)
        more = minus(Call("ln", (stays,)), Call("ln", (first,)))
        since = self.hidden("more", Call("integ", (over(more, _DT), Num(0.0))))
        now = self.hidden("by now", plus(since, more))
        then = self.delayed("by then", now, travel, Num(0.0))
        return times(times(gone, survive), Call("exp", (minus(now, then),)))

    def fractions(self, leaks: Sequence[Placed], at_most_one: bool) -> list[Expr]:
        """The fraction of each leak; linear ones take no more than the others leave."""
        out: list[Expr] = []
        for leak in leaks:
            said = self.said(leak.element, "leak") or self.said(leak.element, "eqn") or Num(0.0)
            share: Expr = Call("max", (said, Num(0.0)))
            if at_most_one:
                left: Expr = _ONE
                for other in out:
                    left = minus(left, other)
                share = Call("min", (share, Call("max", (left, Num(0.0)))))
            out.append(share if isinstance(said, Num) else self.named(leak, share))
        return out

    def named(self, leak: Placed, share: Expr) -> Expr:
        label = f"{leak.name}>fraction#"
        entry = Entry(label, "equation", "(leak)", self.dims, line=leak.element.line, hidden=True)
        self.belt.entries.append((entry, share))
        self.graph.know(entry.key, share)
        return Ref(entry.key, self.dims)

    @staticmethod
    def total(shares: Sequence[Expr]) -> Expr:
        out: Expr = shares[0] if shares else Num(0.0)
        for share in shares[1:]:
            out = plus(out, share)
        return out

    # --- parts --------------------------------------------------------------------------------

    def said(self, element: Element, tag: str) -> Expr | None:
        found = element.first(tag)
        if found is None or not bare(found.text):
            return None
        return self.meaning.meant(parse_equations(found.text, found.line)[0], self.spot)

    def hidden(self, label: str, expr: Expr) -> Expr:
        """A reference to a new variable."""
        line = self.conveyor.line
        name = f"{self.p.name}>{label}#"
        entry = Entry(name, "equation", "(conveyor)", self.dims, line=line, hidden=True)
        self.belt.entries.append((entry, expr))
        return Ref(entry.key, self.dims)

    def hidden_each(self, label: str) -> Expr:
        """The stock's initial value; its equations may differ between elements."""
        name = f"{self.p.name}>{label}#"
        for entry, expr in self.stock:
            assert isinstance(expr, Call)
            made = Entry(
                name, "equation", "(conveyor)", entry.subs, entry.excepts, line=entry.line,
                hidden=True,
            )  # fmt: skip
            self.belt.entries.append((made, Call("initial", (expr.args[1],))))
        return Ref(names.canonical(name), self.dims)

    def delayed(self, label: str, x: Expr, travel: Expr, before: Expr) -> Expr:
        return self.hidden(label, Call("delay fixed", (x, travel, before)))
