"""The flagship's file in other engines: pysimlin over the whole run, PySD over some steps."""

from __future__ import annotations

import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pysd
import simlin

import sdsim
from sdsim.tables.results import table

MODEL = Path(__file__).resolve().parents[2] / "models" / "cross_border" / "cross_border.mdl"


def plain(name: str) -> str:
    """A column's name with blanks, underscores, case and the form of subscripts levelled."""
    return re.sub(r"[\s_]+", " ", name.replace("\\n", " ")).strip().lower().replace(", ", ",")


def largest_difference(ours: pd.DataFrame, theirs: pd.DataFrame) -> tuple[float, int]:
    """Over the shared columns, max |a - b| over the column's largest value; and how many."""
    mine = {plain(c): ours[c].to_numpy() for c in ours.columns}
    worst, shared = 0.0, 0
    for column in theirs.columns:
        key = plain(str(column))
        if key in mine:
            shared += 1
            b = theirs[column].to_numpy(dtype=float)
            a = mine[key][: len(b)]
            worst = max(worst, float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-9)))
    return worst, shared


def test_pysimlin_agrees_over_the_whole_run(flagship: sdsim.System) -> None:
    """Every shared variable, at every saved time, under Euler."""
    theirs = simlin.load(str(MODEL)).run(analyze_loops=False).results
    ours = table(sdsim.simulate(flagship, method=sdsim.Euler()).dataset)
    worst, shared = largest_difference(ours, theirs)
    assert shared > 0.9 * len(ours.columns)
    assert worst < 1e-6


def test_pysd_agrees_over_some_steps(flagship: sdsim.System, tmp_path: Path) -> None:
    """Every shared variable; PySD takes seconds for each step of this model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pysd.read_vensim(shutil.copy(MODEL, tmp_path))
        theirs = peer.run(final_time=1942.5)
    ours = table(sdsim.simulate(flagship, {"FINAL TIME": 1942.5}, sdsim.Euler()).dataset)
    worst, shared = largest_difference(ours, theirs)
    assert shared > 0.9 * len(ours.columns)
    assert worst < 1e-6
