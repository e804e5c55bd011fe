"""Counter-based random numbers: a draw depends only on seed, member, stream and step.

Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3").
Key: the two halves of the seed. Counter: step + 1, stream, the two halves of the member's number.
The draw is the first 52 bits of the block, centred in their cell, so 0 < u < 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
_MASK = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)

Words = NDArray[np.uint64]


def block(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, ...]:
    """Four 32-bit words (held in 64-bit arrays) for each counter."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    m0, m1 = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
    for _ in range(ROUNDS):
        p0, p1 = m0 * c0, m1 * c2
        c0, c1, c2, c3 = (
            (p1 >> _32) ^ c1 ^ np.uint64(k0),
            p1 & _MASK,
            (p0 >> _32) ^ c3 ^ np.uint64(k1),
            p0 & _MASK,
        )
        k0, k1 = (k0 + WEYL[0]) & 0xFFFFFFFF, (k1 + WEYL[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def uniform(
    seed: int, numbers: NDArray[np.int64], streams: NDArray[np.uint64], step: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Draws in (0, 1), broadcast over ``numbers`` (members), ``streams`` and ``step``."""
    n = numbers.astype(np.uint64)
    counter = np.broadcast_arrays(
        (step + 1.0).astype(np.uint64) & _MASK, streams & _MASK, n & _MASK, n >> _32
    )
    word = seed & 0xFFFFFFFFFFFFFFFF
    a, b, _, _ = block(
        (counter[0], counter[1], counter[2], counter[3]), (word & 0xFFFFFFFF, word >> 32)
    )
    bits = (a << np.uint64(20)) | (b >> np.uint64(12))
    return (bits.astype(np.float64) + 0.5) * 2.0**-52
