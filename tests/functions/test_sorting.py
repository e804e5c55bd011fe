"""Order along a subscript, selection, shares by priority: against NumPy, SciPy and by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

import sdsim
from sdsim.backends.numpy import Numpy
from sdsim.base.errors import ModelError, UnsupportedError

CONTROL = "INITIAL TIME=0~~|\nFINAL TIME=3~~|\nTIME STEP=1~~|\nSAVEPER=1~~|\n"
Ran = Callable[..., sdsim.Run]


@pytest.fixture
def run(tmp_path: Path) -> Ran:
    def runs(*equations: str, control: str = CONTROL, **how: object) -> sdsim.Run:
        path = tmp_path / "order.mdl"
        path.write_text("{UTF-8}\n" + "".join(f"{e}~~|\n" for e in equations) + control)
        return sdsim.simulate(sdsim.load(path), **how)  # type: ignore[arg-type]

    return runs


VALUES = [3.0, 1.0, 2.0, 1.0, 7.0]
DIM = "D: e1, e2, e3, e4, e5"
V = "v[D]=" + ",".join(map(str, VALUES))


def test_ranks_and_orders(run: Ran) -> None:
    found = run(
        DIM, V, "up[D]=VECTOR SORT ORDER(v[D],1)", "down[D]=VECTOR SORT ORDER(v[D],0)",
        "rank[D]=VECTOR RANK(v[D],1)", "last[D]=VECTOR RANK(v[D],-1)",
        "turning[D]=VECTOR RANK(v[D], 1.5-Time)", "sorted[D]=VECTOR REORDER(v[D],up[D])",
        "picked[D]=VECTOR REORDER(v[D],Time)",
    )  # fmt: skip
    ascending = np.argsort(VALUES, kind="stable")
    descending = np.argsort(-np.array(VALUES), kind="stable")
    np.testing.assert_array_equal(found["up"][0], ascending)
    np.testing.assert_array_equal(found["down"][0], descending)
    np.testing.assert_array_equal(found["rank"][0], 1 + np.argsort(ascending))
    np.testing.assert_array_equal(found["last"][0], 1 + np.argsort(descending))
    np.testing.assert_array_equal(found["turning"][1], found["rank"][1])
    np.testing.assert_array_equal(found["turning"][2], found["last"][2])
    np.testing.assert_array_equal(found["sorted"][0], np.sort(VALUES))
    np.testing.assert_array_equal(found["picked"][:, 0], VALUES[:4])


def test_order_runs_along_the_last_subscript_alone(run: Ran) -> None:
    found = run(
        "Row: x, y",
        "Col: p, q, s",
        "m[Row,Col]=5,3,4;1,9,2;",
        "o[Row,Col]=VECTOR SORT ORDER(m[Row,Col],1)",
    )
    np.testing.assert_array_equal(found["o"][0], np.argsort([[5, 3, 4], [1, 9, 2]], axis=1))


def test_elements_so_many_places_further(run: Ran) -> None:
    found = run(
        DIM, V, "shift[D]=VECTOR ELM MAP(v[D],1)", "third=VECTOR ELM MAP(v[e2],Time)",
        "all[D]=VECTOR ELM MAP(v[e1],D-1)",
    )  # fmt: skip
    np.testing.assert_array_equal(found["shift"][0], [*VALUES[1:], -(2.0**109)])
    np.testing.assert_array_equal(found["third"], VALUES[1:])
    np.testing.assert_array_equal(found["all"][0], VALUES)


def test_the_worth_of_a_stream_today(run: Ran) -> None:
    """Payments 1, 2, 3 and 4 at a rate of a quarter: the sum of payment / 1.25^k, by hand."""
    found = run("pay=Time+1", "worth=NPV(pay,0.25,10,2)")
    discounted = np.cumsum((1 + np.arange(4)) / 1.25 ** np.arange(4))
    assert found["worth"].values == pytest.approx(2 * (10 + discounted))


WEIGHTS = [0.0, 2.0, 0.0, 1.5, -1.0]


@pytest.mark.parametrize("moving", [False, True])
def test_selections(run: Ran, moving: bool) -> None:
    w, v = np.array(WEIGHTS), np.array(VALUES)
    on = w != 0
    a, b = (w * v)[on], v[on]
    want = [a.sum(), a.prod(), a.min(), a.max(), a.mean(), (v[on] ** w[on]).prod(),
            b.sum(), b.prod(), b.min(), b.max(), b.mean()]  # fmt: skip
    w_text = "w[D]=" + ",".join(map(str, WEIGHTS))
    plus = "+0*Time" if moving else ""
    lines = [f"s{k}=VECTOR SELECT(w[D!],v[D!],-9,{k}{plus},0)" for k in range(11)]
    found = run(DIM, V, w_text, *lines)
    for k in range(11):
        assert found[f"s{k}"].values == pytest.approx(want[k]), k


def test_selections_of_nothing_and_of_too_much(run: Ran) -> None:
    none = "none[D]=0,0,0,0,0"
    assert run(DIM, V, none, "s=VECTOR SELECT(none[D!],v[D!],-9,0,0)")["s"].values[0] == -9
    found = run(DIM, V, none, "s=VECTOR SELECT(none[D!],v[D!],-9,0,1)")
    assert "'s' is not finite at time 0" in found.message
    found = run(DIM, V, "w[D]=1,1,0,0,0", "s=VECTOR SELECT(w[D!],v[D!],-9,0,2)")
    assert "'s' is not finite at time 0" in found.message
    with pytest.raises(ModelError, match="action 11, expected 0 to 10"):
        run(DIM, V, "s=VECTOR SELECT(v[D!],v[D!],-9,11,0)")


def shares(demand: np.ndarray, priority: np.ndarray, width: float, supply: float) -> np.ndarray:
    """By root finding: the level over which the rectangles hold the supply."""
    supply = min(max(supply, 0.0), demand.sum())

    def over(level: float) -> np.ndarray:
        return demand * np.clip((priority + width / 2 - level) / width, 0, 1)

    low, high = priority.min() - width, priority.max() + width
    return over(brentq(lambda p: over(p).sum() - supply, low, high, xtol=1e-14))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.1, 50), st.floats(-9, 9)), min_size=2, max_size=5),
    st.floats(0.1, 8), st.floats(0.01, 0.99),
)  # fmt: skip
def test_shares_by_priority_are_those_of_a_root_finder(
    pairs: list[tuple[float, float]], width: float, part: float
) -> None:
    demand, priority = map(np.array, zip(*pairs, strict=True))
    supply = part * demand.sum()
    found = allocated(demand, priority, width, supply)
    assert found.sum() == pytest.approx(supply, rel=1e-9)
    assert found == pytest.approx(shares(demand, priority, width, supply), abs=1e-6)


def allocated(demand: np.ndarray, priority: np.ndarray, width: float, supply: float) -> np.ndarray:
    import tempfile

    n = len(demand)
    listed = ", ".join(f"e{k}" for k in range(n))
    text = (
        f"{{UTF-8}}\nD: {listed}~~|\nask[D]={','.join(map(repr, demand.tolist()))}~~|\n"
        f"p[D]={','.join(map(repr, priority.tolist()))}~~|\nw={width!r}~~|\n"
        f"s={float(supply)!r}~~|\n"
        f"got[D]=ALLOCATE BY PRIORITY(ask[D],p[D],{n},w,s)~~|\n" + CONTROL
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shares.mdl"
        path.write_text(text)
        model = sdsim.load(path).model
    return np.asarray(sdsim.simulate(sdsim.System(model, Numpy()))["got"].values[0])


def test_a_supply_beyond_all_demand_and_none_at_all() -> None:
    demand, priority = np.array([3.0, 5.0]), np.array([1.0, 2.0])
    assert allocated(demand, priority, 1.0, 100.0) == pytest.approx(demand)
    assert allocated(demand, priority, 1.0, 0.0) == pytest.approx([0, 0], abs=1e-12)
    assert allocated(demand, priority, 1.0, 5.0) == pytest.approx([0, 5])  # no overlap: all to one


def test_both_back_ends_agree(tmp_path: Path) -> None:
    path = tmp_path / "order.mdl"
    lines = (DIM, V, "u[D]=v[D]*(1+0.3*Time)", "r[D]=VECTOR RANK(u[D],1)",
             "g[D]=ALLOCATE BY PRIORITY(u[D],r[D],5,2.5,6+Time)")  # fmt: skip
    path.write_text("{UTF-8}\n" + "".join(f"{e}~~|\n" for e in lines) + CONTROL)
    model = sdsim.load(path).model
    ours, theirs = (
        sdsim.simulate(sdsim.System(model)),
        sdsim.simulate(sdsim.System(model, Numpy())),
    )
    for name in ("r", "g"):
        np.testing.assert_array_equal(ours[name].values, theirs[name].values)


def test_order_needs_a_subscript(run: Ran) -> None:
    with pytest.raises(ModelError, match="expects a variable with a subscript at the end"):
        run(DIM, V, "r[D]=VECTOR RANK(2*v[D],1)")


MOVING = "INITIAL TIME=0~~|\nFINAL TIME={}~~|\nTIME STEP=0.5~~|\nSAVEPER=1~~|\n"


@pytest.mark.parametrize(
    ("final", "end"),
    [
        ("IF THEN ELSE(S>=12, Time, 100)", 6), ("20-2*S", 4), ("MIN(30, 4+S/4)", 8),
        ("Time", 0),
    ],
)  # fmt: skip
def test_a_final_time_that_the_model_decides(run: Ran, final: str, end: float) -> None:
    """S is twice the time: the run ends at the first step that is not before FINAL TIME."""
    found = run("S=INTEG(2,0)", control=MOVING.format(final))
    assert found["S"].time.values[-1] == pytest.approx(end, abs=1)
    assert found["S"].values[-1] == 2 * found["S"].time.values[-1]
    every = run("S=INTEG(2,0)", control=MOVING.format(final).replace("SAVEPER=1", "SAVEPER=0.5"))
    assert every["S"].time.values[-1] == end


def test_a_final_time_that_moves_is_for_single_runs_on_the_grid(run: Ran, tmp_path: Path) -> None:
    control = MOVING.format("20-2*S")
    with pytest.raises(UnsupportedError, match="FINAL TIME changes during the run"):
        run("S=INTEG(2,0)", control=control, method=sdsim.Adaptive())
    with pytest.raises(UnsupportedError, match="many runs at once cannot follow"):
        sdsim.simulate_many(sdsim.load(tmp_path / "order.mdl"), {})
    with pytest.raises(ModelError, match="never reached"):
        run("S=INTEG(2,0)", control=MOVING.format("Time+1"))
