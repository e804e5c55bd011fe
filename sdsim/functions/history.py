"""Stella's builtins that read a variable's past: HISTORY, DERIVN.

Source: Stella's help, Data builtins. Both work at time steps, like Vensim's discrete delays
(`sdsim.functions.root_forms`), with every integration method.
"""

from __future__ import annotations

from collections.abc import Callable

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.functions.base import Stateful
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary, walk

STELLA = "Stella's help, Data builtins"
#: The highest derivative: each order needs one more past step and loses a digit or more.
MOST = 12
Args = tuple[Expr, ...]
_TIME, _DT, _START = Ref(names.TIME), Ref(names.TIME_STEP), Ref(names.INITIAL_TIME)
_ZERO = Num(0.0)


def lag_of(time: Expr) -> Expr | None:
    """The lag in ``TIME - lag``, however it is bracketed; None unless TIME occurs exactly once,
    with a plus sign."""
    found = _lag(time, 1)
    return found[1] if found is not None and found[0] else None


def _lag(expr: Expr, sign: int) -> tuple[bool, Expr] | None:
    """Whether ``expr`` contains TIME, and the rest that it subtracts."""
    if expr == _TIME:
        return (True, _ZERO) if sign > 0 else None
    if isinstance(expr, Binary) and expr.op in ("+", "-"):
        right = sign if expr.op == "+" else -sign
        one, other = _lag(expr.left, sign), _lag(expr.right, right)
        if one is None or other is None or (one[0] and other[0]):
            return None
        (there, a), (here, b) = one, other
        if _ZERO in (a, b):
            return there or here, b if a == _ZERO else a
        return there or here, Binary("+", a, b)
    if any(node == _TIME for node in walk(expr)):
        return None
    return False, expr if sign < 0 else Unary("-", expr)


def then(args: Args, known: Callable[[Expr], float | None]) -> Expr:
    """HISTORY(x, TIME - lag) as 0, x, or a root form that keeps its past. It is 0 before the start
    and for future times.

    known : the value of an expression that is the same throughout the run, else None.

    Raises
    ------
    UnsupportedError : a time other than TIME minus a constant, since the help does not say what a
        fixed time between two steps reads; or another run.
    """
    if len(args) > 2:
        raise UnsupportedError(
            "HISTORY of another run is not supported in this version",
            remedy="give that run's values as a table over time",
        )
    x, time = args
    lag = lag_of(time)
    value = known(lag) if lag is not None else None
    if lag is None or value is None:
        what = "HISTORY at another time than TIME less a constant is not supported in this version"
        raise UnsupportedError(
            what, remedy="write HISTORY(x, TIME - 2) or so; a stock keeps what once was"
        )
    return Call("delay fixed", (x, lag, _ZERO)) if value > 0 else _ZERO if value else x


def derived(args: Args, known: Callable[[Expr], float | None], add: Callable[[Expr], Expr]) -> Expr:
    """DERIVN(x, order): repeated differences over one step each; 0 until there are enough steps.

    known : as in `then`.   add : puts an expression into a variable of its own.

    Raises
    ------
    ModelError : an order that is not known before the run, or not a whole number.
    """
    order = known(args[1])
    if order is None or order != int(order) or not 0 <= order <= MOST:
        got = "an expression" if order is None else f"{order:g}"
        raise ModelError(
            f"DERIVN expects an order from 0 to {MOST} that is known, got {got}",
            remedy="write a whole number there",
        )
    out = args[0]
    for _ in range(int(order)):
        x = add(out)
        before = add(Call("delay fixed", (x, _DT, x)))
        out = Binary("/", Binary("-", x, before), _DT)
    first = Binary("+", _START, Binary("*", Num(order - 0.5), _DT))
    return Call("if then else", (Binary("<", _TIME, first), _ZERO, out)) if order else out


ROWS = (
    Stateful("history", (2, 3), lambda m, a: m.add(then(a, m.constant)), "first", STELLA),
    Stateful("derivn", (2, 2), lambda m, a: derived(a, m.constant, m.add), "any", STELLA),
)
