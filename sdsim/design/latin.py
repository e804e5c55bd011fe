"""Latin hypercubes that can go on for ever.

Each factor has the points of van der Corput's sequence, scrambled, in an order of its own, shuffled
so that every aligned block of 2^m members still has one point in each of 2^m strata (McKay,
Beckman and Conover 1979). Shuffle and scramble are Owen's (1997): a bit is turned, or not, by a
coin of its own for each value of the bits above it. The coins are looked up, not drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from sdsim.design.base import DESIGNS, Floats, Settings, checked, drawn
from sdsim.design.bits import Words, key_of, words
from sdsim.design.factors import Factor

_BITS = 32  # of van der Corput's points
_COINS = 12  # upper bits with a coin for each value of those above; the others are turned together
_LOW = np.uint64(2**_BITS - 1)
_ONE = np.uint64(1)


@dataclass(frozen=True)
class LatinHypercube:
    """In the first 2^m members, and in each 2^m that follow, every factor has one value in each
    2^m-th part of its distribution. For other counts the parts are those of the power of two
    above.

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> design = sdsim.LatinHypercube(factors, 8, seed=0)
    >>> sorted((8 * design.unit(0, 8)[:, 0]).astype(int).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7]
    """

    kind: ClassVar[str] = "latin hypercube"
    alike: ClassVar[int] = 1
    factors: tuple[Factor, ...]
    count: int
    seed: int = 0

    def __post_init__(self) -> None:
        checked(self.factors, self.count, self.seed)

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        out = np.empty((stop - first, len(self.factors)))
        for k, f in enumerate(self.factors):
            order = _shuffled(first, stop, key_of(self.seed, f.name, "order"))
            out[:, k] = _scrambled(_reversed(order), key_of(self.seed, f.name, "cell"))
        return out

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return drawn(self.factors, self.unit(first, stop))

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {"members": self.count, "seed": self.seed}


def _coins(key: int, level: int, prefixes: Words) -> Words:
    """0 or 1 for each."""
    own = key ^ (level + 1) * 0x0632BE59BD9B4E01
    return np.asarray(words(own & 0xFFFFFFFFFFFFFFFF, prefixes) >> np.uint64(63))


def _turned(key: int, level: int, before: Words, after: Words, numbers: Words) -> Words:
    """``numbers`` with one bit more than ``before``, which became ``after``: the last bit, too, is
    turned or not."""
    up = (numbers >> _ONE) - before[0]
    turned = (numbers & _ONE) ^ _coins(key, level, before)[up]
    return np.asarray((after[up] << _ONE) | turned)


def _shuffled(first: int, stop: int, key: int) -> Words:
    """The numbers of an order of chance, in which every aligned block of 2^m stays together.

    From the top bit down, so that a coin is looked up once. Zeros in front stay zeros: a coin for
    them would do no more than the scramble does.
    """
    out = before = np.zeros(1, dtype=np.uint64)
    for level in range((stop - 1).bit_length() - 1, -1, -1):
        numbers = np.arange(first >> level, ((stop - 1) >> level) + 1, dtype=np.uint64)
        after = _turned(key, level, before, out, numbers)
        before, out = numbers, np.where(numbers < np.uint64(2), numbers, after)
    return out


@lru_cache(1024)
def _tree(key: int) -> Words:
    """What each value of the upper bits of a point becomes."""
    out = before = np.zeros(1, dtype=np.uint64)
    for level in range(_COINS):
        numbers = np.arange(2 << level, dtype=np.uint64)
        before, out = numbers, _turned(key, level, before, out, numbers)
    out.setflags(write=False)
    return out


def _scrambled(x: Words, key: int) -> Floats:
    """Points in (0, 1) from ``x`` 2^-32: nested uniform scrambling of the upper bits (Owen 1995);
    what is below them is turned all at once, by what stands above."""
    low = np.uint64(_BITS - _COINS)
    upper = x >> low
    lower = (x << np.uint64(53 - _BITS)) & np.uint64(2 ** (53 - _COINS) - 1)
    lower ^= words(key, upper) >> np.uint64(64 - 53 + _COINS)
    bits = (_tree(key)[upper] << np.uint64(53 - _COINS)) | lower
    return np.asarray((bits.astype(np.float64) + 0.5) * 2.0**-53)


def _reversed(x: Words) -> Words:
    """The lower 32 bits from back to front."""
    x = x & _LOW
    for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF)):
        m, s = np.uint64(mask), np.uint64(shift)
        x = ((x >> s) & m) | ((x & m) << s)
    return ((x >> np.uint64(16)) | (x << np.uint64(16))) & _LOW


def _made(factors: tuple[Factor, ...], s: Settings) -> LatinHypercube:
    s.only("members", "seed")
    return LatinHypercube(factors, s.whole("members"), s.whole("seed", 0))


DESIGNS[LatinHypercube.kind] = _made
