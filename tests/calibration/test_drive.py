"""Calibrations from beginning to end: exact posteriors, stores, stops, commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from decays import TIMES, calibration, decay, observed

import sdsim
from sdsim.calibration import drive, likelihoods
from sdsim.calibration.calibration import Calibration, HoldOut
from sdsim.calibration.checks import findings
from sdsim.calibration.data import Data
from sdsim.calibration.parameter import Parameter
from sdsim.calibration.problem import Problem
from sdsim.calibration.rounds import State
from sdsim.cli import main

SEEN = observed() * np.array([1.02, 0.97, 1.01, 0.99, 1.03])
SPEC = """title = "Draining"
model = "decay.mdl"
method = "rk4"

[parameters]
"Rate" = {distribution = "normal", mean = 0.5, deviation = 0.2}
"Start" = {distribution = "lognormal", median = 10, spread = 0.5}

[data.level]
expression = "Level"
times = [0, 1, 2.5, 4, 5]
values = [8.16, 5.2, 2.97, 1.6, 1.12]
errors = "log-normal"
sd = 0.05

[hold_out]
after = 4.5
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("decay")
    decay(made)
    (made / "spec.toml").write_text(SPEC, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def linear(folder: Path) -> Calibration:
    """Its posterior is normal: log Level is linear in log Start and Rate, and so are the errors."""
    return calibration(
        sdsim.load(folder / "decay.mdl"),
        parameters=[
            Parameter("Rate", sdsim.Normal(0.5, 0.2)), Parameter("Start", sdsim.LogNormal(10, 0.5))
        ],
        data=[Data("level", "Level", SEEN, TIMES, likelihoods.LogNormal(sd=0.05))],
        hold_out=HoldOut(after=4.5),
    )  # fmt: skip


def exact() -> tuple[np.ndarray, np.ndarray]:
    """Mean (2,) and covariance (2, 2) of Rate and log Start, of the first four rows."""
    design = np.stack([-TIMES[:4], np.ones(4)], axis=1) / 0.05
    prior = np.diag([1 / 0.2, 1 / 0.5])
    rows = np.concatenate([design, prior])
    target = np.concatenate([np.log(SEEN[:4]) / 0.05, prior @ [0.5, np.log(10)]])
    covariance = np.linalg.inv(rows.T @ rows)
    return covariance @ rows.T @ target, covariance


@pytest.fixture(scope="module")
def fit(linear: Calibration, folder: Path) -> sdsim.Fitted:
    return sdsim.calibrate(linear, folder / "fit")


def test_the_posterior_is_the_exact_one(fit: sdsim.Fitted) -> None:
    assert fit.converged
    mean, covariance = exact()
    draws = fit.dataset["draws"].to_numpy()
    draws = np.stack([draws[:, 0], np.log(draws[:, 1])], axis=1)
    sd = np.sqrt(np.diag(covariance))
    assert (np.abs(draws.mean(axis=0) - mean) < 0.1 * sd).all()
    np.testing.assert_allclose(draws.std(axis=0), sd, rtol=0.1)
    found = np.corrcoef(draws.T)[0, 1]
    assert found == pytest.approx(covariance[0, 1] / sd.prod(), abs=0.05)
    best = fit.parameters["best"]
    np.testing.assert_allclose([best["Rate"], np.log(best["Start"])], mean, atol=0.01 * sd.min())


def test_tables_say_what_was_found(fit: sdsim.Fitted) -> None:
    assert list(fit.parameters["told by"]) == ["data", "data"]
    assert fit.rows["fitted"].tolist() == [True] * 4 + [False]
    assert list(fit.scores.index) == [("level", "fitted"), ("level", "held out")]
    assert ((fit.rows["5 %"] < fit.rows["model"]) & (fit.rows["model"] < fit.rows["95 %"])).all()
    assert fit.scores["in 90 %"].tolist() == [1, 1]
    assert "converged" in repr(fit)


def test_the_evidence_is_the_exact_one(fit: sdsim.Fitted) -> None:
    """The data are jointly normal in the logarithm under the prior."""
    from scipy import stats

    design = np.stack([-TIMES[:4], np.ones(4)], axis=1)
    covariance = design @ np.diag([0.2**2, 0.5**2]) @ design.T + 0.05**2 * np.eye(4)
    joint = stats.multivariate_normal(design @ [0.5, np.log(10)], covariance)
    expected = joint.logpdf(np.log(SEEN[:4])) - np.log(SEEN[:4]).sum()
    found = fit.summary["evidence"] + 0.0
    # least squares leave the constants of the densities to log_likelihood, which has them all
    assert found == pytest.approx(expected, abs=0.1)


def test_a_store_is_read_back(fit: sdsim.Fitted, folder: Path) -> None:
    again = sdsim.read_fit(folder / "fit")
    pd.testing.assert_frame_equal(again.parameters, fit.parameters)
    pd.testing.assert_frame_equal(again.rows, fit.rows, check_dtype=False)
    assert again.verdict == fit.verdict
    assert again.draws[""].equals(fit.draws[""])


def test_its_draws_are_a_design(fit: sdsim.Fitted, folder: Path) -> None:
    design = sdsim.Posterior.read(folder / "fit", 50)
    assert [f.name for f in design.factors] == ["Rate", "Start"]
    out = sdsim.sweep(folder / "decay.mdl", design, {"end": "FINAL(Level)"})
    assert np.isfinite(out["outcomes"]).all()


def test_a_stop_costs_nothing(linear: Calibration, fit: sdsim.Fitted, folder: Path) -> None:
    """Stopped after some rounds and resumed, the store has the same bytes."""

    def stop(state: State) -> None:
        if state.rounds == 9:
            raise KeyboardInterrupt

    root = folder / "stopped"
    with pytest.raises(KeyboardInterrupt):
        sdsim.calibrate(linear, root, progress=stop)
    told: list[State] = []
    sdsim.calibrate(linear, root, resume=True, progress=told.append)
    assert told[-1].recalled == 9
    whole = {p.relative_to(folder / "fit"): p.read_bytes() for p in files(folder / "fit")}
    assert {p.relative_to(root): p.read_bytes() for p in files(root)} == whole


def files(root: Path) -> list[Path]:
    return [p for p in root.rglob("*") if p.is_file() and p.name != ".lock"]


def test_another_calibration_does_not_go_on(linear: Calibration, folder: Path) -> None:
    shutil.copytree(folder / "fit", folder / "other")
    other = calibration(sdsim.load(folder / "decay.mdl"))
    with pytest.raises(
        sdsim.ModelError, match="is of another calibration: the data; the parameters"
    ):
        sdsim.calibrate(other, folder / "other", resume=True)
    with pytest.raises(sdsim.ModelError, match="exists"):
        sdsim.calibrate(linear, folder / "other")


def test_the_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main(["calibrate", "spec.toml", "-o", "told", "--json", "--strict"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["converged"]
    assert set(said["parameters"]) == {"Rate", "Start"}
    assert main(["calibrate", "spec.toml", "-o", "told", "--resume"]) == 0
    assert capsys.readouterr().out.startswith("converged by ")
    assert main(["calibrate", "spec.toml", "-o", "told"]) == 2
    assert "exists" in capsys.readouterr().err
    assert (folder / "told" / "spec.toml").read_text(encoding="utf-8") == SPEC


def test_not_converged_is_said_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    settings = drive.Settings
    monkeypatch.setattr(drive, "Settings", lambda seed: settings(seed, most=1))
    assert main(["calibrate", "spec.toml", "-o", "short", "--strict"]) == 1
    assert capsys.readouterr().out.startswith("not converged: after ")


NOTES = [
    (
        {"data": [Data("level", "Level", [9e9], [1.0], likelihoods.Normal(sd=1))]},
        "1 value of 1 of 'level' lie outside all that 256 draws from the prior predict",
    ),
    (
        {"data": [Data("level", "Level", [8.0], [0.0], likelihoods.Normal(sd=1))]},
        "'Rate' moves no fitted row",
    ),
    ({"restrictions": {"high": "FINAL(Level) > 1"}}, "of 256 draws from the prior end in a run"),
]


@pytest.mark.parametrize(("changes", "words"), NOTES, ids=lambda v: str(v)[:30])
def test_what_is_said_before_the_first_run(folder: Path, changes: Any, words: str) -> None:
    problem = Problem(calibration(sdsim.load(folder / "decay.mdl"), **changes))
    assert any(words in note for note in findings(problem))


def test_something_must_be_fitted(folder: Path) -> None:
    with pytest.raises(sdsim.ModelError, match="all data are held out"):
        calibration(sdsim.load(folder / "decay.mdl"), hold_out=HoldOut(after=-1))


def test_a_calibration_in_order_has_no_notes(folder: Path) -> None:
    assert findings(Problem(calibration(sdsim.load(folder / "decay.mdl")))) == []


def test_the_data_tell_what_the_curvature_says(fit: sdsim.Fitted, folder: Path) -> None:
    """The posterior is normal: what directions narrow is what the draws show."""
    _, covariance = exact()
    scaled = covariance / np.outer([0.2, 0.5], [0.2, 0.5])
    values = np.linalg.eigvalsh(scaled)
    np.testing.assert_allclose(fit.directions["narrowed"] ** 2, values, rtol=0.01)
    assert fit.summary["informed_parameters"] == pytest.approx(2 - scaled.trace(), rel=1e-3)
    pd.testing.assert_frame_equal(sdsim.read_fit(folder / "fit").directions, fit.directions)


def test_rows_left_out_are_predicted_by_the_others(fit: sdsim.Fitted) -> None:
    """Against the exact normal posterior of three rows; the fourth comes after them."""
    from scipy import stats

    design = np.stack([-TIMES[:3], np.ones(3)], axis=1) / 0.05
    prior = np.diag([1 / 0.2, 1 / 0.5])
    rows = np.concatenate([design, prior])
    target = np.concatenate([np.log(SEEN[:3]) / 0.05, prior @ [0.5, np.log(10)]])
    covariance = np.linalg.inv(rows.T @ rows)
    at = np.array([-TIMES[3], 1.0])
    mean, sd = at @ covariance @ rows.T @ target, np.sqrt(at @ covariance @ at + 0.05**2)
    expected = stats.norm.logpdf(np.log(SEEN[3]), mean, sd) - np.log(SEEN[3])
    row = fit.rows.iloc[3]
    assert row["left out"] == pytest.approx(expected, abs=0.3)
    assert np.isfinite(fit.rows["k-hat"][:4]).all()
    assert np.isnan(fit.rows["left out"][4])
    assert fit.scores["left out"].iloc[0] == pytest.approx(fit.rows["left out"][:4].sum())
