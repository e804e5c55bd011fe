"""XMILE models built by a grammar: whole by construction, so that none may be refused.

Variables stand on those before them: there are no loops but through stocks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

NUMBERS = ("0", "1", "2.5", "0.125", "1e3", "007", ".5", "3.")
ELEMENTS = ("north", "south", "far east")
#: Names as people write them, and as their equations have them.
NAMES = [
    ("plain", "plain"), ("two words", "two_words"), ("Upper Case", "upper case"),
    ("accent é", "Accent_é"), ("人口", "人口"),
    ("a-b", '"a-b"'), ("x.y", '"x.y"'), ("9 lives", '"9 lives"'),
    ("line\\nbreak", "line_break"), ("if only", '"if only"'),
    ("per cent %", '"per cent %"'), ("old", "OLD"),
]  # fmt: skip

Draw = Callable[[Any], Any]


@dataclass
class _Growing:
    """What there is so far: spellings in equations, of scalars and of arrays over Region."""

    draw: Draw
    scalars: list[str] = field(default_factory=lambda: ["TIME", "DT"])
    arrays: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    names: list[tuple[str, str]] = field(default_factory=lambda: list(NAMES))

    def pick(self, *of: Any) -> Any:
        return self.draw(st.sampled_from(of))

    def name(self) -> tuple[str, str]:
        return self.names.pop(self.draw(st.integers(0, len(self.names) - 1)))

    # --- expressions --------------------------------------------------------------------------

    def leaf(self, array: bool) -> str:
        kind = self.pick("number", "scalar", "scalar", "array")
        if kind == "number" or (kind == "array" and not self.arrays):
            return str(self.pick(*NUMBERS))
        if kind == "scalar":
            return str(self.pick(*self.scalars))
        name = self.pick(*self.arrays)
        if array and self.pick(True, False):
            return str(name if self.pick(True, False) else f"{name}[Region]")
        return self.pick(
            f"{name}[north]", f'{name}["far east"]', f"SUM({name}[*])", f"MEAN({name})",
            f"MAX({name})", f"{name}[Region.south]", f"{name}[1]", f"SIZE({name})",
        )  # fmt: skip

    def expression(self, array: bool = False, depth: int = 3) -> str:
        """One that has no poles and does not blow up."""
        kind = self.pick("leaf", "sum", "call", "choice", "power", "table") if depth else "leaf"
        if kind == "leaf" or (kind == "table" and not self.tables):
            return self.leaf(array)
        a, b = (self.expression(array, depth - 1) for _ in range(2))
        if kind == "sum":
            return f"({a}{self.pick(' + ', '-', ' *', '- -')}{b})"
        if kind == "power":
            return f"-(1 + ABS(SIN({a})))^{self.pick('2', '0.5', '-1', '2^0.5')}"
        if kind == "table":
            return f"{self.pick(*self.tables)}({a})"
        if kind == "choice":
            sign = self.pick("<", ">", "<=", ">=", "=", "<>")
            test = f"{a} {sign} {b}" if self.pick(True, False) else f"NOT ({a} {sign} 1 OR {b} < 2)"
            return f"(IF {test} THEN {self.leaf(array)} ELSE {self.leaf(array)})"
        return str(self.pick(
            f"MAX({a}, {b})", f"min({a},{b}, 1)", f"ABS({a})", f"SIN({a})", f"INT(SIN({a}))",
            f"SAFEDIV({a}, {b})", f"({a} // {b})", f"ARCTAN({a})", f"SQRT(ABS({a}))",
            f"STEP({a}, 3)", "RAMP(1, 2)", "PULSE(1, 2, 3)", f"INIT({a})", f"SMTH1({a}, 2)",
            f"DELAY3(SIN({a}), 3)", f"EXP(-ABS({a}))", f"({a}) MOD 3",
        ))  # fmt: skip

    # --- variables ----------------------------------------------------------------------------

    def put(self, tag: str, name: str, body: str, array: bool = False) -> None:
        over = '<dimensions><dim name="Region"/></dimensions>' if array else ""
        extra = self.pick(
            "", "", "<doc>a &lt; b</doc>", "<units>Person/Year</units>", "<isee:own odd='1'/>",
            "<!-- a remark -->", '<display x="1" y="2"/>',
        )  # fmt: skip
        self.lines.append(f"<{tag} name={quoteattr(name)}>{extra}{over}{body}</{tag}>")

    def eqn(self, text: str) -> str:
        if self.pick(True, False) and "]]>" not in text:
            return f"<eqn><![CDATA[{text}]]></eqn>"
        return f"<eqn>{escape(text)}{self.pick('', ' {said}', chr(10))}</eqn>"

    def aux(self) -> None:
        (shown, said), array = self.name(), self.pick(True, False)
        if array and self.pick(True, False):
            body = "".join(
                f"<element subscript={quoteattr(e)}>{self.eqn(self.expression())}</element>"
                for e in ELEMENTS
            )
        else:
            body = self.eqn(self.expression(array))
        self.put(self.pick("aux", "flow"), shown, body, array)
        (self.arrays if array else self.scalars).append(said)

    def table(self) -> None:
        shown, said = self.name()
        kind = self.pick("", ' type="extrapolate"', ' type="discrete"')
        points = self.pick(
            '<xscale min="0" max="10"/><ypts>0,2,-1</ypts>',
            "<xpts>0, 1,4</xpts><ypts>1,.5,2</ypts>",
            '<xscale min="-1" max="1"/><yscale min="0" max="9"/><ypts sep=";">3;1</ypts>',
        )  # fmt: skip
        gf = f"<gf{kind}>{points}</gf>"
        if self.pick(True, False):
            self.put("aux", shown, gf)
            self.tables.append(said)
        else:
            self.put("aux", shown, self.eqn(self.expression()) + gf)
            self.scalars.append(said)

    def stock(self) -> None:
        (shown, said), (flow, _), (away, _) = self.name(), self.name(), self.name()
        array = self.pick(True, False)
        (self.arrays if array else self.scalars).append(said)
        own = f"{said}[Region]" if array and self.pick(True, False) else said
        kind = "" if array else self.pick("", "", "<conveyor><len>2</len></conveyor>")
        kind = kind or self.pick("", "<non_negative/>")
        ends = f"<inflow>{escape(flow)}</inflow><outflow>{escape(away)}</outflow>"
        # A conveyor and what flows into it must not stand on what is only now made.
        self.put("flow", flow, self.eqn(f"MIN(5, ABS({self.leaf(array)}))"), array)
        self.put("flow", away, self.eqn("1" if "conveyor" in kind else f"{own} / 4"), array)
        self.put("stock", shown, self.eqn(self.pick("10", "2.5", "0")) + ends + kind, array)

    def whole(self) -> str:
        for _ in range(self.draw(st.integers(2, 7))):
            if len(self.names) > 3:
                self.pick(self.aux, self.aux, self.table, self.stock)()
        module = self.pick("", "in")
        if module:
            given = self.pick(*self.scalars[2:], "") if self.scalars[2:] else ""
            self.lines.append(
                '<module name="shop">'
                + (
                    f'<connect to="shop.in" from={quoteattr(given.strip(chr(34)))}/>'
                    if given
                    else ""
                )
                + "</module>"
            )
            self.scalars.append("shop.out")
            self.aux()
        method = self.pick("", ' method="RK4"', ' method="Euler"')
        step = self.pick("<dt>0.5</dt>", '<dt reciprocal="true">4</dt>', "<dt>1</dt>")
        inner = (
            '<model name="shop"><variables><aux name="in" access="input"><eqn>2</eqn></aux>'
            '<aux name="out" access="output"><eqn>in + 1</eqn></aux></variables></model>'
        )
        elements = "".join(f"<elem name={quoteattr(e)}/>" for e in ELEMENTS)
        return "\n".join((
            '<?xml version="1.0" encoding="utf-8"?>',
            '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"',
            ' xmlns:isee="http://iseesystems.com/XMILE">',
            "<header><vendor>v</vendor><product>p</product></header>",
            f"<sim_specs{method}><start>0</start><stop>6</stop>{step}</sim_specs>",
            f'<dimensions><dim name="Region">{elements}</dim></dimensions>',
            "<model><variables>", *self.lines, "</variables></model>", inner if module else "",
            "</xmile>",
        ))  # fmt: skip


@st.composite
def xmile_models(draw: st.DrawFn) -> str:
    """The text of a model."""
    return _Growing(draw).whole()


def xmile_of(parts: Sequence[str]) -> str:
    """The model of `fuzzing.vensim_of`, without its delays, in XMILE.

    What Stella calls a pulse is something else, and its IF has no parentheses: a macro has them.
    """
    parts = [re.sub(r"PULSE\((\d+), 2\)", r"(STEP(1, \1) - STEP(1, \1 + 2))", p) for p in parts]
    parts = [escape(p.replace("IF THEN ELSE(", "chosen(")) for p in parts]
    auxes = "".join(
        f'<aux name="{name}"><eqn>{text}</eqn></aux>'
        for name, text in zip(("a1", "a2", "r", "k"), (*parts[:3], "1.5"), strict=True)
    )
    return (
        '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
        "<sim_specs><start>0</start><stop>8</stop><dt>0.5</dt></sim_specs>"
        '<macro name="chosen"><parm>test</parm><parm>yes</parm><parm>no</parm>'
        "<eqn>IF test THEN yes ELSE no</eqn></macro><model><variables>"
        f'{auxes}<flow name="net"><eqn>MAX(-10, MIN(10, r))</eqn></flow>'
        f'<stock name="s"><eqn>{parts[3]}</eqn><inflow>net</inflow></stock>'
        "</variables></model></xmile>"
    )
