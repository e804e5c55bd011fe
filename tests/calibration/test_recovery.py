"""Recovery: parameters come back at the nominal rate; wrong posteriors and models are found out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from decays import TIMES, calibration, decay
from scipy import stats

import sdsim
from sdsim.calibration import likelihoods
from sdsim.calibration.calibration import HoldOut
from sdsim.calibration.data import Data
from sdsim.calibration.parameter import Parameter
from sdsim.calibration.recovery import recovery
from sdsim.inference.posterior import Settings
from sdsim.inference.ranks import rank, uniformity

QUICK = Settings(starts=4, size=500)


def test_places_of_the_truth_are_uniform_for_an_exact_posterior() -> None:
    """Normal data with a known error and a normal prior; then a posterior half as wide."""
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((300, 1))
    data = truth + rng.standard_normal((300, 1))
    spread = np.sqrt(0.5)
    right, narrow = (
        np.array([
            rank(t, y / 2 + s * spread * rng.standard_normal((400, 1)))
            for t, y in zip(truth, data, strict=True)
        ])
        for s in (1.0, 0.5)
    )  # fmt: skip
    good, bad = uniformity(right), uniformity(narrow)
    assert good.uniform
    assert good.low[0] < 0.9 < good.high[0]
    assert not bad.uniform
    expected = 2 * stats.norm.cdf(stats.norm.ppf(0.95) * 0.5) - 1
    assert bad.low[0] < expected < bad.high[0]


def test_too_few_places_are_refused() -> None:
    with pytest.raises(sdsim.ModelError, match="9 places, expected 10"):
        uniformity(np.zeros((9, 1)))


def test_parameters_come_back(tmp_path: Path) -> None:
    made = calibration(
        decay(tmp_path),
        parameters=[
            Parameter("Rate", sdsim.Normal(0.4, 0.1)), Parameter("Start", sdsim.LogNormal(10, 0.4))
        ],
        data=[Data("level", "Level", np.ones(5), TIMES, likelihoods.LogNormal(sd=0.1))],
    )  # fmt: skip
    found = recovery(made, 12, settings=QUICK)
    assert found.converged.all()
    assert found.uniformity.uniform
    inside = ((found.low <= found.truth) & (found.truth <= found.high)).mean()
    assert 0.7 < inside <= 1
    error = np.log(found.middle[:, 1] / found.truth[:, 1])
    assert np.sqrt((error**2).mean()) < 0.15


@pytest.mark.parametrize(("floor", "wrong"), [(0.0, False), (1.0, True)])
def test_a_wrong_model_is_found_out(tmp_path: Path, floor: float, wrong: bool) -> None:
    """Data that stop falling at a floor, which the model lacks: what comes later is not where it
    is said to be."""
    times = np.linspace(0, 5, 21)
    noise = np.random.default_rng(3).normal(0, 0.01, len(times))
    values = (8 * np.exp(-0.6 * times) + floor) * np.exp(noise)
    made = calibration(
        decay(tmp_path),
        parameters=[
            Parameter("Rate", sdsim.Normal(0.5, 0.3)), Parameter("Start", sdsim.LogNormal(10, 0.5)),
            Parameter("noise", sdsim.LogUniform(0.005, 0.5)),
        ],
        data=[Data("level", "Level", values, times, likelihoods.LogNormal(sd="noise"))],
        hold_out=HoldOut(after=3),
    )  # fmt: skip
    found = sdsim.calibrate(made).scores
    fitted, later = found.loc["level", "fitted"], found.loc["level", "held out"]
    assert (later["in 90 %"] < 0.5) == wrong
    assert (later["log score"] < fitted["log score"] / fitted["n"] * later["n"] - 10) == wrong
