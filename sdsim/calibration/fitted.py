"""A fitted calibration: what was found, whether it may be trusted, and tables of it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from sdsim.base.errors import ModelError
from sdsim.calibration.store import FIT, SUMMARY

#: Tables of a store, and which of their columns are names of rows.
TABLES: dict[str, int | list[int]] = {
    "parameters": 0, "rows": 0, "scores": [0, 1], "directions": 0
}  # fmt: skip
#: Columns of the parameters' table that are shown; the rest is in it.
SHOWN = ["5 %", "50 %", "95 %", "narrowed", "told by"]


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a calibration found.

    dataset : draws, predictions and densities; see `sdsim.calibration.results.results`.
    parameters : a row for each free number: prior, best fit, posterior, and whether the data or the
        prior tell it.
    rows : a row for each datum: observed, predicted with a 90 % interval, fitted or held out.
    scores : a row for each data set, fitted and held-out rows apart.
    directions : a row for each combination of parameters, the best informed first; see
        `sdsim.calibration.results.direction_table`.
    summary : whether the draws converged and why, and what it took: rounds, runs, evidence, ...
    draws : for each group the draws of the model's constants; one nameless group without groups.

    Examples
    --------
    >>> fit = sdsim.calibrate("flu.toml")
    >>> fit.converged, list(fit.parameters.index)
    (True, ['Contact Infectivity'])
    >>> fit.rows["observed"].tolist()
    [3.0, 11.0, 38.0]

    """

    dataset: xr.Dataset
    parameters: pd.DataFrame
    rows: pd.DataFrame
    scores: pd.DataFrame
    directions: pd.DataFrame
    summary: Mapping[str, Any]
    draws: Mapping[str, pd.DataFrame]

    @property
    def converged(self) -> bool:
        """Whether the draws may stand as the posterior."""
        return bool(self.summary["converged"])

    @property
    def verdict(self) -> str:
        """In words whether they may, and why."""
        return str(self.summary["verdict"])

    @property
    def notes(self) -> tuple[str, ...]:
        """What was said before the first run."""
        return tuple(self.summary["notes"])

    def __repr__(self) -> str:
        table = self.parameters[SHOWN].to_string(float_format=lambda v: f"{v:.4g}")
        return f"<Fitted {self.verdict}>\n{table}"

    def _repr_html_(self) -> str:
        table = self.parameters[SHOWN].to_html(float_format=lambda v: f"{v:.4g}")
        return f"<p>{html.escape(self.verdict)}</p>{table}"


def read_fit(path: str | Path) -> Fitted:
    """Read what a calibration wrote.

    Raises
    ------
    ModelError : no store of a calibration, or one that is not finished.

    Examples
    --------
    >>> _ = sdsim.calibrate("flu.toml", "flu.fit")
    >>> fit = sdsim.read_fit("flu.fit")
    >>> fit.parameters.loc["Contact Infectivity", "told by"]
    'data'
    """
    root = Path(path)
    if not (root / SUMMARY).is_file():
        what = "is no finished calibration" if root.is_dir() else "no such folder"
        raise ModelError(what, file=str(root), remedy="`sdsim calibrate SPEC -o STORE` writes one")
    summary = json.loads((root / SUMMARY).read_text(encoding="utf-8"))
    with xr.open_dataset(root / FIT, engine="scipy") as opened:
        dataset = opened.load()
    draws = {name: pd.read_csv(root / file) for name, file in summary["draws"].items()}
    tables = [pd.read_csv(root / f"{name}.csv", index_col=index) for name, index in TABLES.items()]
    # an empty entry is the nameless group
    tables[1]["group"] = tables[1]["group"].astype(object).where(tables[1]["group"].notna(), "")
    parameters, rows, scores, directions = tables
    return Fitted(dataset, parameters, rows, scores, directions, summary, draws)
