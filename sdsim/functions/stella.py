"""Builtins that Stella has and Vensim does not.

Sources: XMILE 1.0, 3.5; Stella's help, Builtins. The random functions are exact inverses of their
distribution functions at one uniform draw per step, as in `sdsim.functions.random`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

from sdsim.base.errors import ModelError
from sdsim.functions.base import Builder, Function, Vector
from sdsim.functions.random import normal_below, normal_quantile, poisson
from sdsim.ir.expr import Binary, Call, Expr, Num, joined

STELLA = "Stella's help, Builtins"
#: The largest count of events.
FAR = 1e15
#: The most elements for RANK, which compares each element with every other.
MAX_RANKED = 200


def _add(b: Builder, *values: int) -> int:
    return reduce(lambda x, y: b.op("add", x, y), values)


def _lognormal(b: Builder, a: Sequence[int]) -> int:
    """A lognormal draw, given the mean and standard deviation of the result itself."""
    mean, sd = a[0], a[1]
    ratio = b.op("div", sd, mean)
    var = b.op("log", b.op("add", b.const(1.0), b.op("mul", ratio, ratio)))
    mu = b.op("sub", b.op("log", mean), b.op("mul", b.const(0.5), var))
    z = normal_quantile(b, b.draw())
    return b.op("exp", b.op("add", mu, b.op("mul", b.op("sqrt", var), z)))


def _logistic(b: Builder, a: Sequence[int]) -> int:
    u = b.draw()
    odds = b.op("div", u, b.op("sub", b.const(1.0), u))
    return b.op("add", a[0], b.op("mul", a[1], b.op("log", odds)))


def _weibull(b: Builder, a: Sequence[int]) -> int:
    shape, scale = a[0], a[1]
    waited = b.op("neg", b.op("log", b.draw()))
    return b.op("mul", scale, b.op("pow", waited, b.op("div", b.const(1.0), shape)))


def _pareto(b: Builder, a: Sequence[int]) -> int:
    shape, scale = a[0], a[1]
    return b.op("div", scale, b.op("pow", b.draw(), b.op("div", b.const(1.0), shape)))


def triangular_quantile(b: Builder, u: int, low: int, mode: int, high: int) -> int:
    """The triangular quantile: where the distribution function has the value ``u``."""
    width = b.op("sub", high, low)
    below = b.op("div", b.op("sub", mode, low), width)
    up = b.op("sqrt", b.op("mul", u, b.op("mul", width, b.op("sub", mode, low))))
    rest = b.op("sub", b.const(1.0), u)
    down = b.op("sqrt", b.op("mul", rest, b.op("mul", width, b.op("sub", high, mode))))
    return b.op("select", b.op("lt", u, below), b.op("add", low, up), b.op("sub", high, down))


def _triangular(b: Builder, a: Sequence[int]) -> int:
    return triangular_quantile(b, b.draw(), a[0], a[1], a[2])


def _geometric(b: Builder, a: Sequence[int]) -> int:
    """The number of trials up to the first success."""
    one = b.const(1.0)
    trials = b.op("div", b.op("log", b.draw()), b.op("log", b.op("sub", one, a[0])))
    count = b.op("add", one, b.op("floor", trials))
    return b.op("select", b.op("ge", a[0], one), one, count)


def _montecarlo(b: Builder, a: Sequence[int]) -> int:
    """1 with a probability given in per cent per unit of time, otherwise 0."""
    chance = b.op("mul", b.op("div", a[0], b.const(100.0)), b.dt())
    return b.op("lt", b.draw(), chance)


def _poisson(b: Builder, a: Sequence[int]) -> int:
    """The number of events in a step, given a rate per unit of time."""
    return poisson(b, b.draw(), b.op("mul", a[0], b.dt()), b.const(0.0), b.const(FAR))


def gamma_ln(b: Builder, a: Sequence[int]) -> int:
    """ln of the gamma function for x > 0 by Lanczos, relative error below 2e-10."""
    x = a[0]
    shifted = b.op("add", x, b.const(5.5))
    series = b.const(1.000000000190015)
    parts = (76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155,
             0.1208650973866179e-2, -0.5395239384953e-5)  # fmt: skip
    for k, c in enumerate(parts, start=1):
        series = b.op("add", series, b.op("div", b.const(c), b.op("add", x, b.const(float(k)))))
    tail = b.op("sub", b.op("mul", b.op("add", x, b.const(0.5)), b.op("log", shifted)), shifted)
    scaled = b.op("div", b.op("mul", b.const(math.sqrt(2 * math.pi)), series), x)
    return b.op("add", tail, b.op("log", scaled))


def _factorial_ln(b: Builder, x: int) -> int:
    return gamma_ln(b, (b.op("add", x, b.const(1.0)),))


def _whole(b: Builder, x: int) -> int:
    return b.op("floor", b.op("add", x, b.const(0.5)))


def _factorial(b: Builder, a: Sequence[int]) -> int:
    return _whole(b, b.op("exp", _factorial_ln(b, a[0])))


def _combinations(b: Builder, a: Sequence[int]) -> int:
    n, r = a
    chosen = b.op("sub", _factorial_ln(b, n), _factorial_ln(b, r))
    logs = b.op("sub", chosen, _factorial_ln(b, b.op("sub", n, r)))
    return _whole(b, b.op("exp", logs))


def _permutations(b: Builder, a: Sequence[int]) -> int:
    n, r = a
    logs = b.op("sub", _factorial_ln(b, n), _factorial_ln(b, b.op("sub", n, r)))
    return _whole(b, b.op("exp", logs))


def _normal_cdf(b: Builder, a: Sequence[int]) -> int:
    """The normal distribution function; with four arguments, the probability of an interval."""
    if len(a) == 1:
        return normal_below(b, a[0])
    left, right = a[0], a[1]
    mean, sd = (a[2], a[3]) if len(a) == 4 else (b.const(0.0), b.const(1.0))

    def below(x: int) -> int:
        return normal_below(b, b.op("div", b.op("sub", x, mean), sd))

    return b.op("sub", below(right), below(left))


def _normal_inverse(b: Builder, a: Sequence[int]) -> int:
    z = normal_quantile(b, a[0])
    return z if len(a) == 1 else b.op("add", a[1], b.op("mul", a[2], z))


def _stddev(terms: Sequence[tuple[Expr, ...]]) -> Expr:
    """The population standard deviation of the elements.

    Distances are taken from the first element, which keeps it exact for values far from 0.
    """
    n, first = Num(float(len(terms))), terms[0][0]
    off: list[Expr] = [Binary("-", t[0], first) for t in terms]
    total, squares = joined("+", off), joined("+", [Binary("*", x, x) for x in off])
    mean = Binary("/", total, n)
    spread = Binary("-", Binary("/", squares, n), Binary("*", mean, mean))
    return Call("sqrt", (Call("max", (spread, Num(0.0))),))


def _rank(terms: Sequence[tuple[Expr, ...]]) -> Expr:
    """RANK: the number of the element with the given rank in ascending order; 0 if there is none.

    Ties go to the smaller third argument, then to the element listed first.
    """
    if len(terms) > MAX_RANKED:
        raise ModelError(f"RANK of more than {MAX_RANKED} elements", remedy="use a coarser range")
    found: list[Expr] = [Num(0.0)]
    for k, mine in enumerate(terms):
        before = [_comes_before(o, mine, j < k) for j, o in enumerate(terms) if j != k]
        here = Binary("=", joined("+", [Num(1.0), *before]), mine[1])
        found.append(Binary("*", Num(k + 1.0), here))
    return joined("+", found)


def _comes_before(a: tuple[Expr, ...], b: tuple[Expr, ...], listed: bool) -> Expr:
    tie: Expr = Num(1.0 if listed else 0.0)
    if len(a) > 2:
        equal = Binary("and", Binary("=", a[2], b[2]), tie)
        tie = Binary("or", Binary("<", a[2], b[2]), equal)
    return Binary("or", Binary("<", a[0], b[0]), Binary("and", Binary("=", a[0], b[0]), tie))


ROWS = (
    Function("lognormal", (2, 3), _lognormal, "first", STELLA),
    Function("logistic", (2, 3), _logistic, "first", STELLA),
    Function("weibull", (2, 3), _weibull, "any", STELLA),
    Function("pareto", (2, 3), _pareto, "any", STELLA),
    Function("triangular", (3, 4), _triangular, "same", STELLA),
    Function("geometric", (1, 2), _geometric, "any", STELLA),
    Function("montecarlo", (1, 2), _montecarlo, "any", STELLA),
    Function("poisson", (1, 2), _poisson, "any", STELLA),
    Function("gammaln", (1, 1), gamma_ln, "none", STELLA),
    Function("gamma ln", (1, 1), gamma_ln, "none", "Vensim Reference Manual, Functions"),
    Function("factorial", (1, 1), _factorial, "none", STELLA),
    Function("combinations", (2, 2), _combinations, "none", STELLA),
    Function("permutations", (2, 2), _permutations, "none", STELLA),
    Function("normalcdf", (1, 4), _normal_cdf, "any", STELLA),
    Function("invnorm", (1, 3), _normal_inverse, "any", STELLA),
)
OVER = (
    Vector("stddev", (1, 1), _stddev, "same", STELLA),
    Vector("rank", (2, 3), _rank, "any", "XMILE 1.0, 3.7.1.3"),
)
