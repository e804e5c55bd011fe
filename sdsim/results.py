"""Runs as files: netCDF, CSV, Parquet; and reference tables read back."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from sdsim.errors import ModelError
from sdsim.names import element_label

_SUFFIXES = (".nc", ".csv", ".tab", ".parquet")


def save(dataset: xr.Dataset, path: str | Path) -> Path:
    """Write a result in the format the suffix asks for; returns the path.

    Raises
    ------
    ModelError : an unknown suffix, or a folder that cannot be written.
    """
    path = Path(path)
    if path.suffix not in _SUFFIXES:
        raise ModelError(
            f"cannot write '{path.suffix}'", remedy=f"use {', '.join(_SUFFIXES)}", file=path.name
        )
    try:
        if path.suffix == ".nc":
            _writable(dataset).to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
        elif path.suffix == ".parquet":
            table(dataset).to_parquet(path)
        else:
            table(dataset).to_csv(path, sep="," if path.suffix == ".csv" else "\t")
    except OSError as e:
        raise ModelError(f"cannot be written: {e.strerror or e}", file=str(path)) from None
    return path


def table(dataset: xr.Dataset) -> pd.DataFrame:
    """A wide table: a row for each time, a column for each element (``Name[a,b]``)."""
    columns: dict[str, np.ndarray] = {}
    for name, array in dataset.data_vars.items():
        if array.dims and array.dims[0] != "time":
            continue
        labels = [[str(v) for v in dataset[d].values] for d in array.dims[1:]]
        flat = array.values.reshape(array.shape[0], math.prod(array.shape[1:]))
        for i, at in enumerate(np.ndindex(*(len(x) for x in labels))):
            picked = tuple(x[k] for x, k in zip(labels, at, strict=True))
            columns[element_label(str(name), picked)] = flat[:, i]
    index = pd.Index(dataset["time"].values, name="Time")
    return pd.DataFrame(columns, index=index)


def read_table(path: str | Path) -> pd.DataFrame:
    """A table of results over time: a saved run, or a reference output (CSV, tab, Parquet, netCDF).

    Raises
    ------
    ModelError : no such file, or no table with a time column.
    """
    path = Path(path)
    try:
        if path.suffix == ".nc":
            return table(read_result(path))
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        separator = "\t" if path.suffix in (".tab", ".tsv", ".dat") else ","
        text = io.StringIO(_text(path))
        frame = pd.read_csv(text, sep=separator, index_col=0, low_memory=False)
    except FileNotFoundError:
        raise ModelError("no such file", file=str(path)) from None
    except (OSError, ValueError, UnicodeDecodeError) as e:
        raise ModelError(f"cannot be read as a table: {e}", file=path.name) from None
    frame.index = pd.Index(pd.to_numeric(pd.Series(frame.index), errors="coerce"))
    if len(frame) and frame.index.isna().all():
        raise ModelError("has no times in its first column", file=path.name)
    return frame


def _text(path: Path) -> str:
    """The text of a table: UTF-8, or else as Windows programs write it."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read_result(path: str | Path) -> xr.Dataset:
    """A saved run as a dataset over ``time``; from CSV or Parquet each column is a variable."""
    path = Path(path)
    if path.suffix == ".nc":
        try:
            with xr.open_dataset(path, engine="scipy") as dataset:
                return _named(dataset.load())
        except FileNotFoundError:
            raise ModelError("no such file", file=str(path)) from None
        except (OSError, ValueError, TypeError) as e:
            raise ModelError(f"cannot be read as netCDF: {e}", file=str(path)) from None
    frame = read_table(path)
    data = {str(c): ("time", frame[c].to_numpy(dtype=float)) for c in frame.columns}
    return xr.Dataset(data, {"time": frame.index.to_numpy(dtype=float)})


def _writable(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset under names that netCDF allows; a changed name keeps the model's as attribute.

    The classic format is written because it is by far the quickest for hundreds of variables, and
    every tool reads it.
    """
    changed = {}
    for name in map(str, dataset.variables):
        plain = "".join("_" if c == "/" or not c.isprintable() else c for c in name).strip()
        if not plain or not (plain[0].isalnum() or plain[0] == "_" or ord(plain[0]) > 127):
            plain = f"_{plain}"
        if plain != name:
            changed[name] = plain
    out = dataset.copy(deep=False)
    for name in changed:
        out[name] = out[name].assign_attrs(model_name=name)
    return out.rename(changed) if changed else out


def _named(dataset: xr.Dataset) -> xr.Dataset:
    """The inverse of `_writable`."""
    back = {
        str(k): str(v.attrs["model_name"])
        for k, v in dataset.variables.items()
        if "model_name" in v.attrs
    }
    out = dataset.rename(back) if back else dataset
    for name in back.values():
        out[name].attrs.pop("model_name", None)
    return out
