"""Shares by priority curves and market prices: against SciPy's curves and root finder."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special
from scipy.optimize import brentq

from sdsim import System, load, simulate, simulate_many
from sdsim.backends.numpy import Numpy
from sdsim.base.errors import ModelError, UnsupportedError

Make = Callable[..., System]
PTYPE = "pp: ptype, ppriority, pwidth, pextra"


#: What is left of each kind of curve at a level, in units of its width.
CURVES: dict[int, Callable[[float], float]] = {
    1: lambda z: min(max(0.5 - z, 0.0), 1.0),
    2: lambda z: 2 * max(0.5 - z, 0.0) ** 2 if z > 0 else 1 - 2 * max(0.5 + z, 0.0) ** 2,
    3: lambda z: special.ndtr(-z),
    4: lambda z: 0.5 * math.exp(-z) if z > 0 else 1 - 0.5 * math.exp(z),
}


def left(kind: int, middle: float, width: float, at: float) -> float:
    """What is left of a curve at a level."""
    z = (at - middle) / width
    if kind == 0:
        return 1.0
    return float(CURVES[kind](z))


def shares(
    supply: float, asked: Sequence[float], kinds: Sequence[int], middles: Sequence[float],
    widths: Sequence[float],
) -> list[float]:  # fmt: skip
    """What each gets where none is fixed."""
    curves = list(zip(asked, kinds, middles, widths, strict=True))

    def over(at: float) -> float:
        return sum(q * left(k, m, w, at) for q, k, m, w in curves)

    if supply >= sum(asked):
        return list(asked)
    level = brentq(lambda at: over(at) - supply, -300.0, 300.0, xtol=1e-13)
    return [q * left(k, m, w, level) for q, k, m, w in curves]


def profiles(kinds: Sequence[int], middles: Sequence[float], widths: Sequence[float]) -> str:
    rows = (f"{k},{m!r},{w!r},0" for k, m, w in zip(kinds, middles, widths, strict=True))
    return ";".join(rows) + ";"


def market(kinds: Sequence[int], middles: Sequence[float], widths: Sequence[float]) -> str:
    return f"""
        D: a, b, c
        {PTYPE}
        ask[D] = 3, 2, 4
        profile[D,pp] = {profiles(kinds, middles, widths)}
        supply = Time
        got[D] = ALLOCATE AVAILABLE(ask[D], profile[D,ptype], supply)
        total = SUM(got[D!])
    """


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_shares_are_what_is_left_of_each_curve(system: Make, kind: int) -> None:
    middles, widths = [1.0, 2.0, 3.0], [1.5, 1.0, 2.5]
    run = simulate(system(market([kind] * 3, middles, widths)))
    for time in range(1, 9):
        expected = shares(time, [3, 2, 4], [kind] * 3, middles, widths)
        np.testing.assert_allclose(run["got"].sel(time=time), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(run["total"][:10], range(10), atol=1e-9)
    np.testing.assert_allclose(run["got"][10], [3, 2, 4])


@settings(max_examples=10)
@given(
    kinds=st.lists(st.integers(1, 4), min_size=3, max_size=3),
    middles=st.lists(st.floats(-20, 20), min_size=3, max_size=3),
    widths=st.lists(st.floats(0.01, 10), min_size=3, max_size=3),
)
@example([1, 1, 1], [0.0, 10.0, 20.0], [0.5, 0.5, 0.5])  # gaps between the curves
def test_nothing_is_lost_and_nobody_gets_more_than_asked(
    tmp_path_factory: pytest.TempPathFactory,
    kinds: list[int],
    middles: list[float],
    widths: list[float],
) -> None:
    from making import mdl

    path = tmp_path_factory.mktemp("market") / "m.mdl"
    path.write_text(mdl(market(kinds, middles, widths)))
    run = simulate(load(path, backend=Numpy(), cache=False))
    got = run["got"].values
    supplied = np.minimum(np.arange(11.0), 9.0)
    np.testing.assert_allclose(got.sum(axis=1), supplied, atol=1e-6)
    assert (got >= -1e-9).all()
    assert (got <= np.array([3, 2, 4]) + 1e-9).all()
    assert (np.diff(got, axis=0) >= -1e-6).all(), "more supply is less for nobody"


def test_fixed_requests_come_first_and_share_what_is_too_little(system: Make) -> None:
    run = simulate(system(market([0, 1, 0], [0, 1, 0], [1, 1, 1])))
    np.testing.assert_allclose(run["got"].sel(time=7), [3, 0, 4], atol=1e-9)
    np.testing.assert_allclose(run["got"].sel(time=8), [3, 1, 4], atol=1e-9)
    np.testing.assert_allclose(run["got"].sel(time=3.0), [9 / 7, 0, 12 / 7], atol=1e-9)


def test_a_type_may_change_while_it_runs(system: Make) -> None:
    run = simulate(
        system(f"""
        D: a, b
        {PTYPE}
        ask[D] = 6, 6
        profile[D,ptype] = 1 + STEP(2, 5)
        profile[a,ppriority] = 1
        profile[b,ppriority] = 2
        profile[D,pwidth] = 2
        profile[D,pextra] = 0
        got[D] = ALLOCATE AVAILABLE(ask[D], profile[D,ptype], 6)
    """)
    )
    for time, kind in ((2, 1), (8, 3)):
        expected = shares(6, [6, 6], [kind] * 2, [1, 2], [2, 2])
        np.testing.assert_allclose(run["got"].sel(time=time), expected, atol=1e-9)


def test_members_of_an_ensemble_get_the_bits_of_a_single_run(system: Make) -> None:
    ready = system(market([3, 4, 2], [1, 2, 3], [1, 1, 1]).replace("Time", "level"). replace(
        "supply =", "level = 3\nsupply ="))  # fmt: skip
    levels = [0.5, 3.0, 7.25]
    many = simulate_many(ready, {"level": levels}, save=["got"])
    for k, level in enumerate(levels):
        alone = simulate(ready, {"level": level})["got"].values
        np.testing.assert_array_equal(many["got"].isel(member=k).values, alone)


# --- prices ------------------------------------------------------------------------------------


def trade(kind: int) -> str:
    return f"""
        Buyer: b1, b2
        Seller: s1, s2, s3
        {PTYPE}
        want[Buyer] = 50, 30
        scaled[Buyer] = want[Buyer] * (1 + Time / 10)
        demand[Buyer,pp] = {profiles([kind] * 2, [5, 6], [2, 3])}
        have[Seller] = 20, 30, 45
        supply[Seller,pp] = {profiles([kind] * 3, [4, 5, 6], [3, 2, 1])}
        price = FIND MARKET PRICE(scaled[b1], demand[b1,ptype], have[s1], supply[s1,ptype])
        bought[Buyer] = DEMAND AT PRICE(scaled[Buyer], demand[Buyer,ptype], price)
        sold[Seller] = SUPPLY AT PRICE(have[Seller], supply[Seller,ptype], price)
    """


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_demand_meets_supply_at_the_market_price(system: Make, kind: int) -> None:
    run = simulate(system(trade(kind)))

    def excess(price: float, scale: float) -> float:
        demand = 50 * left(kind, 5, 2, price) + 30 * left(kind, 6, 3, price)
        curves = ((20, 4, 3), (30, 5, 2), (45, 6, 1))
        return scale * demand - sum(q * (1 - left(kind, m, w, price)) for q, m, w in curves)

    for time in range(11):
        expected = brentq(excess, -50, 50, args=(1 + time / 10,), xtol=1e-13)
        assert float(run["price"][time]) == pytest.approx(expected, abs=1e-8)
    np.testing.assert_allclose(run["bought"].sum("Buyer"), run["sold"].sum("Seller"), rtol=1e-8)
    assert (np.diff(run["price"]) > 0).all(), "more demand, a higher price"


def test_what_is_fixed_is_there_at_any_price(system: Make) -> None:
    run = simulate(system(trade(1).replace(profiles([1] * 3, [4, 5, 6], [3, 2, 1]),
                                           profiles([0, 1, 1], [4, 5, 6], [3, 2, 1]))))  # fmt: skip
    np.testing.assert_array_equal(run["sold"].sel(Seller="s1"), 20.0)
    np.testing.assert_allclose(run["bought"].sum("Buyer"), run["sold"].sum("Seller"), rtol=1e-8)


def test_the_older_pair_of_functions(system: Make) -> None:
    """MARKETP finds the level, ALLOC P gives what is left of a rectangle over it."""
    run = simulate(
        system("""
        D: a, b
        ask[D] = 6, 6
        urgency[D] = 1, 2
        level = MARKETP(ask[a], urgency[a], 2, 2, Time)
        got[D] = ALLOC P(ask[D], urgency[D], 2, level)
        new[D] = ALLOCATE BY PRIORITY(ask[D], urgency[D], 2, 2, Time)
    """)
    )
    for time in range(1, 10):
        expected = shares(time, [6, 6], [1, 1], [1, 2], [2, 2])
        np.testing.assert_allclose(run["got"].sel(time=time), expected, atol=1e-9)
    np.testing.assert_allclose(run["got"], run["new"], atol=1e-9)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "said"), [([5, 1, 1], "type 5"), ([1, 1, 11], "type 11"), ([1, -1, 1], "type -1")]
)
def test_other_types_are_refused_by_name(system: Make, kinds: list[int], said: str) -> None:
    with pytest.raises(UnsupportedError, match=said):
        simulate(system(market(kinds, [1, 2, 3], [1, 1, 1])))


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("ALLOCATE AVAILABLE(ask[D], flat, 3)", "two subscripts"),
        ("ALLOCATE AVAILABLE(ask[D], flat[D,E2], 3)", "subscript"),
        ("ALLOCATE AVAILABLE(ask[D]+1, profile[D,ptype], 3)", "subscripted variable|subscript"),
        ("ALLOCATE AVAILABLE(other[E], profile[D,ptype], 3)", "as many profiles"),
        ("ALLOCATE AVAILABLE(ask[D], profile[D,ptype])", "3 arguments"),
    ],
)
def test_what_makes_no_sense_is_named(
    written: Callable[..., Path], equation: str, said: str
) -> None:
    text = f"""
        D: a, b, c
        E: e1, e2
        {PTYPE}
        E2: short
        ask[D] = 3, 2, 4
        other[E] = 1, 2
        flat = 3
        profile[D,pp] = {profiles([1] * 3, [1, 2, 3], [1, 1, 1])}
        got[D] = {equation}
    """
    with pytest.raises(ModelError, match=said) as caught:
        simulate(load(written(text)))
    assert "got" in str(caught.value)
