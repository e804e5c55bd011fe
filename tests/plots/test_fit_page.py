"""Pages of a calibration: convergence first, held-out data told apart, texts escaped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import sdsim
from sdsim.base.errors import ModelError
from sdsim.calibration.fitted import Fitted
from sdsim.calibration.results import row_table, score_table
from sdsim.plots import fit_figure, write_fit


@pytest.fixture(scope="module")
def fit() -> Fitted:
    """A fit made by hand: eight rows of one series, of which the last three are held out."""
    rng = np.random.default_rng(0)
    time = np.arange(1.0, 9.0)
    model = 100 * np.exp(-0.2 * time)
    predicted = model * rng.lognormal(0, 0.02, (200, 1))
    dataset = xr.Dataset(
        {
            "predicted": (("sample", "row"), predicted),
            "simulated": (("sample", "row"), predicted * rng.lognormal(0, 0.1, (200, 8))),
            "log_density": (("sample", "row"), np.full((200, 8), -1.0)),
            "observed": (("row",), model * rng.lognormal(0, 0.1, 8)),
            "fitted": (("row",), time < 6),
        },
        {
            "data": (("row",), ["level"] * 8), "group": (("row",), [""] * 8),
            "time": (("row",), time), "units": (("row",), ["<b>litres</b>"] * 8),
        },
        {"title": "A <i>tank</i>"},
    )  # fmt: skip
    parameters = pd.DataFrame(
        {
            "prior 5 %": 0.1, "prior 50 %": 0.5, "prior 95 %": 0.9, "best": 0.21, "mean": 0.2,
            "sd": 0.01, "5 %": 0.18, "50 %": 0.2, "95 %": 0.22, "narrowed": 0.1, "told by": "data",
        },
        index=pd.Index(["Rate"], name="parameter"),
    )  # fmt: skip
    summary = {"converged": True, "verdict": "converged by importance: 8 rounds", "notes": []}
    return Fitted(
        dataset, parameters, row_table(dataset), score_table(dataset), pd.DataFrame(), summary, {}
    )  # fmt: skip


def test_the_page_answers_with_an_interval_and_its_conditions(fit: Fitted, tmp_path: Path) -> None:
    text = write_fit(tmp_path / "fit.html", fit).read_text(encoding="utf-8")
    assert "Rate is 0.2 [0.18 to 0.22]" in text
    assert "conditional on these assumptions" in text
    assert '<p class="alarm">' not in text
    assert text.count("plotly.js v") <= 1


def test_a_fit_that_did_not_converge_says_so_before_anything_else(
    fit: Fitted, tmp_path: Path
) -> None:
    failed = replace(fit, summary={**fit.summary, "converged": False, "verdict": "R-hat 1.2"})
    text = write_fit(tmp_path / "fit.html", failed).read_text(encoding="utf-8")
    after = text.split("</h1>")[1].lstrip()
    assert after.startswith('<p class="alarm">Not converged: these draws are no posterior. R-hat')
    assert "Rate is" not in text  # no answer from draws that are no posterior


def test_held_out_rows_are_shaded_and_open(fit: Fitted) -> None:
    figure = fit_figure(fit)
    (shade,) = figure.layout.shapes
    assert (shade.x0, shade.x1) == (5.5, 8.0)
    marks = {t.name: t for t in figure.data}
    assert list(marks["data, held out"].x) == [6.0, 7.0, 8.0]
    assert marks["data, held out"].marker.color == "white"
    band = marks["90 % of predictions"]
    np.testing.assert_allclose(band.y, fit.rows["95 %"])


def test_texts_of_a_fit_cannot_act_as_html(fit: Fitted, tmp_path: Path) -> None:
    text = write_fit(tmp_path / "fit.html", fit).read_text(encoding="utf-8")
    assert "A &lt;i&gt;tank&lt;/i&gt;" in text
    assert "<i>tank" not in text
    assert "<b>litres" not in text


def test_data_that_the_fit_lacks_are_refused(fit: Fitted) -> None:
    with pytest.raises(ModelError, match="the fit has no data 'levle'"):
        sdsim.plot(fit, "levle")  # type: ignore[arg-type]
