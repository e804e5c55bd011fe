"""Mathematics without memory."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sdsim.functions.base import Builder, Function

VENSIM = "Vensim Reference Manual, Functions"
#: ZIDZ and XIDZ treat a smaller denominator as zero (Vensim Reference Manual).
SMALL = 1e-6


def _row(name: str, code: str, units: str = "none") -> Function:
    return Function(name, (1, 1), lambda b, a: b.op(code, a[0]), units, VENSIM)


def _log(b: Builder, a: Sequence[int]) -> int:
    return b.op("div", b.op("log", a[0]), b.op("log", a[1]))


def _log10(b: Builder, a: Sequence[int]) -> int:
    return b.op("div", b.op("log", a[0]), b.const(math.log(10.0)))


def _chain(code: str) -> Function:
    def lower(b: Builder, a: Sequence[int]) -> int:
        out = a[0]
        for x in a[1:]:
            out = b.op(code, out, x)
        return out

    return Function(code, (1, 1000), lower, "same", VENSIM)


def _modulo(b: Builder, a: Sequence[int]) -> int:
    """The remainder of x after QUANTUM, as Vensim defines it: the result has the sign of x."""
    x, y = a
    return b.op("sub", x, b.op("mul", y, b.op("trunc", b.op("div", x, y))))


def _quantum(b: Builder, a: Sequence[int]) -> int:
    x, q = a
    steps = b.op("mul", q, b.op("trunc", b.op("div", x, q)))
    return b.op("select", b.op("le", q, b.const(0.0)), x, steps)


def _xidz(b: Builder, a: Sequence[int]) -> int:
    top, bottom, otherwise = a
    zero = b.op("lt", b.op("abs", bottom), b.const(SMALL))
    return b.op("select", zero, otherwise, b.op("div", top, bottom))


def _zidz(b: Builder, a: Sequence[int]) -> int:
    return _xidz(b, (*a, b.const(0.0)))


ROWS = (
    _row("abs", "abs", "first"),
    _row("exp", "exp"),
    _row("ln", "log"),
    _row("sqrt", "sqrt", "sqrt"),
    _row("sin", "sin"),
    _row("cos", "cos"),
    _row("tan", "tan"),
    _row("arcsin", "asin"),
    _row("arccos", "acos"),
    _row("arctan", "atan"),
    _row("sinh", "sinh"),
    _row("cosh", "cosh"),
    _row("tanh", "tanh"),
    _row("integer", "trunc", "first"),
    _row("int", "floor", "first"),
    Function("log", (2, 2), _log, "none", VENSIM),
    Function("log10", (1, 1), _log10, "none", "XMILE 1.0, 3.5.1"),
    Function("pi", (0, 0), lambda b, a: b.const(math.pi), "none", "XMILE 1.0, 3.5.1"),
    Function("nan", (0, 0), lambda b, a: b.const(math.nan), "any", "Stella's help, Builtins"),
    _chain("min"),
    _chain("max"),
    Function("modulo", (2, 2), _modulo, "same", VENSIM),
    Function("quantum", (2, 2), _quantum, "same", VENSIM),
    Function("power", (2, 2), lambda b, a: b.op("pow", a[0], a[1]), "power", VENSIM),
    Function("xidz", (3, 3), _xidz, "ratio", VENSIM),
    Function("zidz", (2, 2), _zidz, "ratio", VENSIM),
    Function("if then else", (3, 3), lambda b, a: b.op("select", *a), "choice", VENSIM),
)
