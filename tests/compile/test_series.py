"""Data equations: against the values at their times worked out by hand, and NumPy between them.

What they mean is in Vensim's help, Data Equations, Keywords, X IF MISSING and GET DATA ...: data
have values at distinct times, := works them out where all that it reads has one, and the keyword
says what holds between these times.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import mdl

from sdsim import Run, load, simulate
from sdsim.backends import Numpy
from sdsim.base.errors import ModelError

NA = -(2.0**109)
DATA = "GET DIRECT DATA('d.csv', ',', 'A', '{}2')"


@pytest.fixture
def running(backend: Any, tmp_path: Path) -> Any:
    """(columns of a file of data over time, equations) -> a run; ``params`` for its constants."""

    def run(rows: str, text: str, params: dict[str, float] | None = None, **control: float) -> Run:
        (tmp_path / "d.csv").write_text(rows)
        (tmp_path / "m.mdl").write_text(mdl(text, **control), encoding="utf-8")
        return simulate(load(tmp_path / "m.mdl", backend=backend), params)

    return run


KEYWORDS = {
    "": [0, 2, 4, 4, 4], ":INTERPOLATE:": [0, 2, 4, 4, 4], ":LOOK FORWARD:": [0, 4, 4, 4, 4],
    ":HOLD BACKWARD:": [0, 0, 4, 4, 4], ":RAW:": [0, NA, 4, NA, NA],
}  # fmt: skip


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("source", ["", ":RAW:", ":LOOK FORWARD:"])
def test_the_keyword_says_what_holds_between_the_times(
    running: Any, keyword: str, source: str
) -> None:
    """That of what it reads does not count: only its points do."""
    text = f"""
        seen {source} := {DATA.format("B")}
        squared {keyword} := seen * seen
        missing = IF THEN ELSE(squared = :NA:, 1, 0)
    """
    run = running("t,seen\n0,0\n2,2\n", text, stop=4)
    assert run["squared"].values.tolist() == KEYWORDS[keyword]
    assert run["missing"].values.tolist() == [v == NA for v in KEYWORDS[keyword]]


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_a_copy_has_a_keyword_of_its_own(running: Any, keyword: str) -> None:
    halves = [v / 2 if v != NA else NA for v in KEYWORDS[keyword]]
    text = f"seen :HOLD BACKWARD: := {DATA.format('B')}\ncopy {keyword} := seen"
    assert running("t,seen\n0,0\n2,2\n", text, stop=4)["copy"].values.tolist() == halves


def test_several_data_give_values_where_all_have_one(running: Any) -> None:
    """Vensim's help, X IF MISSING: with some but not all data, nothing is worked out."""
    text = f"""
        a := {DATA.format("B")}
        b := {DATA.format("C")}
        both :RAW: := a + 10 * b
        line := a + 10 * b
        twice := line - both
        first = GET DATA FIRST TIME(both)
        last = GET DATA LAST TIME(both)
    """
    run = running("t,a,b\n0,1,\n1,2,5\n2,3,\n3,4,\n4,5,7\n5,,9\n", text, stop=6)
    assert run["both"].values.tolist() == [NA, 52, NA, NA, 75, NA, NA]
    line = np.interp(np.arange(7), [1, 4], [52, 75])
    np.testing.assert_allclose(run["line"], line, rtol=1e-15)
    assert run["twice"].values.tolist() == [0] * 7
    assert (run["first"].values[0], run["last"].values[0]) == (1, 4)


def test_data_without_a_common_time_are_missing(running: Any) -> None:
    text = f"a := {DATA.format('B')}\nb := {DATA.format('C')}\nc := a * b"
    assert running("t,a,b\n0,1,\n1,,5\n", text, stop=2)["c"].values.tolist() == [NA] * 3


def test_each_element_has_its_own_times(running: Any) -> None:
    text = f"""
        d: p, q
        x[d] :INTERPOLATE: := {DATA.format("B")}
        y[d] :RAW: := x[d] * weight[d]
        weight[d] = 2, 3
        all :HOLD BACKWARD: := SUM(x[d!])
        other[p] :LOOK FORWARD: := x[q] + 1
        other[q] :RAW: := x[p] + 1
    """
    run = running("t,p,q\n0,1,\n1,2,5\n2,,6\n3,4,7\n", text, stop=4)
    assert run["y"].values.T.tolist() == [[2, 4, NA, 8, NA], [NA, 15, 18, 21, NA]]
    assert run["all"].values.tolist() == [7, 7, 7, 11, 11]
    assert run["other"].values.T.tolist() == [[6, 6, 7, 8, 8], [2, 3, NA, 5, NA]]


def test_constants_may_be_chosen_for_a_run(running: Any) -> None:
    text = f"""
        x := {DATA.format("B")}
        scaled := k * x + Time
        next := scaled ^ 2
        most = GET DATA MAX(next, 0, 9)
        k = 1
    """
    rows = "t,x\n0,1\n2,3\n"
    for k in (1.0, -2.5):
        run = running(rows, text, {"k": k}, stop=2)
        at = [k * 1 + 0, k * 3 + 2]
        assert run["scaled"].values.tolist() == [at[0], sum(at) / 2, at[1]]
        assert run["next"].values.tolist() == [
            at[0] ** 2,
            (at[0] ** 2 + at[1] ** 2) / 2,
            at[1] ** 2,
        ]
        assert run["most"].values[0] == max(v**2 for v in at)


READ = {
    "GET DATA AT TIME(y, Time)": [NA, 4, 10, 16, 26, 36, NA],
    "GET DATA BETWEEN TIMES(y, Time, 0)": [NA, 4, 10, 16, 26, 36, NA],
    "GET DATA BETWEEN TIMES(y, Time, 1)": [NA, 4, 16, 16, 36, 36, NA],
    "GET DATA BETWEEN TIMES(y, Time, -1)": [NA, 4, 4, 4, 16, 16, NA],
    "GET DATA MIN(y, Time, 9)": [4, 4, 16, 16, 36, 36, NA],
    "GET DATA MAX(y, -9, Time)": [NA, 4, 4, 16, 16, 36, 36],
    "GET DATA MEAN(y, 0, Time)": [NA, 4, 4, 10, 10, 56 / 3, 56 / 3],
    "GET DATA FIRST TIME(y)": [1] * 7,
    "GET DATA LAST TIME(y)": [5] * 7,
    "y": [4, 4, 10, 16, 26, 36, 36],
    "LOOKUP FORWARD(copy, Time)": [2, 2, 4, 4, 6, 6, 6],
}  # fmt: skip


@pytest.mark.parametrize("equation", ["y := x * k * x", "y := x * x"])
@pytest.mark.parametrize("call", READ)
def test_get_data_functions_of_data_equations(running: Any, equation: str, call: str) -> None:
    text = f"x := {DATA.format('B')}\nk = 1\n{equation}\ncopy := x\nz = {call}"
    run = running("t,x\n1,2\n3,4\n5,6\n", text, stop=6)
    values = np.broadcast_to(run["z"].values, 7)
    np.testing.assert_allclose(values, READ[call], rtol=1e-15)


def test_get_data_at_time_keeps_to_the_keyword(running: Any) -> None:
    text = f"x := {DATA.format('B')}\ny :RAW: := 2 * x\nz = GET DATA AT TIME(y, Time)"
    assert running("t,x\n1,2\n3,4\n", text, stop=4)["z"].values.tolist() == [NA, 4, NA, 8, NA]


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("y := x + level", "a data equation uses 'level', which changes over time; write = in"),
        ("y := x + SMOOTH(3, 2)", "which changes over time"),
    ],
)
def test_data_equations_read_data_and_constants(running: Any, equation: str, said: str) -> None:
    text = f"x := {DATA.format('B')}\nlevel = INTEG(1, 0)\n{equation}"
    with pytest.raises(ModelError, match=r"m\.mdl:\d+: 'y'") as error:
        running("t,x\n1,2\n", text)
    assert said in str(error.value)


def test_a_long_row_of_data_equations_is_refused(running: Any) -> None:
    rows = [f"x0 := {DATA.format('B')}"] + [f"x{k} := x{k - 1} + x{k - 1}" for k in range(1, 70)]
    assert running("t,x\n0,1\n", "\n".join(rows[:45]), stop=1)["x44"].values[0] == 2.0**44
    with pytest.raises(ModelError, match="more than 50 data equations, one on the other"):
        running("t,x\n0,1\n", "\n".join(rows))


def test_a_data_equation_without_data_is_an_equation(running: Any) -> None:
    run = running("t,x\n0,1\n", "k = 2\na := k * 3\nb :RAW: := a + Time", stop=2)
    assert (run["a"].values.ravel()[0], run["b"].values.tolist()) == (6, [6, 7, 8])


POINTS = st.dictionaries(
    st.integers(-3, 12), st.floats(-100, 100, allow_nan=False), min_size=1, max_size=6
)


@given(first=POINTS, second=POINTS)
@settings(max_examples=15)
def test_interpolation_between_common_times(
    tmp_path_factory: pytest.TempPathFactory, first: dict[int, float], second: dict[int, float]
) -> None:
    folder = tmp_path_factory.mktemp("data")
    times = sorted({*first, *second})
    rows = [f"{t},{first.get(t, '')},{second.get(t, '')}" for t in times]
    (folder / "d.csv").write_text("\n".join(["t,a,b", *rows]))
    text = f"a := {DATA.format('B')}\nb := {DATA.format('C')}\nc := k * a - b\nk = 3"
    (folder / "m.mdl").write_text(mdl(text, step=0.5))
    run = simulate(load(folder / "m.mdl", backend=Numpy()))
    common = sorted({*first} & {*second})
    expected = np.full(21, NA)
    if common:
        values = [3 * first[t] - second[t] for t in common]
        expected = np.interp(np.arange(21) / 2, common, values)
    np.testing.assert_allclose(run["c"], expected, rtol=1e-12, atol=1e-12)
