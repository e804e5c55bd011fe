"""Writes a model as XMILE 1.0: times, dimensions, variables with their flows, one page of views."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.base.version import __version__
from sdsim.ir.expr import Call, Expr, Lookup, Num
from sdsim.ir.model import Dimension, Equation, Model, Variable
from sdsim.writers.layout import MAX_DRAWN, views
from sdsim.writers.notation import number
from sdsim.writers.spelled import spelled
from sdsim.writers.unit_names import used
from sdsim.writers.written import Written, flattened
from sdsim.writers.xmile_text import Spelling, attribute
from sdsim.writers.xmile_view import page
from sdsim.writers.xmile_words import OTHER, Said, in_xmile

_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0" \
xmlns:isee="http://iseesystems.com/XMILE">
"""
_KINDS = {"interpolate": "continuous", "extrapolate": "extrapolate", "hold_backward": "discrete"}
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_xmile(model: Model) -> Written:
    """An XMILE file with a view.

    Raises
    ------
    ModelError : what XMILE cannot say, with file, line and variable.
    """
    said = in_xmile(spelled(model))
    writer = _Writer(said)
    text = "\n".join(writer.lines()) + "\n"
    return Written(
        text, said.model, tuple(dict.fromkeys((*said.notes, *flattened(model), *writer.notes())))
    )


def _text(text: str) -> str:
    return escape(_NO_XML.sub(" ", text))


class _Writer:
    def __init__(self, said: Said) -> None:
        self.said, self.model = said, said.model
        self.spelling = Spelling(self.model)
        self.flows = {f for both in said.flows.values() for part in both for f in part}

    def notes(self) -> Iterator[str]:
        """Notes on what changed."""
        if self.spelling.foreign:
            used = self.said.used
            which = ", ".join(
                f"{name} (for {OTHER[name]})" if name in OTHER and name not in used else name
                for name in self.spelling.foreign
            )
            yield f"functions that XMILE lacks are in the namespace vensim: {which}"
        if len(self.model.variables) > MAX_DRAWN:
            yield f"no view, and no groups in it: more than {MAX_DRAWN:,} variables are not drawn"

    def lines(self) -> Iterator[str]:
        """The whole file."""
        yield _HEAD + "<header>"
        yield f"<name>{_text(self.model.name)}</name>"
        yield f'<vendor>sdsim</vendor><product version="{__version__}">sdsim</product>'
        yield "</header>"
        yield from self.times()
        yield from self.units()
        if self.model.dimensions:
            yield "<dimensions>"
            yield from map(self.dimension, self.model.dimensions.values())
            yield "</dimensions>"
        yield "<model>\n<variables>"
        for key, variable in self.model.variables.items():
            try:
                yield from self.variable(key, variable)
            except ModelError as error:
                raise error.at(
                    file=self.model.file, line=variable.line, variable=variable.name
                ) from None
        yield "</variables>\n<views>"
        yield from page(views(self.model), self.attribute)
        yield "</views>\n</model>\n</xmile>"

    def attribute(self, key: str) -> str:
        """A name outside equations."""
        variable = self.model.variables.get(key)
        return attribute(variable.name) if variable else "Time"

    def times(self) -> Iterator[str]:
        """``<sim_specs>``: numbers; what is none is a variable beside it."""
        values = [self.known(key) for key in names.CONTROL]
        start, stop, step, save = (number(0.0 if v is None else v) for v in values)
        step = "1" if values[2] is None else step
        units = self.model.variables[names.TIME_STEP].units
        method = "RK4" if self.model.method == "rk4" else "Euler"
        yield (f'<sim_specs method="{method}" time_units={quoteattr(units)} '
               f'isee:save_interval="{save}">')  # fmt: skip
        yield f"<start>{start}</start><stop>{stop}</stop><dt>{step}</dt>"
        yield "</sim_specs>"

    def units(self) -> Iterator[str]:
        """``<model_units>``: the units' names in use, in groups of one meaning."""
        said = used(self.model)
        if not said.alike and not said.meant:
            return
        yield "<model_units>"
        for name, *others in said.alike:
            aliases = "".join(f"<alias>{_text(other)}</alias>" for other in others)
            yield f"<unit name={quoteattr(name)}>{aliases}</unit>"
        for name, equation in said.meant:
            yield f"<unit name={quoteattr(name)}><eqn>{_text(equation)}</eqn></unit>"
        yield "</model_units>"

    def known(self, key: str) -> float | None:
        """The number of a control variable."""
        expr = self.model.variables[key].equations[0].expr
        return expr.value if isinstance(expr, Num) else None

    def dimension(self, dim: Dimension) -> str:
        elements = "".join(f"<elem name={quoteattr(attribute(x))}/>" for x in dim.labels)
        size = len(dim.labels)
        return f'<dim name={quoteattr(attribute(dim.name))} size="{size}">{elements}</dim>'

    def variable(self, key: str, variable: Variable) -> Iterator[str]:
        """A stock, flow or auxiliary with all that is said about it."""
        if key in names.CONTROL and self.known(key) is not None:
            return
        flows = self.said.flows.get(key)
        tag = "stock" if flows is not None else "flow" if key in self.flows else "aux"
        yield f"<{tag} name={quoteattr(attribute(variable.name))}>"
        if variable.doc:
            yield f"<doc>{_text(variable.doc)}</doc>"
        if variable.dims:
            dims = (attribute(self.model.dimensions[d].name) for d in variable.dims)
            inside = "".join(f"<dim name={quoteattr(d)}/>" for d in dims)
            yield f"<dimensions>{inside}</dimensions>"
        if not variable.equations:
            raise ModelError("has no data yet, which XMILE cannot leave open")
        for equation in variable.equations:
            if equation.subs and equation.subs != variable.dims:
                subs = ", ".join(map(self.spelling.subscript, equation.subs))
                yield f"<element subscript={quoteattr(subs)}>"
                yield from self.equation(equation, alone=False)
                yield "</element>"
            else:
                yield from self.equation(equation, alone=len(variable.equations) == 1)
        for word, part in zip(("inflow", "outflow"), flows or ((), ()), strict=True):
            for flow in part:
                yield f"<{word}>{_text(self.spelling.name(flow))}</{word}>"
        if variable.units:
            yield f"<units>{_text(variable.units)}</units>"
        low, high = variable.limits
        if low is not None or high is not None:
            ends = [f'{n}="{number(v)}"' for n, v in (("min", low), ("max", high)) if v is not None]
            yield f"<range {' '.join(ends)}/>"
        yield f"</{tag}>"

    def equation(self, equation: Equation, alone: bool) -> Iterator[str]:
        """``<eqn>``, with what it was at the start and its table."""
        expr: Expr = equation.expr
        if isinstance(expr, Lookup):
            yield self.table(expr)
            return
        table: Lookup | None = None
        start: Expr | None = None
        if isinstance(expr, Call) and expr.name == "integ":
            expr = expr.args[1]
        elif isinstance(expr, Call) and expr.name == "active initial" and alone:
            expr, start = expr.args
        elif isinstance(expr, Call) and expr.name == "with lookup":
            expr, points = expr.args
            assert isinstance(points, Lookup)
            table = points
        yield f"<eqn>{_text(self.spelling.expression(expr))}</eqn>"
        if start is not None:
            yield f"<init_eqn>{_text(self.spelling.expression(start))}</init_eqn>"
        if table is not None:
            yield self.table(table)

    def table(self, table: Lookup) -> str:
        x, y = (",".join(map(number, side)) for side in (table.x, table.y))
        return f'<gf type="{_KINDS[table.kind]}"><xpts>{x}</xpts><ypts>{y}</ypts></gf>'
