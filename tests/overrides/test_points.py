"""Points check themselves, however they are made."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from making import model_of, ref

from sdsim import ModelError, Overrides, Points, System, simulate
from sdsim.backends import Numpy
from sdsim.ir.expr import Call, Lookup

X, Y = (0.0, 2.5, 4.0), (1.0, -2.0, 8.0)
MAKERS: dict[str, Callable[[Any, Any], Points]] = {
    "called": Points,
    "by name": lambda x, y: Points(y=y, x=x),
    "of": lambda x, y: Points.of(x, y, "what"),
    "replaced": lambda x, y: replace(Points((0,), (1,)), x=x, y=y),
}
ROWS: dict[str, Callable[[tuple[float, ...]], Any]] = {
    "tuple": tuple,
    "list": list,
    "array": np.array,
    "float32": lambda v: np.array(v, np.float32),
    "series": lambda v: pd.Series(v, index=[9, 7, 5][: len(v)]),
    "index": pd.Index,
    "labelled": lambda v: xr.DataArray(list(v)),
    "generator": iter,
    "numbers of numpy": lambda v: [np.float64(x) for x in v],
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_any_row_of_numbers_will_do(
    make: Callable[[Any, Any], Points], row: Callable[[tuple[float, ...]], Any]
) -> None:
    points = make(row(X), row(Y))
    assert points == Points(X, Y)
    assert hash(points) == hash(Points(X, Y))
    assert {type(v) for v in (*points.x, *points.y)} == {float}
    assert (type(points.x), type(points.y)) == (tuple, tuple)
    assert pickle.loads(pickle.dumps(points)) == copy.deepcopy(points) == points


def read(points: Points) -> list[float]:
    model = model_of({"f": 0.0, "read": Call("f", (ref("time"),))}, stop=4.0)
    lookup = replace(model.variables["f"], role="lookup")
    table = replace(lookup.equations[0], expr=Lookup((0.0, 1.0), (0.0, 1.0)))
    system = System(model.replacing({"f": replace(lookup, equations=(table,))}), Numpy())
    return [float(v) for v in simulate(system, {"f": points})["read"].values]


@pytest.mark.parametrize("row", [list, np.array, tuple])
def test_a_run_reads_them_alike(row: Callable[[Any], Any]) -> None:
    assert read(Points(row(X), row(Y))) == pytest.approx(np.interp(range(5), X, Y))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("row", [list, np.array, tuple])
@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ((), (), "0 x and 0 y values"),
        ((1,), (1, 2), "1 x and 2 y values"),
        ((1, 1), (1, 2), "x must increase, got 1 after 1"),
        ((4, 2.5, 0), (1, 2, 3), "x must increase, got 2.5 after 4"),
        ((0, 2, 1), (1, 2, 3), "x must increase, got 1 after 2"),
        ((0, math.nan, 1), (1, 2, 3), "expected a finite number, got nan"),
        ((0, math.inf), (1, 2), "expected a finite number, got inf"),
        ((0, 1), (1, math.nan), "expected a finite number, got nan"),
    ],
)
def test_what_is_no_table_is_refused(
    make: Callable[[Any, Any], Points], row: Callable[[Any], Any], x: Any, y: Any, said: str
) -> None:
    with pytest.raises(ModelError) as e:
        make(row(x), row(y))
    assert said in str(e.value)
    assert e.value.remedy


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(
    ("x", "said"),
    [
        (3, "x: expected numbers in a row, got 3"),
        ("12", "x: expected numbers in a row, got '12'"),
        ({1: 2, 2: 3}, "x: expected numbers in a row, got a table"),
        ({1, 2}, "x: expected numbers in a row, got a list"),
        (np.zeros((2, 2)), "x: expected numbers in a row, got 2 dimensions"),
        (None, "x: expected numbers in a row, got nothing"),
        ([True, 2], "expected a number, got true"),
        (["1", 2], "expected a number, got '1'"),
        ([[1], [2]], "expected a number, got a list"),
        (pd.to_datetime(["2001-01-01", "2002-01-01"]), "expected a number, got"),
    ],
)
def test_what_is_no_row_of_numbers_is_refused(
    make: Callable[[Any, Any], Points], x: Any, said: str
) -> None:
    with pytest.raises(ModelError) as e:
        make(x, [1, 2])
    assert said in str(e.value)


@pytest.mark.parametrize("kind", ["cubic", "", "Interpolate", "raw", None, 3])
def test_an_unknown_kind_is_refused(kind: Any) -> None:
    for make in (
        lambda: Points(X, Y, kind),
        lambda: Points.of(X, Y, "what", kind),
        lambda: replace(Points(X, Y), kind=kind),
    ):
        with pytest.raises(ModelError, match=r"unknown kind .*; one of interpolate"):
            make()


@given(
    points=st.lists(st.tuples(st.floats(), st.floats()), max_size=6),
    kind=st.sampled_from(("interpolate", "hold_backward", "look_forward", "extrapolate")),
)
def test_no_table_exists_that_is_none(points: list[tuple[float, float]], kind: str) -> None:
    """Whatever comes in: a table that can be read, or a refusal."""
    x, y = [p[0] for p in points], [p[1] for p in points]
    good = bool(x) and all(map(math.isfinite, (*x, *y)))
    good = good and all(a < b for a, b in pairwise(x))
    if good:
        assert (Points(x, y, kind).x, Points(x, y, kind).y) == (tuple(x), tuple(y))
    else:
        with pytest.raises(ModelError):
            Points(x, y, kind)


@pytest.mark.parametrize("given_in", [([0, 1], [2, 3]), {"x": [0], "y": [1]}, 5, None])
@pytest.mark.parametrize("role", ["lookups", "series"])
def test_overrides_take_points_alone(given_in: Any, role: str) -> None:
    system = System(model_of({"aux": ref("time")}), Numpy())
    with pytest.raises(ModelError, match=r"'aux': (expected Points, got|is not a lookup)"):
        simulate(system, Overrides(**{role: {"aux": given_in}}))
