"""Inverse matrices and vectors read as tables: against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sdsim import System, load, simulate, simulate_many
from sdsim.base.errors import ModelError, UnsupportedError

Make = Callable[..., System]


def inverted(matrix: np.ndarray) -> str:
    n = len(matrix)
    rows = ";".join(",".join(repr(float(v)) for v in row) for row in matrix) + ";"
    names = ",".join(f"e{i}" for i in range(n))
    return f"""
        From: {names}
        To <-> From
        m[From,To] = {rows}
        turning[From,To] = m[From,To] * (1 + Time)
        inverse[From,To] = INVERT MATRIX(turning[From,To], {n})
    """


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_inverse_matrices(system: Make, n: int) -> None:
    matrix = np.random.default_rng(n).normal(size=(n, n))
    run = simulate(system(inverted(matrix), stop=1))
    np.testing.assert_allclose(run["inverse"][0], np.linalg.inv(matrix), rtol=1e-9)
    np.testing.assert_allclose(run["inverse"][1], np.linalg.inv(2 * matrix), rtol=1e-9)


def test_a_zero_on_the_diagonal_is_no_hindrance(system: Make) -> None:
    matrix = np.array([[0.0, 2.0, 1.0], [1.0, 0.0, 0.0], [3.0, 0.0, 1.0]])
    run = simulate(system(inverted(matrix), stop=1))
    np.testing.assert_allclose(run["inverse"][0], np.linalg.inv(matrix), atol=1e-12)


def test_a_matrix_for_each_element_of_a_third_subscript(system: Make) -> None:
    run = simulate(system("""
        Who: a, b
        D: x, y
        E <-> D
        m[a,D,E] = 2,1;1,3;
        m[b,D,E] = 1,2;3,4;
        all[Who,D,E] = INVERT MATRIX(m[Who,D,E], 2)
    """))  # fmt: skip
    np.testing.assert_allclose(run["all"][0, 0], np.linalg.inv([[2, 1], [1, 3]]))
    np.testing.assert_allclose(run["all"][0, 1], np.linalg.inv([[1, 2], [3, 4]]))


def test_a_matrix_without_an_inverse_stops_the_run_by_name(system: Make) -> None:
    run = simulate(system(inverted(np.ones((2, 2))), stop=1))
    assert "inverse" in run.message


def test_members_of_an_ensemble_get_the_bits_of_a_single_run(system: Make) -> None:
    ready = system(inverted(np.array([[2.0, 1.0], [1.0, 3.0]])), stop=1)
    many = simulate_many(ready, {"m[e0,e0]": [2.0, 5.0]}, save=["inverse"])
    alone = simulate(ready, {"m[e0,e0]": 5.0})["inverse"].values
    np.testing.assert_array_equal(many["inverse"].isel(member=1).values, alone)
    np.testing.assert_allclose(alone[0], np.linalg.inv([[5, 1], [1, 3]]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[From,To], 2", "[From,To], 3"), "does not fit the 2 rows"),
        (("turning[From,To], 2", "turning[From,e0], 2"), "circular|square|inverse|subscript"),
        (("turning[From,To], 2", "Time, 2"), "expects a variable with two subscripts"),
    ],
)
def test_what_cannot_be_inverted_is_named(system: Make, change: tuple[str, str], said: str) -> None:
    text = inverted(np.eye(2)).replace(*change)
    assert change[1] in text
    if change[1] == "turning[From,e0], 2":  # an element stands for the range it is of
        np.testing.assert_allclose(simulate(system(text))["inverse"][0], np.eye(2))
        return
    with pytest.raises(ModelError, match=said):
        simulate(system(text))


def test_a_large_matrix_is_refused(written: Callable[..., Any]) -> None:
    with pytest.raises(UnsupportedError, match="the limit is 48"):
        simulate(load(written(inverted(np.eye(49)))))


# --- VECTOR LOOKUP -----------------------------------------------------------------------------

V = np.array([3.0, 1.0, 2.0, 7.0])
AT = np.linspace(-1, 2, 13)


def looked_up(system: Make, mode: object) -> np.ndarray:
    run = simulate(system(f"""
        D: a, b, c, e
        v[D] = 3, 1, 2, 7
        kind = {mode}
        y = VECTOR LOOKUP(v[a], Time, -0.5, 1.5, kind)
        z = VECTOR LOOKUP(v[a], Time, -0.5, 1.5, {mode if isinstance(mode, int) else 0})
    """, start=-1, stop=2, step=0.25))  # fmt: skip
    if isinstance(mode, int):
        np.testing.assert_array_equal(run["y"], run["z"])
    return np.asarray(run["y"].values)


def test_a_vector_as_a_table(system: Make) -> None:
    x = np.linspace(-0.5, 1.5, 4)
    np.testing.assert_allclose(looked_up(system, 0), np.interp(AT, x, V))
    at = np.clip((AT + 0.5) * 1.5, 0, 3)
    np.testing.assert_array_equal(looked_up(system, 2), V[np.floor(at).astype(int)])
    np.testing.assert_array_equal(looked_up(system, 4), V[np.ceil(at).astype(int)])
    on = np.interp(AT, x, V)
    on[AT < -0.5] = 3 - 3 * (AT[AT < -0.5] + 0.5)
    on[AT > 1.5] = 7 + 7.5 * (AT[AT > 1.5] - 1.5)
    np.testing.assert_allclose(looked_up(system, 3), on)


def test_the_area_under_a_vector(system: Make) -> None:
    fine = np.linspace(-0.5, 1.5, 200_001)
    under = np.interp(fine, np.linspace(-0.5, 1.5, 4), V)
    for t, area in zip(AT, looked_up(system, 1), strict=True):
        part = fine <= t + 1e-12
        assert area == pytest.approx(np.trapezoid(under[part], fine[part]), abs=1e-6)


def test_a_mode_that_changes_and_one_that_there_is_not(system: Make) -> None:
    turning = looked_up(system, "IF THEN ELSE(Time > 0.6, 2, 0)")
    np.testing.assert_allclose(turning[:6], looked_up(system, 0)[:6])
    np.testing.assert_allclose(turning[7:], looked_up(system, 2)[7:])
    with pytest.raises(UnsupportedError, match="mode 5"):
        looked_up(system, 5)
