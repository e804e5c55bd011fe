"""Vensim's further random functions: exact inverses, truncated to limits, one draw per step.

Their common arguments: the minimum and maximum, the parameters of the distribution, then a shift
(added after stretching), a stretch factor, and a stream that is not used
(`sdsim.functions.random`). The limits apply to the result. Vensim draws again if a value is outside
the limits; an inverse restricted to the limits has the same distribution.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdsim.base import names
from sdsim.functions.base import Builder, Function, Maker, Stateful
from sdsim.functions.random import TERMS, VENSIM, poisson, rounded_normal, summed
from sdsim.functions.stella import gamma_ln, triangular_quantile
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref

#: A binomial draw with more trials is summed term by term only if the expected number of successes
#: (or failures) is small enough for these terms.
FEW = 40.0


def _limits(b: Builder, a: Sequence[int], shift: int, stretch: int) -> tuple[int, int]:
    """The limits of the result, converted to limits of the unshifted, unstretched distribution."""
    ends = [b.op("div", b.op("sub", end, shift), stretch) for end in a[:2]]
    return b.op("min", *ends), b.op("max", *ends)


def _moved(b: Builder, value: int, shift: int, stretch: int) -> int:
    still = b.op("eq", stretch, b.const(0.0))
    return b.op("select", still, shift, b.op("add", shift, b.op("mul", stretch, value)))


def _weibull(b: Builder, a: Sequence[int]) -> int:
    """Weibull with shape S, scaled to a mean of 1 before it is stretched."""
    shape, shift, stretch = a[2:5]
    one = b.const(1.0)
    inverse = b.op("div", one, shape)
    scale = b.op("exp", b.op("neg", gamma_ln(b, (b.op("add", one, inverse),))))

    def beyond(z: int) -> int:
        share = b.op("div", b.op("max", z, b.const(0.0)), scale)
        return b.op("exp", b.op("neg", b.op("pow", share, shape)))

    q0, q1 = map(beyond, _limits(b, a, shift, stretch))
    q = b.op("sub", q0, b.op("mul", b.op("sub", q0, q1), b.draw()))
    value = b.op("mul", scale, b.op("pow", b.op("neg", b.op("log", q)), inverse))
    return _moved(b, value, shift, stretch)


def _triangular(b: Builder, a: Sequence[int]) -> int:
    """Triangular between start and stop with a peak; neither stretched nor shifted."""
    start, peak, stop = a[2:5]
    width = b.op("sub", stop, start)

    def below(y: int) -> int:
        y = b.op("min", b.op("max", y, start), stop)
        up, down = b.op("sub", y, start), b.op("sub", stop, y)
        left = b.op("div", b.op("mul", up, up), b.op("mul", width, b.op("sub", peak, start)))
        right = b.op("div", b.op("mul", down, down), b.op("mul", width, b.op("sub", stop, peak)))
        right = b.op("select", b.op("ge", y, stop), b.const(0.0), right)
        return b.op("select", b.op("lt", y, peak), left, b.op("sub", b.const(1.0), right))

    p0, p1 = below(a[0]), below(a[1])
    u = b.op("add", p0, b.op("mul", b.op("sub", p1, p0), b.draw()))
    return triangular_quantile(b, u, start, peak, stop)


def _poisson(b: Builder, a: Sequence[int]) -> int:
    """Poisson; the mean is that of one draw, whatever the time step (Stella's is a rate)."""
    mean, shift, stretch = a[2:5]
    low, high = _limits(b, a, shift, stretch)
    return _moved(b, poisson(b, b.draw(), mean, low, high), shift, stretch)


def _binomial(b: Builder, a: Sequence[int]) -> int:
    """Successes among N trials; the rarer of success and failure is counted."""
    p, n, shift, stretch = a[2:6]
    one, half = b.const(1.0), b.const(0.5)
    n = b.op("floor", b.op("add", n, half))
    often = b.op("gt", p, half)
    q = b.op("select", often, b.op("sub", one, p), p)
    low, high = _limits(b, a, shift, stretch)
    low, high = b.op("max", low, b.const(0.0)), b.op("min", high, n)
    least = b.op("select", often, b.op("sub", n, high), low)
    most = b.op("select", often, b.op("sub", n, low), high)
    kept = b.op("sub", one, q)
    odds = b.op("div", q, kept)

    def ratio(k: int) -> int:
        left = b.op("max", b.op("sub", n, b.const(k - 1.0)), b.const(0.0))
        return b.op("mul", odds, b.op("div", left, b.const(float(k))))

    u, mean = b.draw(), b.op("mul", n, q)
    exact = summed(b, u, b.op("pow", kept, n), ratio, least, most)
    spread = b.op("sqrt", b.op("mul", mean, kept))
    about = rounded_normal(b, u, mean, spread, least, most)
    small = b.op("le", n, b.const(float(TERMS)))
    rare = b.op("le", mean, b.const(FEW))
    count = b.op("select", b.op("max", small, rare), exact, about)
    return _moved(b, b.op("select", often, b.op("sub", n, count), count), shift, stretch)


def _pink(m: Maker, a: tuple[Expr, ...]) -> Expr:
    """Pink noise: white noise smoothed over a correlation time (Sterman 2000, appendix B).

    With Euler, the mean and standard deviation are as given from the start, whatever the time step.
    """
    mean, sd, over = a[:3]
    bell = Call("random normal", (Num(-1e9), Num(1e9), Num(0.0), Num(1.0), Num(0.0)))
    share = Binary("/", Ref(names.TIME_STEP), m.nonzero(over, "correlation time"))
    wider = Call("sqrt", (Binary("/", Binary("-", Num(2.0), share), share),))
    white = m.add(Binary("+", mean, Binary("*", Binary("*", sd, wider), bell)))
    start = Binary("+", mean, Binary("*", sd, bell))
    return m.stock(start, lambda s: Binary("/", Binary("-", white, s), over))


ROWS = (
    Function("random weibull", (5, 6), _weibull, "any", VENSIM),
    Function("random triangular", (5, 6), _triangular, "any", VENSIM),
    Function("random poisson", (5, 6), _poisson, "any", VENSIM),
    Function("random binomial", (6, 7), _binomial, "any", VENSIM),
)
NOISES = (Stateful("random pink noise", (3, 4), _pink, "any", VENSIM),)

#: Vensim functions that cannot be run, and what to use instead.
REFUSED = {
    "random beta": "use RANDOM TRIANGULAR, or a series of draws as data",
    "random gamma": "use RANDOM WEIBULL, or a series of draws as data",
    "random lookup": "use a lookup of the inverse distribution at RANDOM UNIFORM(0, 1, 0)",
    "random negative binomial": "use RANDOM POISSON or RANDOM BINOMIAL",
    "delay batch": "use DELAY FIXED with SAMPLE IF TRUE",
    "delay profile": "use DELAY N of the order that fits the profile",
}
