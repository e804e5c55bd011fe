"""Translates XMILE's and Stella's functions to those of `sdsim.functions`: one row each.

A row is (fewest arguments, most arguments, translation). A function that is not here must exist in
Vensim under the same name. Sources: XMILE 1.0, 3.5; Stella's help, Builtins.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sdsim.base import names
from sdsim.base.errors import UnsupportedError, counted
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, Unary

Args = tuple[Expr, ...]
DT, _START, _STOP = Ref(names.TIME_STEP), Ref(names.INITIAL_TIME), Ref(names.FINAL_TIME)
_TIME = Ref(names.TIME)
_FAR = 1e30
_NEVER = Num(1e30)


def _to(name: str) -> Callable[[Args], Expr]:
    return lambda a: Call(name, a)


def _started(name: str, place: int) -> Callable[[Args], Expr]:
    """A smooth or delay; with an initial value, the one whose name ends in i."""

    def write(a: Args) -> Expr:
        return Call(f"{name}i", a) if len(a) > place else Call(name, a)

    return write


def _ordered(name: str) -> Callable[[Args], Expr]:
    """(input, time, order[, start]): Vensim has the initial value before the order."""

    def write(a: Args) -> Expr:
        return Call(name, (a[0], a[1], a[3] if len(a) > 3 else a[0], a[2]))

    return write


def _delay(a: Args) -> Expr:
    return Call("delay fixed", (a[0], a[1], a[2] if len(a) > 2 else a[0]))


def _pulse(a: Args) -> Expr:
    """A volume within one step, as a rate; repeated each interval if that is above 0."""
    height = Binary("/", a[0], DT)
    first = a[1] if len(a) > 1 else _START
    once: Expr = Call("pulse", (first, DT))
    if len(a) > 2:
        often = Call("pulse train", (first, DT, a[2], _NEVER))
        once = Call("if then else", (Binary(">", a[2], Num(0.0)), often, once))
    elif len(a) == 1:
        once = Num(1.0)
    return Binary("*", height, once)


def _safediv(a: Args) -> Expr:
    other = a[2] if len(a) > 2 else Num(0.0)
    divided = Binary("/", a[0], a[1])
    return Call("if then else", (Binary("=", a[1], Num(0.0)), other, divided))


def _mod(a: Args) -> Expr:
    """The remainder with the sign of the divisor."""
    whole = Call("int", (Binary("/", a[0], a[1]),))
    return Binary("-", a[0], Binary("*", a[1], whole))


def _counter(a: Args) -> Expr:
    """Counts from the first value up to just before the second, and starts again."""
    since = Binary("-", _TIME, _START)
    return Binary("+", a[0], _mod((since, Binary("-", a[1], a[0]))))


def _wave(name: str) -> Callable[[Args], Expr]:
    def write(a: Args) -> Expr:
        turn = Binary("/", Binary("*", Num(2 * math.pi), _TIME), a[1])
        return Binary("*", a[0], Call(name, (turn,)))

    return write


def _normal(a: Args) -> Expr:
    low, high = (a[3], a[4]) if len(a) > 4 else (Num(-_FAR), Num(_FAR))
    return Call("random normal", (low, high, a[0], a[1], Num(0.0)))


def _forecast(a: Args) -> Expr:
    return Call("forecast", a if len(a) == 4 else (*a, Num(0.0)))


def _growth(a: Args) -> Expr:
    """The fraction per unit of time that compounds to a given percentage, whatever the step."""
    once = Binary("+", Num(1.0), Binary("/", a[0], Num(100.0)))
    return Binary("/", Binary("-", Binary("^", once, DT), Num(1.0)), DT)


def _compounded(a: Args) -> tuple[Expr, Expr]:
    """The value of 1 after so many periods, and of 1 paid at the end of each of them."""
    rate, periods = a[0], a[1]
    growth = Binary("^", Binary("+", Num(1.0), rate), periods)
    paid = Binary("/", Binary("-", growth, Num(1.0)), rate)
    flat = Binary("=", rate, Num(0.0))
    return growth, Call("if then else", (flat, periods, paid))


def _future_value(a: Args) -> Expr:
    """(rate, periods, payment, present value): receipts are positive and payments negative;
    with interest they sum to 0. The same holds for the next two."""
    growth, paid = _compounded(a)
    return Unary("-", Binary("+", Binary("*", a[3], growth), Binary("*", a[2], paid)))


def _payment(a: Args) -> Expr:
    growth, paid = _compounded(a)
    return Unary("-", Binary("/", Binary("+", Binary("*", a[2], growth), a[3]), paid))


def _present_value(a: Args) -> Expr:
    growth, paid = _compounded(a)
    return Unary("-", Binary("/", Binary("+", a[3], Binary("*", a[2], paid)), growth))


def _ramp(a: Args) -> Expr:
    return Call("ramp", (a[0], a[1] if len(a) > 1 else _START, *a[2:]))


def _binomial(a: Args) -> Expr:
    """(trials, chance): a chance that is not a probability counts as 1."""
    none = Binary("or", Binary("<", a[1], Num(0.0)), Binary(">", a[1], Num(1.0)))
    chance: Expr = Call("if then else", (none, Num(1.0), a[1]))
    return Call("random binomial", (
        Num(0.0), Num(_FAR), chance, a[0], Num(0.0), Num(1.0), Num(0.0)))  # fmt: skip


def _ended(a: Args) -> Expr:
    """The initial value, since every run here is the first of its session."""
    return a[1] if len(a) > 1 else Call("initial", a)


def _root(a: Args) -> Expr:
    """A root; a negative number has a negative root of odd order."""
    x, order = a
    share = Binary("/", Num(1.0), order)
    if isinstance(x, Num) and x.value >= 0:
        return Binary("^", x, share)
    odd = Binary("=", _mod((order, Num(2.0))), Num(1.0))
    below = Binary("and", Binary("<", x, Num(0.0)), odd)
    turned = Unary("-", Binary("^", Unary("-", x), share))
    return Call("if then else", (below, turned, Binary("^", x, share)))


def _sign(a: Args) -> Expr:
    def past(op: str) -> Expr:
        return Binary(op, a[0], Num(0.0))

    down = Call("if then else", (past("<"), Num(-1.0), Num(0.0)))
    return Call("if then else", (past(">"), Num(1.0), down))


ROWS: dict[str, tuple[int, int, Callable[[Args], Expr]]] = {
    "smth1": (2, 3, _started("smooth", 2)),
    "smth3": (2, 3, _started("smooth3", 2)),
    "smthn": (3, 4, _ordered("smooth n")),
    "delay1": (2, 3, _started("delay1", 2)),
    "delay3": (2, 3, _started("delay3", 2)),
    "delayn": (3, 4, _ordered("delay n")),
    "delay": (2, 3, _delay),
    "previous": (2, 2, lambda a: Call("delay fixed", (a[0], DT, a[1]))),
    "trend": (2, 3, lambda a: Call("trend", a if len(a) == 3 else (*a, Num(0.0)))),
    "forcst": (3, 4, _forecast),
    "init": (1, 1, _to("initial")),
    "endval": (1, 2, _ended),
    "ramp": (1, 3, _ramp),
    "pulse": (1, 3, _pulse),
    "safediv": (2, 3, _safediv),
    "mod": (2, 2, _mod),
    "counter": (2, 2, _counter),
    "sinwave": (2, 2, _wave("sin")),
    "coswave": (2, 2, _wave("cos")),
    "random": (2, 3, lambda a: Call("random uniform", (a[0], a[1], Num(0.0)))),
    "uniform": (2, 3, lambda a: Call("random uniform", (a[0], a[1], Num(0.0)))),
    "normal": (2, 5, _normal),
    "exprnd": (1, 2, lambda a: Call(
        "random exponential", (Num(0.0), Num(_FAR), Num(0.0), a[0], Num(0.0)))),
    "npv": (2, 3, _to("stella npv")),
    "fv": (4, 4, _future_value),
    "pmt": (4, 4, _payment),
    "pv": (4, 4, _present_value),
    "binomial": (2, 3, _binomial),
    "cgrowth": (1, 1, _growth),
    "rootn": (2, 2, _root),
    "percent": (1, 1, lambda a: Binary("*", a[0], Num(100.0))),
    "round": (1, 1, lambda a: Call("int", (Binary("+", a[0], Num(0.5)),))),
    "sign": (1, 1, _sign),
    "log": (1, 2, lambda a: Call("log10" if len(a) == 1 else "log", a)),
    "logn": (1, 1, _to("ln")),
    "time": (0, 0, lambda a: _TIME),
    "dt": (0, 0, lambda a: DT),
    "starttime": (0, 0, lambda a: _START),
    "stoptime": (0, 0, lambda a: _STOP),
    "pi": (0, 0, _to("pi")),
    "inf": (0, 0, lambda a: Num(math.inf)),
    "nan": (0, 0, _to("nan")),
}  # fmt: skip

#: Functions that may also be written without parentheses.
CONSTANTS = ("time", "dt", "starttime", "stoptime", "pi", "inf", "nan")
#: Functions over the elements of an array, by their name in `sdsim.functions`.
OVER_ARRAYS = {"sum": "sum", "prod": "prod", "min": "vmin", "max": "vmax", "mean": "mean",
               "size": "size", "stddev": "stddev", "rank": "rank"}  # fmt: skip
#: Functions that only take an array.
REDUCED = ("sum", "prod", "mean", "size", "stddev", "rank")
#: Functions that take a table by name.
OF_TABLES = ("lookupinv", "lookuparea")
_STATE = "write it with stocks, flows and other functions"
_QUEUE = "count what flows in and out with stocks"
_RUNS = "write the run's number as a constant, and set it from outside"
#: Stella's functions that are not supported, and what to do instead.
REFUSED = {
    "irr": "find it after the run, from the saved stream; NPV has a stream's value at a given rate",
    "clocktime": "a run must give the same whenever it is made: write the time as a constant",
    "runcount": _RUNS, "sensiruncount": _RUNS, "sensiruntotal": _RUNS, "sensirunid": _RUNS,
    "stopifrun": "set STOPTIME, and look for the event in the results",
    "lookupmean": "LOOKUPAREA over the graph, by its width",
    "lookupxy": "give its points to a graphical function",
    "dice": "INT(UNIFORM(1, 7))",
    "allocate": "use Vensim's ALLOCATE AVAILABLE in a .mdl, or write the shares out",
    "oseconds": _STATE, "rework": _STATE, "arrest": _STATE, "capacity": _STATE,
    "throughput": _QUEUE, "cycletime": _QUEUE, "ctmax": _QUEUE, "ctmean": _QUEUE,
    "ctmin": _QUEUE, "ctstddev": _QUEUE, "ctflow": _QUEUE, "qelem": _QUEUE,
}  # fmt: skip
#: Namespaces of functions that are also known without a namespace.
NAMESPACES = ("std", "isee", "vensim")


def written(name: str, args: Args) -> Expr:
    """Translate a call, given its canonical name.

    Raises
    ------
    ModelError : a wrong number of arguments; a function of Stella's that is not supported.
    """
    head, dot, tail = name.partition(".")
    if dot and head == "vensim":  # the name may mean something else in XMILE
        return Call(tail, args)
    name = tail if dot and head in NAMESPACES else name
    if name in REFUSED:
        what = f"{name.upper()} is not supported in this version"
        raise UnsupportedError(what, remedy=REFUSED[name])
    row = ROWS.get(name)
    if row is None:
        return Call(name, args)
    low, high, write = row
    if not low <= len(args) <= high:
        wanted = counted(low, "argument") if low == high else f"{low} to {high} arguments"
        remedy = "add what is missing" if len(args) < low else "delete the extra ones"
        what = f"{name.upper()} takes {wanted}, got {len(args)}"
        raise UnsupportedError(what, remedy=remedy)
    return write(args)


def over_array(word: str, arg: Expr, count: int) -> Expr:
    """One of `OVER_ARRAYS` over the ``count`` elements of ``arg``; a count of 0 means no array."""
    if word == "size":
        return Num(float(max(count, 1)))
    if word != "mean":
        return Call(OVER_ARRAYS[word], (arg,)) if count else Num(0.0) if word == "stddev" else arg
    return Binary("/", Call("sum", (arg,)), Num(float(count))) if count else arg
