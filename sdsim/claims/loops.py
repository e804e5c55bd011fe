"""Declared feedback loops: reading them, and checking their links and polarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.base.toml import Section, line_of, read_toml
from sdsim.claims.links import End, Link, cells_of, link_of, parted, reading
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref
from sdsim.ir.model import Equation, Model, Variable
from sdsim.overrides import Overrides
from sdsim.run.ensemble import simulated_many
from sdsim.run.methods import Method
from sdsim.run.system import System

MAX_BYTES = 1_000_000
MAX_LOOPS = 500
MAX_LINKS = 50  # of one loop
PUSH = 1e-4  # how far a cause is pushed, relative to its size
LEAST = 1e-3  # the size used for causes smaller than this, including zero
NOISE = 1e-13  # relative to the effect's size; a smaller response is rounding


@dataclass(frozen=True)
class Loop:
    """A loop as declared.

    links : in order, as written; the last leads back to the first.
    hold : the links in which the cause is held to open the loop.   line : of its file.
    """

    name: str
    polarity: str
    links: tuple[str, ...]
    hold: tuple[str, ...]
    line: int | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Finding:
    """The result of checking a loop against the equations.

    signs : one per link: ``+``, ``-``, ``±`` (both, at different times or in different elements),
        ``0`` (no response anywhere) or ``?`` (no such link).
    problem : empty if the loop exists with the declared polarity.
    """

    loop: Loop
    signs: tuple[str, ...]
    problem: str = ""


def read_loops(path: str | Path) -> tuple[Loop, ...]:
    """The loops in a file.

    Raises
    ------
    ModelError : no TOML, an unknown key, a value of the wrong kind; line and key are named.
    """
    top = read_toml(Path(path), MAX_BYTES)
    top.only("loop")
    loops: dict[str, Loop] = {}
    for row in top.rows("loop", MAX_LOOPS):
        loop = _loop(row)
        if loop.name in loops:
            raise row.fault(f"a second loop '{loop.name}'", "name", "rename one")
        loops[loop.name] = loop
    return tuple(loops.values())


def _loop(row: Section) -> Loop:
    row.only("name", "polarity", "links", "hold", "note")
    name, polarity = row.words("name"), row.choice("polarity", ("R", "B"))
    links, hold = row.texts("links"), row.texts("hold")
    if len(links) > MAX_LINKS:
        raise row.fault(f"more than {MAX_LINKS} links", "links", "split the loop")
    return Loop(name, polarity, links, hold, line_of(row.text, row.keys))


def held_links(model: Model, loop: Loop) -> list[Link]:
    """The links that open the loop.

    Raises
    ------
    ModelError : a link that is not in the equations, or not in the loop.
    """
    out = [link_of(t, model) for t in loop.hold]
    own = {tuple(names.canonical(e.split("[")[0]) for e in t.split("->")) for t in loop.links}
    for link, text in zip(out, loop.hold, strict=True):
        if link.key not in own:
            raise ModelError(
                f"holds '{text}', which is none of its links",
                variable=loop.name,
                remedy="name a variable that it runs through",
            )
    return out


# --- signs ------------------------------------------------------------------------------------


def verify(
    system: System, loops: Sequence[Loop], overrides: Overrides | None = None,
    method: Method | None = None,
) -> tuple[Finding, ...]:  # fmt: skip
    """Check that each loop's links exist and that their signs multiply to its polarity.

    A link's sign is the sign of the response of the effect's equation (for a stock, its net flow)
    to a small push of the cause, up and down, at the states of the base run, all else equal.
    Opposite responses in different elements or at different times give ``±``.
    """
    model = system.model
    known: dict[Link, int] = {}
    found: dict[str, Link | str] = {}
    for loop in loops:
        for text in loop.links:
            try:
                link = link_of(text, model)
                known.setdefault(link, len(known))
                found[text] = link
            except ModelError as e:
                found[text] = str(e)
    signs = _signs(system, known, overrides or Overrides(), method)
    return tuple(_finding(loop, [found[t] for t in loop.links], signs) for loop in loops)


def _finding(loop: Loop, links: list[Link | str], signs: dict[Link, str]) -> Finding:
    said = tuple("?" if isinstance(x, str) else signs[x] for x in links)
    for x in links:
        if isinstance(x, str):
            return Finding(loop, said, x)
    known = [x for x in links if isinstance(x, Link)]
    for (a, b), (text, following) in zip(
        pairwise([*known, known[0]]), pairwise([*loop.links, loop.links[0]]), strict=True
    ):
        if a.effect.name != b.cause.name:
            return Finding(loop, said, f"'{text}' does not lead to '{following}'")
    for sign, text in zip(said, loop.links, strict=True):
        if sign == "0":
            return Finding(loop, said, f"'{text}': no response anywhere in the base run")
        if sign == "±":
            return Finding(loop, said, f"'{text}': responses of both signs; pick elements")
    actual = "B" if said.count("-") % 2 else "R"
    if actual != loop.polarity:
        what = f"the signs {' '.join(said)} make it {actual}, declared {loop.polarity}"
        return Finding(loop, said, what)
    return Finding(loop, said)


def _signs(
    system: System, links: dict[Link, int], overrides: Overrides, method: Method | None
) -> dict[Link, str]:
    if not links:
        return {}
    model = system.model
    added: dict[str, Variable] = {}
    for link, number in links.items():
        added |= probe(model, link, number)
    probed = System(model.replacing(added), system.backend, system.cached)
    shown = [
        f"{what} of link {number}" for number in links.values() for what in ("response", "level")
    ]
    out = simulated_many(probed, {}, overrides, method, shown)
    signs = {}
    for link, number in links.items():
        cells = cells_of(model, link.effect)
        response, level = (
            out[f"{what} of link {number}"].values.reshape(out.sizes["time"], -1)[:, cells]
            for what in ("response", "level")
        )
        size = np.nanmax(np.abs(level), initial=0.0)
        up, down = (response > NOISE * size).any(), (response < -NOISE * size).any()
        signs[link] = "±" if up and down else "+" if up else "-" if down else "0"
    return signs


def probe(model: Model, link: Link, number: int) -> dict[str, Variable]:
    """Hidden variables that push the cause up and down and hold the response of the effect."""
    a, b = model.variables[link.cause.name], model.variables[link.effect.name]
    out: dict[str, Variable] = {}
    for sign, way in ((1.0, "up"), (-1.0, "down")):
        name = f"cause {way} of link {number}"
        out[name] = Variable(name, _pushed(a, link.cause, sign * PUSH), dims=a.dims, hidden=True)
    equations: dict[str, list[Equation]] = {"response": [], "level": []}
    for e in b.equations:
        net = _acting(e)
        up, down = (
            reading(net, link.cause.name, f"cause {way} of link {number}").expr
            for way in ("up", "down")
        )
        for what, expr in (("response", Binary("-", up, down)), ("level", net.expr)):
            equations[what].append(Equation(expr, e.subs, e.excepts, e.line))
    for what, made in equations.items():
        name = f"{what} of link {number}"
        variable = Variable(name, (), dims=b.dims, hidden=True)
        out[name] = variable.with_equations(made)
    return out


def _pushed(variable: Variable, end: End, push: float) -> tuple[Equation, ...]:
    """The cause, moved by a share of its size in the elements of the link."""

    def moved(here: Ref) -> Expr:
        size = Call("max", (Call("abs", (here,)), Num(LEAST)))
        return Binary("+", here, Binary("*", Num(push), size))

    return parted(end, variable, moved, Ref(end.name, variable.dims))


def _acting(equation: Equation) -> Equation:
    """What acts during a run: a stock's net flow, or an equation without its initial values."""
    expr = equation.expr
    if isinstance(expr, Call) and expr.name in ("integ", "active initial"):
        expr = expr.args[0]
    return Equation(expr, equation.subs, equation.excepts, equation.line)
