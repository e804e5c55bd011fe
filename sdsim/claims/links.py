"""Links between variables: finding them in the equations and holding a cause at its start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError, counted, nearest, suggested
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, rewrite, walk
from sdsim.ir.model import Equation, Model, Variable, shape_of

_LINK = re.compile(r"^(?P<a>.+?)\s*->\s*(?P<b>.+)$", re.S)
_END = re.compile(r"^(?P<name>[^\[\]]+?)\s*(\[(?P<subs>[^\[\]]*)\])?$", re.S)
#: Functions whose later arguments only set an initial value.
_STARTS = {"integ": 1, "initial": 0, "active initial": 1, "smoothi": 2, "smooth3i": 2,
           "delay1i": 2, "delay3i": 2, "delay fixed": 2, "delay n": 2, "smooth n": 2,
           "delay information": 2, "delay conveyor": 3}  # fmt: skip


@dataclass(frozen=True)
class End:
    """A variable at one end of a link; ``subs`` are elements or ranges, empty for the whole."""

    name: str
    subs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """A link from a cause to a variable whose equation uses it."""

    cause: End
    effect: End

    @property
    def key(self) -> tuple[str, str]:
        """The two variables, canonical."""
        return self.cause.name, self.effect.name


def link_of(text: str, model: Model) -> Link:
    """Find a link such as ``A -> B`` or ``A[element, range] -> B`` in the equations.

    Raises
    ------
    ModelError : not of this form, an unknown name, or the equation of B does not use A.
    """
    match = _LINK.match(text.strip())
    if not match:
        raise ModelError(f"'{text}' is not a link", remedy="write 'Cause -> Effect'")
    link = Link(_end(match["a"], model), _end(match["b"], model))
    if link.cause.name not in causes(model, link.effect.name):
        a, b = (model.display(n) for n in link.key)
        known = [model.display(n) for n in causes(model, link.effect.name)]
        remedy = nearest(a, known) or (f"it reads {', '.join(known[:6])}" if known else "")
        raise ModelError(f"'{a}' does not stand in the equation of '{b}'", remedy=remedy)
    if model.variables[link.cause.name].role == "lookup":
        raise ModelError(
            f"'{model.display(link.cause.name)}' is a table and never changes",
            remedy="name what changes",
        )
    return link


def _end(text: str, model: Model) -> End:
    match = _END.match(text.strip())
    if not match:
        raise ModelError(
            f"'{text}' is not a variable", remedy="write the name of a variable of the model"
        )
    try:
        variable = model.find(match["name"])
    except ModelError as e:
        raise ModelError(e.what, remedy=e.remedy) from None
    subs = tuple(names.canonical(s) for s in (match["subs"] or "").split(",") if s.strip())
    if subs and len(subs) != len(variable.dims):
        raise ModelError(
            f"'{variable.name}' has {counted(len(variable.dims), 'subscript')}, got {len(subs)}",
            remedy="name one element of each",
        )
    for sub, dim in zip(subs, variable.dims, strict=False):
        inside = model.dimensions[dim].elements
        range_ = model.dimensions.get(sub)
        if sub not in inside and not (range_ and set(range_.elements) <= set(inside)):
            known = [*model.labels(dim), *(d.name for d in model.dimensions.values())]
            raise ModelError(
                f"'{sub}' is not an element of '{model.dimensions[dim].name}'",
                remedy=suggested(sub, known),
            )
    return End(names.canonical(variable.name), subs)


def causes(model: Model, effect: str) -> dict[str, None]:
    """The variables in the equations of ``effect`` that act on it during a run."""
    out: dict[str, None] = {}
    for equation in model.variables[effect].equations:
        for node in walk(without_starts(equation.expr)):
            if isinstance(node, Ref | Call) and node.name in model.variables:
                out[node.name] = None
    return out


def without_starts(root: Expr) -> Expr:
    """The expression without the parts that only set an initial value."""

    def change(node: Expr) -> Expr:
        if isinstance(node, Call) and node.name in _STARTS:
            return Call(node.name, node.args[: _STARTS[node.name]], node.subs)
        return node

    return rewrite(root, change)


def cells_of(model: Model, end: End) -> NDArray[np.int64]:
    """Flat positions of the elements that an end refers to."""
    variable = model.variables[end.name]
    shape = shape_of(model, variable)
    if not shape:
        return np.zeros(1, dtype=np.int64)
    axes = []
    for sub, dim in zip(end.subs or variable.dims, variable.dims, strict=True):
        place = {e: i for i, e in enumerate(model.dimensions[dim].elements)}
        axes.append([place[sub]] if sub in place else [
            place[e] for e in model.dimensions[sub].elements
        ])  # fmt: skip
    grid = tuple(np.meshgrid(*axes, indexing="ij"))
    return np.ravel_multi_index(grid, shape).reshape(-1).astype(np.int64)


# --- holding ----------------------------------------------------------------------------------


def holdable(model: Model, links: Iterable[Link]) -> tuple[Model, Mapping[Link, str]]:
    """A model in which each link can be held, and the constants that hold them (1 on, 0 off).

    In the equation of B, for the elements of the link, A is replaced by its initial value. With
    every switch at 0 the model computes exactly the same values. Everything else that A acts on,
    including the outflows of a stock, is left alone.
    """
    changed: dict[str, Variable] = {}
    switches: dict[Link, str] = {}
    for link in links:
        if link in switches:
            continue
        a, b = (model.variables[n] for n in link.key)
        title = names.part(_shown(a, link.cause), f"held in {_shown(b, link.effect)}")
        switch, start, where = (names.part(title, w) for w in ("switch", "start", "where"))
        keys = [names.canonical(n) for n in (switch, start, where)]
        changed[keys[0]] = Variable(switch, (Equation(Num(0.0)),), "Dmnl", hidden=True)
        begun = parted(link.cause, a, _initial, Ref(link.cause.name, a.dims))
        changed[keys[1]] = Variable(start, begun, a.units, dims=a.dims, hidden=True)
        marked = parted(link.effect, b, partial(_instead, Ref(keys[0])), _NEVER)
        changed[keys[2]] = Variable(where, marked, "Dmnl", dims=b.dims, hidden=True)
        effect = changed.get(link.effect.name, b)
        changed[link.effect.name] = effect.with_equations(
            _held(e, link.cause.name, keys[1], keys[2]) for e in effect.equations
        )
        switches[link] = switch
    return (model.replacing(changed) if changed else model), switches


#: Zero, and not a parameter of the model, so an IF on it costs nothing.
_NEVER = Binary("-", Num(1.0), Num(1.0))


def _initial(now: Ref) -> Expr:
    return Call("initial", (now,))


def _instead(other: Ref, _: Ref) -> Expr:
    return other


def _shown(variable: Variable, end: End) -> str:
    return names.element_label(variable.name, end.subs)


def parted(
    end: End, variable: Variable, inside: Callable[[Ref], Expr], outside: Expr
) -> tuple[Equation, ...]:
    """Equations shaped like ``variable``: one for the elements of ``end``, one for the rest."""
    if not end.subs:
        return (Equation(inside(Ref(end.name, variable.dims)), variable.dims),)
    return (
        Equation(inside(Ref(end.name, end.subs)), end.subs),
        Equation(outside, variable.dims, (end.subs,)),
    )


def _held(equation: Equation, cause: str, start: str, where: str) -> Equation:
    """The equation with the cause replaced by its initial value wherever ``where`` is set."""

    def change(node: Expr) -> Expr:
        if not (isinstance(node, Ref) and node.name == cause):
            return node
        return Call("if then else", (Ref(where, equation.subs), Ref(start, node.subs), node))

    return Equation(rewrite(equation.expr, change), equation.subs, equation.excepts, equation.line)


def reading(equation: Equation, old: str, new: str) -> Equation:
    """The equation with every reference to ``old`` replaced by ``new``."""

    def change(node: Expr) -> Expr:
        return Ref(new, node.subs) if isinstance(node, Ref) and node.name == old else node

    return Equation(rewrite(equation.expr, change), equation.subs, equation.excepts, equation.line)
