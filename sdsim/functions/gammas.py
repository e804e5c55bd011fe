"""Stella's random functions based on the gamma distribution: GAMMA, BETA, NEGBINOMIAL.

The inverse of the gamma distribution function takes too many steps to compute, so these functions
use several draws instead of one: candidates by G. Marsaglia and W. W. Tsang, A Simple Method for
Generating Gamma Variables (ACM Transactions on Mathematical Software 26, 2000), of which the first
to pass their test is taken. The result has the exact distribution; the probability that no
candidate passes is below 1e-10.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdsim.functions.base import Builder, Function
from sdsim.functions.random import normal_quantile, poisson

STELLA = "Stella's help, Statistical builtins"
#: The number of candidates; each fails with a probability of at most 0.05.
CANDIDATES = 8
#: The largest count of events.
_FAR = 1e15


def gamma(b: Builder, shape: int) -> int:
    """A draw from the gamma distribution with shape above 0 and scale 1."""
    one, third = b.const(1.0), b.const(1.0 / 3.0)
    small = b.op("lt", shape, one)
    d = b.op("sub", b.op("add", shape, small), third)
    c = b.op("div", one, b.op("sqrt", b.op("mul", b.const(9.0), d)))
    *before, (found, _) = [_candidate(b, c, d) for _ in range(CANDIDATES)]
    for value, passes in reversed(before):
        found = b.op("select", passes, value, found)
    # For a shape below 1, draw with the shape plus 1 and shrink the result.
    shrunk = b.op("mul", found, b.op("pow", b.draw(), b.op("div", one, shape)))
    return b.op("mul", d, b.op("select", small, shrunk, found))


def _candidate(b: Builder, c: int, d: int) -> tuple[int, int]:
    """A candidate in units of ``d``, and whether it passes."""
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
    """The number of failures before a number of successes: a Poisson draw at a random gamma rate.

    The help does not say whether the count includes the successes; as in the functions of that name
    in SciPy, R and NumPy, it does not.
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
