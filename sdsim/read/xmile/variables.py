"""Variables become entries with expressions: stocks with their flows, tables, arrays, macros."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from itertools import pairwise, product
from typing import Any

from sdsim import names
from sdsim.errors import ModelError, UnsupportedError
from sdsim.expr import Array, Binary, Call, Expr, Lookup, Num, Ref, Unary
from sdsim.model import Dimension
from sdsim.read.macros import Body, Inliner
from sdsim.read.scan import Entry, Macro
from sdsim.read.translate import Spelling
from sdsim.read.xmile.document import Element
from sdsim.read.xmile.equations import Meaning
from sdsim.read.xmile.grammar import parse
from sdsim.read.xmile.scopes import Placed, plain, resolved, scopes
from sdsim.read.xmile.specs import control

_KINDS = {"": "interpolate", "continuous": "interpolate", "extrapolate": "extrapolate",
          "discrete": "hold_backward"}  # fmt: skip
_SPECIAL = ("conveyor", "queue", "oven")
MAX_POINTS = 1_000_000


class Reader:
    """The entries of one file; `notes` collects what a user should see."""

    def __init__(self, root: Element, dims: Mapping[str, Dimension], file: str) -> None:
        self.root, self.dims, self.file = root, dims, file
        self.spelling = Spelling()
        for dim in dims.values():
            for label in (dim.name, *dim.labels):
                self.spelling.canonical(label)
        self.notes: list[str] = []
        self.placed, self.found = scopes(root, file)
        self.behaviour = _defaults(root)
        self.meaning = Meaning(
            dims, self.found,
            {k: d for k, p in self.found.items() if (d := self._dims(p.element))},
            {k: not _equation(p.element) for k, p in self.found.items() if _has_table(p.element)},
            frozenset(names.canonical(m.get("name")) for m in root.all("macro")), self.spelling,
        )  # fmt: skip

    def read(self) -> tuple[list[Entry], list[Expr]]:
        """The entries of all variables with their expressions, macros written out.

        Raises
        ------
        ModelError : see `sdsim.read.xmile.read_xmile`.
        """
        made: list[tuple[Entry, Expr]] = []
        for p in self.placed:
            try:
                made.extend(self._variable(p))
            except ModelError as e:
                raise e.at(file=self.file, line=p.element.line, variable=p.name) from None
        for key, name in self.meaning.called.items():
            element = self.found[key].element
            entry = Entry(name, "lookup", "(table)", line=element.line, hidden=True)
            made.append((entry, self._table(element)))
        there = {e.key for e, _ in made}
        made += [(e, x) for e, x in control(self.root, self.file) if e.key not in there]
        bodies = {b.key: b for b in map(self._macro, self.root.all("macro"))}
        inliner = Inliner(bodies, self.dims, self.file)
        exprs = [inliner.inline(e, x) for e, x in made]
        return [*(e for e, _ in made), *inliner.entries], [*exprs, *inliner.exprs]

    # --- one variable -------------------------------------------------------------------------

    def _dims(self, element: Element) -> tuple[str, ...]:
        block = element.first("dimensions")
        if block is None:
            return ()
        return tuple(names.canonical(d.get("name")) for d in block.all("dim"))

    def _variable(self, p: Placed) -> Iterator[tuple[Entry, Expr]]:
        element, dims = p.element, self._dims(p.element)
        for word in _SPECIAL:
            if element.first(word):
                raise UnsupportedError(
                    f"<{word}> is not supported in this version",
                    remedy="write it with stocks and delays",
                )
        for d in dims:
            if d not in self.dims:
                raise ModelError(f"no dimension called '{d}'", remedy="define it in <dimensions>")
        low, high = _range(element)
        base: dict[str, Any] = {
            "units": element.said("units"), "doc": _prose(element.said("doc")),
            "limits": (low, high),
            "group": p.scope.groups.get(names.canonical(element.get("name")), "")
            or p.scope.prefix.rstrip("."),
        }  # fmt: skip
        if p.given:
            key = p.given
            over = self.meaning.arrays.get(key, ())
            entry = Entry(p.name, "equation", "(input)", over, line=element.line, **base)
            yield entry, Ref(key, over)
            return
        own = list(element.all("element"))
        listed = list(element.all("eqn"))
        if dims and not own and len(listed) == math.prod(self._sizes(dims)) > 1:
            for subs, eqn in zip(self._cells(dims), listed, strict=True):
                part = replace(element, children=[eqn], line=eqn.line)
                yield self._made(p, part, subs, (), base)
            return
        groups = []
        for part in own:
            subs = tuple(names.canonical(plain(s)) for s in part.get("subscript").split(","))
            if len(subs) != len(dims):
                raise ModelError(
                    f"element '{part.get('subscript')}': expected {len(dims)} subscripts"
                ).at(line=part.line)
            subs = tuple(s.rpartition(".")[2] for s in subs)
            groups.append(subs)
            yield self._made(p, part, subs, (), base)
        if not own or (_equation(element) and math.prod(self._sizes(dims)) > len(own)):
            yield self._made(p, element, dims, tuple(groups), base)

    def _sizes(self, dims: tuple[str, ...]) -> list[int]:
        return [len(self.dims[d].elements) for d in dims]

    def _cells(self, dims: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        return product(*(self.dims[d].elements for d in dims))

    def _made(
        self, p: Placed, part: Element, subs: tuple[str, ...],
        excepts: tuple[tuple[str, ...], ...], base: dict[str, Any],
    ) -> tuple[Entry, Expr]:  # fmt: skip
        element = p.element
        holder = part if part.first("gf") or element.tag == "gf" else element
        table = _has_table(holder)
        said = _equation(part) or _equation(element)
        if table and not said:
            entry = Entry(p.name, "lookup", "(table)", subs, excepts, line=part.line, **base)
            return entry, self._table(holder)
        if not said.strip("? \t\n"):
            what = "has no equation" if not said else f"has no equation: '{said}'"
            raise ModelError(what, remedy="write one")
        expr = self._expression(said, p, subs)
        if table:
            expr = Call("with lookup", (expr, self._table(holder)))
        if element.tag == "stock":
            expr = self._stock(p, expr, subs)
        elif element.tag == "flow" and self._not_negative(element):
            expr = Call("max", (expr, Num(0.0)))
        return Entry(p.name, "equation", said, subs, excepts, line=part.line, **base), expr

    def _expression(self, said: str, p: Placed, subs: tuple[str, ...]) -> Expr:
        exprs = parse(said)
        own = names.canonical(p.name)
        if len(exprs) > 1:
            values = [self.meaning.meant(e, p.scope.prefix, own, subs, frozenset()) for e in exprs]
            if not all(isinstance(v, Num) or _minus(v) is not None for v in values):
                raise ModelError("a list of equations", remedy="give each element its <element>")
            numbers = tuple(v.value if isinstance(v, Num) else _minus(v) or 0.0 for v in values)
            sizes = tuple(len(self.dims[s].elements) for s in subs if s in self.dims)
            if math.prod(sizes) != len(numbers):
                raise ModelError(f"{len(numbers)} values for {math.prod(sizes)} elements")
            return Array(numbers, sizes)
        return self.meaning.meant(exprs[0], p.scope.prefix, own, subs, frozenset())

    def _stock(self, p: Placed, initial: Expr, subs: tuple[str, ...]) -> Expr:
        me = Ref(names.canonical(p.name), subs)
        net: Expr | None = None
        for tag, op in (("inflow", "+"), ("outflow", "-")):
            for flow in p.element.all(tag):
                # A name, with whatever signs a name may have, or one with subscripts.
                text = flow.text.strip()
                key = resolved(text, p.scope.prefix, self.found)
                raw = Ref(text) if key else parse(text)[0]
                one = self.meaning.meant(raw, p.scope.prefix, me.name, subs, frozenset())
                if isinstance(one, Ref) and one.subs and len(one.subs) == len(subs):
                    one = Ref(one.name, subs)
                if net is None:
                    net = one if op == "+" else Unary("-", one)
                else:
                    net = Binary(op, net, one)
        net = net or Num(0.0)
        if self._not_negative(p.element):
            floor = Unary("-", Binary("/", me, Ref(names.TIME_STEP)))
            net = Call("max", (net, floor))
            self.notes.append(
                "non-negative stocks are held at 0; what flows out is not cut, as Stella does"
            )
        return Call("integ", (net, initial))

    def _not_negative(self, element: Element) -> bool:
        own = element.first("non_negative")
        if own is not None:
            return own.text.strip().lower() != "false"
        return self.behaviour.get(element.tag, False)

    def _table(self, element: Element) -> Lookup:
        gf = element if element.tag == "gf" else element.first("gf")
        assert gf is not None
        y = _numbers(gf, "ypts")
        x = _numbers(gf, "xpts")
        if not y:
            raise ModelError("a table without <ypts>").at(line=gf.line)
        if not x:
            scale = gf.first("xscale")
            if scale is None:
                raise ModelError("a table needs <xpts> or <xscale>").at(line=gf.line)
            low, high = _ends(scale)
            n = max(len(y) - 1, 1)
            x = [low + k * (high - low) / n for k in range(len(y))]
            x[-1] = high if len(y) > 1 else low
        if len(x) != len(y):
            raise ModelError(f"a table of {len(x)} xpts and {len(y)} ypts").at(line=gf.line)
        for a, b in pairwise(x):
            if b <= a:
                raise ModelError(
                    f"lookup x not increasing: {b:g} after {a:g}",
                    remedy="sort the points and keep each x once",
                ).at(line=gf.line)
        kind = gf.get("type").strip().lower()
        if kind not in _KINDS:
            raise ModelError(
                f"table of type '{kind}'", remedy="continuous, extrapolate or discrete"
            )
        return Lookup(tuple(x), tuple(y), _KINDS[kind])

    # --- macros -------------------------------------------------------------------------------

    def _macro(self, macro: Element) -> Body:
        label = plain(macro.get("name"))
        inputs = tuple(plain(q.text) for q in macro.all("parm"))
        inner = [v for block in macro.all("variables") for v in block.children if v.own]
        local = frozenset(names.canonical(n) for n in (
            *inputs, *(v.get("name") for v in inner), label))  # fmt: skip
        entries, exprs = [], []
        parts = [(plain(v.get("name")), v) for v in inner]
        if names.canonical(label) not in {names.canonical(n) for n, _ in parts}:
            parts.append((label, macro))
        for name, element in parts:
            try:
                expr = self.meaning.meant(
                    parse(_equation(element))[0], "", names.canonical(name), (), local
                )
                if element.tag == "stock":
                    flows = [
                        (op, Ref(names.canonical(plain(f.text))))
                        for tag, op in (("inflow", "+"), ("outflow", "-"))
                        for f in element.all(tag)
                    ]
                    net: Expr = reduce(lambda a, f: Binary(f[0], a, f[1]), flows, Num(0.0))  # type: ignore[arg-type, return-value]
                    expr = Call("integ", (net, expr))
                elif element.first("gf"):
                    expr = Call("with lookup", (expr, self._table(element)))
            except ModelError as e:
                raise e.at(file=self.file, line=element.line, variable=name) from None
            entries.append(Entry(name, "equation", "(macro)", line=element.line))
            exprs.append(expr)
        return Body(Macro(label, inputs, (), tuple(entries), macro.line), tuple(exprs))


def _defaults(root: Element) -> dict[str, bool]:
    """What <behavior> says of all stocks, and of all flows."""
    out: dict[str, bool] = {}
    for part in (root, *root.all("model")):
        for block in part.all("behavior"):
            for tag in ("stock", "flow"):
                kind = block.first(tag)
                said = (kind and kind.first("non_negative")) or block.first("non_negative")
                if said is not None:
                    out[tag] = said.text.strip().lower() != "false"
    return out


def _equation(element: Element) -> str:
    return element.said("eqn")


def _has_table(element: Element) -> bool:
    return element.tag == "gf" or any(
        part.first("gf") is not None for part in (element, *element.all("element"))
    )


def _minus(expr: Expr) -> float | None:
    inner = expr.x if isinstance(expr, Unary) and expr.op == "-" else None
    return -inner.value if isinstance(inner, Num) else None


def _prose(text: str) -> str:
    return " ".join(text.split())


def _ends(element: Element) -> tuple[float, float]:
    try:
        low, high = float(element.get("min")), float(element.get("max"))
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ModelError(f"<{element.tag}> needs numbers min and max").at(line=element.line)
    return low, high


def _range(element: Element) -> tuple[float | None, float | None]:
    found = element.first("range")
    if found is None:
        return None, None
    out = []
    for end in ("min", "max"):
        try:
            value = float(found.get(end))
            out.append(value if math.isfinite(value) else None)
        except ValueError:
            out.append(None)
    return out[0], out[1]


def _numbers(gf: Element, tag: str) -> list[float]:
    found = gf.first(tag)
    if found is None or not found.text.strip():
        return []
    parts = found.text.strip().split(found.get("sep") or ",")
    if len(parts) > MAX_POINTS:
        raise ModelError(f"<{tag}> of {len(parts):,} points; the limit is {MAX_POINTS:,}")
    try:
        values = [float(p) for p in parts if p.strip()]
    except ValueError as e:
        raise ModelError(f"<{tag}>: {e}").at(line=found.line) from None
    if not all(map(math.isfinite, values)):
        raise ModelError(f"<{tag}>: expected finite numbers").at(line=found.line)
    return values
