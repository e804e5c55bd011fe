"""Lookups and data read by function: against NumPy, by hand, and against Vensim's own figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import mdl
from scipy.integrate import quad

import sdsim
from sdsim import System, load, simulate
from sdsim.base.errors import ModelError
from sdsim.overrides import Points

Make = Callable[..., System]
X, Y = (0.0, 1.0, 3.0, 4.0), (1.0, 2.0, 0.5, 4.0)
TABLE = "g((0,1),(1,2),(3,0.5),(4,4))\nfalls((0,9),(2,5),(3,1))"
NA = -(2.0**109)


def series(system: Make, equation: str, **control: Any) -> np.ndarray:
    control = {"start": -1, "stop": 5, "step": 0.5, **control}
    return np.asarray(simulate(system(f"{TABLE}\ny = {equation}", **control))["y"].values)


T = np.arange(-1, 5.25, 0.5)


def test_the_point_before_and_the_point_after(system: Make) -> None:
    clipped = np.clip(T, 0, 4)
    before = [Y[max(i for i, x in enumerate(X) if x <= t)] for t in clipped]
    after = [Y[min(i for i, x in enumerate(X) if x >= t)] for t in clipped]
    np.testing.assert_array_equal(series(system, "LOOKUP BACKWARD(g, Time)"), before)
    np.testing.assert_array_equal(series(system, "LOOKUP FORWARD(g, Time)"), after)


def test_lines_that_go_on_beyond_the_ends(system: Make) -> None:
    expected = np.interp(T, X, Y)
    expected[T < 0] = 1 + T[T < 0]
    expected[T > 4] = 4 + 3.5 * (T[T > 4] - 4)
    np.testing.assert_allclose(series(system, "LOOKUP EXTRAPOLATE(g, Time)"), expected)


def test_a_lookup_turned_round(system: Make) -> None:
    for t, y in zip(T, series(system, "falls(LOOKUP INVERT(falls, Time * 2))"), strict=True):
        assert y == pytest.approx(min(max(2 * t, 1), 9))


def test_a_lookup_that_turns_cannot_be_turned_round(system: Make) -> None:
    with pytest.raises(ModelError, match=r"model\.mdl:\d+: 'y': LOOKUP INVERT expects"):
        series(system, "LOOKUP INVERT(g, Time)")


def test_areas_are_integrals(system: Make) -> None:
    got = series(system, "LOOKUP AREA(g, -0.5, Time)")
    for t, area in zip(T, got, strict=True):
        expected, _ = quad(lambda x: np.interp(x, X, Y), -0.5, t, points=[0, 1, 3, 4], limit=200)
        assert area == pytest.approx(expected, abs=1e-9)


def test_each_element_has_its_own_table(system: Make) -> None:
    run = simulate(
        system("""
        D: a, b
        g[a]((0,0),(10,10))
        g[b]((0,0),(10,20))
        y[D] = LOOKUP FORWARD(g[D], Time)
        z = LOOKUP BACKWARD(g[b], 99)
    """)
    )
    np.testing.assert_array_equal(run["y"][5], [10, 20])
    assert float(run["z"][0]) == 20


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("LOOKUP FORWARD(h, Time)", "expects the name of a lookup"),
        ("LOOKUP FORWARD(3, Time)", "expects the name of a lookup"),
        ("LOOKUP FORWARD(g)", "takes 2 arguments, got 1"),
        ("GET DATA AT TIME(g, Time)", "expects the name of a data variable"),
        ("GET DATA MEAN()", "takes 3 arguments, got 0"),
    ],
)
def test_what_is_no_table_is_refused(system: Make, equation: str, said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        simulate(system(f"{TABLE}\nh = 3\ny = {equation}"))
    assert "'y'" in str(caught.value)


# --- data --------------------------------------------------------------------------------------

#: The data that SDEverywhere's authors ran Vensim on, and what Vensim made of them.
DATA = "x\n0\t0\n1\t10\n2\t20\n9\t70\n10\t80\n"
FORWARD = [0, 10, 20, 70, 70, 70, 70, 70, 70, 70, 80]
BACKWARD = [0, 0, 10, 20, 20, 20, 20, 20, 20, 20, 70]


@pytest.fixture
def with_data(tmp_path: Path, backend: Any) -> Callable[..., sdsim.Run]:
    def run(equations: str, data: str = DATA, **how: Any) -> sdsim.Run:
        (tmp_path / "model.mdl").write_text(mdl(equations))
        (tmp_path / "model_data.dat").write_text(data)
        return simulate(load(tmp_path / "model.mdl", backend=backend), **how)

    return run


def test_between_times_as_vensim_does_it(with_data: Callable[..., sdsim.Run]) -> None:
    run = with_data("""
        x
        later = GET DATA BETWEEN TIMES(x, MIN(10, Time + 0.5), 1)
        earlier = GET DATA BETWEEN TIMES(x, MIN(10, Time + 0.5), -1)
        straight = GET DATA BETWEEN TIMES(x, Time - 0.25, 0)
        chosen = GET DATA BETWEEN TIMES(x, Time, IF THEN ELSE(Time > 5, 1, -1))
        beyond = GET DATA BETWEEN TIMES(x, Time + 0.5, 0)
    """)
    np.testing.assert_array_equal(run["later"], FORWARD)
    np.testing.assert_array_equal(run["earlier"], BACKWARD)
    expected = np.interp(np.arange(1, 11) - 0.25, [0, 1, 2, 9, 10], [0, 10, 20, 70, 80])
    np.testing.assert_allclose(run["straight"][1:], expected)
    assert float(run["straight"][0]) == float(run["beyond"][10]) == NA
    assert float(run["chosen"][5]) == 20
    assert float(run["chosen"][6]) == 70


def test_figures_of_a_series(with_data: Callable[..., sdsim.Run]) -> None:
    run = with_data("""
        x
        first = GET DATA FIRST TIME(x)
        last = GET DATA LAST TIME(x)
        least = GET DATA MIN(x, 1, Time)
        most = GET DATA MAX(x, 1, Time)
        mean = GET DATA MEAN(x, 1, Time)
        now = GET DATA AT TIME(x, 2 * Time)
    """)
    assert (float(run["first"][0]), float(run["last"][0])) == (0, 10)
    np.testing.assert_array_equal(run["least"], [NA] + 10 * [10])
    np.testing.assert_array_equal(run["most"], [NA, 10, *7 * [20], 70, 80])
    np.testing.assert_allclose(run["mean"], [NA, 10, *7 * [15], 100 / 3, 45])
    assert float(run["now"][1]) == 20
    assert float(run["now"][6]) == NA


def test_a_series_of_ones_own_is_data_too(with_data: Callable[..., sdsim.Run]) -> None:
    run = with_data(
        "x\ny = GET DATA AT TIME(x, Time)", params={"x": Points((0.0, 10.0), (5.0, 6.0))}
    )
    np.testing.assert_allclose(run["y"], np.linspace(5, 6, 11))


@pytest.mark.parametrize("step", [0.1, 0.25, 1 / 3])
def test_raw_data_have_a_value_at_their_own_times_alone(
    backend: Any, tmp_path: Path, step: float
) -> None:
    (tmp_path / "d.csv").write_text("t,a,b\n0,1,5\n2,3,6\n3.5,9,7\n4,4,8\n")
    text = """d: a, b
    x[d] :RAW: := GET DIRECT DATA('d.csv', ',', 'A', 'B2')
    known[d] = IF THEN ELSE(x[d] = :NA:, -1, x[d])
    between = GET DATA AT TIME(x[a], 3.5)"""
    (tmp_path / "m.mdl").write_text(mdl(text, start=-1, stop=5, step=step))
    system = load(tmp_path / "m.mdl", backend=backend)
    assert system.model.notes == ()
    run = simulate(system)
    at = {0.0: (1, 5), 2.0: (3, 6), 3.5: (9, 7), 4.0: (4, 8)}
    times = run["time"].values
    met = set()
    for k, t in enumerate(times):
        here = next((v for x, v in at.items() if abs(x - t) < 1e-9), None)
        assert run["x"].values[k].tolist() == list(here or (NA, NA))
        assert run["known"].values[k].tolist() == list(here or (-1, -1))
        met |= {here}
    assert len(met) == (4 if step == 1 / 3 else 5)
    assert run["between"].values.tolist() == [9] * len(times)
