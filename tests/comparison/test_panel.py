"""Panels: scales, order, and refusals that name the datum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sdsim.base.errors import ModelError
from sdsim.comparison.panel import SCALES, Panel


@pytest.mark.parametrize("name", sorted(SCALES))
def test_scales_and_back(name: str) -> None:
    scale, y = SCALES[name], np.array([0.1, 0.5, 0.9])
    assert scale.back(scale.there(y)) == pytest.approx(y)
    h = 1e-6
    slope = (scale.there(y + h) - scale.there(y - h)) / (2 * h)
    assert np.exp(scale.log_slope(y)) == pytest.approx(slope, rel=1e-6)


def test_rows_and_order() -> None:
    data = Panel(
        np.array([2.0, 1.0, 1.0]), np.array([3.0, 1.0, 2.0]), ("b", "b", "a"), {"x": np.arange(3)}
    )
    ordered = data.sorted()
    assert ordered.times.tolist() == [1, 2, 1]
    assert ordered.groups == ("b", "b", "a")
    assert ordered.driver("x").tolist() == [1, 0, 2]
    assert data.rows(np.array([True, False, True])).values.tolist() == [3, 2]
    assert data.places(("a",)).tolist() == [-1, -1, 0]
    assert Panel(np.arange(2.0), np.ones(2)).names == ("",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"values": [1.0, 0.0]}, "the value at time 2 is 0; scale log needs numbers above 0"),
        ({"values": [0.5, 1.0], "scale": "logit"}, "scale logit needs shares between 0 and 1"),
        ({"values": [0.5, np.inf], "scale": "level"}, "scale level needs finite numbers"),
        ({"scale": "logs"}, "unknown scale 'logs'; did you mean 'log'?"),
        ({"groups": ("a",)}, "groups of shape (1,) for times of shape (2,)"),
        ({"drivers": {"x": [1.0]}}, "x of shape (1,)"),
        ({"times": [1.0, 1.0], "groups": ("a", "a")}, "the value of a at time 1 is there twice"),
    ],
)
def test_refusals(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as refused:
        Panel(**{"times": np.array([1.0, 2.0]), "values": np.array([1.0, 2.0]), **given})
    assert said in str(refused.value)
