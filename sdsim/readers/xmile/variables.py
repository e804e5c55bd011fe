"""Turns variables into entries with expressions: equations, tables, arrays, module inputs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from itertools import product
from typing import Any

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, UnsupportedError, counted, nearest, one_line, some
from sdsim.ir.expr import Array, Binary, Call, Expr, Num, Ref, Unary
from sdsim.ir.model import Dimension
from sdsim.readers.macros import Inliner
from sdsim.readers.scan import Entry
from sdsim.readers.translate import Spelling
from sdsim.readers.xmile.document import Element
from sdsim.readers.xmile.equations import Meaning, Spot
from sdsim.readers.xmile.flows import Flows
from sdsim.readers.xmile.grammar import bare, parse_equations
from sdsim.readers.xmile.macros import body_of
from sdsim.readers.xmile.scopes import Placed, plain, scopes
from sdsim.readers.xmile.specs import apart, control, one_clock
from sdsim.readers.xmile.tables import has_table, table_of

#: The most elements that get their own equation because of a subscript like ``Age - 1``.
MAX_CELLS = 20_000
Made = tuple[Entry, Expr]


class Reader:
    """Builds the entries of one file; `notes` collects what the user should see."""

    def __init__(self, root: Element, dims: MutableMapping[str, Dimension], file: str) -> None:
        self.root, self.dims, self.file = root, dims, file
        self.spelling = Spelling()
        for dim in dims.values():
            for label in (dim.name, *dim.labels):
                self.spelling.canonical(label)
        self.notes: list[str] = []
        self.placed, self.found = scopes(root, file)
        one_clock(root, {id(p.scope.model): p.scope for p in self.placed}.values(), file)
        self.meaning = Meaning(
            dims, self.found,
            {k: d for k, p in self.found.items() if (d := _dims(p.element))},
            {k: not any(map(_said, (p.element, *p.element.all("element"))))
             for k, p in self.found.items() if has_table(p.element)},
            frozenset(names.canonical(m.get("name")) for m in root.all("macro")), self.spelling,
            notes=self.notes,
            stella=any("isee" in h.said("vendor").casefold() for h in root.all("header")),
        )  # fmt: skip
        try:
            self.flows = Flows(root, self.found, self.meaning, self.notes)
        except ModelError as e:
            raise e.at(file=file) from None

    def read(self) -> tuple[list[Entry], list[Expr]]:
        """The entries of all variables with their expressions, macros expanded.

        Raises
        ------
        ModelError : see `sdsim.readers.xmile.read_xmile`.
        """
        made: list[Made] = []
        allowed = limits.READ_SECONDS + limits.READ_SECONDS_EACH * len(self.placed)
        end = time.process_time() + allowed
        for p in self.placed:
            try:
                made.extend(self._variable(p))
                if time.process_time() > end:
                    what = f"the equations up to here took longer than {allowed:.0f} s to read"
                    raise ModelError(what, remedy="split long ones into several variables")
            except ModelError as e:
                raise e.at(file=self.file, line=p.element.line, variable=p.name) from None
        for key, name in self.meaning.called.items():
            made.extend(self._called(self.found[key], name))
        try:
            made = self.flows.connected(made)
        except ModelError as e:
            raise e.at(file=self.file) from None
        there = {e.key for e, _ in made}
        made += [(e, x) for e, x in control(self.root, self.file) if e.key not in there]
        bodies = [
            body_of(m, self.meaning, self.file, apart(m, self.root)) for m in self.root.all("macro")
        ]
        inliner = Inliner({b.key: b for b in bodies}, self.dims, self.file)
        exprs = [inliner.inline(e, x) for e, x in made]
        return [*(e for e, _ in made), *inliner.entries], [*exprs, *inliner.exprs]

    # --- one variable -------------------------------------------------------------------------

    def _variable(self, p: Placed) -> Iterator[Made]:
        element, dims = p.element, _dims(p.element)
        for d in dims:
            if d not in self.dims:
                raise ModelError(f"no dimension called '{d}'", remedy="define it in <dimensions>")
        base: dict[str, Any] = {
            "units": element.said("units"), "doc": " ".join(element.said("doc").split()),
            "limits": _range(element),
            "group": p.scope.groups.get(names.canonical(element.get("name")), "")
            or p.scope.prefix.rstrip("."),
        }  # fmt: skip
        if p.given:
            over = self.meaning.arrays.get(p.given, ())
            yield (
                Entry(p.name, "equation", "(input)", over, line=element.line, **base),
                Ref(p.given, over),
            )
            return
        if self.flows.driven(names.canonical(p.name)):
            yield Entry(p.name, "equation", "(conveyor)", dims, line=element.line, **base), Num(0.0)
            return
        own, listed = list(element.all("element")), list(element.all("eqn"))
        if dims and not own and len(listed) == math.prod(self._sizes(dims)) > 1:
            for subs, eqn in zip(self._cells(dims), listed, strict=True):
                part = replace(element, children=[eqn], line=eqn.line)
                yield from self._made(p, part, dims, subs, (), base)
            return
        groups = []
        for part in own:
            subs = tuple(names.canonical(plain(s)) for s in part.get("subscript").split(","))
            if len(subs) != len(dims):
                what = f"element '{one_line(part.get('subscript'), 80)}': expected "
                what += f"{counted(len(dims), 'subscript')}, got {len(subs)}"
                raise ModelError(what, remedy="name one of each dimension").at(line=part.line)
            subs = tuple(s.rpartition(".")[2] for s in subs)
            for s, d in zip(subs, dims, strict=True):
                if s not in self.dims[d].elements and s not in self.dims:
                    what = f"element '{s}' is none of dimension '{self.dims[d].name}'"
                    known = self.dims[d].labels
                    remedy = nearest(s, known) or f"one of {some(known)}"
                    raise ModelError(what, remedy=remedy).at(line=part.line)
            groups.append(subs)
            yield from self._made(p, part, dims, subs, (), base)
        if not own or (_said(element) and math.prod(self._sizes(dims)) > len(own)):
            yield from self._made(p, element, dims, dims, tuple(groups), base)

    def _sizes(self, dims: tuple[str, ...]) -> list[int]:
        return [len(self.dims[d].elements) for d in dims]

    def _cells(self, dims: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        return product(*(self.dims[d].elements for d in dims))

    def _made(
        self, p: Placed, part: Element, dims: tuple[str, ...], subs: tuple[str, ...],
        excepts: tuple[tuple[str, ...], ...], base: dict[str, Any],
    ) -> Iterator[Made]:  # fmt: skip
        element = p.element
        holder = part if part.first("gf") or element.tag == "gf" else element
        table = holder.tag == "gf" or holder.first("gf") is not None
        eqn = part.first("eqn") if _said(part) else element.first("eqn")
        said = bare(eqn.text) if eqn else ""
        entry = Entry(p.name, "equation", said, subs, excepts, line=part.line, **base)
        if table and not said:
            yield replace(entry, kind="lookup", text="(table)"), table_of(holder)
            return
        if eqn is None or not said.strip("? \t\n"):
            what = f"has no equation: '{said}'" if said else "has no equation"
            raise ModelError(what, remedy="write one")
        try:
            exprs = parse_equations(eqn.text, eqn.line)
            if len(exprs) > 1 and element.first("conveyor"):
                what = "a list of values along a conveyor is not supported in this version"
                raise UnsupportedError(what, remedy="give the whole content as one number")
            self._sided(p, exprs[0])
            over = [(subs, excepts)]
            if len(exprs) == 1 and self.meaning.by_element(exprs[0], subs):
                over = [(c, ()) for c in self._each(subs) if not self._excepted(c, excepts)]
            for left, out in over:
                spot = Spot(p.scope.prefix, names.canonical(p.name), dims, left)
                expr = self._expression(exprs, spot)
                if table:
                    expr = Call("with lookup", (expr, table_of(holder)))
                expr = self.flows.whole(p, expr, spot)
                yield replace(entry, subs=left, excepts=out, line=eqn.line), expr
        except ModelError as e:
            raise e.at(line=eqn.line) from None

    @staticmethod
    def _sided(p: Placed, expr: Expr) -> None:
        """Refuse ``x = ...`` as the equation of x: it would test whether x equals the rest."""
        left = expr.left if isinstance(expr, Binary) and expr.op == "=" else None
        if isinstance(left, Ref) and names.canonical(plain(left.name)) == names.canonical(
            p.element.get("name")
        ):
            what = f"its equation begins with '{one_line(left.name, 80)} =', its own name"
            remedy = "write only what stands right of the sign"
            if p.element.tag == "stock":
                remedy += ", here an initial value; a variable that is no stock is an <aux>"
            raise ModelError(what, remedy=remedy)

    def _each(self, subs: tuple[str, ...]) -> list[tuple[str, ...]]:
        ranges = [self.dims[s].elements if s in self.dims else (s,) for s in subs]
        if math.prod(map(len, ranges)) > MAX_CELLS:
            raise ModelError(
                f"subscripts that are worked out over more than {MAX_CELLS:,} elements",
                remedy="use coarser dimensions",
            )
        return list(product(*ranges))

    def _excepted(self, cell: tuple[str, ...], groups: tuple[tuple[str, ...], ...]) -> bool:
        def holds(group: tuple[str, ...]) -> bool:
            return all(
                c in self.dims[g].elements if g in self.dims else c == g
                for c, g in zip(cell, group, strict=True)
            )

        return any(map(holds, groups))

    def _expression(self, exprs: tuple[Expr, ...], spot: Spot) -> Expr:
        found = [self.meaning.meant(e, spot) for e in exprs]
        if len(found) == 1:
            return found[0]
        numbers = tuple(v for v in map(_number, found) if v is not None)
        if len(numbers) < len(found):
            raise ModelError("a list of equations", remedy="give each element its <element>")
        sizes = tuple(len(self.dims[s].elements) for s in spot.subs if s in self.dims)
        if math.prod(sizes) != len(numbers):
            what = f"{len(numbers)} values for {math.prod(sizes)} elements"
            raise ModelError(what, remedy="give one value for each element")
        return Array(numbers, sizes)

    def _called(self, p: Placed, name: str) -> Iterator[Made]:
        """The table of a variable that also has an equation, for calls of the table."""
        element, dims = p.element, _dims(p.element)
        own = [e for e in element.all("element") if e.first("gf")]
        try:
            for part in own or [element]:
                said = part.get("subscript") if own else ""
                subs = tuple(names.canonical(plain(s)) for s in said.split(",")) if own else dims
                entry = Entry(name, "lookup", "(table)", subs, line=part.line, hidden=True)
                yield entry, table_of(part)
        except ModelError as e:
            raise e.at(file=self.file, line=element.line, variable=p.name) from None


def _dims(element: Element) -> tuple[str, ...]:
    block = element.first("dimensions")
    return tuple(names.canonical(d.get("name")) for d in block.all("dim")) if block else ()


def _said(element: Element) -> str:
    return bare(element.said("eqn"))


def _number(expr: Expr) -> float | None:
    if isinstance(expr, Unary) and expr.op == "-" and isinstance(expr.x, Num):
        return -expr.x.value
    return expr.value if isinstance(expr, Num) else None


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
