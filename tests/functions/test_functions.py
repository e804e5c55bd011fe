"""Every builtin without noise, by inline equations, against exact values.

Many equations share one model, because reading a model costs more than running it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.special import gammainc

from sdsim import RK4, Adaptive, ModelError, System, simulate
from sdsim.functions import (
    FUNCTIONS,
    ROOTS,
    STATEFUL,
    VECTOR,
    allocation,
    arrays,
    conveyors,
    gammas,
    history,
    noise,
    sorting,
    stella,
    tables,
)
from sdsim.functions import root_forms as kept
from sdsim.functions import stateful as holding
from sdsim.run.result import Run

Make = Callable[..., System]
pytestmark = pytest.mark.filterwarnings("ignore:.*out of range")


# --- mathematics without memory ---------------------------------------------------------------

#: Right-hand sides over x = -7.5, y = 2.25, z = 0, big = 1e6, and their values.
VALUES: list[tuple[str, float]] = [
    ("ABS(x)", 7.5),
    ("ABS(y)", 2.25),
    ("EXP(y)", math.exp(2.25)),
    ("LN(y)", math.log(2.25)),
    ("SQRT(y)", 1.5),
    ("SIN(y)", math.sin(2.25)),
    ("COS(y)", math.cos(2.25)),
    ("TAN(y)", math.tan(2.25)),
    ("ARCSIN(y / 3)", math.asin(0.75)),
    ("ARCCOS(y / 3)", math.acos(0.75)),
    ("ARCTAN(x)", math.atan(-7.5)),
    ("SINH(y)", math.sinh(2.25)),
    ("COSH(y)", math.cosh(2.25)),
    ("TANH(y)", math.tanh(2.25)),
    ("INTEGER(x)", -7.0),
    ("INTEGER(y)", 2.0),
    ("LOG(big, 10)", 6.0),
    ("LOG(8, 2)", 3.0),
    ("LOG(y, y * y)", 0.5),
    ("MIN(x, y)", -7.5),
    ("MIN(y, x)", -7.5),
    ("MAX(x, y)", 2.25),
    ("MAX(y, x)", 2.25),
    ("MODULO(7, 3)", 1.0),
    ("MODULO(big + 0.25, 10)", 0.25),
    ("MODULO(x, y + 0.75)", -1.5),
    ("MODULO(-7, 3)", -1.0),  # the result has the sign of x
    ("MODULO(7, -3)", 1.0),
    ("QUANTUM(1.9, 1)", 1.0),
    ("QUANTUM(-1.9, 1)", -1.0),
    ("QUANTUM(112.3, 10)", 110.0),
    ("QUANTUM(423, 63)", 378.0),
    ("QUANTUM(x, -1)", -7.5),
    ("QUANTUM(x, z)", -7.5),
    ("POWER(y, 3)", 11.390625),
    ("y ^ 0.5", 1.5),
    ("(-8) ^ 3", -512.0),
    ("z ^ z", 1.0),
    ("XIDZ(x, y, 9)", -7.5 / 2.25),
    ("XIDZ(x, z, 9)", 9.0),
    ("XIDZ(x, 9e-7, 9)", 9.0),
    ("XIDZ(x, -9e-7, 9)", 9.0),
    ("XIDZ(x, 2e-6, 9)", -7.5 / 2e-6),
    ("ZIDZ(x, y)", -7.5 / 2.25),
    ("ZIDZ(x, z)", 0.0),
    ("ZIDZ(x, -2e-6)", 7.5 / 2e-6),
    ("IF THEN ELSE(x < y, 3, 4)", 3.0),
    ("IF THEN ELSE(x > y, 3, 4)", 4.0),
    ("IF THEN ELSE(x = -7.5, 3, 4)", 3.0),
    ("IF THEN ELSE(x <> -7.5, 3, 4)", 4.0),
    ("IF THEN ELSE(y >= 2.25, 3, 4)", 3.0),
    ("IF THEN ELSE(y <= 2.25, 3, 4)", 3.0),
    ("IF THEN ELSE(y < 2.25, 3, 4)", 4.0),
    ("IF THEN ELSE(y > 2.25, 3, 4)", 4.0),
    ("IF THEN ELSE(x < z :AND: y < z, 3, 4)", 4.0),
    ("IF THEN ELSE(x < z :OR: y < z, 3, 4)", 3.0),
    ("IF THEN ELSE(:NOT: x < z, 3, 4)", 4.0),
    ("IF THEN ELSE(x, 3, 4)", 3.0),  # anything but zero is true
    ("IF THEN ELSE(z, 3, 4)", 4.0),
    ("IF THEN ELSE(x > 0, LN(x), 5)", 5.0),  # what is not chosen may have no value
    ("IF THEN ELSE(x < 0, 5, y / z)", 5.0),
    ("IF THEN ELSE(x > 0, f(LN(x)), 5)", 5.0),
    ("x - y - 1", -10.75),
    ("x - (y - 1)", -8.75),
    ("x / y / 2", -7.5 / 2.25 / 2),
    ("x + y * 2", -3.0),
    ("-x ^ 2 + z", -56.25),
    ("2 * x ^ 2", 112.5),
    ("PULSE(0, 3)", 1.0),
    ("STEP(y, 0)", 2.25),
    ("STEP(y, 1)", 0.0),
    ("f(-1)", 10.0),
    ("f(0)", 10.0),
    ("f(0.25)", 12.5),
    ("f(1)", 20.0),
    ("f(2)", 10.0),
    ("f(3)", 0.0),
    ("f(1e300)", 0.0),
    ("one(5)", 4.0),
    ("one(-5)", 4.0),
    ("WITH LOOKUP(y, ((0,0),(2,4),(3,8)))", 5.0),
    ("SUM(v[d!])", 7.0),
    ("PROD(v[d!])", 8.0),
    ("VMIN(v[d!])", 1.0),
    ("VMAX(v[d!])", 4.0),
    ("SUM(v[d!] * v[d!]) + 1", 22.0),
    ("ELMCOUNT(d)", 3.0),
    ("INITIAL(y + Time)", 2.25),
    ("GAME(y)", 2.25),
]

SHARED = """
    x = -7.5
    y = 2.25
    z = 0
    big = 1e6
    d: a, b, c
    v[d] = 1, 2, 4
    f((0,10),(1,20),(3,0))
    one((1,4))
"""

#: Builtins that the tables below or the file test_random.py prove over time.
ELSEWHERE = {
    "pulse train", "ramp", "integ", "active initial", "sample if true", "delay fixed", "trend",
    "forecast", "delay1", "delay1i", "delay3", "delay3i", "delay n", "smooth", "smoothi",
    "smooth3", "smooth3i", "smooth n", "random 0 1", "random uniform", "random normal",
    "random exponential",
}  # fmt: skip
#: Rows for XMILE, which has no reader yet.
XMILE_ONLY = {"int", "log10", "pi", "nan"}


@pytest.fixture(scope="module")
def values(system: Make) -> Run:
    """One run in which ``v<i>`` is the i-th of `VALUES`."""
    rows = "\n".join(f"result {i} = {text}" for i, (text, _) in enumerate(VALUES))
    run = simulate(system(SHARED + rows, stop=2))
    assert run.status == "ok", run.message
    return run


@pytest.mark.parametrize("number", range(len(VALUES)), ids=[t for t, _ in VALUES])
def test_value(values: Run, number: int) -> None:
    expected = VALUES[number][1]
    got = values[f"result {number}"].values[0]
    assert got == pytest.approx(expected, rel=4e-16, abs=1e-15)


#: Tried in test_sorting, test_allocation, test_arrays, test_holding, test_stella, test_noise and
#: test_discrete_delays; data equations in compile/test_series.
SORTED = {row.name for row in (*sorting.ROWS, *allocation.ROWS, *allocation.MARKETS)}
SORTED |= {row.name for row in (*arrays.ROWS, *arrays.WRITTEN_OUT, *holding.ROWS)}
SORTED |= {row.name for row in (*stella.ROWS, *stella.OVER, *noise.ROWS, *noise.NOISES)}
SORTED |= {row.name for row in (*kept.ROWS, *conveyors.ROWS)} - {"delay fixed"}
SORTED |= {row.name for row in (*gammas.ROWS, *history.ROWS)}
SORTED |= {"vector select", "npv", "stella npv", *tables.COMPUTED}


def test_no_builtin_is_left_out() -> None:
    tried = " ".join(text for text, _ in VALUES).casefold()
    every = {*FUNCTIONS, *STATEFUL, *VECTOR, *ROOTS} - SORTED
    left = {name for name in every if f"{name}(" not in tried} - ELSEWHERE - XMILE_ONLY
    assert not left


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("SQRT(1, 2)", "SQRT takes 1 argument, got 2; delete the extra ones"),
        ("LOG(1)", "LOG takes 2 arguments, got 1"),
        ("IF THEN ELSE(1, 2)", "takes 3 arguments, got 2"),
        ("SMOOTH(1)", "SMOOTH takes 2 arguments, got 1"),
        ("DELAY3I(1, 2)", "DELAY3I takes 3 arguments, got 2"),
        ("DELAY FIXED(1, 2)", "DELAY FIXED takes 3 arguments, got 2"),
    ],
)
def test_a_wrong_number_of_arguments_is_refused(system: Make, equation: str, said: str) -> None:
    with pytest.raises(ModelError, match=r"model\.mdl:\d+: 'y'") as e:
        simulate(system(f"y = {equation}"))
    assert said in str(e.value)


# --- inputs over time, met exactly on a grid that binary numbers cannot hold ------------------


def on_grid(run: Run, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(run[name].values)


def test_step_is_never_early_or_late_by_rounding(system: Make) -> None:
    rows = "\n".join(f"s{k} = STEP(1, {k / 10!r})" for k in range(41))
    run = simulate(system(rows, stop=4, step=0.1))
    for k in range(41):
        assert on_grid(run, f"s{k}").tolist() == [0.0] * k + [1.0] * (41 - k), k


def test_a_step_between_grid_points_is_met_at_the_nearest(system: Make) -> None:
    run = simulate(system("early = STEP(1, 0.33)\nlate = STEP(1, 0.37)", stop=1, step=0.1))
    assert np.flatnonzero(on_grid(run, "early"))[0] == 3
    assert np.flatnonzero(on_grid(run, "late"))[0] == 4


def test_a_pulse_lasts_its_width_on_the_grid(system: Make) -> None:
    cases = [(a, w) for a in range(0, 12, 3) for w in (0, 1, 2, 7)]
    rows = "\n".join(f"p{i} = PULSE({a / 10!r}, {w / 10!r})" for i, (a, w) in enumerate(cases))
    run = simulate(system(rows, stop=3, step=0.1))
    for i, (a, w) in enumerate(cases):
        on = np.flatnonzero(on_grid(run, f"p{i}")).tolist()
        assert on == list(range(a, a + max(w, 1))), (a, w)


def test_a_pulse_train_follows_the_whole_numbers(system: Make) -> None:
    """Its end belongs to it: Vensim 9 exported a 1 at time 30 for PULSE TRAIN(10, 1, 5, 30)."""
    cases = [(0, 1, 5, 25), (3, 2, 7, 30), (2, 0, 4, 11), (5, 9, 3, 20), (1, 3, 10, 12)]
    rows = "\n".join(
        f"p{i} = PULSE TRAIN({', '.join(repr(n / 10) for n in case)})"
        for i, case in enumerate(cases)
    )
    run = simulate(system(rows, stop=3, step=0.1))
    for i, (first, width, period, end) in enumerate(cases):
        expected = [
            float(first <= k <= end and (k - first) % period < max(width, 1)) for k in range(31)
        ]
        assert on_grid(run, f"p{i}").tolist() == expected, cases[i]


def test_a_ramp_rises_between_its_ends(system: Make) -> None:
    run = simulate(system("r = RAMP(2, 0.3, 0.8)\nendless = RAMP(-3, 0.5)", stop=2, step=0.1))
    t = [Fraction(k, 10) for k in range(21)]
    r = [float(2 * (min(max(u, Fraction(3, 10)), Fraction(8, 10)) - Fraction(3, 10))) for u in t]
    endless = [float(-3 * max(u - Fraction(1, 2), Fraction(0))) for u in t]
    assert on_grid(run, "r") == pytest.approx(r, abs=1e-15)
    assert on_grid(run, "endless") == pytest.approx(endless, abs=1e-15)


# --- what remembers ---------------------------------------------------------------------------


def erlang_cdf(order: int, mean: float, t: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Distribution function of the sum of ``order`` exponential times, ``mean`` in all."""
    return np.asarray(gammainc(order, np.maximum(t, 0.0) * order / mean))


def erlang_pdf(order: int, mean: float, t: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    r = order / mean
    u = np.maximum(t, 0.0)
    out = r * (r * u) ** (order - 1) / math.factorial(order - 1) * np.exp(-r * u)
    return np.where(t < 0, 0.0, out)


STEPPED = """
    x = 3 + STEP(2, 1)
    delay1 = DELAY1(x, 4)
    delay3 = DELAY3(x, 4)
    delay5 = DELAY N(x, 4, 3, 5)
    delay1i = DELAY1I(x, 4, 7)
    delay3i = DELAY3I(x, 4, 7)
    delay2i = DELAY N(x, 4, 7, 2)
    smooth1 = SMOOTH(x, 4)
    smooth3 = SMOOTH3(x, 4)
    smooth5 = SMOOTH N(x, 4, 3, 5)
    smooth1i = SMOOTHI(x, 4, 7)
    smooth3i = SMOOTH3I(x, 4, 7)
    smooth2i = SMOOTH N(x, 4, 7, 2)
"""


@pytest.fixture(scope="module")
def stepped(system: Make) -> System:
    return system(STEPPED, stop=12, step=0.25)


@pytest.fixture(scope="module")
def stepped_run(stepped: System) -> Run:
    return simulate(stepped, method=Adaptive(rtol=1e-10, atol=1e-12))


@pytest.mark.parametrize("kind", ["delay", "smooth"])
@pytest.mark.parametrize("order", [1, 3, 5])
def test_answer_to_a_step_is_erlangs_distribution(stepped_run: Run, kind: str, order: int) -> None:
    expected = 3 + 2 * erlang_cdf(order, 4.0, stepped_run.time - 1)
    assert on_grid(stepped_run, f"{kind}{order}") == pytest.approx(expected, abs=2e-9)


@pytest.mark.parametrize("kind", ["delay", "smooth"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_start_value_fades_by_erlangs_distribution(stepped_run: Run, kind: str, order: int) -> None:
    """A chain whose every stage starts at 7: it forgets as a queue of ``order`` servers empties."""
    t = stepped_run.time
    expected = 7 - 4 * erlang_cdf(order, 4.0, t) + 2 * erlang_cdf(order, 4.0, t - 1)
    assert on_grid(stepped_run, f"{kind}{order}i") == pytest.approx(expected, abs=2e-9)


@pytest.mark.parametrize("order", [1, 3])
def test_euler_steps_are_those_of_the_textbook(stepped: System, order: int) -> None:
    """Sterman (2000), ch. 11: the recurrence of a material delay, written out here."""
    run = simulate(stepped)
    dt, stage = 0.25, 4 / order
    content = [3 * stage] * order
    levels = [3.0] * order
    for k, t in enumerate(run.time):
        x = 3 + (2 if t >= 1 else 0)
        flows = [c / stage for c in content]
        assert on_grid(run, f"delay{order}")[k] == pytest.approx(flows[-1], rel=1e-14)
        assert on_grid(run, f"smooth{order}")[k] == pytest.approx(levels[-1], rel=1e-14)
        content = [c + dt * (i - o) for c, i, o in zip(content, [x, *flows], flows, strict=False)]
        levels = [s + dt * (i - s) / stage for s, i in zip(levels, [x, *levels], strict=False)]


def test_answer_to_a_pulse_is_erlangs_density(system: Make) -> None:
    """A unit put in at once at time 1 (a pulse of width h and height 1/h, h small)."""
    h = 1e-4
    made = system(
        f"x = PULSE(1, {h!r}) / {h!r}\none = DELAY1(x, 2)\nthree = DELAY3(x, 2)", stop=8, step=h,
        saveper=1.0,
    )  # fmt: skip
    run = simulate(made, method=Adaptive(rtol=1e-9, atol=1e-11))
    late = run.time > 1
    for name, order in (("one", 1), ("three", 3)):
        got, mean = on_grid(run, name)[late], run.time[late] - 1 - h / 2
        assert got == pytest.approx(erlang_pdf(order, 2.0, mean), abs=1e-7)


def test_a_material_delay_loses_nothing_when_its_time_changes(system: Make) -> None:
    made = system(
        """
        x = PULSE(1, 2)
        time to pass = 2 + STEP(3, 2) - STEP(4, 4)
        out1 = DELAY1(x, time to pass)
        out3 = DELAY3(x, time to pass)
        arrived 1 = INTEG(out1, 0)
        arrived 3 = INTEG(out3, 0)
        """,
        stop=60, step=0.125,
    )  # fmt: skip
    run = simulate(made)
    assert on_grid(run, "arrived 1")[-1] == pytest.approx(2, abs=1e-9)
    assert on_grid(run, "arrived 3")[-1] == pytest.approx(2, abs=1e-9)
    assert on_grid(run, "arrived 3")[32] < 2  # not there yet at time 4


def test_trend_of_steady_growth_is_its_rate(system: Make) -> None:
    made = system(
        """
        x = INTEG(0.07 * x, 20)
        known = TREND(x, 5, 0.07)
        learnt = TREND(x, 5, 0)
        falling = TREND(-x, 5, 0.07)
        ahead = FORECAST(x, 5, 10)
        """,
        stop=40, step=0.5,
    )  # fmt: skip
    euler = simulate(made)
    assert on_grid(euler, "known") == pytest.approx(0.07, abs=1e-14)
    assert on_grid(euler, "falling") == pytest.approx(-0.07, abs=1e-14)
    run = simulate(made, method=Adaptive(rtol=1e-10, atol=1e-12))
    t, x = run.time, 20 * np.exp(0.07 * run.time)
    average = (x + (20 * 1.35 - 20) * np.exp(-t / 5)) / 1.35
    slope = (x - average) / (5 * average)
    assert on_grid(run, "learnt") == pytest.approx(slope, abs=1e-8)
    assert on_grid(run, "ahead") == pytest.approx(x * (1 + 10 * slope), rel=1e-8)
    assert on_grid(run, "learnt")[0] == 0.0


def test_delay_fixed_is_the_input_some_steps_ago(system: Make) -> None:
    made = system(
        """
        whole = DELAY FIXED(Time, 2, -5)
        odd = DELAY FIXED(Time, 0.7, -5)
        none = DELAY FIXED(Time, 0, -5)
        two in a row = DELAY FIXED(whole, 1, -6)
        curved = DELAY FIXED(level, 1, 0)
        level = INTEG(level, 1)
        beyond = DELAY FIXED(Time, 99, -7)
        """,
        stop=6, step=0.1,
    )  # fmt: skip
    for method in (None, RK4()):
        run = simulate(made, method=method)
        k = np.arange(61)
        assert on_grid(run, "whole") == pytest.approx(np.where(k < 20, -5, (k - 20) / 10))
        assert on_grid(run, "odd") == pytest.approx(np.where(k < 7, -5, (k - 7) / 10))
        assert on_grid(run, "none") == pytest.approx(np.where(k < 1, -5, (k - 1) / 10))
        twice = np.where(k < 10, -6, np.where(k < 30, -5, (k - 30) / 10))
        assert on_grid(run, "two in a row") == pytest.approx(twice)
        level = on_grid(run, "level")
        assert on_grid(run, "curved").tolist() == [0.0] * 10 + level[:-10].tolist()
        assert on_grid(run, "beyond").tolist() == [-7.0] * 61


def test_sample_if_true_holds_what_it_saw(system: Make) -> None:
    made = system(
        """
        kept = SAMPLE IF TRUE(MODULO(Time, 3) = 1, Time * 10, -1)
        summed = INTEG(kept, 0)
        """,
        stop=10,
    )
    expected = [-1, 10, 10, 10, 40, 40, 40, 70, 70, 70, 100]
    for method in (None, RK4(), Adaptive()):
        assert on_grid(simulate(made, method=method), "kept").tolist() == expected
    for method in (None, Adaptive(1e-10)):
        summed = on_grid(simulate(made, method=method), "summed")
        assert summed == pytest.approx(np.cumsum([0, *expected[:-1]]), abs=1e-7)


def test_initial_and_active_initial(system: Make) -> None:
    made = system(
        """
        level = INTEG(1, begun)
        begun = ACTIVE INITIAL(level * 2, 7)
        at first = INITIAL(level + begun)
        seen = INITIAL(IF THEN ELSE(Time > 4, 1, 0) + STEP(5, 4) + f(Time))
        f((0,0),(10,100))
        """,
        start=4, stop=8,
    )  # fmt: skip
    run = simulate(made)
    assert on_grid(run, "level").tolist() == [7, 8, 9, 10, 11]
    assert on_grid(run, "begun").tolist() == [14, 16, 18, 20, 22]
    assert on_grid(run, "at first").tolist() == [14] * 5
    assert on_grid(run, "seen").tolist() == [45] * 5


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("SMOOTH N(1, 2, 3, Time)", "the order must be a number or a constant"),
        ("DELAY N(1, 2, 3, 0)", "order 0 is outside 1 to 1000"),
        ("DELAY N(1, 2, 3, 1e6)", "order 1e+06 is outside 1 to 1000"),
        ("SMOOTH3(1, 0)", "smooth time is 0"),
        ("DELAY1(1, -2)", "delay time is -2"),
        ("DELAY3(1, zero)", "delay time is 0"),
        ("TREND(1, zero, 0)", "averaging time is 0"),
        ("DELAY FIXED(1, zero - 2, 0)", "delay time is -2"),
    ],
)
def test_a_delay_that_cannot_be_written_out_is_refused(
    system: Make, equation: str, said: str
) -> None:
    with pytest.raises(ModelError, match=r"model\.mdl:\d+: 'y'") as e:
        simulate(system(f"y = {equation}\nzero = 0"))
    assert said in str(e.value)


def test_a_smooth_inside_an_expression_and_inside_a_smooth(system: Make) -> None:
    made = system(
        """
        x = 4 + STEP(4, 0)
        nested = 1 + 2 * SMOOTH(SMOOTHI(x, 3, 0), 3)
        plain = SMOOTH N(x, 6, 0, 2)
        """,
        stop=12,
    )
    run = simulate(made, method=Adaptive(rtol=1e-10, atol=1e-12))
    expected = 1 + 16 * erlang_cdf(2, 6.0, run.time)
    assert on_grid(run, "nested") == pytest.approx(expected, abs=1e-8)
    assert on_grid(run, "plain") == pytest.approx((expected - 1) / 2, abs=1e-8)
