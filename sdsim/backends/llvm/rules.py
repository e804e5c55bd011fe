"""How each operation of a Program is written in IR: one row per code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sdsim.backends.llvm.division import factors
from sdsim.backends.llvm.text import Body, Comparison

Rule = Callable[..., str]

#: Functions left to the C library, lane by lane, under names unknown to the optimiser.
LIBRARY = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
#: Powers that plain arithmetic computes at least as accurately.
POWERS: dict[float, Callable[[Body, str], str]] = {
    1.0: lambda b, x: x,
    2.0: lambda b, x: b.mul(x, x),
    3.0: lambda b, x: b.mul(b.mul(x, x), x),
    -1.0: lambda b, x: b.div(b.number(1.0), x),
}


def library_name(code: str) -> str:
    """The symbol that stands for the C library's function."""
    return f"sdsim_{code}"


def _library(code: str) -> Rule:
    def rule(b: Body, x: str) -> str:
        name = f"@{library_name(code)}"
        b.declared[name] = f"declare double {name}(double) nounwind willreturn memory(none)"
        args = [b.lane(x, k) for k in range(b.lanes.width)]
        return b.gather(b.let(f"call double {name}(double {a})") for a in args)

    return rule


def _intrinsic(name: str) -> Rule:
    return lambda b, x: b.intrinsic(name, x)


def _comparison(how: Comparison) -> Rule:
    return lambda b, x, y: b.as_number(b.compare(how, x, y))


def _joined(how: str) -> Rule:
    return lambda b, x, y: b.as_number(b.both(b.truth(x), b.truth(y), how))


def _not(b: Body, x: str) -> str:
    return b.as_number(b.both(b.truth(x), b.lanes.whole(1, "i1"), "xor"))


RULES: dict[str, Rule] = {
    "neg": Body.neg,
    "abs": _intrinsic("fabs"),
    "sqrt": _intrinsic("sqrt"),
    "floor": _intrinsic("floor"),
    "trunc": _intrinsic("trunc"),
    "not": _not,
    "add": Body.add,
    "sub": Body.sub,
    "mul": Body.mul,
    "div": Body.div,
    "min": lambda b, x, y: b.choose(b.compare("olt", x, y), x, y),
    "max": lambda b, x, y: b.choose(b.compare("ogt", x, y), x, y),
    "lt": _comparison("olt"),
    "le": _comparison("ole"),
    "gt": _comparison("ogt"),
    "ge": _comparison("oge"),
    "eq": _comparison("oeq"),
    "ne": _comparison("une"),
    "and": _joined("and"),
    "or": _joined("or"),
    "select": lambda b, c, x, y: b.choose(b.truth(c), x, y),
    **{code: _library(code) for code in LIBRARY},
}


def power(b: Body, x: str, y: str, exponent: float | None, piece: int) -> str:
    """``x ** y``; ``exponent`` is ``y`` if it is known."""
    if exponent in POWERS:
        return POWERS[exponent](b, x)
    return b.in_pieces("pow", [x, y], piece)


def quotient(b: Body, x: str, divisor: float) -> str:
    """``x / divisor``, as a product if that gives the same bits; needs the fused instruction."""
    pair = factors(divisor)
    if pair is None:
        return b.div(x, b.number(divisor))
    high, low = map(b.number, pair)
    return b.fma(x, high, b.mul(x, low))


def apply(b: Body, code: str, args: Sequence[str], exponent: float | None, piece: int) -> str:
    """The value of an operation with operands that is neither a table nor a draw."""
    if code == "pow":
        return power(b, args[0], args[1], exponent, piece)
    if code in ("exp", "log"):
        return b.in_pieces(code, args, piece)
    return RULES[code](b, *args)
