"""Division by a known number as a product: two instructions with exactly the bits of a division.

A division takes as long as a dozen multiplications. For a divisor ``c`` let ``high`` be 1/c rounded
towards zero and ``low`` the rounded remainder; ``fma(x, high, x * low)`` is x/c rounded once,
unless x/c is closer to the midpoint between two doubles than the error of that sum, 2^-105 of its
leading bit. There are at most a handful of such x for each c, found by solving a congruence; if
the product gives the bits of the division for these, it does for all x. ``low`` has the sign of
``high``, so that zeros and infinities keep theirs. One exception: a quotient below 2^-969 may
differ in its last bit, where ``x * low`` no longer has all its bits.

The idea comes from Brisebarre, Muller and Raina, Accelerating correctly rounded floating-point
division when the divisor is known in advance, IEEE Trans. Computers 53(8), 2004.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

_BITS = 53
#: Divisors above 2^100 or below 2^-100 use an ordinary division.
_REACH = 100


@lru_cache(65536)
def factors(c: float) -> tuple[float, float] | None:
    """(high, low) for the divisor ``c``; None if the product may differ, or c is a power of 2."""
    if not math.isfinite(c) or c == 0.0:
        return None
    mantissa, exponent = math.frexp(abs(c))
    if mantissa == 0.5 or abs(exponent) > _REACH:
        return None
    whole = int(mantissa * (1 << _BITS))
    high, low = _parts(whole)
    if not all(_right(x, whole, high, low) for x in hard(whole)):
        return None
    scale = math.copysign(math.ldexp(1.0, _BITS - exponent), c)
    return high * scale, low * scale


def _parts(c: int) -> tuple[float, float]:
    """1/c rounded towards zero, and the rounded remainder."""
    inverse = Fraction(1, c)
    high = float(inverse)
    if Fraction(high) > inverse:
        high = math.nextafter(high, 0.0)
    return high, float(inverse - Fraction(high))


def hard(c: int, bits: int = _BITS) -> Iterator[int]:
    """All x of ``bits`` bits with x/c within 2^(1 - 2 bits) of a midpoint of adjacent numbers.

    Such a midpoint is n/2^k with n odd and one bit longer, so x 2^k - n c = r is an integer,
    less than 2 for x > c (k = bits), less than 4 for x < c (k = bits + 1).
    """
    one = 1 << bits - 1
    twos = (c & -c).bit_length() - 1
    for k, most in ((bits, 1), (bits + 1, 3)):
        modulus = 1 << k - twos
        inverse = pow(c >> twos, -1, modulus)
        for r in (sign * size for size in range(1, most + 1) for sign in (1, -1)):
            if r % (1 << twos):
                continue
            n = -(r >> twos) * inverse % modulus
            first = n + -(-(2 * one - n) // modulus) * modulus
            for middle in range(first, 4 * one, modulus):
                x, rest = divmod(r + middle * c, 1 << k)
                if middle % 2 and not rest and one <= x < 2 * one and (x > c) == (k == bits):
                    yield x


def _right(x: int, c: int, high: float, low: float) -> bool:
    near = Fraction(x) * Fraction(high) + Fraction(float(x) * low)
    return float(near) == float(Fraction(x, c))
