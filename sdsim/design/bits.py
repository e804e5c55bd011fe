"""Counter-based random numbers: each depends only on seed, factor and member.

A factor's stream depends on its name, so adding another factor does not change its draws.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names

Words = NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def key_of(seed: int, name: str, purpose: str = "") -> int:
    """A 64-bit key for a factor."""
    text = f"{seed}\x00{names.canonical(name)}\x00{purpose}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "little")


def mixed(x: Words) -> Words:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014): 64 bits well mixed."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def words(key: int, numbers: Words) -> Words:
    """64 random bits for each number."""
    with np.errstate(over="ignore"):
        return mixed(mixed(numbers * _GOLDEN + np.uint64(key)) + np.uint64(key))


def unit(bits: Words) -> NDArray[np.float64]:
    """Numbers in (0, 1), from the upper 53 bits."""
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
