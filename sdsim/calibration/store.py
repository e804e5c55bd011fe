"""A calibration on disk.

STORE/manifest.jsonl    what was asked, and the digest of every round
STORE/rounds/           the answers to the batches of runs, in order
STORE/draws.csv         equally likely draws of the model's constants: a design for sweeps
STORE/draws/GROUP.csv   the same for each group, if there are any
STORE/fit.nc            draws of all parameters, predictions and densities of every row
STORE/*.csv             tables: parameters, rows, scores
STORE/fit.json          whether it converged and why, and what it took
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from sdsim.backends import machine_class
from sdsim.base import files
from sdsim.base.errors import ModelError
from sdsim.calibration.likelihoods import to_data as errors_to_data
from sdsim.calibration.problem import Problem
from sdsim.design.distributions import to_data
from sdsim.design.posterior import draws_file
from sdsim.sweeps.manifest import NAME, Manifest, differences, read_manifest
from sdsim.sweeps.sweep import versions
from sdsim.tables import netcdf

Floats = NDArray[np.float64]
FORMAT = 1
#: The header's key, which tells a calibration's store from a sweep's.
KIND = "sdsim calibration"
FIT, SUMMARY = "fit.nc", "fit.json"


def header(problem: Problem) -> dict[str, Any]:
    """The header of the manifest: all that the answers depend on."""
    calibration = problem.calibration
    return {
        KIND: FORMAT,
        "about": {"title": calibration.title},
        "chunks": 0,
        "machine": machine_class(),
        "asked": {
            "the model": calibration.system.model.hash,
            "the runs": _digest(problem.predictor.runs.to_json()),
            "the parameters": [
                [p.label, p.per, p.scale, to_data(p.prior), p.pooled and to_data(p.pooled)]
                for p in calibration.parameters
            ],
            "the data": [
                [p.data.name, _digest(p.observed.tolist()), errors_to_data(p.errors),
                 p.data.coverage, _digest({k: list(v) for k, v in p.data.columns.items()})]
                for p in problem.parts
            ],
            "the seed": calibration.seed,
            "the versions": versions("inference", "calibration"),
        },
    }  # fmt: skip


def _digest(what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def manifest_of(root: Path, asked: Mapping[str, Any]) -> Manifest:
    """The manifest to write to: new, or that of the same calibration begun earlier.

    Raises
    ------
    ModelError : the store is of another calibration, or of something else.
    """
    # through JSON, as it is read back
    asked = json.loads(json.dumps(asked))
    if not (root / NAME).exists():
        made = Manifest(root, asked)
        made.settle()
        return made
    found = read_manifest(root, mend=True)
    if KIND not in found.header:
        raise ModelError("is the store of a sweep", file=str(root), remedy="name another place")
    if unlike := differences(asked, found.header):
        raise ModelError(
            f"is of another calibration: {'; '.join(unlike)}", file=str(root),
            remedy="resume with what it was begun with, or write a new store",
        )  # fmt: skip
    files.tidy(root)
    return Manifest(root, asked, dict(found.entries))


def write(
    root: Path, problem: Problem, found: xr.Dataset, draws: Mapping[str, pd.DataFrame],
    tables: Mapping[str, pd.DataFrame], summary: Mapping[str, Any],
) -> None:  # fmt: skip
    """Write what was found beside the rounds."""
    for group, frame in draws.items():
        text = frame.to_csv(index=False, lineterminator="\n")
        files.write_text(root / draws_file(group), text)
    with files.replacing(root / FIT, durable=True) as beside:
        netcdf.write(found, beside)
    for name, table in tables.items():
        files.write_text(root / f"{name}.csv", table.to_csv(lineterminator="\n"))
    spec = problem.calibration.spec
    if spec is not None:
        files.write_text(root / "spec.toml", spec.text)
    files.write_text(root / SUMMARY, json.dumps(summary, indent=1) + "\n")


def constants(problem: Problem, draws: Floats) -> dict[str, pd.DataFrame]:
    """For each group, by name, the draws of the model's constants, as a design for sweeps.

    draws : (n, k) of all free numbers, in model units.
    """
    space = problem.space
    working = np.stack([a.working(draws[:, i]) for i, a in enumerate(space.axes)], axis=1)
    values = space.values(working)
    plain = [p for p in problem.predictor.constants if not p.initial]
    return {
        group: pd.DataFrame({p.name: values[p.label][:, g] for p in plain})
        for g, group in enumerate(space.groups)
    }
