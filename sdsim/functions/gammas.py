"""Stella's random functions that rest on the gamma distribution: GAMMA, BETA, NEGBINOMIAL.

Its distribution function has no inverse that is worked out in few steps, so that these do not come
from one draw, as others do, but from several: candidates by G. Marsaglia and W. W. Tsang, A Simple
Method for Generating Gamma Variables (ACM Transactions on Mathematical Software 26, 2000), of which
the first that passes their test is taken. What is kept has the exact distribution; that none of
them passes has a probability below 1e-10.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdsim.functions.base import Builder, Function
from sdsim.functions.random import normal_quantile, poisson

STELLA = "Stella's help, Statistical builtins"
#: How many candidates; one fails with a probability of 0.05 at most.
CANDIDATES = 8
#: No count of events is greater.
_FAR = 1e15


def gamma(b: Builder, shape: int) -> int:
    """A draw from the gamma distribution of a shape above 0 and scale 1."""
    one, third = b.const(1.0), b.const(1.0 / 3.0)
    small = b.op("lt", shape, one)
    d = b.op("sub", b.op("add", shape, small), third)
    c = b.op("div", one, b.op("sqrt", b.op("mul", b.const(9.0), d)))
    *before, (found, _) = [_candidate(b, c, d) for _ in range(CANDIDATES)]
    for value, passes in reversed(before):
        found = b.op("select", passes, value, found)
    # A shape below 1 is that of one more, shrunk.
    shrunk = b.op("mul", found, b.op("pow", b.draw(), b.op("div", one, shape)))
    return b.op("mul", d, b.op("select", small, shrunk, found))


def _candidate(b: Builder, c: int, d: int) -> tuple[int, int]:
    """A value in units of ``d``, and whether it passes."""
    z, u = normal_quantile(b, b.draw()), b.draw()
    root = b.op("add", b.const(1.0), b.op("mul", c, z))
    value = b.op("mul", root, b.op("mul", root, root))
    there = b.op("max", value, b.const(1e-300))
    squared = b.op("mul", b.const(0.5), b.op("mul", z, z))
    rest = b.op("mul", d, b.op("add", b.op("sub", b.const(1.0), there), b.op("log", there)))
    good = b.op("lt", b.op("log", u), b.op("add", squared, rest))
    return there, b.op("and", b.op("gt", value, b.const(0.0)), good)


def _gamma(b: Builder, a: Sequence[int]) -> int:
    return b.op("mul", a[1], gamma(b, a[0]))


def _beta(b: Builder, a: Sequence[int]) -> int:
    x, y = gamma(b, a[0]), gamma(b, a[1])
    return b.op("div", x, b.op("add", x, y))


def _negative_binomial(b: Builder, a: Sequence[int]) -> int:
    """Failures before so many successes: events at a rate that is itself drawn.

    Whether the last success and those before it count, too, the help does not say; they do not in
    SciPy's, R's and NumPy's functions of that name.
    """
    successes, chance = a[0], a[1]
    odds = b.op("div", b.op("sub", b.const(1.0), chance), chance)
    mean = b.op("mul", gamma(b, successes), odds)
    return poisson(b, b.draw(), mean, b.const(0.0), b.const(_FAR))


ROWS = (
    Function("gamma", (2, 3), _gamma, "any", STELLA),
    Function("beta", (2, 3), _beta, "any", STELLA),
    Function("negbinomial", (2, 3), _negative_binomial, "any", STELLA),
)
