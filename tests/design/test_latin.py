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


def strata(n: int, seed: int) -> np.ndarray:
    """Which of n parts each of n points in their natural order comes to."""
    x = np.arange(n, dtype=np.uint64) << np.uint64(33 - n.bit_length())
    return np.floor(_scrambled(x, key_of(seed, "a")) * n).astype(int)


def test_the_scramble_is_nested() -> None:
    """Numbers that share their upper bits share as many upper bits afterwards, and no more."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2**32, 500, dtype=np.uint64)
    for bit in range(32):
        both = [
            np.floor(_scrambled(v, key_of(3, "a")) * 2**32).astype(np.uint64)
            for v in (x, x ^ np.uint64(1 << bit))
        ]
        assert (np.floor(np.log2((both[0] ^ both[1]).astype(float))) == bit).all()


def test_all_nested_permutations_of_eight_come_up_as_often() -> None:
    """2^(n - 1) of n: a coin for each place where the halves of a part may change sides."""
    counts: dict[bytes, int] = {}
    for seed in range(4000):
        made = strata(8, seed).tobytes()
        counts[made] = counts.get(made, 0) + 1
    assert len(counts) == 128
    assert stats.chisquare(list(counts.values())).pvalue > 1e-4


def test_sixteen_points_come_in_as_many_orders_as_there_are() -> None:
    """4000 of 32,768 drawn with replacement: about 3765 different ones."""
    found = {strata(16, seed).tobytes() for seed in range(4000)}
    assert len(found) == pytest.approx(32768 * (1 - np.exp(-4000 / 32768)), abs=60)


def test_coins_of_all_levels_are_fair_and_know_nothing_of_each_other() -> None:
    """1023 coins of 1024 points, over seeds: none leans, no pair agrees more than by chance."""
    n, seeds = 1024, 600
    where = np.array([strata(n, s) for s in range(seeds)])
    coins = []
    for level in range(10):
        width = n >> level  # points of a part; its first one has moved to the other half, or not
        coins.append((where[:, ::width] // (width // 2)) % 2)
    flat = np.concatenate(coins, axis=1)
    assert flat.shape == (seeds, n - 1)
    z = (flat.mean(axis=0) - 0.5) * 2 * np.sqrt(seeds)
    assert np.abs(z).max() < 5
    assert z.std() == pytest.approx(1, abs=0.1)
    c = np.corrcoef(flat.T)[np.triu_indices(n - 1, 1)] * np.sqrt(seeds)
    assert np.abs(c).max() < 6.5  # of half a million
    assert c.std() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("n", [16, 64, 1024])
def test_means_are_as_sure_as_a_latin_hypercubes(n: int) -> None:
    """Of a sum the error is that within strata, 1 / (12 n^3) a factor; of a product of two factors
    about that of independent draws of what no sum explains, 1 / (144 n)."""
    sums, products = [], []
    for seed in range(400):
        u = design(n, seed, ("a", "b")).unit(0, n) - 0.5
        sums.append(u[:, 0].mean())
        products.append((u[:, 0] * u[:, 1]).mean())
    assert np.var(sums) * 12 * n**3 == pytest.approx(1, abs=0.3)
    assert 0.6 < np.var(products) * 144 * n < 1.8


def test_values_are_uniform_below_the_strata() -> None:
    u = np.concatenate([design(64, seed, ("a",)).unit(0, 64)[:, 0] for seed in range(100)])
    assert stats.kstest(u * 64 % 1, "uniform").pvalue > 1e-4
    assert stats.kstest(u * 2**21 % 1, "uniform").pvalue > 1e-4


def test_more_members_or_factors_leave_what_is_there() -> None:
    whole = design(1000)
    assert (design(100).unit(0, 100) == whole.unit(0, 100)).all()
    assert (whole.unit(300, 417) == whole.unit(0, 1000)[300:417]).all()
    some = design(1000, names=("c", "a"))
    assert (some.unit(0, 1000) == whole.unit(0, 1000)[:, [2, 0]]).all()
    assert (design(100, 0).unit(0, 100) != design(100, 1).unit(0, 100)).all()
