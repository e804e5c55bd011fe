"""A result against a reference: what is compared, and the tolerance, to the letter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sdsim import ModelError
from sdsim.tables.compare import Column, column_key, compare, passed

NAN = float("nan")


def frame(time: list[float], **columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({k.replace("__", " "): v for k, v in columns.items()}, index=time)


def one(result: list[float], reference: list[Any], rtol: float, atol: float = 0.0) -> Column:
    time = [float(k) for k in range(len(reference))]
    (column,) = compare(frame(time, a=result), frame(time, a=reference), rtol, atol)
    return column


@pytest.mark.parametrize(
    ("result", "rtol", "atol", "ok"),
    [
        ([0.0, 100.0], 0.0, 0.0, True),
        ([1.0, 100.0], 0.01, 0.0, True),  # 1 <= 0.01 * 100: the scale is the column's largest
        ([1.0 + 1e-9, 100.0], 0.01, 0.0, False),
        ([1.0, 100.0], 0.0099, 0.0, False),
        ([1.0, 100.0], 0.0, 1.0, True),
        ([1.5, 100.0], 0.005, 1.0, True),  # both tolerances add up
        ([1.6, 100.0], 0.005, 1.0, False),
        ([0.0, -100.0], 0.01, 0.0, False),
        ([NAN, 100.0], 1.0, 1e9, False),
        ([0.0, float("inf")], 1.0, 1e9, False),
    ],
)
def test_the_tolerance(result: list[float], rtol: float, atol: float, ok: bool) -> None:
    assert one(result, [0.0, 100.0], rtol, atol).ok is ok


def test_the_scale_is_the_largest_absolute_value() -> None:
    assert one([1.0, -100.0, 0.0], [0.0, -100.0, 0.0], 0.01).ok
    assert not one([0.0, 0.0, 1e-9], [0.0, 0.0, 0.0], 1.0).ok
    assert one([0.0, 0.0, 1e-9], [0.0, 0.0, 0.0], 1.0, 1e-8).ok


def test_what_a_column_says() -> None:
    c = one([0.0, 103.0, 50.0], [0.0, 100.0, 48.0], 0.01)
    assert (c.ok, c.values, c.at) == (False, 3, 1.0)
    assert c.worst == pytest.approx(0.03)


def test_blank_cells_are_not_compared() -> None:
    c = one([1.0, 999.0, 3.0], [1.0, None, 3.0], 0.0)
    assert (c.ok, c.values) == (True, 2)
    assert one([1.0, NAN, 3.0], [1.0, NAN, 3.0], 0.0).ok


def test_a_blank_cell_does_not_hide_the_largest_value() -> None:
    assert not one([1.0, 0.0], [2.0, NAN], 0.1).ok


def test_a_column_that_is_all_blank_holds_but_proves_nothing() -> None:
    c = one([1.0, 2.0], [NAN, NAN], 0.0)
    assert (c.ok, c.values) == (True, 0)
    assert not passed([c])


def test_a_missing_column_fails() -> None:
    columns = compare(frame([0.0], a=[1.0]), frame([0.0], a=[1.0], b=[2.0]))
    assert [(c.name, c.ok) for c in columns] == [("a", True), ("b", False)]
    assert columns[1].problem == "missing in the result"
    assert not passed(columns)


def test_a_column_too_many_in_the_result_is_no_matter() -> None:
    assert passed(compare(frame([0.0], a=[1.0], b=[5.0]), frame([0.0], a=[1.0])))


def test_a_time_that_the_result_lacks_fails() -> None:
    (c,) = compare(frame([0.0, 1.0], a=[1.0, 2.0]), frame([0.0, 1.0, 2.0], a=[1.0, 2.0, 3.0]))
    assert not c.ok
    assert c.problem == "the result has no value at time 2"


def test_a_blank_cell_at_a_time_that_the_result_lacks_is_no_matter() -> None:
    (c,) = compare(frame([0.0, 1.0], a=[1.0, 2.0]), frame([0.0, 1.0, 2.0], a=[1.0, 2.0, None]))
    assert c.ok


def test_an_empty_result_fails() -> None:
    (c,) = compare(frame([], a=[]), frame([0.0], a=[1.0]))
    assert not c.ok


def test_a_finer_result_is_compared_at_the_times_of_the_reference() -> None:
    fine = frame([k / 4 for k in range(9)], a=[k / 4 for k in range(9)])
    (c,) = compare(fine, frame([0.0, 1.0, 2.0], a=[0.0, 1.0, 2.0]), 0.0, 0.0)
    assert (c.ok, c.values) == (True, 3)


def test_times_rounded_to_six_digits_are_met() -> None:
    (c,) = compare(frame([1942.015625], a=[7.0]), frame([1942.02], a=[7.0]))
    assert c.ok
    (c,) = compare(frame([0.0, 1.0], a=[7.0, 8.0]), frame([0.5], a=[7.0]))
    assert not c.ok


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("Room Temp", "room_temp"),
        ("x[North,Old]", "X[north, old]"),
        ('"a % b"', "a % b"),
        ("X[a,b]", "x [ a , b ]"),
    ],
)
def test_spellings_of_a_column_do_not_matter(mine: str, theirs: str) -> None:
    assert column_key(mine) == column_key(theirs)
    result, reference = (pd.DataFrame({k: [1.0]}, index=[0.0]) for k in (mine, theirs))
    assert passed(compare(result, reference))


def test_columns_of_two_elements_stay_apart() -> None:
    assert column_key("x[a,b]") != column_key("x[b,a]")


def test_control_columns_and_nameless_ones_are_not_asked_for() -> None:
    names = ["TIME STEP", "SAVEPER", "FINAL TIME", "INITIAL TIME", "Unnamed: 4", "a"]
    reference = pd.DataFrame({n: [1.0] for n in names}, index=[0.0])
    columns = compare(frame([0.0], a=[1.0]), reference)
    assert [c.name for c in columns] == ["a"]


def test_two_reference_columns_of_one_name_are_both_compared() -> None:
    reference = pd.DataFrame([[1.0, 2.0]], columns=["a", "A"], index=[0.0])
    assert [c.ok for c in compare(frame([0.0], a=[1.0]), reference)] == [True, False]


@pytest.mark.parametrize("text", ["n/a", "NA", "nan", " ", "", None])
def test_a_reference_cell_that_says_there_is_no_value_counts_as_blank(text: str | None) -> None:
    (c,) = compare(frame([0.0, 1.0], a=[1.0, 2.0]), frame([0.0, 1.0], a=["1.0", text]))
    assert (c.ok, c.values) == (True, 1)


def test_other_text_in_a_reference_cell_is_refused() -> None:
    with pytest.raises(ModelError, match=r"column 'a' .*, row 2 \(time 1\): .* got 'abc'; leave"):
        compare(frame([0.0, 1.0], a=[1.0, 2.0]), frame([0.0, 1.0], a=["1.0", "abc"]))
    assert passed(compare(frame([0.0], a=[1.0]), frame([0.0, NAN], a=["1.0", "the end"])))


@pytest.mark.parametrize("value", [-1e-9, NAN, float("inf")])
def test_a_tolerance_without_sense_is_refused(value: float) -> None:
    with pytest.raises(ModelError, match="rtol must be a number of 0 or above"):
        one([1.0], [1.0], value)
    with pytest.raises(ModelError, match="atol must be a number of 0 or above"):
        one([1.0], [1.0], 0.0, value)


def test_nothing_compared_is_not_passed() -> None:
    assert not passed([])
    assert not passed(compare(frame([0.0], a=[1.0]), pd.DataFrame(index=[0.0])))


def test_differences_too_small_to_matter_have_no_worst() -> None:
    assert one([1.0 + 1e-9], [1.0], 0.0, 1e-8).worst == 0.0
    assert np.isfinite(one([2.0], [1.0], 0.0).worst)
