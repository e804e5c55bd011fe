"""Delays whose time may change, and conveyors: against the same by hand, in exact fractions, and
against the figures that Vensim's own manual prints."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from sdsim import RK4, Adaptive, System, load, simulate, simulate_many
from sdsim.backends import Numpy
from sdsim.backends.llvm import Llvm
from sdsim.base.errors import ModelError, UnsupportedError

Make = Callable[..., System]
STOP = 24


def over_time(values: Sequence[float]) -> str:
    """Points of a lookup that has these values at 0, 1, 2, ..."""
    return "(" + ",".join(f"({k},{v!r})" for k, v in enumerate(values)) + ")"


# --- delay fixed ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "step", "steps"),
    [
        ("0.5", 1, 1), ("1.5", 1, 2), ("2.5", 1, 3), ("3.5", 1, 4), ("1.25", 0.5, 3),
        ("0.35", 0.1, 4), ("0.45", 0.1, 5), ("2.4999", 1, 2), ("2.4", 1, 2), ("2.6", 1, 3),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "kind", ["FIXED(x, {}, 6)", "MATERIAL(x, {}, 6, 0)", "INFORMATION(x, {}, 6)"]
)
def test_half_a_step_more_is_a_whole_one(
    system: Make, kind: str, time: str, step: float, steps: int
) -> None:
    """Vensim's stored output of SDXorg's test delay_pipeline: 1.25 at TIME STEP 0.5 is 3 steps.
    0.35 / 0.1 is less than 3.5 by the last bit."""
    run = simulate(
        system(f"x = -1 - Time\ny = DELAY {kind.format(time)}", stop=8 * step, step=step)
    )
    x = run["x"].values
    np.testing.assert_array_equal(run["y"], [6.0] * steps + list(x[: len(x) - steps]))


# --- delay material, delay information ------------------------------------------------------------


def arriving(x: Sequence[float], lags: Sequence[int], initial: float) -> list[list[float]]:
    """What arrives at each step, in the order in which it entered."""
    out: list[list[float]] = [[initial] if k < lags[0] else [] for k in range(len(x))]
    for k, (value, lag) in enumerate(zip(x, lags, strict=True)):
        if k + lag < len(out):
            out[k + lag].append(value)
    return out


def material(
    x: Sequence[float], lags: Sequence[int], initial: float, missing: Sequence[float]
) -> list[float]:
    """``missing`` is that of the step before, as for a level."""
    came = arriving(x, lags, initial)
    return [math.fsum(v) if v else missing[k - 1] for k, v in enumerate(came)]


def information(x: Sequence[float], lags: Sequence[int], initial: float) -> list[float]:
    out: list[float] = []
    for v in arriving(x, lags, initial):
        out.append(v[-1] if v else out[-1])
    return out


LAGS = [3, 3, 3, 5, 5, 1, 1, 1, 4, 7, 2, 2, 6, 6, 6, 5, 4, 3, 2, 1, 1, 2, 3, 4, 5]
VARIED = f"""
    lag{over_time(LAGS)}
    x = (1 + Time) ^ 2
    out = DELAY MATERIAL(x, lag(Time), -7, 100 + Time)
    told = DELAY INFORMATION(x, lag(Time), -7)
"""


@pytest.mark.parametrize("method", [None, RK4()], ids=["Euler", "RK4"])
def test_each_input_has_the_delay_time_at_which_it_entered(system: Make, method: RK4) -> None:
    run = simulate(system(VARIED, stop=STOP), method=method)
    x = [(1.0 + k) ** 2 for k in range(STOP + 1)]
    missing = [100.0 + k for k in range(STOP + 1)]
    np.testing.assert_array_equal(run["out"], material(x, LAGS, -7, missing))
    np.testing.assert_array_equal(run["told"], information(x, LAGS, -7))
    came = [len(v) for v in arriving(x, LAGS, -7)]
    assert {0, 1, 2, 6} == set(came)  # gaps and sums both occur


def test_material_is_kept(system: Make) -> None:
    """What went in and what was there at the start comes out, nothing else."""
    text = f"""
        lag{over_time(LAGS)}
        x = IF THEN ELSE(Time < 12, 3 + Time, 0)
        out = DELAY MATERIAL(x, lag(Time), 5, 0)
        inside = INTEG(x - out, 5 * lag(0))
    """
    run = simulate(system(text, stop=STOP))
    assert run["out"].values.sum() == sum(3 + k for k in range(12)) + 5 * 3
    assert run["inside"].values[-1] == 0.0
    assert (run["inside"].values >= 0.0).all()


@pytest.mark.parametrize("time", ["3", "0.6", "2.4", "0", "99"])
@pytest.mark.parametrize("step", [1, 0.25])
def test_with_one_delay_time_they_are_fixed_delays(system: Make, time: str, step: float) -> None:
    text = f"""
        x = SIN(Time * 3)
        fixed = DELAY FIXED(x, {time}, 4)
        out = DELAY MATERIAL(x, {time}, 4, 77)
        told = DELAY INFORMATION(x, {time}, 4)
    """
    run = simulate(system(text, stop=8, step=step))
    np.testing.assert_array_equal(run["out"], run["fixed"])
    np.testing.assert_array_equal(run["told"], run["fixed"])


def test_a_zero_that_arrives_is_not_a_gap(system: Make) -> None:
    run = simulate(system("x = -0 * Time\ny = DELAY MATERIAL(x, 2, -0, 9)", stop=5))
    np.testing.assert_array_equal(run["y"], 0.0)


def test_a_delay_that_reads_itself_is_no_loop(system: Make) -> None:
    """With a delay of two steps of its own sum, twice the Fibonacci way."""
    run = simulate(system("y = DELAY MATERIAL(y + 1, 2, 1, 0)", stop=7))
    np.testing.assert_array_equal(run["y"], [1, 1, 2, 2, 3, 3, 4, 4])


# --- conveyors ------------------------------------------------------------------------------------


def belt(
    x: Sequence[Fraction], room: Sequence[Fraction], keep: Sequence[Fraction],
    profile: Callable[[Fraction], Fraction], total: Fraction,
) -> tuple[list[Fraction], list[Fraction]]:  # fmt: skip
    """(outputs, contents after each step) of a conveyor with TIME STEP 1, in exact fractions.

    room : of the belt that goes by in each step; that of the first is the initial one.
    profile : the share of the initial material up to a place on the belt.
    """
    edges = [Fraction(k, 840) for k in range(841)]
    pieces = [[q - p, total * (profile(q) - profile(p))] for p, q in pairwise(edges)]
    outputs, contents = [], []
    for entering, stretch, kept in zip(x, room, keep, strict=True):
        need, out = stretch, Fraction(0)
        while need > 0:
            width, amount = pieces[0]
            part = min(need, width)
            out += amount * part / width
            if part == width:
                pieces.pop(0)
            else:
                pieces[0] = [width - part, amount * (width - part) / width]
            need -= part
        pieces.append([stretch, entering])
        pieces = [[width, amount * kept] for width, amount in pieces]
        outputs.append(out)
        contents.append(sum((a for _, a in pieces), Fraction(0)))
    return outputs, contents


def flat(place: Fraction) -> Fraction:
    return place


FLAT = "flat((0,1),(1,1))\n"


def test_the_figures_of_the_manual(system: Make) -> None:
    """Modeling Guide, Initialization of Conveyors: 100 in a conveyor of 10, no input; between two
    steep sides of a profile 5e-6 is left at time 8."""
    heights = [5, 10, 20, 10, 15, 20, 10, 5, 0, 5]
    points = [
        (k + side, v)
        for k, v in enumerate(heights)
        for side in ((0 if k < 9 else 0.0, 0.999999 if k not in (7, 9) else 1.0))
    ]
    points[16:18] = [(8.000001, 0), (8.999999, 0)]
    text = "odd(" + ",".join(f"({a},{b})" for a, b in points) + ")\n"
    run = simulate(system(text + "y = DELAY CONVEYOR(0, 10, 0, odd, 100, 10)", stop=10))
    np.testing.assert_allclose(run["y"], [5, 10, 20, 10, 15, 20, 10, 5, 5e-6, 5, 0], rtol=2e-6)
    assert run["y"].values.sum() == pytest.approx(100.0, rel=1e-15)


@pytest.mark.parametrize("leak", [0, 0.1, 0.5])
@pytest.mark.parametrize("step", [1, 0.25])
def test_a_constant_time_gives_the_input_back_less_what_leaked(
    system: Make, leak: float, step: float
) -> None:
    """Exactly the input of n steps ago; a power of what is kept each step."""
    text = FLAT + f"x = SIN(Time) + 2\ny = DELAY CONVEYOR(x, 5, {leak}, flat, 30, 5)"
    run = simulate(system(text, stop=20, step=step))
    n, kept = round(5 / step), 1 - leak * step
    x, y = run["x"].values, run["y"].values
    np.testing.assert_allclose(y[n:], x[:-n] * kept**n, rtol=1e-14)
    np.testing.assert_allclose(y[:n], 30 / 5 * kept ** np.arange(n), rtol=1e-13)
    if leak == 0:
        np.testing.assert_array_equal(y[n:], x[:-n])


def test_long_belts_lose_nothing_to_rounding(system: Make) -> None:
    """1,000 and 700 steps of 0.1 and 0.01, neither exact."""
    text = FLAT + "x = 1 + MODULO(Time, 7)\ny = DELAY CONVEYOR(x, span, 0, flat, 0, span)\n"
    for step, n in ((0.1, 1000), (0.01, 700)):
        run = simulate(system(text + f"span = {n * step}", stop=2.5 * n * step, step=step))
        x, y = run["x"].values, run["y"].values
        np.testing.assert_array_equal(y[:n], 0.0)
        np.testing.assert_array_equal(y[n:], x[:-n])


def fractions(values: Sequence[float]) -> list[Fraction]:
    return [Fraction(v).limit_denominator(10**6) for v in values]


TIMES = [4, 4, 2, 2, 8, 8, 8, 5, 3.5, 2.5, 1, 0.5, 7, 7, 1.5, 3, 6, 6, 6, 6, 20, 3, 3, 2, 4]
LEAKS = [0, 0.1, 0.1, 0.3, 0, 0, 0.05, 0.2, 0.2, 0.2, 0.5, 0, 0, 0, 0.1, 0, 0.2, 0, 0, 0.1] + [
    0
] * 5


@pytest.mark.parametrize("first", [4, 2.5])
@pytest.mark.parametrize("leaks", [[0.0] * 25, LEAKS], ids=["tight", "leaking"])
def test_faster_and_slower_and_leaking(system: Make, leaks: Sequence[float], first: float) -> None:
    text = (
        FLAT
        + f"""
        rising((0,0),(3,6))
        speed{over_time(TIMES)}
        loss{over_time(leaks)}
        x = 1 + MODULO(Time * 3, 5)
        y = DELAY CONVEYOR(x, speed(Time), loss(Time), rising, 12, {first})
        inside = INTEG(x - y - leaking, 12)
        leaking = (inside + TIME STEP * (x - y)) * loss(Time)
    """
    )
    run = simulate(system(text, stop=STOP))
    x = fractions([1 + (3 * k) % 5 for k in range(STOP + 1)])
    room = [min(Fraction(1), 1 / t) for t in fractions([first, *TIMES[:-1]])]
    keep = [1 - v for v in fractions(leaks)]
    outputs, contents = belt(x, room, keep, lambda p: p * p, Fraction(12))
    np.testing.assert_allclose(run["y"], [float(v) for v in outputs], rtol=1e-12, atol=1e-13)
    # Vensim's equations for what leaks keep the same account as the belt.
    np.testing.assert_allclose(
        run["inside"].values[1:], [float(v) for v in contents[:-1]], rtol=1e-12
    )


@given(
    times=st.lists(st.integers(1, 60).map(lambda k: k / 4), min_size=13, max_size=13),
    leaks=st.lists(st.integers(0, 10).map(lambda k: k / 10), min_size=13, max_size=13),
    start=st.integers(4, 40).map(lambda k: k / 4),
)
@hypothesis(max_examples=25)
def test_any_speeds_and_leaks(
    written: Callable[..., object], times: list[float], leaks: list[float], start: float
) -> None:
    text = (
        FLAT
        + f"""
        speed{over_time(times)}
        loss{over_time(leaks)}
        x = 1 + MODULO(Time * 3, 5)
        y = DELAY CONVEYOR(x, speed(Time), loss(Time), flat, 12, {start})
    """
    )
    path = written(text, stop=12)
    one = simulate(load(path, backend=Numpy()))["y"].values  # type: ignore[arg-type]
    x = fractions([1 + (3 * k) % 5 for k in range(13)])
    room = [min(Fraction(1), 1 / t) for t in fractions([start, *times[:-1]])]
    outputs, _ = belt(x, room, [1 - v for v in fractions(leaks)], flat, Fraction(12))
    np.testing.assert_allclose(one, [float(v) for v in outputs], rtol=1e-11, atol=1e-12)
    other = simulate(load(path, backend=Llvm()))["y"].values  # type: ignore[arg-type]
    assert one.tobytes() == other.tobytes()


def test_leaks_that_leave_next_to_nothing(system: Make) -> None:
    """What is kept in all falls below any double long before the end."""
    text = FLAT + "x = 2 + Time\ny = DELAY CONVEYOR(x, 3, 0.98, flat, 3, 3)"
    run = simulate(system(text, stop=600))
    np.testing.assert_allclose(run["y"][3:], run["x"][:-3].values * 0.02**3, rtol=1e-12)
    text = FLAT + "x = 2\ny = DELAY CONVEYOR(x, 3, IF THEN ELSE(Time = 5, 4, -1), flat, 3, 3)"
    run = simulate(system(text, stop=11))
    # A leak beyond all loses all once; one below nothing adds none.
    np.testing.assert_array_equal(run["y"], [1, 1, 1, 2, 2, 2, 0, 0, 0, 2, 2, 2])


def test_the_first_value_is_that_of_the_initial_time(system: Make) -> None:
    """inittot / initctime, then the belt goes on at the speed of now."""
    run = simulate(system(FLAT + "y = DELAY CONVEYOR(0, 2, 0, flat, 20, 4)", stop=3))
    np.testing.assert_allclose(run["y"], [5, 10, 5, 0], atol=1e-12)


def test_discrete_delays_move_at_time_steps_alone(system: Make) -> None:
    text = FLAT + "x = Time\ny = DELAY CONVEYOR(x, 3, 0.1, flat, 6, 3)"
    euler, rk4 = (simulate(system(text, stop=9), method=m)["y"] for m in (None, RK4()))
    np.testing.assert_array_equal(euler, rk4)
    with pytest.raises(UnsupportedError, match="no meaning between time steps"):
        simulate(system(text), method=Adaptive())


def test_a_leak_may_begin_late(system: Make) -> None:
    """By the model, or because a run says so where the file has none."""
    text = (
        FLAT
        + """
        leak = 0
        y = DELAY CONVEYOR(2, 4, STEP(0.5, 2), flat, 8, 4)
        z = DELAY CONVEYOR(2, 4, leak, flat, 8, 4)
    """
    )
    run = simulate(system(text, stop=7), {"leak": 0.5})
    np.testing.assert_allclose(run["y"], [2, 2, 2, 1, 0.5, 0.25, 0.125, 0.125], rtol=1e-14)
    np.testing.assert_allclose(run["z"], 2 * 0.5 ** np.array([0, 1, 2, 3, 4, 4, 4, 4]), rtol=1e-14)


def test_a_conveyor_may_feed_itself(system: Make) -> None:
    text = FLAT + "y = DELAY CONVEYOR(y * 2, 2, 0, flat, 2, 2)"
    np.testing.assert_allclose(simulate(system(text, stop=6))["y"], [1, 1, 2, 2, 4, 4, 8])


SUBSCRIPTED = """
    place: here, there
    flat[here]((0,1),(1,1))
    flat[there]((0,0),(2,2))
    span[place] = 2, 4
    leak = 0.1
    factor[place] = 1, 2
    x[place] = Time * factor[place]
    y[place] = DELAY CONVEYOR(x[place], span[place], leak, flat[place], 8, span[place])
    late[place] = DELAY MATERIAL(x[place], span[place] + STEP(1, 3), 9, 0)
"""


def test_with_subscripts_each_element_has_its_own(system: Make) -> None:
    run = simulate(system(SUBSCRIPTED, stop=12))
    for place, time, factor in (("here", 2, 1), ("there", 4, 2)):
        y = run["y"].sel(place=place).values
        np.testing.assert_allclose(y[time:], np.arange(13 - time) * factor * 0.9**time, rtol=1e-13)
        shares = np.diff((np.arange(time + 1) / time) ** (1 if place == "here" else 2))
        np.testing.assert_allclose(y[:time], 8 * shares * 0.9 ** np.arange(time), rtol=1e-13)
        x = [float(k * factor) for k in range(13)]
        lags = [time + (k >= 3) for k in range(13)]
        want = material(x, lags, 9, [0.0] * 13)
        np.testing.assert_array_equal(run["late"].sel(place=place), want)


def test_members_have_belts_of_their_own(system: Make) -> None:
    """The same bits alone and among others, with other speeds and other numbers of pieces."""
    made = system(SUBSCRIPTED, stop=30, step=0.25)
    rng = np.random.default_rng(4)
    worlds = {
        "span[here]": rng.uniform(0.1, 12, 23), "span[there]": rng.uniform(0.1, 40, 23),
        "leak": rng.uniform(0, 2, 23),
    }  # fmt: skip
    many = simulate_many(made, worlds, save=["y", "late"])
    for k in range(23):
        one = simulate(made, {name: float(values[k]) for name, values in worlds.items()})
        for name in ("y", "late"):
            got = many[name].isel(member=k).transpose(*one[name].dims).values
            assert got.tobytes() == one[name].values.tobytes()


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("DELAY CONVEYOR(1, 2, 0, x, 5, 2)", "initial profile must be the name of a lookup"),
        ("DELAY CONVEYOR(1, 2, 0, 3, 5, 2)", "initial profile must be the name of a lookup"),
        ("DELAY CONVEYOR(1, 2, 0, below, 5, 2)", "initial profile is below 0"),
        ("DELAY CONVEYOR(1, 2, 0, none, 5, 2)", "initial profile is 0 everywhere"),
        ("DELAY CONVEYOR(1, 0, 0, none, 5, 2)", "conveyance time is 0"),
        ("DELAY CONVEYOR(1, 2, 0, none, 5, -2)", "initial conveyance time is -2"),
        ("DELAY CONVEYOR(1, 2, 0, none, 5)", "takes 6 arguments, got 5"),
        ("DELAY MATERIAL(1, 2, 0)", "DELAY MATERIAL takes 4 arguments, got 3"),
        ("DELAY MATERIAL(1, -2, 0, 0)", "delay time is -2"),
        ("DELAY INFORMATION(1, 2, 0, 0)", "DELAY INFORMATION takes 3 arguments, got 4"),
    ],
)
def test_refused(system: Make, call: str, said: str) -> None:
    text = f"y = {call}\nx = 1\nnone((0,0),(1,0))\nbelow((0,2),(1,-1))"
    with pytest.raises(ModelError, match=said) as error:
        simulate(system(text))
    assert error.value.line
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("call", ["DELAY MATERIAL(x, 1, 0, 0)", "DELAY CONVEYOR(x, 1, 0, f, 0, 1)"])
def test_what_they_keep_is_limited(system: Make, call: str) -> None:
    text = f"x = Time\nf((0,1),(1,1))\nd: (d1-d40)\ny[d] = {call} + d"
    with pytest.raises(ModelError, match="fixed delays and functions of time keep"):
        simulate(system(text, stop=2_000_000, saveper=2_000_000))
