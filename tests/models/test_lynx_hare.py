"""Lynx and hare: near the best fit the posterior is the one that Stan published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sdsim
from sdsim.calibration.problem import Problem
from sdsim.inference.optimum import optima

FOLDER = Path(__file__).resolve().parents[2] / "models" / "lynx_hare"


@pytest.fixture(scope="module")
def stan() -> pd.DataFrame:
    """Quantiles of Stan's draws; Carpenter (2018)."""
    return pd.read_csv(FOLDER / "stan.csv", index_col="parameter")


def test_the_best_fit_and_its_curvature_are_near_stans_posterior(stan: pd.DataFrame) -> None:
    """The posterior is skewed, so that its mode is only near its median: most for the errors."""
    problem = Problem(sdsim.read_calibration(FOLDER / "pelts.toml"))
    best = optima(problem).found[0]
    scale = np.sqrt(np.diag(np.linalg.inv(best.precision)))
    for axis, x, sd in zip(problem.space.axes, best.x, scale, strict=True):
        ends = stan.loc[axis.name, ["10 %", "50 %", "90 %"]].to_numpy(dtype=float)
        low, middle, high = np.log(ends) if axis.scale == "log" else ends
        width = (high - low) / 2.563  # a normal distribution's standard deviation
        assert abs(x - middle) < 0.6 * width, axis.name
        assert sd == pytest.approx(width, rel=0.25), axis.name


def test_the_default_run_rises_and_falls_twice() -> None:
    """Peaks of both, the lynxes' a year or two after the hares'."""
    run = sdsim.simulate(sdsim.load(FOLDER / "lynx_hare.mdl"), method=sdsim.RK4())
    peaks = {}
    for name in ("Hares", "Lynxes"):
        y = run[name].values
        top = np.flatnonzero((y[1:-1] > y[:-2]) & (y[1:-1] > y[2:])) + 1
        peaks[name] = run[name]["time"].values[top]
    assert len(peaks["Hares"]) == len(peaks["Lynxes"]) == 2
    assert ((peaks["Lynxes"] - peaks["Hares"] >= 1) & (peaks["Lynxes"] - peaks["Hares"] <= 2)).all()
