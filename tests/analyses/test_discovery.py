"""Boxes that were put there are found; what does nothing is not blamed."""

from __future__ import annotations

import itertools
import json
import re
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsim.analyses.boxes import Box, measured, trade_off
from sdsim.analyses.discovery import cart, chosen, pasted, prim, simplified, stability
from sdsim.base.errors import ModelError

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray]:
    """a above 0.6 and c below 0.4 make a case in 9 of 10 runs, anything else in 1 of 20."""
    rng = np.random.default_rng(7)
    x = rng.random((3000, 5))
    inside = (x[:, 0] > 0.6) & (x[:, 2] < 0.4)
    return x, rng.random(3000) < np.where(inside, 0.9, 0.05)


def right(box: Box) -> None:
    assert box.restricted.tolist() == [True, False, True, False, False]
    assert box.low[0] == pytest.approx(0.6, abs=0.06)
    assert box.high[2] == pytest.approx(0.4, abs=0.06)
    assert box.density > 0.8
    assert box.coverage > 0.6


def test_prim_finds_the_box_and_drops_what_chance_explains(planted) -> None:
    x, case = planted
    boxes = prim(x, case, NAMES)
    mass = [b.mass for b in boxes]
    assert mass[0] == 1.0
    assert all(a > b for a, b in itertools.pairwise(mass))
    assert [b.coverage for b in boxes] == sorted((b.coverage for b in boxes), reverse=True)
    right(simplified(x, case, chosen(boxes)))
    dense = chosen(boxes, density=0.8)
    assert dense.density >= 0.8
    assert all(b.coverage <= dense.coverage for b in boxes if b.density >= 0.8)


def test_cart_finds_the_box(planted) -> None:
    x, case = planted
    boxes = cart(x, case, NAMES, leaves=4)
    right(simplified(x, case, boxes[0]))
    assert sum(b.mass for b in boxes) == pytest.approx(1)
    assert sum(b.coverage for b in boxes) == pytest.approx(1)


def test_numbers_of_a_box_are_those_of_its_runs(planted) -> None:
    x, case = planted
    for box in prim(x, case, NAMES)[::5]:
        inside = box.inside(x)
        assert box.mass == inside.mean()
        assert box.density == case[inside].mean()
        assert box.coverage == case[inside].sum() / case.sum()


def test_only_what_matters_is_restricted_again_and_again(planted) -> None:
    x, case = planted
    found = stability(x, case, NAMES, resamples=10)
    share = found.share
    assert share[[0, 2]] == pytest.approx([1, 1])
    assert share[[1, 3, 4]].max() <= 0.3
    assert (found.used, found.left_out) == (10, 0)
    assert (share == stability(x, case, NAMES, resamples=10, seed=0).share).all()
    assert found[2] == share[2]


def test_resamples_without_a_case_are_counted(planted) -> None:
    x, case = planted[0][:200], np.arange(200) == 0
    found = stability(x, case, NAMES, resamples=20)
    assert 0 < found.left_out < 20
    assert found.used + found.left_out == 20
    assert found.to_data()["factors"] == list(NAMES)


def test_noise_has_no_box() -> None:
    rng = np.random.default_rng(1)
    x, case = rng.random((1000, 5)), rng.random(1000) < 0.3
    box = simplified(x, case, chosen(prim(x, case, NAMES), density=0.5), worst=1e-4)
    assert not box.restricted.any()
    assert box.coverage == 1


def test_words_and_refusals(planted) -> None:
    x, case = planted
    lines = simplified(x, case, chosen(prim(x, case, NAMES))).words()
    assert len(lines) == 2
    assert {re.sub(r"[<>= ]|[0-9.]", "", line) for line in lines} == {"a", "c"}
    with pytest.raises(ModelError, match="0 of 3000 runs are cases"):
        prim(x, np.zeros(3000, bool), NAMES)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), cases=st.integers(1, 59))
def test_any_small_data_give_a_shrinking_box(seed: int, cases: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.round(rng.random((60, 3)), 1)
    case = np.zeros(60, bool)
    case[:cases] = True
    boxes = prim(x, case, "abc")
    assert all(a.mass > b.mass for a, b in itertools.pairwise(boxes))


def test_the_trade_off_is_that_of_the_boxes(planted) -> None:
    x, case = planted
    boxes = prim(x, case, NAMES)
    found = trade_off(boxes)
    assert (np.diff(found.mass) < 0).all()
    assert found.mass == pytest.approx(found.coverage * case.mean() / found.density)
    assert found.restricted[0] == 0
    assert (np.diff(found.restricted) >= 0).all()
    data = json.loads(json.dumps(found.to_data(), allow_nan=False))
    assert data["density"][0] == case.mean()


def test_quasi_p_by_hand_and_of_what_does_nothing(planted) -> None:
    """6 runs, cut at a <= 3 and b <= 1: 2 in the box, both cases. Without the cut at a: 3 runs,
    2 cases; without that at b: 3 runs, 3 cases."""
    x = np.array([[1, 1], [2, 1], [4, 1], [3, 2], [5, 2], [6, 3.0]])
    case = np.array([True, True, False, True, False, False])
    box = measured(x, case, "ab", np.array([-np.inf, -np.inf]), np.array([3, 1.0]))
    assert box.p == pytest.approx([(2 / 3) ** 2, 1])
    assert (box.coverage, box.density, box.mass) == (2 / 3, 1, 1 / 3)

    x, case = planted
    low, high = np.array([0.6, 0, 0, 0.2, 0]), np.array([1, 1, 0.4, 1, 1.0])
    box = measured(x, case, NAMES, low, high)
    n, hits = int(box.inside(x).sum()), int(case[box.inside(x)].sum())
    wide = (x[:, 0] >= 0.6) & (x[:, 3] >= 0.2)
    q = case[wide].mean()
    tail = sum(comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(hits, n + 1))
    assert box.p[2] == pytest.approx(tail, rel=1e-6)
    assert box.p[[0, 2]].max() < 1e-20
    assert box.p[3] > 0.1
    assert simplified(x, case, box).restricted.tolist() == [True, False, True, False, False]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_switch_is_peeled_as_a_whole(sign: int) -> None:
    rng = np.random.default_rng(5)
    x = rng.random((1000, 3))
    x[:, 0] = sign * rng.integers(0, 3, 1000)
    case = (x[:, 0] == 2 * sign) & (x[:, 1] < 0.4)
    box = simplified(x, case, chosen(prim(x, case, "abc")))
    assert box.restricted.tolist() == [True, True, False]
    assert box.low[0] == box.high[0] == 2 * sign
    assert box.density > 0.95
    assert box.coverage > 0.9


def test_a_switch_that_does_little_does_not_go_first_for_its_size() -> None:
    rng = np.random.default_rng(6)
    x = rng.random((2000, 2))
    x[:, 0] = x[:, 0] > 0.5
    case = (x[:, 1] < 0.3) & (rng.random(2000) < 0.8 + 0.1 * x[:, 0])
    box = chosen(prim(x, case, "ab"))
    assert box.restricted.tolist() == [False, True]
    assert box.coverage > 0.95


def test_pasting_regains_what_was_cut_off(planted) -> None:
    x, _ = planted
    case = (x[:, 0] > 0.6) & (x[:, 2] < 0.4)
    low, high = np.array([0.7, 0, 0.1, 0.3, 0]), np.array([0.9, 1, 0.3, 0.8, 1.0])
    small = measured(x, case, NAMES, low, high)
    box = pasted(x, case, small)
    assert (box.density, box.coverage) == (1, pytest.approx(1, abs=0.05))
    assert box.restricted[[0, 2]].all()
    assert (box.low <= small.low).all()
    assert (box.high >= small.high).all()
    assert (box.low[3], box.high[3]) == pytest.approx((0, 1), abs=1e-2)
    again = pasted(x, case, box)
    assert again == box or again.coverage == box.coverage


def test_a_box_tried_on_other_runs(planted) -> None:
    x, case = planted
    found = simplified(x[:1500], case[:1500], chosen(prim(x[:1500], case[:1500], NAMES)))
    low = np.where(found.restricted, found.low, -np.inf)
    high = np.where(found.restricted, found.high, np.inf)
    other = measured(x[1500:], case[1500:], NAMES, low, high)
    assert other.density == pytest.approx(found.density, abs=0.1)
    assert not other.restricted[[1, 3, 4]].any()


def test_what_does_not_fit_is_refused(planted) -> None:
    x, case = planted
    with pytest.raises(ModelError, match="peel is 2"):
        prim(x, case, NAMES, peel=2)
    with pytest.raises(ModelError, match="least is 0"):
        cart(x, case, NAMES, least=0)
    with pytest.raises(ModelError, match="2 names for 5 columns"):
        cart(x, case, "ab")
    with pytest.raises(ModelError, match="0 resamples"):
        stability(x, case, NAMES, resamples=0)
