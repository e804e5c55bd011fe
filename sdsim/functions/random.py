"""Random numbers from counter-based streams: seed and member decide, never the order of calls.

The seed argument of the Vensim functions is accepted and not used: streams come from the run's
seed, the member's number and the place of the call. Bounded draws come from the inverse of the
distribution, cut to its range; they are exact, not clipped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sdsim.functions.base import Builder, Function

VENSIM = "Vensim Reference Manual, Functions"


def _uniform(b: Builder, a: Sequence[int]) -> int:
    low, high = a[0], a[1]
    return b.op("add", low, b.op("mul", b.op("sub", high, low), b.draw()))


def _exponential(b: Builder, a: Sequence[int]) -> int:
    low, high, shift, scale = a[:4]
    one = b.const(1.0)

    def below(x: int) -> int:
        z = b.op("div", b.op("sub", x, shift), scale)
        return b.op("sub", one, b.op("exp", b.op("neg", b.op("max", z, b.const(0.0)))))

    p0, p1 = below(low), below(high)
    p = b.op("add", p0, b.op("mul", b.op("sub", p1, p0), b.draw()))
    return b.op("sub", shift, b.op("mul", scale, b.op("log", b.op("sub", one, p))))


def _normal(b: Builder, a: Sequence[int]) -> int:
    low, high, mean, sd = a[:4]
    p0 = normal_below(b, b.op("div", b.op("sub", low, mean), sd))
    p1 = normal_below(b, b.op("div", b.op("sub", high, mean), sd))
    p = b.op("add", p0, b.op("mul", b.op("sub", p1, p0), b.draw()))
    drawn = b.op("add", mean, b.op("mul", sd, normal_quantile(b, p)))
    inside = b.op("min", b.op("max", drawn, low), high)
    return b.op("select", b.op("le", sd, b.const(0.0)), mean, inside)


def _poly(b: Builder, x: int, coefficients: Sequence[float]) -> int:
    out = b.const(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        out = b.op("add", b.op("mul", out, x), b.const(c))
    return out


def normal_below(b: Builder, z: int) -> int:
    """The standard normal distribution function, absolute error below 7.5e-8.

    Abramowitz & Stegun (1964), 26.2.17.
    """
    t = b.op("div", b.const(1.0), _poly(b, b.op("abs", z), (1.0, 0.2316419)))
    tail = _poly(b, t, (0.0, 0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429))
    half = b.op("mul", b.const(-0.5), b.op("mul", z, z))
    tail = b.op("mul", tail, b.op("div", b.op("exp", half), b.const(math.sqrt(2 * math.pi))))
    return b.op("select", b.op("lt", z, b.const(0.0)), tail, b.op("sub", b.const(1.0), tail))


def normal_quantile(b: Builder, p: int) -> int:
    """The standard normal quantile, relative error below 1.2e-9 (P. J. Acklam's rational fit)."""
    a = (2.506628277459239, -30.66479806614716, 138.3577518672690, -275.9285104469687,
         220.9460984245205, -39.69683028665376)  # fmt: skip
    d = (1.0, -13.28068155288572, 66.80131188771972, -155.6989798598866, 161.5858368580409,
         -54.47609879822406)  # fmt: skip
    c = (2.938163982698783, 4.374664141464968, -2.549732539343734, -2.400758277161838,
         -0.3223964580411365, -0.007784894002430293)  # fmt: skip
    e = (1.0, 3.754408661907416, 2.445134137142996, 0.3224671290700398, 0.007784695709041462)
    half, one = b.const(0.5), b.const(1.0)
    q = b.op("sub", p, half)
    middle = b.op("mul", q, b.op("div", *(_poly(b, b.op("mul", q, q), k) for k in (a, d))))
    rare = b.op("min", p, b.op("sub", one, p))
    s = b.op("sqrt", b.op("mul", b.const(-2.0), b.op("log", rare)))
    tail = b.op("div", _poly(b, s, c), _poly(b, s, e))
    signed = b.op("select", b.op("lt", q, b.const(0.0)), tail, b.op("neg", tail))
    return b.op("select", b.op("lt", rare, b.const(0.02425)), signed, middle)


ROWS = (
    Function("random 0 1", (0, 0), lambda b, a: b.draw(), "none", VENSIM),
    Function("random uniform", (2, 3), _uniform, "random", VENSIM),
    Function("random normal", (4, 5), _normal, "random", VENSIM),
    Function("random exponential", (4, 5), _exponential, "random", VENSIM),
)
