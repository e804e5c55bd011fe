"""The space that is searched: priors on every scale, groups, pooled groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

import sdsim
from sdsim.base.errors import ModelError
from sdsim.calibration.parameter import Parameter
from sdsim.calibration.space import Space
from sdsim.design.distributions import Distribution

PRIORS = [
    (sdsim.Uniform(2, 5), "none"),
    (sdsim.Uniform(2, 5), "log"),
    (sdsim.Uniform(0, 1), "logit"),
    (sdsim.LogUniform(0.1, 10), "log"),
    (sdsim.LogNormal(3, 0.4), "log"),
    (sdsim.Normal(1, 2), "none"),
    (sdsim.Triangular(0, 1, 4), "none"),
    (sdsim.Beta(0, 1, 0, 1, 2, 3), "logit"),
    (sdsim.Gamma(0, 30, 0, 3, 2), "log"),
]


@pytest.mark.parametrize(("prior", "scale"), PRIORS, ids=str)
def test_a_prior_is_a_density_on_its_scale(prior: Distribution, scale: str) -> None:
    """It integrates to 1 in working units, and draws from it have the prior's quantiles."""
    space = Space((Parameter("x", prior, scale=scale),))
    axis = space.axes[0]
    low, high = axis.drawn(np.array([0.0, 1.0]))
    area, _ = integrate.quad(
        lambda z: float(np.exp(space.log_prior(np.array([[z]]))[0])), low, high, limit=200
    )
    assert area == pytest.approx(1, abs=1e-5)
    u = np.linspace(0.01, 0.99, 50)
    np.testing.assert_allclose(
        space.natural(space.drawn(u[:, None]))[:, 0], prior.ppf(u), rtol=1e-7
    )


@pytest.mark.parametrize(("prior", "scale"), PRIORS, ids=str)
def test_squares_of_residuals_are_the_prior(prior: Distribution, scale: str) -> None:
    space = Space((Parameter("x", prior, scale=scale),))
    points = space.drawn(np.random.default_rng(0).random((200, 1)))
    off = space.log_prior(points) + 0.5 * (space.prior_residuals(points) ** 2).sum(axis=1)
    np.testing.assert_allclose(off, off[0], atol=1e-6)


def test_a_normal_prior_has_the_usual_residual() -> None:
    space = Space((Parameter("x", sdsim.Normal(3, 2)),))
    points = np.array([[-1.0], [3.0], [8.0]])
    np.testing.assert_allclose(space.prior_residuals(points)[:, 0], [-2, 0, 2.5], atol=1e-7)


def test_outside_the_prior_nothing_is_defined() -> None:
    space = Space((Parameter("x", sdsim.Uniform(0, 1)),))
    points = np.array([[-0.1], [1.1]])
    assert (space.log_prior(points) == -np.inf).all()
    assert np.isnan(space.prior_residuals(points)).all()


@given(st.floats(0.01, 0.99), st.sampled_from(PRIORS))
def test_scales_turn_back(u: float, case: tuple[Distribution, str]) -> None:
    axis = Space((Parameter("x", case[0], scale=case[1]),)).axes[0]
    x = case[0].ppf(np.array([u]))
    np.testing.assert_allclose(axis.natural(axis.working(x)), x, rtol=1e-9)


def test_each_group_has_its_own_value() -> None:
    space = Space(
        (Parameter("a", sdsim.Uniform(0, 1)), Parameter("b", sdsim.Uniform(2, 3), per="group")),
        ("north", "south"),
    )
    assert space.names == ("a", "b (north)", "b (south)")
    values = space.values(np.array([[0.5, 2.1, 2.9]]))
    assert values["a"].tolist() == [[0.5, 0.5]]
    assert values["b"].tolist() == [[2.1, 2.9]]


def test_pooled_groups_lie_about_their_centre() -> None:
    """Values are exp(centre + spread * effect) on the logarithmic scale."""
    pooled = Parameter("b", sdsim.LogNormal(2, 0.5), per="group", pooled=sdsim.HalfNormal(0.3))
    space = Space((pooled,), ("north", "south"))
    assert space.names == ("b (centre)", "b (spread)", "b (north, effect)", "b (south, effect)")
    found = space.values(np.array([[np.log(2), 0.3, 1.0, -2.0]]))["b"]
    np.testing.assert_allclose(found, 2 * np.exp([[0.3, -0.6]]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prior": 3}, "expected a distribution"),
        ({"prior": sdsim.Uniform(-1, 1), "scale": "log"}, "the prior reaches down to -1"),
        ({"prior": sdsim.Normal(0, 1), "scale": "logit"}, "no two ends"),
        ({"prior": sdsim.Uniform(0, 1), "scale": "ln"}, "expected one of none, log, logit"),
        (
            {"prior": sdsim.Uniform(0, 1), "pooled": sdsim.HalfNormal(1)},
            "pooled, but without groups",
        ),
        ({"prior": sdsim.Uniform(0, 1), "per": "country"}, 'expected "group"'),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(arguments: dict, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        Parameter("x", **arguments)
