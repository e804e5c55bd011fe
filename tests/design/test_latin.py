"""Latin hypercubes: one value in each part, for every count; columns independent of each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sdsim.design import LatinHypercube, Triangular, Uncertainty, Uniform
from sdsim.design import latin as latin_module
from sdsim.design.bits import key_of
from sdsim.design.latin import SMALL

NAMES = tuple("abcdefgh")


def design(count: int, seed: int = 0, names: tuple[str, ...] = NAMES) -> LatinHypercube:
    return LatinHypercube(tuple(Uncertainty(n, Uniform(0, 1)) for n in names), count, seed)


def full(u: np.ndarray) -> bool:
    """Whether each column has one value in each part."""
    n = len(u)
    return bool((np.sort(np.floor(u * n).astype(int), axis=0) == np.arange(n)[:, None]).all())


@pytest.mark.parametrize("names", [("a",), NAMES])
def test_every_part_has_one_value_for_all_counts_to_a_thousand(names: tuple[str, ...]) -> None:
    for n in range(1, 1001 if len(names) == 1 else 130):
        assert full(design(n, n, names).unit(0, n)), n


@pytest.mark.parametrize("n", [SMALL - 1, SMALL, SMALL + 1, 5000, 8192, 8193, 99_991, 1_000_000])
def test_every_part_has_one_value_for_large_counts(n: int) -> None:
    assert full(design(n, 3, NAMES[:3]).unit(0, n))


@settings(max_examples=60)
@given(n=st.integers(1, 3000), seed=st.integers(0, 1000), held=st.booleans())
def test_every_part_has_one_value_for_any_count(n: int, seed: int, held: bool) -> None:
    """Drawn as a whole, and by the network that takes over for many members."""
    with pytest.MonkeyPatch.context() as patch:
        if not held:
            patch.setattr(latin_module, "SMALL", 0)
        u = design(n, seed, ("a", "b")).unit(0, n)
    assert full(u)
    assert ((u > 0) & (u < 1)).all()


def test_of_ten_thousand_million_members_no_two_meet() -> None:
    n = 10_000_000_000
    d = design(n, 0, ("a", "b"))
    u = np.concatenate([d.unit(k, k + 50_000) for k in (0, n // 3, n - 50_000)])
    part = np.floor(u * n).astype(np.int64)
    for column in part.T:
        assert len(np.unique(column)) == len(column)
        assert stats.kstest(column / n, "uniform").pvalue > 1e-4


def test_values_in_model_units_fill_the_parts_of_their_distribution() -> None:
    peak = Triangular(2, 3, 10)
    factors = (Uncertainty("a", peak), Uncertainty("b", Uniform(-5, 5)))
    values = LatinHypercube(factors, 100, 1).values(0, 100)
    edges = peak.ppf(np.arange(101) / 100)
    assert (np.histogram(values[:, 0], edges)[0] == 1).all()
    assert (np.histogram(values[:, 1], np.linspace(-5, 5, 101))[0] == 1).all()


@pytest.mark.parametrize("n", [64, 100, 1000, 4096, 6000])
def test_columns_know_nothing_of_each_other(n: int) -> None:
    """Correlations about as small as those of chance, over seeds and pairs."""
    found = []
    for seed in range(30):
        c = np.corrcoef(design(n, seed).unit(0, n).T)
        found += list(c[np.triu_indices(len(NAMES), 1)])
    z = np.array(found) * np.sqrt(n)
    assert abs(z.mean()) < 0.2
    assert 0.9 < z.std() < 1.1
    assert np.abs(z).max() < 6


@pytest.mark.parametrize("n", [256, 5000])
def test_pairs_of_columns_and_of_neighbours_fill_the_square(n: int) -> None:
    pairs, neighbours = np.zeros((2, 8, 8))
    for seed in range(50):
        at = (design(n, seed, ("a", "b")).unit(0, n) * 8).astype(int)
        np.add.at(pairs, (at[:, 0], at[:, 1]), 1)
        np.add.at(neighbours, (at[:-1, 0], at[1:, 0]), 1)
    for counts in (pairs, neighbours):
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4


@pytest.mark.parametrize("small", [SMALL, 0])
def test_all_orders_of_four_come_up_as_often(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn as a whole, and by the network that takes over for many members."""
    monkeypatch.setattr(latin_module, "SMALL", small)
    members, counts = np.arange(4, dtype=np.uint64), {}
    for seed in range(4800):
        made = latin_module._shuffled(members, 4, key_of(seed, "a")).tobytes()
        counts[made] = counts.get(made, 0) + 1
    assert len(counts) == 24
    assert stats.chisquare(list(counts.values())).pvalue > 1e-4


@pytest.mark.parametrize("n", [16, 100, 5000])
def test_means_are_as_sure_as_a_latin_hypercubes(n: int) -> None:
    """Of a sum the error is that within parts, 1 / (12 n^3) a factor; of a product of two factors
    that of independent draws of what no sum explains, 1 / (144 n)."""
    sums, products = [], []
    for seed in range(400):
        u = design(n, seed, ("a", "b")).unit(0, n) - 0.5
        sums.append(u[:, 0].mean())
        products.append((u[:, 0] * u[:, 1]).mean())
    assert np.var(sums) * 12 * n**3 == pytest.approx(1, abs=0.3)
    assert np.var(products) * 144 * n == pytest.approx(1, abs=0.3)


def test_values_are_uniform_within_the_parts() -> None:
    u = np.concatenate([design(50, seed, ("a",)).unit(0, 50)[:, 0] for seed in range(100)])
    assert stats.kstest(u * 50 % 1, "uniform").pvalue > 1e-4
    assert stats.kstest(u * 50 * 2**15 % 1, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("n", [100, 5000])
def test_members_and_factors_stand_for_themselves(n: int) -> None:
    """Any stretch and any choice of factors give the same; another seed does not."""
    whole = design(n).unit(0, n)
    assert (design(n).unit(0, n) == whole).all()
    assert (design(n).unit(30, 77) == whole[30:77]).all()
    assert (design(n, names=("c", "a")).unit(0, n) == whole[:, [2, 0]]).all()
    assert (design(n, 1).unit(0, n) != whole).all(axis=0).any()


def test_another_count_is_another_design() -> None:
    """As it must be: no sequence fills the parts of every count."""
    assert (design(101).unit(0, 100) != design(100).unit(0, 100)).mean() > 0.9
