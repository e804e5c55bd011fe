"""Boxes that were put there are found; what does nothing is not blamed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsim.errors import ModelError
from sdsim.sensitivity.discovery import Box, cart, chosen, prim, simplified, stability

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
    share = stability(x, case, NAMES, resamples=10)
    assert share[[0, 2]] == pytest.approx([1, 1])
    assert share[[1, 3, 4]].max() <= 0.3


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
    assert {line.split(" <= ")[1] for line in lines} == {"a", "c"}
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
