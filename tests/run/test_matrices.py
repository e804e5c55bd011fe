"""Matrices whose inverse rounding has spoilt, and those that only look so."""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import mdl

import sdsim
from sdsim.backends import backend_named
from sdsim.base.errors import ModelWarning
from sdsim.run.matrices import LARGE, condition, said, worst
from sdsim.run.system import System


def model(tmp_path: Path, rows: list[str], backend: str = "numpy", more: str = "") -> System:
    n = len(rows)
    text = f"""
        Row: {", ".join(f"r{k}" for k in range(n))}
        Column: {", ".join(f"c{k}" for k in range(n))}
        m[Row,Column] = {" ".join(f"{r};" for r in rows)}
        scaled[Row,Column] = m[Row,Column] * (1 + Time)
        inverse[Row,Column] = INVERT MATRIX(scaled[Row,Column], {n})
        other = Time
        {more}"""
    path = tmp_path / "m.mdl"
    path.write_text(mdl(text, stop=2), encoding="utf-8")
    return System(sdsim.load(path).model, backend_named(backend, None))


def notes(system: System, **how: object) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sdsim.simulate(system, **how)  # type: ignore[arg-type]
    return [str(w.message) for w in caught if issubclass(w.category, ModelWarning)]


def hilbert(n: int) -> list[str]:
    return [",".join(repr(1 / (i + j + 1)) for j in range(n)) for i in range(n)]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_the_matrix_of_one_to_nine_has_no_inverse_and_that_is_said(
    tmp_path: Path, backend: str
) -> None:
    system = model(tmp_path, ["1,2,3", "4,5,6", "7,8,9"], backend)
    (note,) = notes(system)
    assert note.startswith("m.mdl: 'inverse[r0,c0]' inverts a matrix with the condition number")
    assert "singular up to rounding, and its inverse means nothing" in note
    assert notes(system, save="inverse") == [note]
    assert notes(system, save="other") == []  # nobody asks for it


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(("rows", "told"), [(hilbert(5), False), (hilbert(8), True),
                                            (["1e-9,0", "0,1e9"], False)])  # fmt: skip
def test_only_what_costs_digits_is_told(
    tmp_path: Path, backend: str, rows: list[str], told: bool
) -> None:
    """Hilbert's matrices of 5 and 8 rows have 4.8e5 and 1.5e10; units of measure cost nothing."""
    found = notes(model(tmp_path, rows, backend))
    assert len(found) == told
    assert all("of 16 digits of its inverse are left" in n for n in found)


def test_the_digits_that_are_said_to_be_left_are_left() -> None:
    """Against the inverse in fractions, over Hilbert's matrices."""
    for n in range(7, 11):
        exact = [[Fraction(float(1 / (i + j + 1))) for j in range(n)] for i in range(n)]
        true = np.array(inverse(exact), dtype=np.float64)
        a = np.array(exact, dtype=np.float64)
        number = float(condition(a[None])[0])
        assert number > LARGE
        error = np.abs(np.linalg.inv(a) - true).max() / np.abs(true).max()
        left = int(said(number).split()[1])
        assert -np.log10(error) > left - 1


def inverse(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    n = len(rows)
    work = [[*r, *(Fraction(i == j) for j in range(n))] for i, r in enumerate(rows)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if work[i][k])
        work[k], work[pivot] = work[pivot], work[k]
        work[k] = [x / work[k][k] for x in work[k]]
        for i in range(n):
            if i != k:
                work[i] = [x - work[i][k] * y for x, y in zip(work[i], work[k], strict=True)]
    return [r[n:] for r in work]


@given(st.lists(st.floats(-3, 3), min_size=9, max_size=9),
       st.lists(st.integers(-20, 20), min_size=3, max_size=3))  # fmt: skip
def test_units_of_measure_change_no_condition_number(cells: list[float], powers: list[int]) -> None:
    a = np.array(cells).reshape(1, 3, 3) + 4 * np.eye(3)
    scaled = a * np.ldexp(1.0, np.array(powers))[None, :, None]
    one, other = condition(a)[0], condition(scaled)[0]
    assert one == pytest.approx(other, rel=1e-6)


def test_the_worst_of_many_times_is_found_and_zeros_are_infinite() -> None:
    near = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    values = np.array([np.eye(2).ravel(), np.eye(2).ravel(), near.ravel(), np.eye(2).ravel()])
    found = worst(values, 2)
    assert found is not None
    assert found[1] == 2
    assert 3e9 < found[0] < 5e9
    assert condition(np.zeros((1, 2, 2)))[0] == np.inf
    assert np.isnan(condition(np.full((1, 2, 2), np.nan))[0])
    assert worst(np.empty((0, 4)), 2) is None


def test_a_matrix_in_a_branch_that_is_not_taken_stops_no_run(tmp_path: Path) -> None:
    system = model(tmp_path, ["1,0", "0,1"], more="zero = 0\n"
                   "bad[Row,Column] = m[Row,Column] / zero\n"
                   "turned[Row,Column] = INVERT MATRIX(bad[Row,Column], 2)\n"
                   "kept = IF THEN ELSE(Time < 5, 1, turned[r0,c0])")  # fmt: skip
    run = sdsim.simulate(system, save="kept")
    assert run.status == "ok"
    assert len(run["kept"]) == 3
