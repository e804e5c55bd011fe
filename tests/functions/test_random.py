"""Random functions: the generator against its authors' vectors, distributions, independence."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sdsim import RK4, Adaptive, System, simulate, simulate_many
from sdsim.backends import philox
from sdsim.run.result import Run

Make = Callable[..., System]
STEPS = 6_000

#: philox4x32-10 in the known-answer file of Random123 (D. E. Shaw Research): counter, key, block.
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip


def words(text: str) -> list[int]:
    return [int(w, 16) for w in text.split()]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_its_authors_blocks(counter: str, key: str, expected: str) -> None:
    c = [np.array([w], dtype=np.uint64) for w in words(counter)]
    k0, k1 = words(key)
    out = philox.block((c[0], c[1], c[2], c[3]), (k0, k1))
    assert [int(w[0]) for w in out] == words(expected)


def draw(seed: int, member: int, stream: int, step: float) -> float:
    return float(
        philox.uniform(
            seed, np.array([member]), np.array([stream], dtype=np.uint64), np.array([step])
        )[0]
    )


def test_a_draw_is_the_first_52_bits_of_its_block() -> None:
    """Counter and key laid out by hand: step + 1, stream, member low and high; seed low, high."""
    seed, member, stream, step = 0x299F31D0A4093822, 0x0370734413198A2E, 0x85A308D3, 0x243F6A87
    a, b = words(KNOWN[2][2])[:2]
    assert draw(seed, member, stream, float(step)) == ((a << 20 | b >> 12) + 0.5) / 2**52
    a, b = words(KNOWN[0][2])[:2]
    assert draw(0, 0, 0, -1.0) == ((a << 20 | b >> 12) + 0.5) / 2**52


def test_every_coordinate_of_a_draw_matters() -> None:
    base = (1, 2, 3, 4.0)
    near = [draw(*base)]
    for i in range(4):
        for off in (1, 2):
            near.append(draw(*(v + off * (i == j) for j, v in enumerate(base))))  # type: ignore[arg-type]
    near.append(draw(1 + 2**32, 2, 3, 4.0))
    near.append(draw(1, 2 + 2**32, 3, 4.0))
    assert len(set(near)) == len(near)


NOISY = """
    unit = RANDOM 0 1()
    flat = RANDOM UNIFORM(2, 5, 1)
    second = RANDOM UNIFORM(2, 5, 1)
    bell = RANDOM NORMAL(-1000, 1000, 10, 3, 1)
    cut = RANDOM NORMAL(8, 18, 10, 3, 1)
    tail = RANDOM NORMAL(16, 100, 10, 3, 1)
    still = RANDOM NORMAL(-5, 5, 2, 0, 1)
    waiting = RANDOM EXPONENTIAL(0, 1000, 0, 4, 1)
    waiting some = RANDOM EXPONENTIAL(3, 9, 1, 4, 1)
    difference = RANDOM 0 1() - RANDOM 0 1()
    both = flat - flat
    thrown once = INITIAL(RANDOM UNIFORM(0, 1, 1))
    d: a, b
    part[d] = RANDOM 0 1()
"""


@pytest.fixture(scope="module")
def noisy(system: Make) -> System:
    return system(NOISY, stop=STEPS)


@pytest.fixture(scope="module")
def noise(noisy: System) -> Run:
    return simulate(noisy, seed=0)


#: Distribution functions, with the range that no value may leave.
SHAPES: list[tuple[str, Any, float, float]] = [
    ("unit", stats.uniform(0, 1), 0, 1),
    ("flat", stats.uniform(2, 3), 2, 5),
    ("bell", stats.norm(10, 3), -1000, 1000),
    ("cut", stats.truncnorm(-2 / 3, 8 / 3, 10, 3), 8, 18),
    ("tail", stats.truncnorm(2, 30, 10, 3), 16, 100),
    ("waiting", stats.expon(0, 4), 0, 1000),
    ("waiting some", stats.truncexpon(1.5, 3, 4), 3, 9),
    ("difference", stats.triang(0.5, -1, 2), -1, 1),
]


@pytest.mark.parametrize(("name", "shape", "low", "high"), SHAPES, ids=[s[0] for s in SHAPES])
def test_draws_follow_their_distribution(
    noise: Run, name: str, shape: Any, low: float, high: float
) -> None:
    drawn = noise[name].values
    assert drawn.size == STEPS + 1
    assert len(np.unique(drawn)) == drawn.size
    assert low <= drawn.min() < drawn.max() <= high
    assert stats.kstest(drawn, shape.cdf).pvalue > 1e-3
    spread = shape.std() / np.sqrt(STEPS)
    assert drawn.mean() == pytest.approx(shape.mean(), abs=4 * spread)
    assert drawn.std() == pytest.approx(shape.std(), rel=0.05)


def test_a_normal_number_without_spread_is_its_mean(noise: Run) -> None:
    assert set(noise["still"].values) == {2.0}


def test_one_call_is_one_draw_wherever_it_is_used(noise: Run) -> None:
    assert set(noise["both"].values) == {0.0}
    assert len(set(noise["thrown once"].values)) == 1


def test_calls_steps_and_elements_are_independent(noise: Run) -> None:
    columns = [noise["unit"].values, noise["flat"].values, noise["second"].values]
    columns += [noise["part"].values[:, 0], noise["part"].values[:, 1]]
    columns.append(np.roll(noise["unit"].values, 1))
    limit = 4.5 / np.sqrt(STEPS)
    for a, b in itertools.combinations(columns, 2):
        assert abs(stats.spearmanr(a, b).statistic) < limit


def test_seeds_and_members_give_other_draws(noisy: System) -> None:
    one = simulate(noisy, save=["unit"], seed=0)["unit"].values
    two = simulate(noisy, save=["unit"], seed=1)["unit"].values
    crowd = simulate_many(noisy, {}, save=["unit"], seed=0, numbers=[1])["unit"].values[:, 0]
    limit = 4.5 / np.sqrt(STEPS)
    for a, b in itertools.combinations((one, two, crowd), 2):
        assert abs(np.corrcoef(a, b)[0, 1]) < limit
        assert not (a == b).any()


def test_the_same_seed_gives_the_same_bits(noisy: System, noise: Run) -> None:
    again = simulate(noisy, seed=0).dataset
    for name in again.data_vars:
        assert (again[name].values == noise.dataset[name].values).all(), name


def test_another_variable_changes_no_draw(system: Make, noise: Run) -> None:
    """Equations put before, between and behind, and another order of the file."""
    lines = NOISY.strip().splitlines()
    more = ["begin = RANDOM 0 1() + RANDOM 0 1()", *reversed(lines), "z = RANDOM UNIFORM(0, 1, 9)"]
    other = simulate(system("\n".join(more), stop=50), seed=0)
    for name in noise.dataset.data_vars:
        assert (other[str(name)].values == noise[str(name)].values[:51]).all(), name


def test_the_step_and_not_the_time_numbers_a_draw(system: Make) -> None:
    """A run that starts later or steps finer throws the same numbers in the same order."""
    a = simulate(system("u = RANDOM 0 1()", stop=10))["u"].values
    b = simulate(system("u = RANDOM 0 1()", start=100, stop=101, step=0.1))["u"].values
    assert (a == b).all()


def test_a_member_draws_the_same_in_any_company(noisy: System) -> None:
    def run(numbers: list[int]) -> Any:
        return simulate_many(
            noisy, {}, {"FINAL TIME": 20}, save=["unit", "bell", "part"], seed=5, numbers=numbers
        )

    alone = run([3])
    for company in ([3, 4, 5], [0, 1, 2, 3], [9, 3], list(range(37))):
        crowd = run(company)
        at = company.index(3)
        for name in ("unit", "bell", "part"):
            assert (crowd[name].values[..., at] == alone[name].values[..., 0]).all()


def test_a_single_run_is_member_0(noisy: System) -> None:
    single = simulate(noisy, {"FINAL TIME": 20}, seed=5)["unit"].values
    crowd = simulate_many(noisy, {}, {"FINAL TIME": 20}, seed=5, numbers=[7, 0])
    assert (crowd["unit"].values[:, 1] == single).all()


@pytest.mark.parametrize("method", [RK4(), Adaptive()], ids=str)
def test_noise_stands_still_within_a_step(system: Make, method: Any) -> None:
    """So that a sum of noise is the same by every method: the draws times the step."""
    made = system("u = RANDOM 0 1()\nsum = INTEG(u, 0)", stop=20, step=0.5)
    u = simulate(made)["u"].values
    run = simulate(made, method=method)
    assert (run["u"].values == u).all()
    assert run["sum"].values == pytest.approx(np.concatenate([[0], np.cumsum(u[:-1]) / 2]))
