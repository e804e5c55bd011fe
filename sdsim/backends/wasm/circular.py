"""sin and its like as IR, one double at a time; `sdsim.backends.llvm.maths` has exp, log and pow.

sin, cos, tan: x = n pi/2 + r + low, |r| <= pi/4, with pi/2 as three doubles and fused products that
are rounded once; Taylor polynomials of r. Beyond 2^50 neighbouring doubles are a good part of a
turn apart: the result is NaN.
atan: reduced to |u| <= tan(pi/8) by atan x = pi/2 - atan 1/x and atan x = pi/4 + atan (x-1)/(x+1);
a minimax polynomial in u^2 (relative error 2e-19).   asin, acos: by atan of a ratio of roots.
sinh, cosh, tanh: from exp(x / 2), below 1 from the series of sinh.
Measured against mpmath: within 4 units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sdsim.backends.llvm.text import Body, Lanes

_PI_HALF = tuple(
    map(float.fromhex, ("0x1.921fb54442d18p+0", "0x1.1a62633145c07p-54", "-0x1.f1976b7ed8fbcp-110"))
)
_ATAN = tuple(
    map(
        float.fromhex,
        (
            "-0x1.5555555555555p-2", "0x1.9999999999953p-3", "-0x1.249249248d7dcp-3",
            "0x1.c71c71c303dbbp-4", "-0x1.745d165dc9713p-4", "0x1.3b1392d519db1p-4",
            "-0x1.110e87b4357d2p-4", "0x1.e19a0bfa3eef9p-5", "-0x1.ac7a5a79b3f26p-5",
            "0x1.74dccfb93fff0p-5", "-0x1.1b311bb48c215p-5", "0x1.0acd9e91a5a35p-6",
        ),
    )
)  # fmt: skip
#: Adding this rounds to an integer, which is then in the low bits.
_ROUNDER = float.fromhex("0x1.8p52")
_FARTHEST = 2.0**50


def _series(first: int, terms: int, sign: int) -> list[float]:
    """1 / first!, sign / (first + 2)!, 1 / (first + 4)! ..."""
    return [sign**k / math.factorial(first + 2 * k) for k in range(terms)]


def _polynomial(b: Body, z: str, c: Sequence[float]) -> str:
    value = b.number(c[-1])
    for each in reversed(c[:-1]):
        value = b.add(b.mul(value, z), b.number(each))
    return value


def _fused(b: Body, x: str, y: str, z: str) -> str:
    """x y + z, rounded once in every module."""
    return b.call("@fused_1", "double", [("double", v) for v in (x, y, z)])


def _reduced(b: Body, x: str) -> tuple[str, str, str]:
    """The number of quarter turns as rounded-up bits, and the remainder as two doubles."""
    turns = b.mul(x, b.number(2.0 / math.pi))
    shifted = b.add(turns, b.number(_ROUNDER))
    n = b.sub(shifted, b.number(_ROUNDER))
    near, middle, far = map(b.number, _PI_HALF)
    r = _fused(b, b.neg(n), near, x)
    p = b.mul(n, middle)
    p_low = _fused(b, n, middle, b.neg(p))
    high = b.sub(r, p)
    back = b.sub(high, r)
    missed = b.sub(b.sub(r, b.sub(high, back)), b.add(p, back))
    low = b.sub(b.sub(missed, p_low), b.mul(n, far))
    value = b.add(high, low)
    return b.to_bits(shifted), value, b.sub(low, b.sub(value, high))


def _sine_of(b: Body, r: str, low: str) -> str:
    z = b.mul(r, r)
    curve = b.mul(b.mul(r, z), _polynomial(b, z, [-c for c in _series(3, 8, -1)]))
    turned = b.mul(low, b.sub(b.number(1.0), b.mul(z, b.number(0.5))))
    return b.add(r, b.add(curve, turned))


def _cosine_of(b: Body, r: str, low: str) -> str:
    z, one = b.mul(r, r), b.number(1.0)
    half = b.mul(z, b.number(0.5))
    w = b.sub(one, half)
    curve = b.mul(b.mul(z, z), _polynomial(b, z, _series(4, 7, -1)))
    return b.add(w, b.add(b.sub(b.sub(one, w), half), b.sub(curve, b.mul(r, low))))


def _bit(b: Body, bits: str, k: int) -> str:
    return b.let(f"icmp ne i64 {b.integer('and', bits, b.whole(1 << k))}, 0")


def _near_enough(b: Body, x: str, value: str) -> str:
    """NaN for an argument beyond the farthest."""
    near = b.compare("olt", b.intrinsic("fabs", x), b.number(_FARTHEST))
    return b.choose(near, value, b.number(math.nan))


def _wave(quarters: int) -> Callable[[Body, str], str]:
    """The sine that many quarter turns further on."""

    def write(b: Body, x: str) -> str:
        n, r, low = _reduced(b, x)
        n = b.integer("add", n, b.whole(quarters))
        value = b.choose(_bit(b, n, 0), _cosine_of(b, r, low), _sine_of(b, r, low))
        value = b.choose(_bit(b, n, 1), b.neg(value), value)
        if not quarters:  # the sine of -0.0 is -0.0
            value = b.choose(b.compare("oeq", x, b.number(0.0)), x, value)
        return _near_enough(b, x, value)

    return write


def _tan(b: Body, x: str) -> str:
    n, r, low = _reduced(b, x)
    s, c = _sine_of(b, r, low), _cosine_of(b, r, low)
    odd = _bit(b, n, 0)
    value = b.div(b.choose(odd, b.neg(c), s), b.choose(odd, s, c))
    value = b.choose(b.compare("oeq", x, b.number(0.0)), x, value)
    return _near_enough(b, x, value)


def _atan(b: Body, x: str) -> str:
    size, one = b.intrinsic("fabs", x), b.number(1.0)
    zero, quarter, half = (b.number(v) for v in (0.0, 0.5 * _PI_HALF[0], _PI_HALF[0]))
    big = b.compare("ogt", size, one)
    t = b.choose(big, b.div(one, size), size)
    middle = b.compare("ogt", t, b.number(math.sqrt(2.0) - 1.0))
    u = b.choose(middle, b.div(b.sub(t, one), b.add(t, one)), t)
    z = b.mul(u, u)
    curve = b.mul(b.mul(u, z), _polynomial(b, z, _ATAN))
    low = b.choose(middle, b.number(0.5 * _PI_HALF[1]), zero)
    value = b.add(b.choose(middle, quarter, zero), b.add(u, b.add(curve, low)))
    flipped = b.add(b.sub(half, value), b.number(_PI_HALF[1]))
    value = b.choose(big, flipped, value)
    return b.call("@llvm.copysign.f64", "double", [("double", value), ("double", x)])


def _asin(b: Body, x: str) -> str:
    one = b.number(1.0)
    root = b.intrinsic("sqrt", b.mul(b.sub(one, x), b.add(one, x)))
    return _atan(b, b.div(x, root))


def _acos(b: Body, x: str) -> str:
    one = b.number(1.0)
    root = b.intrinsic("sqrt", b.div(b.sub(one, x), b.add(one, x)))
    return b.mul(b.number(2.0), _atan(b, root))


def _grown(b: Body, x: str) -> tuple[str, str]:
    """exp(x) / 2, in a form that does not overflow early, and exp(-x) / 2, for ``|x|``."""
    half = b.mul(b.intrinsic("fabs", x), b.number(0.5))
    e = b.in_pieces("exp", [half], 1)
    return b.mul(b.mul(b.number(0.5), e), e), b.div(b.div(b.number(0.5), e), e)


def _small_sinh(b: Body, x: str) -> str:
    z = b.mul(x, x)
    return b.add(x, b.mul(b.mul(x, z), _polynomial(b, z, _series(3, 9, 1))))


def _sinh(b: Body, x: str) -> str:
    up, down = _grown(b, x)
    big = b.call("@llvm.copysign.f64", "double", [("double", b.sub(up, down)), ("double", x)])
    small = b.compare("olt", b.intrinsic("fabs", x), b.number(1.0))
    return b.choose(small, _small_sinh(b, x), big)


def _cosh(b: Body, x: str) -> str:
    return b.add(*_grown(b, x))


def _tanh(b: Body, x: str) -> str:
    up, down = _grown(b, x)
    ratio = b.div(_small_sinh(b, x), b.add(up, down))
    one = b.number(1.0)
    twice = b.mul(b.mul(b.number(4.0), up), up)
    big = b.sub(one, b.div(b.number(2.0), b.add(twice, one)))
    big = b.call("@llvm.copysign.f64", "double", [("double", big), ("double", x)])
    small = b.compare("olt", b.intrinsic("fabs", x), one)
    return b.choose(small, ratio, b.choose(b.compare("uno", x, x), x, big))


FUNCTIONS: dict[str, Callable[[Body, str], str]] = {
    "sin": _wave(0), "cos": _wave(1), "tan": _tan,
    "asin": _asin, "acos": _acos, "atan": _atan,
    "sinh": _sinh, "cosh": _cosh, "tanh": _tanh,
}  # fmt: skip


def definition(code: str, symbol: str, attributes: str, declared: dict[str, str]) -> str:
    """The IR of one of `FUNCTIONS`, under the name that calls of it have."""
    body = Body(Lanes(1), declared)
    value = FUNCTIONS[code](body, "%x")
    lines = "\n".join(body.lines)
    head = f"define internal double @{symbol}(double %x) {attributes}"
    return f"{head} {{\n{lines}\n  ret double {value}\n}}\n"
