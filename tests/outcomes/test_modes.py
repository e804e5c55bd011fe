"""Modes of behaviour: curves whose shape is known, and what must not change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsim.outcomes.modes import MODES, mode
from sdsim.outcomes.values import Series

TIME = np.linspace(0, 10, 101)
S = 1 / (1 + np.exp(-2 * (TIME - 5)))
CURVES = {
    "steady": 3 + 0 * TIME,
    "linear growth": TIME,
    "growth that speeds up": np.exp(TIME / 2),
    "growth that slows down": 1 - np.exp(-TIME),
    "S-shaped growth": S,
    "linear decline": -TIME,
    "decline that speeds up": -np.exp(TIME / 2),
    "decline that slows down": np.exp(-TIME),
    "S-shaped decline": -S,
    "rise and fall": np.exp(-((TIME - 3) ** 2)),
    "fall and rise": -np.exp(-((TIME - 3) ** 2)),
    "several turns": np.sin(2 * TIME),
}


def told(values: np.ndarray) -> str:
    return MODES[int(mode(Series(TIME, values[:, None]))[0])]


def test_every_mode_has_a_curve() -> None:
    assert set(CURVES) == set(MODES)


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_is_called_by_its_name(name: str) -> None:
    assert told(CURVES[name]) == name


@given(name=st.sampled_from(sorted(CURVES)), scale=st.floats(1e-3, 1e3), noise=st.floats(0, 0.01))
def test_scale_and_small_ripples_do_not_matter(name: str, scale: float, noise: float) -> None:
    if name == "steady":
        noise = 0.0
    curve = CURVES[name]
    size = np.ptp(curve)
    assert told(scale * (curve + noise * size * np.sin(40 * TIME))) == name


def test_members_are_told_apart_and_what_is_not_finite_has_none() -> None:
    broken = np.where(TIME > 5, np.nan, TIME)
    found = mode(Series(TIME, np.stack([CURVES["rise and fall"], broken, TIME], axis=1)))
    assert found[0] == MODES.index("rise and fall")
    assert np.isnan(found[1])
    assert found[2] == MODES.index("linear growth")
