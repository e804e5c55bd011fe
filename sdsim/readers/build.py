"""Builds variables from entries and expressions: checks subscripts, shapes tables, reads data."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, UnsupportedError, counted, nearest
from sdsim.ir.expr import NA, Array, Call, Expr, Lookup, Num, Ref, Text, walk
from sdsim.ir.model import Dimension, Equation, Holding, Variable
from sdsim.readers.external import External
from sdsim.readers.scan import Entry
from sdsim.readers.translate import Spelling, shaped

#: The most elements without an equation that a note names.
MOST_NAMED = 5

_GET = re.compile(
    r"get (xls|direct|123|odbc|vdf) (constants?|data|lookups?|subscripts?)", re.IGNORECASE
)


class Builder:
    """Builds the variables of one model, entry by entry."""

    def __init__(
        self, dims: Mapping[str, Dimension], external: External, file: str, spelling: Spelling,
        declared: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:  # fmt: skip
        """``declared``: the dimensions of variables that declare them, by canonical name."""
        self.declared = declared or {}
        self.dims, self.external, self.file, self.spelling = dims, external, file, spelling
        self.holding = Holding(dims)
        self.elements = self.holding.of.keys()
        self.notes: list[str] = []
        self.data: set[str] = set()

    def variables(self, entries: Sequence[Entry], exprs: Sequence[Expr]) -> dict[str, Variable]:
        """The variables by canonical name, in the order of the entries.

        Raises
        ------
        ModelError : a subscript or name that the model does not have, a table of the wrong size,
            external data that cannot be read.
        """
        grouped: dict[str, list[tuple[Entry, Expr]]] = {}
        for entry, expr in zip(entries, exprs, strict=True):
            grouped.setdefault(entry.key, []).append((entry, expr))
        result = {}
        self.data = {e.key for e, x in zip(entries, exprs, strict=True) if _of_data(e, x)}
        for key, parts in grouped.items():
            result[key] = self.variable(parts)
            self.notes += self.lacking(result[key])
        self.check_references(entries, exprs, result)
        return result

    def variable(self, parts: Sequence[tuple[Entry, Expr]]) -> Variable:
        """Build one variable from all of its entries."""
        first = parts[0][0]
        made: list[tuple[str, Equation]] = []
        for entry, expr in parts:
            try:
                made.extend(self.equations(entry, expr))
            except ModelError as error:
                raise error.at(file=self.file, line=entry.line, variable=entry.label) from None
        roles = {role for role, _ in made} or {"data"}
        role = roles.pop() if len(roles) == 1 else "equation"
        if role == "equation":
            made = [(r, _over_time(e) if r == "data" else e) for r, e in made]
        described = [e for e, _ in parts]
        return Variable(
            name=first.label,
            equations=tuple(e for _, e in made),
            units=next((e.units for e in described if e.units), ""),
            doc=next((e.doc for e in described if e.doc), ""),
            limits=next((e.limits for e in described if e.limits != (None, None)), (None, None)),
            dims=self.declared.get(first.key) or self.dimensions_of([e for e, _ in parts]),
            group=first.group,
            role=role,
            hidden=first.hidden,
        )

    def lacking(self, variable: Variable) -> Iterator[str]:
        """A note on the elements of a variable that have no equation."""
        dims = variable.dims
        if not dims or variable.hidden or variable.role == "data" or not variable.equations:
            return
        if any(e.subs == dims and not e.excepts for e in variable.equations):
            return
        places = [{e: k for k, e in enumerate(self.dims[d].elements)} for d in dims]
        there = np.zeros([len(p) for p in places], dtype=bool)
        for equation in variable.equations:
            cells = self.cells(equation.subs)
            for cell in cells if equation.excepts else (equation.subs,):
                if any(self.matches(cell, group) for group in equation.excepts):
                    continue
                spans = [self.dims[s].elements if s in self.dims else (s,) for s in cell]
                at = [[p[e] for e in span if e in p] for p, span in zip(places, spans, strict=True)]
                there[np.ix_(*at)] = True
        without = np.argwhere(~there)
        if len(without):
            labels = [self.dims[d].labels for d in dims]
            named = [
                names.element_label(
                    variable.name, tuple(lab[k] for lab, k in zip(labels, w, strict=True))
                )
                for w in without[:MOST_NAMED]
            ]
            more = f" and {len(without) - MOST_NAMED:,} more" if len(without) > MOST_NAMED else ""
            verb = (
                "has no equation and no value"
                if len(without) == 1
                else "have no equation and no values"
            )
            yield f"line {variable.line}: {', '.join(named)}{more} {verb}"

    def equations(self, entry: Entry, expr: Expr) -> Iterator[tuple[str, Equation]]:
        """(role, equation) for each equation of an entry; none for data still to be supplied."""
        subs = tuple(self.left(entry, s) for s in entry.subs)
        excepts = tuple(tuple(self.left(entry, s) for s in group) for group in entry.excepts)
        sizes = [len(self.dims[s].elements) if s in self.dims else 1 for s in subs]
        if math.prod(sizes) > limits.ELEMENTS:
            what = f"{math.prod(sizes):,} elements, at most {limits.ELEMENTS:,} in all"
            raise ModelError(what, remedy=f"use coarser subscript ranges, {limits.TRUSTED}")

        def one(role: str, value: Expr) -> tuple[str, Equation]:
            return role, Equation(value, subs, excepts, entry.line)

        get = _GET.fullmatch(expr.name) if isinstance(expr, Call) else None
        if isinstance(expr, Call) and get:
            arguments = [a.value for a in expr.args if isinstance(a, Text)]
            if get[1] not in ("xls", "direct") or len(arguments) != len(expr.args):
                raise UnsupportedError(
                    f"{expr.name.upper()} is not supported in this version",
                    remedy="use GET DIRECT with a .csv or .xlsx file",
                )
            if get[2].startswith("constant"):
                values = self.external.constants(arguments, sizes)
                wide = tuple(n for n, s in zip(sizes, subs, strict=True) if s in self.dims)
                yield one("equation", Array(tuple(values), wide) if wide else Num(values[0]))
                return
            role, kind = ("data", entry.keyword) if get[2] == "data" else ("lookup", "interpolate")
            count, lookup = math.prod(sizes), role == "lookup"
            excel = get[1] == "xls"
            tables = self.external.series(arguments, count, kind, lookup=lookup, excel=excel)
            for cell, series in zip(self.cells(subs), tables, strict=True):
                if not any(self.matches(cell, group) for group in excepts):
                    yield role, Equation(series, cell, (), entry.line)
            return
        for node in walk(expr):
            if isinstance(node, Call) and (inner := _GET.fullmatch(node.name)):
                what = f"{inner.group().upper()} inside an expression"
                raise UnsupportedError(what, remedy="give it a variable of its own")
        if entry.kind == "data" and not entry.text:
            yield from self.exported(entry, subs)
            return
        if entry.kind == "lookup":
            yield one("lookup", expr)
        elif isinstance(expr, Array):
            wide_sizes = [n for n, s in zip(sizes, subs, strict=True) if s in self.dims]
            yield one("equation", shaped(expr, wide_sizes))
        elif entry.kind == "data" and any(
            isinstance(n, Ref | Call) and n.name in self.data for n in walk(expr)
        ):
            yield one("data", Call(f"{names.PART} {entry.keyword}", (expr,)))
        else:
            yield one("equation", expr)

    def exported(self, entry: Entry, subs: Sequence[str]) -> Iterator[tuple[str, Equation]]:
        """A data variable's values in exported data beside the model. A missing element is :NA:; a
        missing variable waits for its data."""
        cells = list(self.cells(subs))
        found = [self.external.exported.get((entry.key, *cell)) for cell in cells]
        for cell, series in zip(cells, found, strict=True) if any(found) else ():
            table = series or Lookup((0.0,), (NA,))
            yield "data", Equation(replace(table, kind=entry.keyword), cell, (), entry.line)

    def left(self, entry: Entry, name: str) -> str:
        """A subscript on the left-hand side, canonical; it must be a range or an element."""
        key = names.canonical(name)
        if key not in self.dims and key not in self.elements:
            raise self.no_subscript(names.display(name))
        return key

    def no_subscript(self, name: str) -> ModelError:
        known = [d.name for d in self.dims.values()]
        known += [label for d in self.dims.values() for label in d.labels]
        what = f"'{name}' is neither a subscript range nor an element"
        return ModelError(what, remedy=nearest(name, known) or "define it: 'range: element, ...'")

    def cells(self, subs: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Every combination of elements; the last subscript varies fastest."""
        ranges = [self.dims[s].elements if s in self.dims else (s,) for s in subs]
        return itertools.product(*ranges)

    def matches(self, cell: Sequence[str], group: Sequence[str]) -> bool:
        """Whether a cell is within a group of subscripts."""
        return all(
            c in self.dims[g].elements if g in self.dims else c == g
            for c, g in zip(cell, group, strict=False)
        )

    def dimensions_of(self, entries: Sequence[Entry]) -> tuple[str, ...]:
        """For each position, the dimension written, or the smallest with all elements there."""
        result = []
        for position in range(len(entries[0].subs)):
            found, used = self.holding.meant(names.canonical(e.subs[position]) for e in entries)
            if found is None:
                listed = ", ".join(used[:8])
                raise ModelError(
                    f"no subscript range holds all of {listed}",
                    remedy="define one",
                    file=self.file,
                    line=entries[0].line,
                    variable=entries[0].label,
                )
            result.append(found)
        return tuple(result)

    def check_references(
        self, entries: Sequence[Entry], exprs: Sequence[Expr], made: Mapping[str, Variable]
    ) -> None:
        """Check that every name in an expression is known and has the right subscripts."""
        known = {*made, *self.dims, *self.elements, names.TIME}
        for entry, expr in zip(entries, exprs, strict=True):
            for node in walk(expr):
                if not isinstance(node, (Ref, Call)):
                    continue
                try:
                    if isinstance(node, Ref) and node.name not in known:
                        shown = self.spelling.seen.get(node.name, node.name)
                        labels = [v.name for v in made.values() if not v.hidden]
                        remedy = nearest(shown, labels) or "define it"
                        raise ModelError(f"undefined variable '{shown}'", remedy=remedy)
                    for sub in node.subs:
                        key = sub.removesuffix("!")
                        if key not in self.dims and key not in self.elements:
                            raise self.no_subscript(self.spelling.seen.get(key, key))
                    owner = made.get(node.name)
                    if owner and node.subs and len(node.subs) != len(owner.dims):
                        raise ModelError(
                            f"'{owner.name}' has {counted(len(owner.dims), 'subscript')}, "
                            f"got {len(node.subs)}",
                            remedy=f"write {owner.name}"
                            f"[{', '.join(self.dims[d].name for d in owner.dims)}]"
                            if owner.dims
                            else f"write {owner.name}",
                        )
                except ModelError as error:
                    raise error.at(file=self.file, line=entry.line, variable=entry.label) from None


def _of_data(entry: Entry, expr: Expr) -> bool:
    """Whether an entry is a data entry, with values at its own times."""
    get = _GET.fullmatch(expr.name) if isinstance(expr, Call) else None
    return get[2] == "data" if get else entry.kind == "data"


def _over_time(equation: Equation) -> Equation:
    """One data equation among others of its variable: its series, looked up at the time."""
    if not isinstance(equation.expr, Lookup):
        return equation
    call = Call("with lookup", (Ref(names.TIME), equation.expr))
    return Equation(call, equation.subs, equation.excepts, equation.line)
