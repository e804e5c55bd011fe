"""Latin hypercubes: every factor has one value in each n-th part of its distribution, for any n.

McKay, Beckman and Conover 1979. Each factor has its own random permutation of the parts. For many
members the permutation is a Feistel network on as many bits as the count has, applied again when it
leads beyond the count (Black and Rogaway 2002), so that no permutation is ever stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from sdsim.design.base import DESIGNS, Floats, Sample
from sdsim.design.bits import Words, key_of, words

#: Up to this many members the permutation is drawn as a whole, all being equally likely.
SMALL = 4096
_ROUNDS = 6
#: Bits of a value: the number of its part and its position within the part. Few enough that
#: rounding never moves a value into another part.
_BITS = 48


@dataclass(frozen=True)
class LatinHypercube(Sample):
    """A Latin hypercube: each factor has one value in every ``count``-th part of its distribution.

    This holds for any count. A member's values depend on ``count``: a design with another count has
    different first members. `MonteCarlo` and `SobolSequence` can be extended.

    Examples
    --------
    >>> factors = (
    ...     sdsim.Uncertainty("Contact Infectivity", sdsim.Uniform(0.3, 0.6)),
    ...     sdsim.Uncertainty("Duration", sdsim.Uniform(5, 9)),
    ... )
    >>> design = sdsim.LatinHypercube(factors, 10, seed=0)
    >>> sorted((10 * design.unit(0, 10)[:, 0]).astype(int).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """

    kind: ClassVar[str] = "latin hypercube"

    def unit(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        members = np.arange(first, stop, dtype=np.uint64)
        out = np.empty((stop - first, len(self.factors)))
        for k, f in enumerate(self.factors):
            part = _shuffled(members, self.count, key_of(self.seed, f.name, f"order {self.count}"))
            within = words(key_of(self.seed, f.name, "cell"), members)
            out[:, k] = (part.astype(np.float64) + _inside(within, self.count)) / self.count
        return out


def _inside(numbers: Words, count: int) -> Floats:
    """Positions of values within their parts, in (0, 1)."""
    bits = _BITS - count.bit_length()
    return np.asarray(((numbers >> np.uint64(64 - bits)).astype(np.float64) + 0.5) * 2.0**-bits)


def _shuffled(members: Words, count: int, key: int) -> Words:
    """The part of each member: a random permutation of 0 to ``count - 1``."""
    if count <= SMALL:
        return np.asarray(_order(count, key)[members])
    out = _mixed(members, count, key)
    beyond = np.flatnonzero(out >= np.uint64(count))
    while beyond.size:
        out[beyond] = _mixed(out[beyond], count, key)
        beyond = beyond[out[beyond] >= np.uint64(count)]
    return out


@lru_cache(1024)
def _order(count: int, key: int) -> Words:
    drawn_at = words(key, np.arange(count, dtype=np.uint64))
    out = np.argsort(drawn_at, kind="stable").astype(np.uint64)
    out.setflags(write=False)
    return out


def _mixed(numbers: Words, count: int, key: int) -> Words:
    """A Feistel network: a bijection on numbers with as many bits as ``count - 1``."""
    bits = max((count - 1).bit_length(), 2)
    sizes = [bits // 2, bits - bits // 2]  # bits of the upper and the lower half
    upper = numbers >> np.uint64(sizes[1])
    lower = numbers & np.uint64((1 << sizes[1]) - 1)
    for level in range(_ROUNDS):
        own = key ^ (level + 1) * 0x0632BE59BD9B4E01 & 0xFFFFFFFFFFFFFFFF
        upper, lower = lower, upper ^ (words(own, lower) >> np.uint64(64 - sizes[0]))
        sizes.reverse()
    return np.asarray((upper << np.uint64(sizes[1])) | lower)


DESIGNS[LatinHypercube.kind] = LatinHypercube.made
