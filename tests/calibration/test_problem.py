"""A calibration as a target: densities, residuals and draws belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decays import TIMES, calibration, decay, observed
from scipy import stats

import sdsim
from sdsim.base.errors import ModelError
from sdsim.calibration import likelihoods
from sdsim.calibration.calibration import Calibration, HoldOut
from sdsim.calibration.data import Data
from sdsim.calibration.parameter import Parameter
from sdsim.calibration.problem import Problem
from sdsim.inference.target import log_density


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> sdsim.System:
    return decay(tmp_path_factory.mktemp("decay"))


RATE = Parameter("Rate", sdsim.LogUniform(0.05, 2))
START = Parameter("Start", sdsim.LogNormal(10, 0.5))
NOISE = Parameter("noise", sdsim.LogUniform(0.01, 1))
CAUGHT = Parameter("caught", sdsim.Uniform(0.2, 1))


def problems(system: sdsim.System) -> dict[str, Problem]:
    """One of each kind."""
    level = observed() * np.array([1.02, 0.97, 1.01, 0.99, 1.03])
    count = np.rint(20 * level)

    def one(parameters: list[Parameter], errors: Any, values: Any = level, **more: Any) -> Problem:
        data = [Data("level", "Level", values, TIMES, errors, **more)]
        return Problem(calibration(system, parameters=parameters, data=data))

    lasting = likelihoods.LogNormal(sd="noise", autocorrelation=0.5)
    north = {"north": sdsim.Overrides({"Start": 8}), "south": sdsim.Overrides({"Start": 4})}
    rows = ["north"] * 5 + ["south"] * 5
    both = Data(
        "level", "Level", [*level, *level / 2], [*TIMES, *TIMES],
        likelihoods.LogNormal(sd="noise"), group=rows,
    )  # fmt: skip
    pooled = Parameter("Rate", sdsim.LogNormal(0.4, 0.5), per="group", pooled=sdsim.HalfNormal(0.3))
    apart = Parameter("noise", sdsim.LogUniform(0.01, 1), per="group")
    return {
        "known errors": one([RATE, START], likelihoods.LogNormal(sd=0.05)),
        "free errors": one([RATE, START, NOISE], likelihoods.LogNormal(sd="noise")),
        "lasting errors": one([RATE, START, NOISE], lasting),
        "errors in a column": one(
            [RATE, START], likelihoods.Normal(sd="se"), columns={"se": np.linspace(0.1, 0.5, 5)}
        ),
        "errors in the rows": one([RATE, START], likelihoods.Normal(sd=(0.1, 0.2, 0.3, 0.4, 0.5))),
        "coverage": one([RATE, START, CAUGHT], likelihoods.Poisson(), count, coverage="caught"),
        "groups": Problem(
            calibration(system, parameters=[pooled, apart], data=[both], groups=north)
        ),
        "two series": Problem(
            calibration(system, parameters=[RATE, START, NOISE], data=[
                Data("level", "Level", level, TIMES, likelihoods.LogNormal(sd="noise")),
                Data("half", "Level/2", [4.0, 1.0], [0, 5], likelihoods.Student(0.1, 4)),
            ])
        ),
    }  # fmt: skip


def test_squares_of_residuals_are_the_density(system: sdsim.System) -> None:
    for name, problem in problems(system).items():
        points = problem.prior_draws(60, np.random.default_rng(1))
        off = log_density(problem, points) + 0.5 * (problem.residuals(points) ** 2).sum(axis=1)
        assert np.isfinite(off).all(), name
        np.testing.assert_allclose(off, off[0], rtol=1e-6, err_msg=name)


def test_the_density_is_that_of_the_errors(system: sdsim.System) -> None:
    """Level is Start exp(-Rate t), so that the density can be written down."""
    problem = problems(system)["free errors"]
    points = problem.prior_draws(20, np.random.default_rng(2))
    rate, start, noise = np.exp(points).T
    mean = np.log(start[:, None]) - rate[:, None] * TIMES
    exact = stats.norm.logpdf(np.log(problem.observed), mean, noise[:, None])
    exact = exact - np.log(problem.observed)
    np.testing.assert_allclose(problem.pointwise(points), exact, rtol=1e-4)
    np.testing.assert_allclose(problem.log_likelihood(points), exact.sum(axis=1), rtol=1e-4)


def test_draws_scatter_as_the_errors_say(system: sdsim.System) -> None:
    for name, problem in problems(system).items():
        point = problem.prior_draws(1, np.random.default_rng(3))
        values = problem.space.values(np.repeat(point, 4000, axis=0))
        found = problem.predictor.runs.predict(values)
        draws = problem.draw(values, found, np.random.default_rng(4))
        middle = np.median(draws, axis=0)
        mean = problem.means(values, found)[0]
        scale = np.quantile(draws, 0.84, axis=0) - np.quantile(draws, 0.16, axis=0)
        assert (np.abs(middle - mean) <= 0.1 * scale + 1).all(), name


def test_one_part_in_ten_caught(system: sdsim.System) -> None:
    data = [Data("level", "Level", [1.0], [0.0], likelihoods.Normal(0.1), coverage=0.1)]
    problem = Problem(calibration(system, parameters=[START], data=data))
    values = {"Start": np.array([[10.0]])}
    assert problem.means(values, problem.predictor.runs.predict(values)).tolist() == [[1.0]]


def test_what_is_held_out_does_not_count(system: sdsim.System) -> None:
    whole = calibration(system)
    early = calibration(system, hold_out=HoldOut(after=2.5))
    points = Problem(whole).prior_draws(5, np.random.default_rng(5))
    each = Problem(whole).pointwise(points)
    np.testing.assert_allclose(Problem(early).pointwise(points), each[:, :3])
    np.testing.assert_allclose(Problem(early, fitted=False).pointwise(points), each)


def test_what_is_held_out_is_a_forecast_from_what_is_fitted(system: sdsim.System) -> None:
    """With errors that persist: normal around what the last fitted error leaves, which is far off;
    no held-out row knows another."""
    rows, sd, rho = observed(0.4) + 1.0, 0.5, 0.8
    data = [Data("level", "Level", rows, TIMES, likelihoods.Normal(sd, rho))]
    whole = calibration(system, data=data, hold_out=HoldOut(after=2.5))
    problem = Problem(whole, fitted=False)
    points = np.log(np.repeat([[0.4, 8.0]], 20_000, axis=0))
    values = problem.space.values(points)
    found = problem.predictor.runs.predict(values)
    left = rho ** (TIMES[3:] - 2.5)
    want = stats.norm(rows[3:] - 1 + left, sd * np.sqrt(1 - left**2))
    each = problem.densities(values, found)[0]
    np.testing.assert_allclose(each[3:], want.logpdf(rows[3:]), rtol=1e-3)
    np.testing.assert_allclose(each[:3], Problem(whole).pointwise(points[:1])[0])
    draws = problem.draw(values, found, np.random.default_rng(1))
    np.testing.assert_allclose(draws[:, 3:].mean(axis=0), want.mean(), atol=0.02)
    np.testing.assert_allclose(draws[:, 3:].std(axis=0), want.std(), rtol=0.03)
    np.testing.assert_allclose(draws[:, :3].mean(axis=0), rows[:3] - 1, atol=0.02)


def test_a_run_that_fails_has_no_density(tmp_path: Path) -> None:
    decay(tmp_path)
    text = (tmp_path / "decay.mdl").read_text(encoding="utf-8")
    (tmp_path / "bad.mdl").write_text(
        text.replace("Rate*Level", "Level*SQRT(Rate-0.2)"), encoding="utf-8"
    )
    problem = Problem(calibration(sdsim.load(tmp_path / "bad.mdl")))
    points = np.log(np.array([[0.1, 8.0], [0.3, 8.0]]))
    assert np.isfinite(problem.log_likelihood(points)).tolist() == [False, True]
    assert np.isfinite(problem.residuals(points)).all(axis=1).tolist() == [False, True]


def test_an_unknown_name_in_the_errors_is_refused(system: sdsim.System) -> None:
    data = [Data("level", "Level", [1.0], [0.0], likelihoods.Normal("nois"))]
    problem = Problem(calibration(system, parameters=[START, NOISE, RATE], data=data[:1]))
    with pytest.raises(ModelError, match=r"'noise': neither a constant.*did you mean 'nois'"):
        problem.log_likelihood(problem.prior_draws(1, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda s: Calibration(s, [RATE], []), "without data"),
        (lambda s: Calibration(s, [], calibration(s).data), "without free parameters"),
        (lambda s: Calibration(s, [RATE, RATE], calibration(s).data), "given twice"),
        (lambda s: Data("x", "Level", [1, np.nan], [1, 2], likelihoods.Poisson()), "not finite"),
        (lambda s: Data("x", "Level", [1, 2], [1], likelihoods.Poisson()), "1 number for 2 values"),
        (lambda s: Data("x", "Level", [-1], [1], likelihoods.LogNormal(1)), "value 1 is -1"),
        (lambda s: Data("x", "Level", [1], [1], likelihoods.LogNormal), "an error model"),
        (
            lambda s: calibration(
                s, data=[Data("x", "Level", [1], [1], likelihoods.Poisson(), group=["south"])],
                groups={"north": sdsim.Overrides()},
            ),
            "did you mean|group 'south'",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(system: sdsim.System, make: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        make(system)
