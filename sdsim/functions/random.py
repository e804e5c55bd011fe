"""Random numbers from counter-based streams: they depend on seed and member, not on call order.

The seed argument of the Vensim functions is accepted but not used: a stream depends on the run's
seed, the member's number and the position of the call. Bounded draws come from the inverse of the
distribution restricted to its range; they are exact, not clipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sdsim.functions.base import Builder, Function

VENSIM = "Vensim Reference Manual, Functions"
#: How many values of a whole-number distribution are summed one by one.
TERMS = 130
#: Up to this mean (and variance) these terms are enough; beyond it a draw comes from a normal
#: distribution and is rounded.
EXACT_MEAN = 60.0


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
    """The standard normal distribution function, relative error below 1e-14."""
    tail = normal_tail(b, b.op("abs", z))
    return b.op("select", b.op("lt", z, b.const(0.0)), tail, b.op("sub", b.const(1.0), tail))


def normal_tail(b: Builder, z: int) -> int:
    """The standard normal probability beyond ``z`` >= 0.

    Hart et al. (1968), Computer Approximations, 5666; beyond 7.07 a continued fraction.
    """
    top = (220.206867912376, 221.213596169931, 112.079291497871, 33.912866078383,
           6.37396220353165, 0.700383064443688, 0.0352624965998911)  # fmt: skip
    bottom = (440.413735824752, 793.826512519948, 637.333633378831, 296.564248779674,
              86.7807322029461, 16.064177579207, 1.75566716318264, 0.0883883476483184)  # fmt: skip
    near = b.op("div", _poly(b, z, top), _poly(b, z, bottom))
    far = b.op("add", z, b.const(0.65))
    for k in (4.0, 3.0, 2.0, 1.0):
        far = b.op("add", z, b.op("div", b.const(k), far))
    far = b.op("div", b.const(1.0 / math.sqrt(2 * math.pi)), far)
    bell = b.op("exp", b.op("mul", b.const(-0.5), b.op("mul", z, z)))
    return b.op("mul", bell, b.op("select", b.op("lt", z, b.const(7.07106781186547)), near, far))


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


def summed(b: Builder, u: int, first: int, ratio: Callable[[int], int], low: int, high: int) -> int:
    """A whole number from 0 up, limited to ``low`` to ``high``, by summing its distribution.

    first : the probability of 0.   ratio : k -> probability of k divided by that of k - 1.
    """
    term, total, zero = first, first, b.const(0.0)
    totals = []
    below = b.op("mul", term, b.op("lt", zero, low))
    upto = b.op("mul", term, b.op("le", zero, high))
    for k in range(1, TERMS + 1):
        totals.append(total)
        term = b.op("mul", term, ratio(k))
        total = b.op("add", total, term)
        here = b.const(float(k))
        below = b.op("add", below, b.op("mul", term, b.op("lt", here, low)))
        upto = b.op("add", upto, b.op("mul", term, b.op("le", here, high)))
    at = b.op("add", below, b.op("mul", b.op("sub", upto, below), u))
    count = zero
    for total in totals:
        count = b.op("add", count, b.op("gt", at, total))
    return _within(b, count, low, high)


def rounded_normal(b: Builder, u: int, mean: int, sd: int, low: int, high: int) -> int:
    """A whole number between ``low`` and ``high``, from a rounded normal distribution."""
    half = b.const(0.5)
    p0, p1 = (
        normal_below(b, b.op("div", b.op("sub", b.op(op, end, half), mean), sd))
        for op, end in (("sub", low), ("add", high))
    )
    z = normal_quantile(b, b.op("add", p0, b.op("mul", b.op("sub", p1, p0), u)))
    about = b.op("floor", b.op("add", b.op("add", mean, b.op("mul", sd, z)), half))
    return _within(b, about, low, high)


def _within(b: Builder, count: int, low: int, high: int) -> int:
    """The count, kept within the limits in spite of rounding errors."""
    least = b.op("neg", b.op("floor", b.op("neg", low)))
    return b.op("min", b.op("max", count, least), b.op("floor", high))


def poisson(b: Builder, u: int, mean: int, low: int, high: int) -> int:
    """A Poisson draw: the number of events if ``mean`` are expected."""

    def ratio(k: int) -> int:
        return b.op("div", mean, b.const(float(k)))

    few = summed(b, u, b.op("exp", b.op("neg", mean)), ratio, low, high)
    many = rounded_normal(b, u, mean, b.op("sqrt", mean), low, high)
    return b.op("select", b.op("le", mean, b.const(EXACT_MEAN)), few, many)


ROWS = (
    Function("random 0 1", (0, 0), lambda b, a: b.draw(), "none", VENSIM),
    Function("random uniform", (2, 3), _uniform, "random", VENSIM),
    Function("random normal", (4, 5), _normal, "random", VENSIM),
    Function("random exponential", (4, 5), _exponential, "random", VENSIM),
)
