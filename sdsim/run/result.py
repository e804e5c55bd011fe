"""The result of one simulation: a labelled dataset and the way the run ended."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, overload

import numpy as np
import pandas as pd
import xarray as xr

from sdsim.base import names
from sdsim.base.errors import ModelError, counted, nearest, said, suggested
from sdsim.ir.model import Model, label_of, shape_of
from sdsim.run.saved import Saved
from sdsim.tables import results

#: Information about each member of an ensemble, besides the model's variables.
OF_MEMBERS = ("stopped", "cause", "draws")
#: The module that draws a run. Named, not imported: figures are on a higher floor than runs.
PLOTTER = "sdsim.api.figures:plot"

_PART = re.compile(r"^(?P<name>.*?)\s*\[(?P<subs>[^\[\]]*)\]\s*$", re.S)


@dataclass(frozen=True, repr=False)
class Run:
    """The result of one simulation: values over time by name, and how the run ended.

    dataset : variables over ``time`` and the model's subscripts. Each variable has ``units`` and
        ``description``; the dataset has the model's hash, versions, method and parameters.
    status : ``ok`` or ``nonfinite`` (the run stopped there; earlier values are kept).
    message : empty, or one line that says what happened, where and when.

    Examples
    --------
    >>> run = sdsim.simulate(sdsim.load("teacup.mdl"))
    >>> run.status, float(run["Teacup Temperature"][0])
    ('ok', 180.0)
    >>> run.to_dataframe("Teacup Temperature").loc[[0.0, 30.0]].round(1).squeeze().tolist()
    [180.0, 75.4]
    """

    dataset: xr.Dataset
    status: str = "ok"
    message: str = ""

    @overload
    def __getitem__(self, name: str) -> xr.DataArray: ...

    @overload
    def __getitem__(self, name: list[str]) -> xr.Dataset: ...

    def __getitem__(self, name: str | list[str]) -> xr.DataArray | xr.Dataset:
        """The values of a variable, ``run["Stock"]``, or of part of it, ``run["Stock[north]"]``;
        ``*`` in place of an element keeps all of them. A list of names gives a dataset of them.

        Raises
        ------
        ModelError : the run has no such name or element.
        """
        if isinstance(name, list):
            return self._several(name)
        if not isinstance(name, str):
            what = f"expected the name of a variable, got {said(name)}"
            raise ModelError(what, remedy='write run["Stock"], or a list of names')
        found = self._variable(name)
        if found is not None:
            return found
        part = _PART.match(name)
        whole = None if part is None else self._variable(part["name"])
        if part is None or whole is None:
            known = [str(k) for k in self.dataset.data_vars]
            wanted = name if part is None else part["name"]
            remedy = nearest(wanted, known) or nearest(name, known) or "was it saved?"
            raise ModelError(f"the run has no '{wanted}'", remedy=remedy)
        return _part(whole, part["subs"].split(","))

    def _several(self, wanted: list[str]) -> xr.Dataset:
        """A dataset of the variables; a selected part has the name it was asked for by."""
        parts = {}
        for name in wanted:
            if not isinstance(name, str):
                what = f"expected a list of names, got {said(name)} in it"
                raise ModelError(what, remedy='write run[["Stock", "Flow"]]')
            found = self[name]
            whole = self.dataset[found.name]
            label = whole.name if found.dims == whole.dims else name.strip()
            parts[str(label)] = found.reset_coords(drop=True)
        return xr.Dataset(parts, attrs=self.dataset.attrs)

    def _variable(self, name: str) -> xr.DataArray | None:
        if name in self.dataset:
            return self.dataset[name]
        wanted = _key(name)
        for key in self.dataset.variables:
            if _key(str(key)) == wanted:
                return self.dataset[key]
        return None

    def __contains__(self, name: object) -> bool:
        try:
            self[str(name)]
        except ModelError:
            return False
        return True

    def __repr__(self) -> str:
        return f"<sdsim.Run> {self._ended()}\n{self.dataset!r}"

    def _repr_html_(self) -> str:
        """The HTML shown in notebooks: how the run ended, and the dataset as xarray shows it."""
        return f"<p><b>sdsim.Run</b> {html.escape(self._ended())}</p>{self.dataset._repr_html_()}"

    def _ended(self) -> str:
        method = self.dataset.attrs.get("method", "")
        how = f", {method}" if method else ""
        if not self.time.size:
            return f"{self.status}{how}, no saved times"
        unit = self.dataset["time"].attrs.get("units", "")
        times = f"{self.time[0]:g} to {self.time[-1]:g} {unit}".rstrip()
        said = f": {self.message}" if self.message else ""
        return f"{self.status}{how}, {len(self.time):,} times from {times}{said}"

    def __iter__(self) -> Iterator[str]:
        return map(str, self.dataset.data_vars)

    @property
    def time(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """(n_saved,) the times of the saved values."""
        return np.asarray(self.dataset["time"].values, dtype=np.float64)

    def to_dataframe(self, names: str | Sequence[str] | None = None) -> pd.DataFrame:
        """A table with a row for each saved time and a column for each element (``Stock[north]``).

        names : of the variables or elements to keep, in this order; all by default.

        Raises
        ------
        ModelError : the run has no such name.
        """
        if names is None:
            return results.table(self.dataset)
        chosen = [self[n].rename(n) for n in ([names] if isinstance(names, str) else names)]
        parts = [results.table(_alone(c)) for c in chosen]
        return pd.concat(parts, axis=1) if parts else results.table(self.dataset[[]])

    def plot(
        self, names: str | Sequence[str] | None = None, output: str | Path | None = None
    ) -> Any:
        """A figure of variables over time; see `sdsim.plot`, which draws it."""
        room, _, name = PLOTTER.partition(":")
        return getattr(import_module(room), name)(self, names, output)

    def save(self, path: str | Path, columns: Collection[str] | None = None) -> Path:
        """Write netCDF (``.nc``), CSV (``.csv``, ``.tab``) or Parquet (``.parquet``), by suffix.

        columns : see `sdsim.tables.results.save`.
        """
        return results.save(self.dataset, path, columns)


def _key(name: str) -> str:
    """The canonical form of a name, also of an element's."""
    part = _PART.match(name)
    if part is None:
        return names.canonical(name)
    subs = ",".join(map(names.canonical, part["subs"].split(",")))
    return f"{names.canonical(part['name'])}[{subs}]"


def _part(whole: xr.DataArray, subs: Sequence[str]) -> xr.DataArray:
    """The elements named by subscripts, one for each dimension other than time (and member)."""
    dims = [d for d in whole.dims if d not in ("time", "case", "member")]
    if len(subs) != len(dims):
        over = f"[{','.join(map(str, dims))}]" if dims else ", without subscripts"
        what = f"expected {counted(len(dims), 'subscript')}, got {len(subs)}"
        remedy = f"write {whole.name}{over}"
        raise ModelError(what, variable=str(whole.name), remedy=remedy)
    places: dict[Hashable, int] = {}
    for dim, sub in zip(dims, subs, strict=True):
        if sub.strip() == "*":
            continue
        labels = [str(v) for v in whole[dim].values]
        keys = [names.canonical(v) for v in labels]
        if names.canonical(sub) not in keys:
            what = f"'{dim}' has no element '{sub.strip()}'"
            remedy = suggested(sub.strip(), labels)
            raise ModelError(what, variable=str(whole.name), remedy=remedy)
        places[dim] = keys.index(names.canonical(sub))
    return whole.isel(places)


def _alone(values: xr.DataArray) -> xr.Dataset:
    """A dataset of one variable, without the coordinates of selected elements."""
    return values.reset_coords(drop=True).to_dataset(name=values.name)


def assemble(
    model: Model,
    saved: Saved,
    values: np.ndarray[Any, np.dtype[np.float64]],
    time: np.ndarray[Any, np.dtype[np.float64]],
    attributes: Mapping[str, Any],
    over: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """A labelled dataset from flat values.

    Parameters
    ----------
    values : (n_saved, n_wanted), or with further axes, of what is ``saved``.
    over : the names of those axes, and the labels along each (``member``, ``case``).
    """
    coords: dict[str, Any] = {"time": _axis("time", pd.Index(time), _time_attributes(model))}
    extra = tuple(over or ())
    coords |= {name: _axis(name, pd.Index(labels)) for name, labels in (over or {}).items()}
    data = {}
    start = 0
    tail = values.shape[2:]
    for key, cells in saved.cells.items():
        variable = model.variables[key]
        stop = start + len(cells)
        block = values[:, start:stop]
        start = stop
        attributes_of = {"units": variable.units, "description": variable.doc}
        if key in saved.single:
            for i, cell in enumerate(cells):
                label, own = label_of(model, variable, cell), ("time", *extra)
                data[label] = xr.Variable(own, block[:, i], attributes_of, fastpath=True)
            continue
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
        axes = ("time", *dims, *extra)
        taken = {*coords, *(OF_MEMBERS if extra else ())}
        data[_safe(variable.name, taken)] = xr.Variable(axes, block, attributes_of, fastpath=True)
    return xr.Dataset(data, coords, dict(attributes))


def _axis(name: str, labels: pd.Index, attributes: Mapping[str, str] | None = None) -> xr.Variable:
    """A coordinate, made as an index: for a plain array xarray would load Dask to inspect it."""
    made: xr.Variable = xr.IndexVariable(name, labels, attributes, fastpath=True)  # type: ignore[no-untyped-call]
    return made


def _safe(name: str, taken: Collection[str]) -> str:
    """The name, marked if a subscript range also has it, so that both fit in the dataset."""
    return f"{name} (variable)" if name in taken else name


def _time_attributes(model: Model) -> dict[str, str]:
    step = model.variables.get(names.TIME_STEP)
    return {"units": step.units if step else "", "description": "Model time."}
