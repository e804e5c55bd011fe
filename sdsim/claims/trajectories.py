"""Vensim's RC functions (Reality Check): a new path from some time on, as an expression.

Source: Vensim's manual, Reality Check Functions. Each takes a basis, freezes it at its value when
the change begins, and bends it from there; the ``CHECK`` forms give the times of the comparison.
A time counts as reached half a step early, as with STEP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError, counted
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary, walk
from sdsim.ir.model import Model

START = "rc start time"
_NOW, _STEP = Ref(names.TIME), Ref(names.TIME_STEP)


@dataclass(frozen=True)
class Path:
    """A path: its value from the start, and 1 while it is followed (or compared), otherwise 0."""

    value: Expr
    inside: Expr


def _step(basis: Expr, a: Sequence[Expr], since: Expr) -> Expr:
    return Binary("*", basis, a[0])


def _ramp(basis: Expr, a: Sequence[Expr], since: Expr) -> Expr:
    mult, over = a
    share = Binary("/", since, over)
    bent = Binary("+", Binary("*", mult, share), Binary("-", Num(1.0), share))
    there = Binary(">=", since, over)
    return Binary("*", basis, Call("if then else", (there, mult, bent)))


def _decay(basis: Expr, a: Sequence[Expr], since: Expr) -> Expr:
    return Binary("*", basis, Call("exp", (Unary("-", Binary("/", since, a[0])),)))


def _grow(basis: Expr, a: Sequence[Expr], since: Expr) -> Expr:
    return Binary("*", basis, Call("exp", (Binary("*", since, a[0]),)))


#: The number of arguments between the basis and the start, and the value they give.
_SHAPES: dict[str, tuple[int, Callable[[Expr, Sequence[Expr], Expr], Expr]]] = {
    "rc step": (1, _step),
    "rc ramp": (2, _ramp),
    "rc decay": (1, _decay),
    "rc grow": (1, _grow),
}


def is_path(node: Expr, check: bool = False) -> bool:
    """Whether a node calls an RC function: a ``CHECK`` form, or one for test inputs.

    Raises
    ------
    UnsupportedError : an RC function that is not supported, by name.
    """
    if not isinstance(node, Call) or not node.name.startswith("rc "):
        return False
    shape = node.name.removesuffix(" check")
    if shape == "rc compare":
        raise UnsupportedError(f"{node.name.upper()} needs the stored run of another simulation")
    if shape not in _SHAPES:
        known = ", ".join(s.upper() for s in _SHAPES)
        raise UnsupportedError(f"{node.name.upper()} is not a function", remedy=f"one of {known}")
    if (node.name != shape) != check:
        place = ":IMPLIES:" if node.name != shape else "a test input"
        raise UnsupportedError(f"{node.name.upper()} outside {place}")
    return True


def path_of(call: Call, model: Model) -> Path:
    """The path described by a call of an RC function (`is_path`).

    Raises
    ------
    ModelError : a wrong number of arguments.
    """
    check = call.name.endswith(" check")
    middle, shape = _SHAPES[call.name.removesuffix(" check")]
    grace, args = (call.args[:1], call.args[1:]) if check else ((), call.args)
    if not 1 + middle <= len(args) <= 3 + middle:
        fewest = 1 + middle + check
        what = f"{call.name.upper()} takes {fewest} to {fewest + 2} arguments"
        raise ModelError(f"{what}, got {counted(len(call.args), 'argument')}")
    later: Expr = Binary("+", Ref(names.INITIAL_TIME), _STEP)
    start = args[1 + middle] if len(args) > 1 + middle else later
    if start is later and START in model.variables:
        start = Ref(START)
    half = Binary("/", _STEP, Num(2.0))
    basis = args[0]
    if not isinstance(basis, Num):
        coming = Binary("<=", Binary("-", _NOW, half), start)
        basis = Call("sample if true", (coming, basis, basis))
    since = Call("max", (Binary("-", _NOW, start), Num(0.0)))
    soon = Binary("+", _NOW, half)
    inside: Expr = Binary(">", soon, Binary("+", start, grace[0]) if grace else start)
    if len(args) > 2 + middle:
        inside = Binary("and", inside, Binary("<=", soon, Binary("+", start, args[2 + middle])))
    return Path(shape(basis, args[1 : 1 + middle], since), inside)


def refuse_paths(expr: Expr) -> None:
    """Refuse RC functions inside a larger expression.

    Raises
    ------
    UnsupportedError : there is one.
    """
    for node in walk(expr):
        if isinstance(node, Call) and node.name.startswith("rc "):
            raise UnsupportedError(
                f"{node.name.upper()} as a part of an expression",
                remedy="let it be all that a variable is compared with",
            )
