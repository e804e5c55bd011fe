"""Latin hypercubes: one value a stratum, in every aligned block; columns that know nothing of each
other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sdsim.design import LatinHypercube, Uncertainty, Uniform
from sdsim.design.bits import key_of
from sdsim.design.latin import _scrambled

NAMES = tuple("abcdefgh")


def design(count: int, seed: int = 0, names: tuple[str, ...] = NAMES) -> LatinHypercube:
    return LatinHypercube(tuple(Uncertainty(n, Uniform(0, 1)) for n in names), count, seed)


@settings(max_examples=40, deadline=None)
@given(m=st.integers(0, 11), block=st.integers(0, 5), seed=st.integers(0, 1000))
def test_every_aligned_block_has_one_value_in_each_stratum(m: int, block: int, seed: int) -> None:
    n = 2**m
    u = design(6 * n, seed).unit(block * n, (block + 1) * n)
    assert (np.sort((u * n).astype(int), axis=0) == np.arange(n)[:, None]).all()


@pytest.mark.parametrize("n", [64, 256, 1024, 4096])
def test_columns_know_nothing_of_each_other(n: int) -> None:
    """Correlations about as small as those of chance, over seeds and pairs. A little larger they
    must be: two neighbours lie in opposite halves of both columns."""
    found = []
    for seed in range(30):
        c = np.corrcoef(design(n, seed).unit(0, n).T)
        found += list(c[np.triu_indices(len(NAMES), 1)])
    z = np.array(found) * np.sqrt(n)
    assert abs(z.mean()) < 0.2
    assert 0.85 < z.std() < 1.4
    assert np.abs(z).max() < 6


def test_pairs_of_columns_fill_the_square() -> None:
    counts = np.zeros((8, 8))
    for seed in range(50):
        u = design(256, seed).unit(0, 256)
        at = (u * 8).astype(int)
        np.add.at(counts, (at[:, 0], at[:, 5]), 1)
    assert stats.chisquare(counts.ravel()).pvalue > 1e-4


def test_the_scramble_is_nested() -> None:
    """Numbers that share their upper bits share as many upper bits afterwards, and no more."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2**32, 500, dtype=np.uint64)
    for bit in range(32):
        other = x ^ np.uint64(1 << bit)
        differ = _scrambled(x, key_of(3, "a")) ^ _scrambled(other, key_of(3, "a"))
        assert (np.floor(np.log2(differ.astype(float))) == bit).all()


def test_each_bit_turns_in_half_of_all_cases() -> None:
    x = np.arange(4096, dtype=np.uint64) << np.uint64(20)
    turned = np.zeros(12)
    for seed in range(64):
        changed = (_scrambled(x, key_of(seed, "a")) ^ x) >> np.uint64(20)
        turned += [((changed >> np.uint64(b)) & np.uint64(1)).mean() for b in range(12)]
    assert turned / 64 == pytest.approx(np.full(12, 0.5), abs=0.2)


def test_more_members_or_factors_leave_what_is_there() -> None:
    whole = design(1000)
    assert (design(100).unit(0, 100) == whole.unit(0, 100)).all()
    assert (whole.unit(300, 417) == whole.unit(0, 1000)[300:417]).all()
    some = design(1000, names=("c", "a"))
    assert (some.unit(0, 1000) == whole.unit(0, 1000)[:, [2, 0]]).all()
    assert (design(100, 0).unit(0, 100) != design(100, 1).unit(0, 100)).all()
