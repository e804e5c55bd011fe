"""LOOKUPINV, LOOKUPAREA, INTERPOLATE: against NumPy, SciPy and many small rectangles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

import sdsim
from sdsim.base.errors import ModelError
from sdsim.writers.convert import convert

HEAD = '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
Made = Callable[[str], np.ndarray]


def series(folder: Path, variables: str, start: float, stop: float, more: str = "") -> sdsim.Run:
    specs = f"<start>{start}</start><stop>{stop}</stop><dt>0.25</dt>"
    (folder / "t.xmile").write_text(
        f"{HEAD}<sim_specs>{specs}</sim_specs>{more}<model><variables>{variables}</variables>"
        "</model></xmile>"
    )
    return sdsim.simulate(sdsim.load(folder / "t.xmile", cache=False))


def graph(x: object, y: object, kind: str = "continuous", equation: str = "TIME") -> str:
    points = (",".join(map(repr, map(float, side))) for side in (x, y))  # type: ignore[call-overload]
    return (
        '<aux name="g"><eqn>{}</eqn><gf type="{}"><xpts>{}</xpts><ypts>{}</ypts></gf></aux>'.format(
            equation, kind, *points
        )
    )


def found(folder: Path, g: str, call: str, start: float = -2, stop: float = 8) -> np.ndarray:
    run = series(folder, g + f'<aux name="v"><eqn>{call}</eqn></aux>', start, stop)
    return np.asarray(run["v"].values)


T = np.arange(-2, 8.25, 0.25)
X, UP = (0.0, 1.0, 3.0, 5.0), (1.0, 2.0, 4.0, 7.0)


@pytest.mark.parametrize("y", [UP, UP[::-1]])
@pytest.mark.parametrize("equation", ["TIME", ""])
def test_the_inverse_of_a_graph_that_rises_or_falls(tmp_path: Path, y, equation: str) -> None:
    """isee: the first or last point where the value is out of range."""
    v = found(tmp_path, graph(X, y, equation=equation), "LOOKUPINV(g, TIME)")
    order = np.argsort(y)
    np.testing.assert_allclose(v, np.interp(T, np.array(y)[order], np.array(X)[order]))


def test_the_inverse_of_an_extrapolated_graph(tmp_path: Path) -> None:
    v = found(tmp_path, graph((0, 2, 4), (0, 1, 4), "extrapolate"), "LOOKUPINV(g, TIME)")
    np.testing.assert_allclose(v, np.where(T < 1, 2 * T, 2 + (T - 1) * 2 / 3))


def test_the_first_x_where_a_graph_turns(tmp_path: Path) -> None:
    g = graph((0, 1, 2, 3, 4), (0, 4, 2, 2, 6))
    v = found(tmp_path, g, "LOOKUPINV(g, TIME)", 0, 6)
    t = np.arange(0, 6.25, 0.25)
    np.testing.assert_allclose(v, np.where(t <= 4, t / 4, 3 + (t - 2) / 4))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=7), st.floats(0, 1))
def test_an_inverse_is_one(
    tmp_path_factory: pytest.TempPathFactory, y: list[int], share: float
) -> None:
    """The graph at what LOOKUPINV gives is the value, and it is so at no x before."""
    value = min(y) + share * (max(y) - min(y))
    x = np.arange(len(y))
    at = found(tmp_path_factory.mktemp("g"), graph(x, y), f"LOOKUPINV(g, {value!r})", 0, 0.25)[0]
    assert np.interp(at, x, y) == pytest.approx(value, abs=1e-9)
    before = np.interp(np.linspace(0, max(at - 1e-6, 0), 200), x, y)
    if at > 1e-5 and y[0] != value:
        assert np.all(before > value) or np.all(before < value)


def test_beyond_a_graph_that_is_flat_or_turns(tmp_path: Path) -> None:
    flat = found(tmp_path, graph((0, 1, 2, 3), (1, 1, 2, 2)), "LOOKUPINV(g, TIME)", 0, 3)
    assert flat[[0, 4, 6, 8, 12]] == pytest.approx([0, 0, 1.5, 2, 3])
    falls = found(tmp_path, graph((0, 1, 2), (2, 2, 1)), "LOOKUPINV(g, TIME)", 0, 3)
    assert falls[[0, 4, 6, 8, 12]] == pytest.approx([2, 2, 1.5, 0, 0])
    turns = graph((0, 1, 2), (0, 2, 1)) + '<aux name="v"><eqn>LOOKUPINV(g, TIME)</eqn></aux>'
    run = series(tmp_path, turns, 0, 6)
    assert "'v' is not finite at time 2.25" in run.message


@pytest.mark.parametrize(
    ("g", "said"),
    [
        (graph((0, 1, 2), (0, 2, 3), "discrete"), "LOOKUPINV of a graph in steps"),
        ('<aux name="g"><eqn>1</eqn></aux>', "LOOKUPINV expects the name of a lookup first"),
        (graph(range(1500), [k % 2 for k in range(1500)]), "LOOKUPINV of a graph of 1500 points"),
    ],
)
def test_no_inverse(tmp_path: Path, g: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        found(tmp_path, g, "LOOKUPINV(g, TIME)")


def under(kind: str, a: float, b: float) -> float:
    """The area by many small rectangles."""
    x, low, high = np.array(X), min(a, b), max(a, b)
    n = 40_000
    v = low + (np.arange(n) + 0.5) * (high - low) / n
    if kind == "discrete":
        y = np.array(UP)[np.clip(np.searchsorted(x, v, "right") - 1, 0, 3)]
    else:
        y = np.interp(v, x, UP)
    if kind == "extrapolate":
        y = np.where(v < 0, 1 + v, np.where(v > 5, 7 + 1.5 * (v - 5), y))
    else:
        y = np.where((v < x[0]) | (v > x[-1]), 0.0, y)
    return float(y.sum() * (high - low) / n)


@pytest.mark.parametrize("kind", ["continuous", "discrete", "extrapolate"])
def test_the_area_of_a_graph(tmp_path: Path, kind: str) -> None:
    """isee: nothing beyond the ends, save where it is extrapolated; either end may come first."""
    g = graph(X, UP, kind)
    assert found(tmp_path, g, "LOOKUPAREA(g)")[0] == pytest.approx(under(kind, 0, 5), rel=1e-4)
    np.testing.assert_allclose(
        found(tmp_path, g, "LOOKUPAREA(g, TIME)"), [under(kind, t, 0) for t in T], atol=2e-3
    )
    there = found(tmp_path, g, "LOOKUPAREA(g, TIME, 1.5)")
    np.testing.assert_allclose(there, [under(kind, t, 1.5) for t in T], atol=2e-3)
    np.testing.assert_array_equal(found(tmp_path, g, "LOOKUPAREA(g, 1.5, TIME)"), there)


def test_converted(tmp_path: Path) -> None:
    g = graph((0, 1, 3), (0, 4, 5))
    calls = '<aux name="v"><eqn>LOOKUPINV(g, TIME) + LOOKUPAREA(g, TIME, 2)</eqn></aux>'
    want = series(tmp_path, g + calls, 0, 5)["v"].values
    for end, note in ((".xmile", False), (".mdl", True)):
        notes = convert(tmp_path / "t.xmile", tmp_path / f"u{end}")
        got = sdsim.simulate(sdsim.load(tmp_path / f"u{end}"))["v"].values
        np.testing.assert_array_equal(got, want)
        said = "functions that Vensim has not, to be read by sdsim alone: LOOKUPINV, LOOKUPAREA"
        assert (said in notes) is note
    series(tmp_path, graph((0, 1, 3), (0, 4, 5), "extrapolate") + calls, 0, 5)
    with pytest.raises(ModelError, match="LOOKUPINV of a graph that is extrapolated or in steps"):
        convert(tmp_path / "t.xmile", tmp_path / "v.mdl")


# --- INTERPOLATE ----------------------------------------------------------------------------------

DIMS = '<dimensions><dim name="A" size="3"/><dim name="B" size="4"/></dimensions>'
VALUES = np.random.default_rng(3).normal(size=(3, 4)).round(3)
CELLS = "".join(
    f'<element subscript="{i + 1}, {j + 1}"><eqn>{VALUES[i, j]}</eqn></element>'
    for i in range(3) for j in range(4)
)  # fmt: skip
ARRAY = f'<aux name="m"><dimensions><dim name="A"/><dim name="B"/></dimensions>{CELLS}</aux>'


def between(*places: np.ndarray) -> np.ndarray:
    at = np.stack(np.broadcast_arrays(*(np.clip(p, 0, 1) for p in places)), axis=-1)
    grid = RegularGridInterpolator((np.linspace(0, 1, 3), np.linspace(0, 1, 4)), VALUES)
    return np.asarray(grid(at))


def test_interpolated_in_two_dimensions(tmp_path: Path) -> None:
    call = '<aux name="v"><eqn>INTERPOLATE(m, TIME, 0.9 - TIME / 2)</eqn></aux>'
    run = series(tmp_path, ARRAY + call, -0.5, 1.5, DIMS)
    t = np.arange(-0.5, 1.75, 0.25)
    np.testing.assert_allclose(run["v"].values, between(t, 0.9 - t / 2), atol=1e-12)


def test_interpolated_in_a_slice(tmp_path: Path) -> None:
    more = (
        '<aux name="row"><eqn>INTERPOLATE(m[2, *], TIME)</eqn></aux>'
        '<aux name="each"><dimensions><dim name="B"/></dimensions>'
        "<eqn>INTERPOLATE(m[*, B], TIME)</eqn></aux>"
        '<aux name="own"><dimensions><dim name="A"/></dimensions>'
        "<eqn>INTERPOLATE(m, TIME, (A - 1) / 2)</eqn></aux>"
    )
    run = series(tmp_path, ARRAY + more, 0, 1, DIMS)
    t = np.arange(0, 1.25, 0.25)
    np.testing.assert_allclose(run["row"], between(np.array(0.5), t), atol=1e-12)
    np.testing.assert_allclose(run["each"], between(t[:, None], np.linspace(0, 1, 4)), atol=1e-12)
    np.testing.assert_allclose(run["own"], between(t[:, None], np.linspace(0, 1, 3)), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("INTERPOLATE(m, 0.5)", "INTERPOLATE over 2 dimensions expects 2 places, got 1"),
        ("INTERPOLATE(m[1, *], 0.5, 1)", "INTERPOLATE over 1 dimension expects 1 place, got 2"),
        ("INTERPOLATE(TIME, 0.5)", "INTERPOLATE expects the name of an array first"),
        ("INTERPOLATE()", "INTERPOLATE expects the name of an array first"),
        ("INTERPOLATE(m[1, 2])", "INTERPOLATE over 0 dimensions expects 0 places, got 0"),
    ],
)
def test_not_interpolated(tmp_path: Path, call: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        series(tmp_path, f'{ARRAY}<aux name="v"><eqn>{call}</eqn></aux>', 0, 1, DIMS)
