"""Latin hypercubes that can go on for ever.

Each factor has the points of van der Corput's sequence, scrambled, in an order of its own, shuffled
so that every aligned block of 2^m members still has one point in each of 2^m strata (McKay,
Beckman and Conover 1979; nested shuffling after Owen 1997, by hashing after Burley 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sdsim.design.base import DESIGNS, Floats, Settings, checked, drawn
from sdsim.design.bits import Words, key_of, unit, words
from sdsim.design.factors import Factor

_BITS = 32
_LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True)
class LatinHypercube:
    """In the first 2^m members, and in each 2^m that follow, every factor has one value in each
    2^m-th part of its distribution. For other counts the parts are those of the power of two
    above."""

    kind: ClassVar[str] = "latin hypercube"
    factors: tuple[Factor, ...]
    count: int
    seed: int = 0

    def __post_init__(self) -> None:
        checked(self.factors, self.count, self.seed)

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        numbers = np.arange(first, stop, dtype=np.uint64)
        out = np.empty((stop - first, len(self.factors)))
        for k, f in enumerate(self.factors):
            order = _scrambled(numbers, key_of(self.seed, f.name, "order"))
            cell = _scrambled(_reversed(order), key_of(self.seed, f.name, "cell"))
            within = unit(words(key_of(self.seed, f.name, "within"), numbers))
            out[:, k] = (cell.astype(np.float64) + within) * 2.0**-_BITS
        return out

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return drawn(self.factors, self.unit(first, stop))

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {"members": self.count, "seed": self.seed}


def _reversed(x: Words) -> Words:
    """The lower 32 bits from back to front."""
    x = x & _LOW
    for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF)):
        m, s = np.uint64(mask), np.uint64(shift)
        x = ((x >> s) & m) | ((x & m) << s)
    return ((x >> np.uint64(16)) | (x << np.uint64(16))) & _LOW


def _scrambled(x: Words, key: int) -> Words:
    """Nested uniform scrambling: each bit, from the top, is turned or not as the bits above it say.

    Done from the bottom up on reversed bits, where adding and multiplying by even numbers let a bit
    depend on lower ones alone.
    """
    low, high = np.uint64(key & 0xFFFFFFFF), np.uint64(key >> 32)
    v = _reversed(x)
    with np.errstate(over="ignore"):
        for salt in (low, high):
            v = v ^ ((v * np.uint64(0x3D20ADEA)) & _LOW)
            v = (v + salt) & _LOW
            v = (v * ((salt >> np.uint64(16)) | np.uint64(1))) & _LOW
            v = v ^ ((v * np.uint64(0x05526C56)) & _LOW)
            v = v ^ ((v * np.uint64(0x53A22864)) & _LOW)
    return _reversed(v)


def _made(factors: tuple[Factor, ...], s: Settings) -> LatinHypercube:
    s.only("members", "seed")
    return LatinHypercube(factors, s.whole("members"), s.whole("seed", 0))


DESIGNS[LatinHypercube.kind] = _made
