"""Predictions: what a model says of rows of data, against single runs and exact answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decays import TIMES, calibration, decay, observed

import sdsim
from sdsim.base.errors import ModelError
from sdsim.calibration import likelihoods
from sdsim.calibration.calibration import HoldOut
from sdsim.calibration.data import Data
from sdsim.calibration.parameter import Parameter
from sdsim.calibration.prediction import Predictor

ERRORS = likelihoods.Normal(sd=1)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> sdsim.System:
    return decay(tmp_path_factory.mktemp("decay"))


def predicted(system: sdsim.System, expression: Any, times: Any, **more: Any) -> np.ndarray:
    """(n, m) of Rate .4 and .2, Start 8 and 5."""
    values = np.ones(1 if times is None else len(times))
    data = Data("x", expression, values, times, ERRORS, **more)
    found = Predictor(calibration(system, data=[data])).runs.predict(
        {"Rate": np.array([[0.4], [0.2]]), "Start": np.array([[8.0], [5.0]])}
    )
    assert found.fits.all()
    return found.values


def test_values_at_the_times_of_the_data(system: sdsim.System) -> None:
    found = predicted(system, "Level", TIMES)
    np.testing.assert_allclose(found[0], observed(0.4, 8), rtol=1e-6)
    np.testing.assert_allclose(found[1], observed(0.2, 5), rtol=1e-6)


def test_they_are_those_of_single_runs(system: sdsim.System) -> None:
    run = sdsim.simulate(system, {"Rate": 0.4, "Start": 8}, sdsim.RK4())
    single = run["Level"].sel(time=TIMES).to_numpy()
    assert predicted(system, "Level", TIMES)[0].tolist() == single.tolist()


def test_between_steps_the_line_is_straight(system: sdsim.System) -> None:
    ends = predicted(system, "Level", [1.0, 1.125])
    np.testing.assert_allclose(predicted(system, "Level", [1.03125])[:, 0], ends @ [0.75, 0.25])


def test_an_expression_in_the_models_notation(system: sdsim.System) -> None:
    found = predicted(system, "2*Level/Start + Time", TIMES)
    np.testing.assert_allclose(found[0], 2 * np.exp(-0.4 * TIMES) + TIMES, rtol=1e-6)


def test_a_number_of_the_whole_run(system: sdsim.System) -> None:
    np.testing.assert_allclose(predicted(system, "PEAK(Level)", None)[:, 0], [8, 5])


def test_an_expression_for_each_row(system: sdsim.System) -> None:
    found = predicted(system, ["Level", "Outflow"], [2.0, 1.0])  # rows are sorted by time
    np.testing.assert_allclose(found[0], [0.4 * 8 * np.exp(-0.4), 8 * np.exp(-0.8)], rtol=1e-6)


def test_totals_and_means_over_a_period(system: sdsim.System) -> None:
    """What flows out in a year is what the level loses."""
    lost = 8 * (np.exp(-0.4 * np.array([0.0, 1.5])) - np.exp(-0.4 * np.array([2.0, 3.5])))
    total = predicted(system, "Outflow", [2.0, 3.5], period=2.0)
    np.testing.assert_allclose(total[0], lost, rtol=1e-3)
    mean = predicted(system, "Outflow", [2.0, 3.5], period=2.0, as_total=False)
    np.testing.assert_allclose(mean, total / 2)


def test_the_start_of_a_stock_can_be_free(system: sdsim.System) -> None:
    free = calibration(system, parameters=[Parameter("Level", sdsim.Uniform(1, 9), initial=True)])
    found = Predictor(free).runs.predict({"initial Level": np.array([[2.0], [7.0]])}).values
    np.testing.assert_allclose(found, [observed(0.3, 2), observed(0.3, 7)], rtol=1e-6)


def test_each_group_runs_with_its_own_changes(system: sdsim.System) -> None:
    groups = {"slow": sdsim.Overrides({"Rate": 0.1}), "fast": sdsim.Overrides({"Rate": 1.0})}
    data = [Data("level", "Level", [1, 1, 1], [1, 2, 1], ERRORS, group=("slow", "slow", "fast"))]
    grouped = calibration(
        system, parameters=[Parameter("Start", sdsim.Uniform(1, 9), per="group")], data=data,
        groups=groups,
    )  # fmt: skip
    found = Predictor(grouped).runs.predict({"Start": np.array([[2.0, 5.0]])}).values
    expected = [*(2 * np.exp([-0.1, -0.2])), 5 * np.exp(-1)]
    np.testing.assert_allclose(found[0], expected, rtol=1e-5)


def test_what_is_held_out_is_not_run_for_the_fit(system: sdsim.System) -> None:
    held = calibration(system, hold_out=HoldOut(after=2.5))
    fit, every = Predictor(held), Predictor(held, fitted=False)
    assert (fit.count, every.count) == (3, 5)
    assert fit.runs.batches[0].run.horizon.stop == 2.5
    values = {"Rate": np.array([[0.4]]), "Start": np.array([[8.0]])}
    assert (
        every.runs.predict(values).values[0, :3].tolist()
        == fit.runs.predict(values).values[0].tolist()
    )


def test_restrictions_and_failures_are_told(system: sdsim.System) -> None:
    limited = calibration(system, restrictions={"still there": "FINAL(Level) > 1"})
    values = {"Rate": np.array([[0.1], [1.0]]), "Start": np.array([[5.0], [5.0]])}
    found = Predictor(limited).runs.predict(values)
    assert found.fits.tolist() == [True, False]
    assert np.isnan(found.values).all(axis=1).tolist() == [False, True]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": [Data("x", "Level", [1], [9], ERRORS)]}, "time 9 is outside the run, 0 to 5"),
        ({"data": [Data("x", "Level", [1], [1], ERRORS, period=2)]}, "time -1 is outside the run"),
        ({"data": [Data("x", "Level", [1], None, ERRORS)]}, "has values over time"),
        ({"data": [Data("x", "Level > 1", [1], [1], ERRORS)]}, "a condition"),
        ({"data": [Data("x", "Levl", [1], [1], ERRORS)]}, "did you mean 'Level'"),
        ({"parameters": [Parameter("Outflow", sdsim.Uniform(0, 1))]}, "is not a constant"),
        ({"parameters": [Parameter("Rate", sdsim.Uniform(0, 1), initial=True)]}, "is not a stock"),
        ({"parameters": [Parameter("Rat", sdsim.Uniform(0, 1))]}, "did you mean 'Rate'"),
        ({"restrictions": {"r": "Level"}}, "is not a condition"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(
    system: sdsim.System, changes: dict, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        _ = Predictor(calibration(system, **changes)).runs


def test_random_numbers_are_those_of_every_batch(tmp_path: Path) -> None:
    """A model's own noise does not depend on where in a batch a point stands."""
    path = decay(tmp_path).model.file
    text = (tmp_path / "decay.mdl").read_text(encoding="utf-8")
    (tmp_path / "noisy.mdl").write_text(
        text.replace("Rate*Level", "Rate*Level*(1+RANDOM UNIFORM(-0.5,0.5,1))"), encoding="utf-8"
    )
    assert path
    predictor = Predictor(calibration(sdsim.load(tmp_path / "noisy.mdl"), method=sdsim.Euler()))
    values = {"Rate": np.array([[0.2], [0.4]]), "Start": np.array([[5.0], [5.0]])}
    both = predictor.runs.predict(values).values
    second = predictor.runs.predict({k: v[1:] for k, v in values.items()}).values
    assert both[1].tobytes() == second[0].tobytes()
