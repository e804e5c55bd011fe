"""exp, log and pow as IR, so that the bits of a member depend only on its own numbers.

They use plain arithmetic, bit operations and explicit fma, which is exact on every machine: a lane
gives the same bits alone or among 64, with AVX2 or AVX-512. Each function has a short path for
ordinary arguments and a careful one, taken if any lane needs it, with the same bits for ordinary
lanes.

exp: x = n ln 2 + r, |r| <= ln 2 / 2, exp r = 1 + r + r^2 Q(r).
log: x = 2^k m, m in [sqrt 1/2, sqrt 2), s = (m - 1) / (m + 1), log m = 2s + s^3 R(s^2).
pow: log x = k ln 2 + s + s^3 (1/12 + s^2 P(s^2)) with s = 2 (m - 1) / (m + 1), all but P carried
with their rounding errors (relative error about 2^-66), times y, and the same exp.
The polynomials are minimax (Remez exchange). Errors, measured against mpmath: below 1.2 units in
the last place, including subnormal results.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sdsim.backends.llvm.text import Body, Lanes, bits

_EXP = (
    "0x1p-1", "0x1.555555555555cp-3", "0x1.5555555553169p-5", "0x1.111111110e574p-7",
    "0x1.6c16c17cf4a2dp-10", "0x1.a01a01b677213p-13", "0x1.a019aa93ec2c7p-16",
    "0x1.71dde874b0dddp-19", "0x1.28a020aa402a6p-22", "0x1.af794ac6ea08dp-26",
)  # fmt: skip
_LOG = (
    "0x1.5555555555592p-1", "0x1.999999997fec4p-2", "0x1.24924941e668ep-2",
    "0x1.c71c520fcdaabp-3", "0x1.74663df05a60ep-3", "0x1.39a1cc77b5fe4p-3",
    "0x1.2f04ed835567ep-3",
)  # fmt: skip
_POW = (
    "0x1.9999999999b09p-7", "0x1.249249245bab2p-9", "0x1.c71c7228c4a35p-12",
    "0x1.745ceb4ad827cp-14", "0x1.3b1eb1b313009p-16", "0x1.0f84c25f340aep-18",
    "0x1.0e19308bee37ep-20",
)  # fmt: skip
EXP, LOG, POW = (tuple(map(float.fromhex, c)) for c in (_EXP, _LOG, _POW))
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fefa3800p-1"), float.fromhex("0x1.ef35793c76730p-45")
LOG2_E = float.fromhex("0x1.71547652b82fep+0")
TWELFTH_HIGH = float.fromhex("0x1.5555555555555p-4")
TWELFTH_LOW = float.fromhex("0x1.5555555555555p-58")
#: Adding this rounds to an integer, which is then in the low bits.
ROUNDER = float.fromhex("0x1.8p52")
ORDINARY = 708.0
_SQRT_HALF = bits(math.sqrt(0.5))
_FRACTION = (1 << 52) - 1
_SMALLEST = 2.0**-1022
_INF = math.inf

Pair = tuple[str, str]


def _exponential(b: Body, high: str, low: str | None) -> Pair:
    """(integer n as rounded-up bits, exp of the remainder) of ``high + low``."""
    shifted = b.fma(high, b.number(LOG2_E), b.number(ROUNDER))
    n = b.sub(shifted, b.number(ROUNDER))
    r = b.fma(n, b.number(-LN2_HIGH), high)
    r = b.fma(n, b.number(-LN2_LOW), r)
    if low is not None:
        r = b.add(r, low)
    tail = b.fma(b.mul(r, r), _paired(b, r, EXP), r)
    return b.to_bits(shifted), b.add(b.number(1.0), tail)


def _paired(b: Body, x: str, c: tuple[float, ...]) -> str:
    """The polynomial with coefficients ``c``, evaluated as a tree: less latency than Horner."""
    terms = [
        b.fma(x, b.number(c[i + 1]), b.number(c[i])) if i + 1 < len(c) else b.number(c[i])
        for i in range(0, len(c), 2)
    ]
    while len(terms) > 1:
        x = b.mul(x, x)
        terms = [
            b.fma(x, terms[i + 1], terms[i]) if i + 1 < len(terms) else terms[i]
            for i in range(0, len(terms), 2)
        ]
    return terms[0]


def _scaled(b: Body, value: str, n: str) -> str:
    """``value * 2^n`` if the result is normal; ``n`` is in the low bits."""
    return b.from_bits(b.integer("add", b.to_bits(value), b.integer("shl", n, b.whole(52))))


def _scaled_anyhow(b: Body, value: str, n: str) -> str:
    """``value * 2^n`` in two steps, so that it may overflow or become subnormal."""
    n = b.integer("ashr", b.integer("shl", n, b.whole(13)), b.whole(13))
    half = b.integer("ashr", n, b.whole(1))
    for part in (half, b.integer("sub", n, half)):
        power = b.integer("shl", b.integer("add", part, b.whole(1023)), b.whole(52))
        value = b.mul(value, b.from_bits(power))
    return value


def _between(b: Body, low: float, x: str, high: float) -> str:
    """``x`` limited to between the two; NaN stays NaN."""
    x = b.choose(b.compare("olt", x, b.number(low)), b.number(low), x)
    return b.choose(b.compare("ogt", x, b.number(high)), b.number(high), x)


def _short_if(b: Body, fine: str, short: Callable[[], str]) -> None:
    """Return ``short()`` if the mask ``fine`` is set in all lanes; the careful path follows."""
    odd = b.anywhere(b.both(fine, b.lanes.whole(1, "i1"), "xor"))
    b.do(f"br i1 {odd}, label %careful, label %short")
    b.label("short")
    b.do(f"ret {b.lanes.floats} {short()}")
    b.label("careful")


def _exp(b: Body) -> None:
    x = "%x"
    fine = b.compare("olt", b.intrinsic("fabs", x), b.number(ORDINARY))
    n, p = _exponential(b, x, None)
    _short_if(b, fine, lambda: _scaled(b, p, n))
    held = _between(b, -746.0, x, 710.0)
    n, p = _exponential(b, held, None)
    value = _scaled_anyhow(b, p, n)
    value = b.choose(b.compare("uno", x, x), x, value)
    b.do(f"ret {b.lanes.floats} {value}")


def _normal(b: Body, x: str) -> str:
    """The mask of lanes with a positive, normal, finite ``x``: one unsigned comparison of bits."""
    away = b.integer("sub", b.to_bits(x), b.whole(bits(_SMALLEST)))
    return b.let(f"icmp ult {b.lanes.ints} {away}, {b.whole(bits(_INF) - bits(_SMALLEST))}")


def _parts(b: Body, x: str, shift: str | None) -> Pair:
    """(k as a double, m - 1) with ``x = 2^(k + shift) m``, m in [sqrt 1/2, sqrt 2)."""
    moved = b.integer("add", b.to_bits(x), b.whole((1023 << 52) - _SQRT_HALF))
    biased = b.integer("or", b.integer("lshr", moved, b.whole(52)), b.whole(bits(2.0**52)))
    k = b.sub(b.from_bits(biased), b.number(2.0**52 + 1023.0))
    fraction = b.integer("and", moved, b.whole(_FRACTION))
    m = b.from_bits(b.integer("add", fraction, b.whole(_SQRT_HALF)))
    return k if shift is None else b.sub(k, shift), b.sub(m, b.number(1.0))


def _lifted(b: Body, x: str) -> Pair:
    """Subnormal lanes times 2^54, and the amount to subtract from the exponent afterwards."""
    small = b.compare("olt", x, b.number(_SMALLEST))
    up = b.choose(small, b.mul(x, b.number(2.0**54)), x)
    return up, b.choose(small, b.number(54.0), b.number(0.0))


def _logarithm(b: Body, x: str, shift: str | None) -> str:
    k, f = _parts(b, x, shift)
    s = b.div(f, b.add(f, b.number(2.0)))
    z = b.mul(s, s)
    half = b.mul(b.mul(f, f), b.number(0.5))
    r = b.mul(z, _paired(b, z, LOG))
    small = b.fma(s, b.add(half, r), b.mul(k, b.number(LN2_LOW)))
    return b.fma(k, b.number(LN2_HIGH), b.sub(f, b.sub(half, small)))


def _log(b: Body) -> None:
    x = "%x"
    fine = _normal(b, x)
    _short_if(b, fine, lambda: _logarithm(b, x, None))
    up, shift = _lifted(b, x)
    value = _logarithm(b, up, shift)
    zero = b.number(0.0)
    value = b.choose(b.compare("oeq", x, b.number(_INF)), x, value)
    value = b.choose(b.compare("oeq", x, zero), b.number(-_INF), value)
    value = b.choose(b.compare("olt", x, zero), b.number(math.nan), value)
    value = b.choose(b.compare("uno", x, x), x, value)
    b.do(f"ret {b.lanes.floats} {value}")


def _two_sum(b: Body, x: str, y: str) -> Pair:
    """x + y as two doubles, if |x| >= |y| or x is 0."""
    high = b.add(x, y)
    return high, b.add(b.sub(x, high), y)


def _double_logarithm(b: Body, x: str, shift: str | None) -> Pair:
    """log x as two doubles, the second about as large as a rounding error of the first."""
    k, f = _parts(b, x, shift)
    half, one = b.number(0.5), b.number(1.0)
    below = b.fma(f, half, one)
    below_low = b.fma(f, half, b.sub(one, below))
    inverse = b.div(one, below)
    s = b.mul(f, inverse)
    rest = b.fma(b.neg(s), below_low, b.fma(b.neg(s), below, f))
    s_low = b.mul(rest, inverse)
    z = b.mul(s, s)
    u, u_low = _two_sum(b, b.number(TWELFTH_HIGH), b.mul(z, _paired(b, z, POW)))
    v = b.mul(z, u)
    w = b.mul(s, v)
    v_low = b.fma(z, b.add(u_low, b.number(TWELFTH_LOW)), _missed(b, z, u, v))
    v_low = b.fma(u, _missed(b, s, s, z), v_low)
    w_low = b.fma(s, v_low, _missed(b, s, v, w))
    s_low = b.fma(b.mul(v, b.number(3.0)), s_low, s_low)
    high, a = _two_sum(b, b.mul(k, b.number(LN2_HIGH)), s)
    high, c = _two_sum(b, high, w)
    tiny = b.fma(k, b.number(LN2_LOW), b.add(s_low, w_low))
    return high, b.add(c, b.add(a, tiny))


def _missed(b: Body, x: str, y: str, product: str) -> str:
    """The rounding error of ``product``, which is x y."""
    return b.fma(x, y, b.neg(product))


def _times(b: Body, y: str, log: Pair) -> Pair:
    high = b.mul(y, log[0])
    return high, b.fma(y, log[1], b.fma(y, log[0], b.neg(high)))


def _pow(b: Body) -> None:
    x, y = "%x", "%y"
    e = _times(b, y, _double_logarithm(b, x, None))
    fine = b.both(_normal(b, x), b.compare("olt", b.intrinsic("fabs", e[0]), b.number(ORDINARY)))
    n, p = _exponential(b, *e)
    _short_if(b, fine, lambda: _scaled(b, p, n))
    b.do(f"ret {b.lanes.floats} {_careful_pow(b, x, y)}")


def _careful_pow(b: Body, x: str, y: str) -> str:
    """C's pow for any arguments."""
    size = b.intrinsic("fabs", x)
    up, shift = _lifted(b, size)
    bounded = _between(b, -(2.0**66), y, 2.0**66)
    high, low = _times(b, bounded, _double_logarithm(b, up, shift))
    held = _between(b, -746.0, high, 710.0)
    low = b.choose(b.compare("oeq", held, high), low, b.number(0.0))
    n, p = _exponential(b, held, low)
    value = _scaled_anyhow(b, p, n)
    zero, one = b.number(0.0), b.number(1.0)
    for edge, rising, falling in ((0.0, 0.0, _INF), (_INF, _INF, 0.0)):
        there = b.compare("oeq", size, b.number(edge))
        end = b.choose(b.compare("ogt", y, zero), b.number(rising), b.number(falling))
        value = b.choose(there, end, value)
    return _signed(b, x, y, value, one)


def _signed(b: Body, x: str, y: str, value: str, one: str) -> str:
    """``|x|^y`` with the sign, the NaN or the 1 that C requires."""
    half = b.mul(y, b.number(0.5))
    whole = b.compare("oeq", b.intrinsic("trunc", y), y)
    odd = b.both(whole, b.compare("une", b.intrinsic("trunc", half), half))
    negative = b.let(f"icmp slt {b.lanes.ints} {b.to_bits(x)}, {b.whole(0)}")
    value = b.choose(b.both(negative, odd), b.neg(value), value)
    below = b.compare("olt", x, b.number(0.0))
    finite = b.compare("une", x, b.number(-_INF))
    broken = b.both(b.both(below, finite), b.both(whole, b.lanes.whole(1, "i1"), "xor"))
    value = b.choose(broken, b.number(math.nan), value)
    value = b.choose(b.compare("uno", x, y), b.add(x, y), value)
    sure = b.both(b.compare("oeq", x, one), b.compare("oeq", y, b.number(0.0)), "or")
    return b.choose(sure, one, value)


FUNCTIONS: dict[str, tuple[Callable[[Body], None], int]] = {
    "exp": (_exp, 1),
    "log": (_log, 1),
    "pow": (_pow, 2),
}


def definition(name: str, width: int, attributes: str, declared: dict[str, str]) -> str:
    """The IR of ``<name>_<width>``, one of `FUNCTIONS`."""
    write, arity = FUNCTIONS[name]
    body = Body(Lanes(width), declared)
    write(body)
    f = body.lanes.floats
    args = ", ".join(f"{f} %{a}" for a in "xy"[:arity])
    lines = "\n".join(body.lines)
    return f"define internal {f} @{name}_{width}({args}) {attributes} {{\n{lines}\n}}\n"
