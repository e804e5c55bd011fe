"""Factors, designs and distributions say what is wrong with their arguments when they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsim import (
    Choice,
    Crossed,
    Lever,
    ModelError,
    Normal,
    Policy,
    Scenario,
    Table,
    Uncertainty,
    Uniform,
)
from sdsim.design import Grid, LatinHypercube, Morris, OneAtATime, Saltelli, SobolSequence
from sdsim.design.distributions import KINDS

Any_ = Callable[..., Any]
ROOM = Uncertainty("Room Temperature", Uniform(50, 80))
#: Valid arguments of each distribution.
VALID: dict[str, tuple[Any, ...]] = {
    "uniform": (1, 2), "loguniform": (1, 2), "triangular": (1, 2, 3), "pert": (1, 2, 3),
    "normal": (2, 1, 1, 3), "lognormal": (2, 1, 1, 3), "choice": ((1, 2), (1, 3)),
    "halfnormal": (1, 0, 3), "student": (2, 1, 4, 1, 3),
    "integer": (1, 6), "exponential": (0, 9, 0, 2), "gamma": (0, 9, 0, 2, 3),
    "weibull": (0, 9, 0, 2, 3), "beta": (0, 1, 0, 1, 2, 5),
    "empirical": ((1, 2),),
}  # fmt: skip
#: Ends that may be infinite.
OPEN = {
    *((np.inf, word, "high") for word in VALID.keys() & {
        "normal", "lognormal", "halfnormal", "student", "exponential", "gamma", "weibull"
    }),
    *((-np.inf, word, "low") for word in ("normal", "student")),
}  # fmt: skip


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Uncertainty("Room Temperature", (50, 80)),  # type: ignore[arg-type]
         "Room Temperature.*expected a distribution, got a list; write sdsim.Uniform(50, 80)"),
        (lambda: Uncertainty("x", 3),  # type: ignore[arg-type]
         "expected a distribution, got 3; write sdsim.Uniform(5, 9)"),
        (lambda: Lever("x", Uniform),  # type: ignore[arg-type]
         "expected a distribution, got a type"),
        (lambda: Uncertainty("", Uniform(1, 2)),
         "Uncertainty: expected the name of a constant, got ''; write sdsim.Uncertainty("),
        (lambda: Lever(3, Uniform(1, 2)),  # type: ignore[arg-type]
         "Lever: expected the name of a constant, got 3; write sdsim.Lever("),
        (lambda: Lever("x", Normal(5, 1, low=0)),
         "ranges from 0 to inf, and a design needs two ends; write low and high"),
        (lambda: Lever("x", Uniform(1, 2), 3),  # type: ignore[arg-type]
         "source: expected text, got 3"),
        (lambda: Uniform("a", "b"),  # type: ignore[arg-type]
         "uniform: expected a number, got 'a'; write one such as 2.5"),
        (lambda: Uniform(1, 10**400), "uniform: expected finite numbers, got a number of some 401"),
        (lambda: Choice((1, "a")),  # type: ignore[arg-type]
         "choice: expected a number, got 'a'"),
        (lambda: Choice(3),  # type: ignore[arg-type]
         "choice: expected a list of numbers, got 3; write (1, 2, 3)"),
        (lambda: Choice((1, 2), 3),  # type: ignore[arg-type]
         "choice: weights: expected a list of numbers, got 3"),
    ],
)  # fmt: skip
def test_arguments_of_the_wrong_kind_are_refused(make: Any_, words: str) -> None:
    with pytest.raises(ModelError) as e:
        make()
    said = str(e.value)
    assert "\n" not in said
    for part in words.split(".*"):
        assert part in said


def test_every_distribution_has_valid_arguments_here() -> None:
    assert VALID.keys() == KINDS.keys()


@pytest.mark.parametrize("word", VALID)
@pytest.mark.parametrize("wrong", ["a", None, True, [1], np.nan, np.inf, -np.inf, 1j], ids=str)
def test_no_setting_of_a_distribution_may_be_anything_but_a_number(word: str, wrong: Any) -> None:
    made, right = KINDS[word], VALID[word]
    made(*right)
    for k, f in enumerate(fields(made)):
        if isinstance(wrong, float) and (wrong, word, f.name) in OPEN:
            continue
        own = (1, wrong) if word in ("choice", "empirical") else wrong
        with pytest.raises(ModelError, match=r"expected (a number|finite numbers), got"):
            made(*right[:k], own, *right[k + 1 :])
        assert f.name in str(made.__doc__), "an argument that the docstring does not name"


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=5), st.floats(0.1, 50))
def test_weights_are_divided_by_their_sum(weights: list[float], times: float) -> None:
    values = tuple(float(i) for i in range(len(weights)))
    ends = Choice(values, tuple(times * w for w in weights)).ends
    assert ends == pytest.approx(np.cumsum(weights)[:-1] / sum(weights))


def test_lists_and_arrays_of_numbers_are_taken() -> None:
    expected = Choice((1.0, 2.0), (3.0, 1.0))
    assert Choice([1.0, 2.0], [3.0, 1.0]) == expected  # type: ignore[arg-type]
    assert Choice(np.array([1.0, 2.0]), np.array([3.0, 1.0])) == expected  # type: ignore[arg-type]
    assert Uniform(np.float64(1), np.int64(2)).ppf(np.array([0.5])) == 1.5
    assert Uniform(np.float32(1), 2).high == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("factors", "got"),
    [
        ({"a": (1, 2)}, "got a table; write (sdsim.Uncertainty("),
        (("a",), "got 'a' in it; write"),
        (ROOM, "got an Uncertainty; write"),
        ((ROOM, 3), "got 3 in it"),
        (None, "got nothing"),
    ],
)
@pytest.mark.parametrize("kind", [LatinHypercube, SobolSequence, Saltelli, Morris, Grid])
def test_a_design_takes_factors(kind: Any_, factors: object, got: str) -> None:
    with pytest.raises(ModelError) as e:
        kind(factors, 10)
    assert f"expected a tuple of levers and uncertainties, {got}" in str(e.value)
    assert kind((ROOM,), 10).count > 0


def test_a_design_one_at_a_time_takes_factors() -> None:
    with pytest.raises(ModelError, match="levers and uncertainties, got 'a' in it"):
        OneAtATime(("a",))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Policy, Scenario])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((3,), "expected a title, got 3; write sdsim."), ((" ",), "expected a title, got ' '"),
        (("a", 3), "expected values by name, got 3"), (("a", [1]), "by name, got a list"),
        (("a", {"k": "x"}), "'k': expected a number, got 'x'; write one such as 2.5"),
        (("a", {"k": float("nan")}), "'k': expected a finite number, got nan"),
        (("a", {1: 2}), "expected a name, got 1"),
    ],
)  # fmt: skip
def test_a_setting_is_a_title_and_numbers(kind: Any_, arguments: Any_, said: str) -> None:
    with pytest.raises(ModelError) as e:
        kind(*arguments)
    assert said in str(e.value)
    assert kind("a", {"k": 1}).values == {"k": 1}
    assert kind("a").values == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"policies": [1]}, "expected a tuple of policies, got 1 in it; write (sdsim.Policy("),
        ({"policies": Policy("a")}, "expected a tuple of policies, got a Policy; write"),
        ({"draws": 3}, "draws: expected a design, got 3; write sdsim.LatinHypercube("),
        ({"draws": LatinHypercube}, "draws: expected a design, got "),
        ({"base": {"k": "a"}}, "'k': expected a number, got 'a'"),
        ({"base": 3}, "base: expected values by name, got 3"),
    ],
)
def test_policies_are_crossed_with_a_design(change: dict[str, Any_], said: str) -> None:
    right: dict[str, Any_] = {
        "policies": (Policy("a", {"k": 1}),), "draws": LatinHypercube((ROOM,), 4), "base": {"k": 0},
    }  # fmt: skip
    assert Crossed(**right).count == 4
    with pytest.raises(ModelError) as e:
        Crossed(**{**right, **change})
    assert said in str(e.value)


@pytest.mark.parametrize(
    ("factors", "rows", "said"),
    [
        ((ROOM,), [1, 2], "rows: expected a row of numbers for each member, got a list; write [["),
        ((ROOM,), [[1], [2, 3]], "expected a row of numbers"),
        ((ROOM,), "ab", "expected a row of numbers for each member, got 'ab'"),
        ((ROOM,), [[1, 2]], "a table of shape (1, 2) for 1 factors"),
        ((), [[1]], "nothing varies"), (3, [[1]], "levers and uncertainties, got 3"),
        ((ROOM,), [[float("nan")]], "row 1: expected a finite number, got nan"),
    ],
)  # fmt: skip
def test_a_table_has_a_row_for_each_member(factors: Any_, rows: Any_, said: str) -> None:
    with pytest.raises(ModelError) as e:
        Table(factors, rows)
    assert said in str(e.value)
    assert Table((ROOM,), [[1], [2]]).values(0, 2).tolist() == [[1.0], [2.0]]  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="expected a data frame, got a list; write pandas"):
        Table.of([1])  # type: ignore[arg-type]
