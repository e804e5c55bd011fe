"""What is held from step to step: against the same written by hand, and Vensim's own figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sdsim import RK4, System, simulate
from sdsim.base.errors import ModelError, UnsupportedError

Make = Callable[..., System]


def test_a_sample_until_a_time(system: Make) -> None:
    run = simulate(system("y = SAMPLE UNTIL(4, Time * 2, 0)\nz = SAMPLE UNTIL(-1, Time, 7) + 1"))
    np.testing.assert_array_equal(run["y"], np.minimum(np.arange(11), 4) * 2)
    np.testing.assert_array_equal(run["z"], 8.0)


def sinteg(system: Make, limits: str, rate: str = "SIN(Time)*3", **how: object) -> np.ndarray:
    text = f"y = SINTEG({rate}, 2, {limits})"
    return np.asarray(simulate(system(text, step=0.5), **how)["y"].values)  # type: ignore[arg-type]


def by_hand(restrict: Callable[[float], float]) -> np.ndarray:
    y, out = restrict(2.0), []
    for t in np.arange(0, 10.25, 0.5):
        out.append(y)
        y = restrict(y + 0.5 * 3 * np.sin(t))
    return np.array(out)


@pytest.mark.parametrize(
    ("limits", "restrict"),
    [
        (":NA:,:NA:,:NA:,:NA:,:NA:", lambda v: v),
        ("0,5,:NA:,:NA:,:NA:", lambda v: min(max(v, 0), 5)),
        (":NA:,6,:NA:,:NA:,:NA:", lambda v: min(v, 6)),
        (":NA:,:NA:,0.75,:NA:,:NA:", lambda v: 0.75 * np.trunc(v / 0.75)),
        (":NA:,:NA:,:NA:,4,0.6", lambda v: 4.0 if abs(v - 4) < 0.6 else v),
        ("1,7,0.5,4,0.6", lambda v: min(max(
            4.0 if abs(0.5 * np.trunc(v / 0.5) - 4) < 0.6 else 0.5 * np.trunc(v / 0.5), 1), 7)),
    ],
)  # fmt: skip
def test_stocks_with_restrictions(
    system: Make, limits: str, restrict: Callable[[float], float]
) -> None:
    np.testing.assert_allclose(sinteg(system, limits), by_hand(restrict), atol=1e-12)


def test_a_restricted_stock_steps_as_euler_does_whatever_the_method(system: Make) -> None:
    limits = "0,5,:NA:,:NA:,:NA:"
    np.testing.assert_allclose(
        sinteg(system, limits, method=RK4()), sinteg(system, limits), atol=1e-12
    )


def test_a_restricted_stock_drives_its_own_rate(system: Make) -> None:
    run = simulate(system("y = SINTEG(y * 0.5, 1, :NA:, 5, :NA:, :NA:, :NA:)"))
    np.testing.assert_allclose(run["y"], np.minimum(1.5 ** np.arange(11), 5))


def test_restrictions_must_be_numbers(system: Make) -> None:
    with pytest.raises(ModelError, match="must be numbers or :NA:"):
        sinteg(system, "Time,5,:NA:,:NA:,:NA:")


#: What Vensim makes of 1e9 in 2022 and 2.5e9 in 2026 over 20 years (SDEverywhere's model).
SPENT = {2022: 1e9, 2026: 2.5e9}


def test_depreciation_in_equal_parts_as_vensim_does_it(system: Make) -> None:
    run = simulate(system("""
        spent = IF THEN ELSE(Time = 2022, 1e9, IF THEN ELSE(Time = 2026, 2.5e9, 0))
        y = DEPRECIATE STRAIGHTLINE(spent, 20, 1, 0)
    """, start=2020, stop=2050))  # fmt: skip
    expected = [sum(v / 20 for t, v in SPENT.items() if t <= y < t + 20) for y in range(2020, 2051)]
    np.testing.assert_allclose(run["y"], expected)


def test_depreciation_that_began_long_ago_goes_on(system: Make) -> None:
    run = simulate(system("y = DEPRECIATE STRAIGHTLINE(30, 4, 1, 30)"))
    np.testing.assert_allclose(run["y"], 30.0)


def test_a_fiscal_period_other_than_the_step_is_refused(system: Make) -> None:
    text = "y = DEPRECIATE STRAIGHTLINE(Time, 20, 1, 0)"
    with pytest.raises(UnsupportedError, match="fiscal period"):
        simulate(system(text, step=0.5))
    run = simulate(system(text), {"TIME STEP": 0.5})
    assert "'y'" in run.message, "a step chosen for the run must not go unnoticed"


def test_the_clock(system: Make) -> None:
    run = simulate(system("""
        a = TIME BASE(1990, 0.25)
        b = GET TIME VALUE(0, 5, 0)
        c = GET TIME VALUE(1, 5, 0)
    """, start=1))  # fmt: skip
    t = np.arange(1, 11)
    np.testing.assert_array_equal(run["a"], 1990 + 0.25 * t)
    np.testing.assert_array_equal(run["b"], t + 5)
    np.testing.assert_array_equal(run["c"], 6.0)
    with pytest.raises(UnsupportedError, match="calendar"):
        simulate(system("d = GET TIME VALUE(0, 0, 3)"))


def test_a_sample_may_look_at_itself(system: Make) -> None:
    """The least so far and the largest so far, as the beer game keeps them."""
    run = simulate(
        system("""
        D: a, b
        x1[a] = SIN(Time * 2) * 3
        x1[b] = COS(Time) * 5
        least[D] = SAMPLE IF TRUE(x1[D] < least[D], x1[D], x1[D])
        most[D] = SAMPLE IF TRUE(x1[D] > most[D], MAX(x1[D], most[D]), x1[D])
    """)
    )
    x = run["x1"].values
    np.testing.assert_array_equal(run["least"], np.minimum.accumulate(x))
    np.testing.assert_array_equal(run["most"], np.maximum.accumulate(x))


def test_a_sample_of_itself_by_way_of_another_is_a_loop(system: Make) -> None:
    with pytest.raises(ModelError, match="algebraic loop"):
        simulate(system("x = SAMPLE IF TRUE(y > 1, Time, 0)\ny = x + 1"))
