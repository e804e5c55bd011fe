"""The page of a competition: which theory predicts what it was not shown, and what is ruled out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sdsim.base.numerals import shown
from sdsim.plots.estimates import Estimate, Rows, estimates
from sdsim.plots.page import Section, write_page

CONDITION = (
    "Everyone was fitted to the same data and is scored on data that none was shown. All of it is "
    "conditional on these assumptions: the models, their priors and error models, and the split."
)
DEFINITIONS = (
    ("word", "meaning"),
    ("log density", "log predictive density of the held-out data, summed; larger is better, and a "
     "difference of 2 or 3 is much if its interval excludes 0"),
    ("behind the best", "how much lower it is than the best one's, datum by datum"),
    ("RMS error", "root mean square error of the median; of logarithms where errors are relative"),
    ("CRPS", "mean continuous ranked probability score, on the same scale; smaller is better"),
    ("in 90 %", "share of the data inside central 90 % predictive intervals; near 0.9 if the "
     "predictions are as sure as they should be"),
    ("weight", "in the mixture that predicts best"),
    ("parameters, told", "free parameters, and how many of them the data tell by themselves"),
    ("ruled out", "whether the interval of its difference from the best excludes 0; surely, if it "
     "still does when the choice of the best among all is allowed for"),
)  # fmt: skip
#: What errors are measured in, by scale.
SCALES = {
    "log": "of the logarithm: about a relative error", "log1p": "of log(1 + value)",
    "logit": "of the logit", "level": "in units of the data",
}  # fmt: skip
HEAD = (
    "contestant", "log density", "behind the best", "interval", "RMS error", "CRPS", "in 90 %",
    "weight", "parameters", "told", "ruled out",
)  # fmt: skip


def competition_figure(found: Mapping[str, Any]) -> go.Figure:
    """How far each contestant is behind the best, and its error, for each set of data.

    found : see `sdsim.comparison.record.read_record`.
    """
    items = [
        rows
        for name, table in found["tables"].items()
        for rows in (_behind(name, table), _errors(name, table))
    ]
    return estimates(items, columns=1)


def write_competition(path: str | Path, found: Mapping[str, Any], title: str = "") -> Path:
    """Write a competition as a page: what is unsure first, then what the data can rule out."""
    unsure = found["not converged"]
    who = ", ".join(unsure)
    alarm = f"Not converged: {who}. Scores of what has not converged are no scores." if who else ""
    said = [s for s in found["sentences"] if not any(s.startswith(f"{n} did NOT") for n in unsure)]
    sections = [
        Section(
            "Who predicts best", competition_figure(found),
            text="First how much lower each one's log predictive density is than the best one's: "
            "an interval that reaches the dotted line cannot be told from the best. Then its "
            "error.",
            note=_note(found),
        ),
        *(
            Section(f"Scores: {name}", table=[list(HEAD), *map(_line, table["rows"])])
            for name, table in found["tables"].items()
        ),
        *_left_out(found),
        Section("Words", table=DEFINITIONS),
    ]  # fmt: skip
    lead = "\n\n".join([*said, CONDITION])
    return write_page(path, title or found.get("title") or "Competition", sections, lead=lead,
                      alarm=alarm)  # fmt: skip


def _note(found: Mapping[str, Any]) -> str:
    sizes = []
    for name, table in found["tables"].items():
        among = f" in {table['series']} series" if table["series"] > 1 else ""
        sizes.append(f"{name}: {table['n']} values held out{among}")
    level = next(iter(found["tables"].values()))["level"]
    return f"{level:.0%} intervals over held-out data, paired by datum. {'; '.join(sizes)}."


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _behind(name: str, table: Mapping[str, Any]) -> Rows:
    each = [
        Estimate(r["name"], *(_number(r["log_density"]["to_best"][k]) for k in _ENDS))
        for r in table["rows"]
    ]
    return Rows(f"{name}: behind the best", [("behind the best", each)],
                "difference of log density", mark=0.0)  # fmt: skip


_ENDS = ("total", "low", "high")


def _errors(name: str, table: Mapping[str, Any]) -> Rows:
    each = [
        Estimate(r["name"], *(_number(r["rms_error"][k]) for k in ("value", "low", "high")))
        for r in table["rows"]
    ]
    return Rows(f"{name}: error", [("error", each)], f"RMS error {SCALES[table['scale']]}")


def _line(row: Mapping[str, Any]) -> list[str]:
    gap, cover = row["log_density"]["to_best"], row["coverage"]
    inside = cover["share"][cover["level"].index(0.9)]
    within = "-" if gap["low"] is None else f"{_rounded(gap['low'])} to {_rounded(gap['high'])}"
    ruled = "surely" if row["surely"] else "yes" if row["ruled_out"] else "no"
    return [
        row["name"], _rounded(row["log_density"]["value"]), _rounded(gap["total"]), within,
        _said(row["rms_error"]["value"]), _said(row["crps"]["value"]), _said(inside),
        _share(row["weight"]), _said(row["parameters"]), _rounded(row["informed"]), ruled,
    ]  # fmt: skip


def _said(value: float | None) -> str:
    return "-" if value is None else shown(float(value))


def _rounded(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _share(value: float) -> str:
    return "< 0.01" if value < 0.005 else f"{value:.2f}"


def _left_out(found: Mapping[str, Any]) -> list[Section]:
    rows = [[data, rival, why] for data, left in found["left out"].items()
            for rival, why in left.items()]  # fmt: skip
    if not rows:
        return []
    return [Section("Who took no part", table=[["data", "rival", "why"], *rows])]
