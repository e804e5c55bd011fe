"""The result of one simulation: a labelled dataset, and how the run ended."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from sdsim.base import names
from sdsim.base.errors import ModelError, nearest
from sdsim.ir.model import Model, shape_of
from sdsim.tables import results

#: What an ensemble says of each member, beside the model's variables.
OF_MEMBERS = ("stopped", "cause")


@dataclass(frozen=True)
class Run:
    """What one simulation gave: values over time by name, and how it ended.

    dataset : variables over ``time`` and the model's subscripts; every variable carries ``units``
        and ``description``, the dataset the model's hash, versions, method and parameters.
    status : ``ok`` or ``nonfinite`` (the run stopped there; what came before is kept).
    message : empty, or one line that says what happened, where and when.

    Examples
    --------
    >>> run = sdsim.simulate(sdsim.load("teacup.mdl"))
    >>> run.status, float(run["Teacup Temperature"][0])
    ('ok', 180.0)
    """

    dataset: xr.Dataset
    status: str = "ok"
    message: str = ""

    def __getitem__(self, name: str) -> xr.DataArray:
        if name in self.dataset:
            return self.dataset[name]
        wanted = names.canonical(name)
        for key in self.dataset.variables:
            if names.canonical(str(key)) == wanted:
                return self.dataset[key]
        known = [str(k) for k in self.dataset.data_vars]
        raise ModelError(f"the run has no '{name}'", remedy=nearest(name, known) or "was it saved?")

    def __contains__(self, name: object) -> bool:
        wanted = names.canonical(str(name))
        return any(names.canonical(str(k)) == wanted for k in self.dataset.variables)

    def __iter__(self) -> Iterator[str]:
        return map(str, self.dataset.data_vars)

    @property
    def time(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """(n_saved,) the times of the saved values."""
        return np.asarray(self.dataset["time"].values, dtype=np.float64)

    def save(self, path: str | Path, columns: Collection[str] | None = None) -> Path:
        """Write netCDF (``.nc``), CSV (``.csv``, ``.tab``) or Parquet (``.parquet``), by suffix.

        columns : see `sdsim.tables.results.save`.
        """
        return results.save(self.dataset, path, columns)


def assemble(
    model: Model,
    columns: Mapping[str, Sequence[int]],
    values: np.ndarray[Any, np.dtype[np.float64]],
    time: np.ndarray[Any, np.dtype[np.float64]],
    attributes: Mapping[str, Any],
    members: np.ndarray[Any, np.dtype[np.int64]] | None = None,
) -> xr.Dataset:
    """A labelled dataset from flat values.

    Parameters
    ----------
    columns : for each variable (canonical), the flat positions of its elements, in the order in
        which they stand in ``values``.
    values : (n_saved, n_wanted) or (n_saved, n_wanted, n_member).
    """
    coords: dict[str, Any] = {"time": _axis("time", pd.Index(time), _time_attributes(model))}
    if members is not None:
        coords["member"] = _axis("member", pd.Index(members))
    data = {}
    start = 0
    tail = values.shape[2:]
    extra = ("member",) if members is not None else ()
    for key, cells in columns.items():
        variable = model.variables[key]
        stop = start + len(cells)
        block = values[:, start:stop]
        start = stop
        shape = shape_of(model, variable)
        dims = []
        if shape:
            whole = np.full((len(time), int(np.prod(shape)), *tail), np.nan)
            whole[:, list(cells)] = block
            block = whole.reshape(len(time), *shape, *tail)
            for d in variable.dims:
                name = model.dimensions[d].name
                dims.append(name if name not in dims else f"{name}'")
                for axis in (name, dims[-1]):
                    if axis not in coords:
                        coords[axis] = _axis(axis, pd.Index(model.labels(d), dtype=object))
        else:
            block = block.reshape(len(time), *tail)
        attributes_of = {"units": variable.units, "description": variable.doc}
        over = ("time", *dims, *extra)
        taken = {*coords, *(OF_MEMBERS if members is not None else ())}
        data[_safe(variable.name, taken)] = xr.Variable(over, block, attributes_of, fastpath=True)
    return xr.Dataset(data, coords, dict(attributes))


def _axis(name: str, labels: pd.Index, attributes: Mapping[str, str] | None = None) -> xr.Variable:
    """A coordinate. Of an index xarray asks nothing; for an array it would load Dask to look."""
    made: xr.Variable = xr.IndexVariable(name, labels, attributes, fastpath=True)  # type: ignore[no-untyped-call]
    return made


def _safe(name: str, taken: Collection[str]) -> str:
    """A variable whose name is also that of a subscript range gets a mark, so that both fit."""
    return f"{name} (variable)" if name in taken else name


def _time_attributes(model: Model) -> dict[str, str]:
    step = model.variables.get(names.TIME_STEP)
    return {"units": step.units if step else "", "description": "Model time."}
