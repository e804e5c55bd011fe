"""Runs as files: netCDF, CSV, Parquet; and reference tables read back."""

from __future__ import annotations

import io
import math
import os
import unicodedata
from collections.abc import Collection, Hashable
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from sdsim.base import files, limits
from sdsim.base.errors import ModelError
from sdsim.base.extras import extra
from sdsim.base.names import element_label
from sdsim.tables import netcdf
from sdsim.tables.dat import decoded, exported

#: The formats in which a result can be written.
SUFFIXES = (".nc", ".csv", ".tab", ".parquet")


def save(dataset: xr.Dataset, path: str | Path, columns: Collection[str] | None = None) -> Path:
    """Write a result in the format the suffix asks for; returns the path.

    A file of that name is replaced only once the new one is complete.

    Parameters
    ----------
    columns : the columns of a table to write (``Name[a,b]``); netCDF has all that was saved.

    Raises
    ------
    ModelError : an unknown suffix, or a folder that cannot be written to.
    """
    path = files.writable(Path(path), SUFFIXES)
    suffix = path.suffix.lower()
    target = Path(os.path.realpath(path))
    try:
        with files.replacing(target) as beside:
            if suffix == ".nc":
                netcdf.write(_writable(dataset), beside)
            elif suffix == ".parquet":
                with extra("parquet", "writing Parquet"):
                    import_module("pyarrow")
                only(table(dataset), columns).to_parquet(beside)
            else:
                frame = only(table(dataset), columns)
                frame.to_csv(beside, sep="," if suffix == ".csv" else "\t", encoding="utf-8")
    except OSError as e:
        raise ModelError(
            f"cannot be written: {e.strerror or e}", file=str(path), remedy="choose another place"
        ) from None
    return path


def only(frame: pd.DataFrame, columns: Collection[str] | None) -> pd.DataFrame:
    """The requested columns of a table, in the requested order; all columns for None."""
    return frame if columns is None else frame[[c for c in columns if c in frame.columns]]


def table(dataset: xr.Dataset) -> pd.DataFrame:
    """A wide table: a row for each time, a column for each element (``Name[a,b]``)."""
    columns: dict[str, np.ndarray] = {}
    named: dict[Hashable, list[str]] = {}
    for name, array in dataset.variables.items():  # `data_vars` makes an array of each: slow
        if name in dataset.coords or (array.dims and array.dims[0] != "time"):
            continue
        for d in array.dims[1:]:
            if d not in named:
                named[d] = [str(v) for v in dataset[d].values]
        labels = [named[d] for d in array.dims[1:]]
        flat = array.values.reshape(array.shape[0], math.prod(array.shape[1:]))
        for i, at in enumerate(np.ndindex(*(len(x) for x in labels))):
            picked = tuple(x[k] for x, k in zip(labels, at, strict=True))
            columns[element_label(str(name), picked)] = flat[:, i]
    index = pd.Index(dataset["time"].values, name="Time")
    return pd.DataFrame(columns, index=index)


def read_table(path: str | Path) -> pd.DataFrame:
    """A table of results over time: a saved run, or a reference output (CSV, tab, Parquet, netCDF,
    Vensim's .dat, and its .vdf if pysimlin is installed).

    Blank cells, and ``nan``, ``NA``, ``N/A`` and ``null`` in any of their usual spellings, are
    missing values; any other text remains text.

    Raises
    ------
    ModelError : no such file, or it has no table with a time column.
    """
    path = Path(path)
    try:
        suffix = path.suffix.lower()
        if suffix == ".nc":
            return table(read_result(path))
        if suffix == ".parquet":
            return read_parquet(path)
        if suffix in (".vdf", ".vdfx"):
            return _vdf(path)
        if suffix == ".dat" and (said := _dat(_text(path))) is not None:
            return said
        separator = "\t" if suffix in (".tab", ".tsv", ".dat") else ","
        text = io.StringIO(_text(path))
        frame = pd.read_csv(text, sep=separator, index_col=0, low_memory=False)
    except ModelError as e:
        raise e.at(file=str(path) if e.what == "no such file" else path.name) from None
    except (OSError, ValueError) as e:
        raise ModelError(
            f"cannot be read as a table: {e}", file=path.name, remedy="save it as CSV again"
        ) from None
    frame.index = pd.Index(pd.to_numeric(pd.Series(frame.index), errors="coerce"))
    if len(frame) and frame.index.isna().all():
        raise ModelError(
            "has no times in its first column", file=path.name, remedy="put them there"
        )
    return frame


def _vdf(path: Path) -> pd.DataFrame:
    """Vensim's binary results, read by pysimlin, the only reader of them outside Vensim."""
    try:
        load_vdf = import_module("simlin").load_vdf
    except ImportError:
        what = "reading Vensim's .vdf needs pysimlin"
        raise ModelError(what, remedy="pip install pysimlin", file=path.name) from None
    files.read_bytes(path, limits.TABLE_BYTES)  # refuses special and oversized files
    try:
        frame: pd.DataFrame = load_vdf(path)
    except Exception as e:  # a broken file may fail anywhere in the reader
        raise ModelError(
            f"cannot be read as .vdf: {e}", file=path.name, remedy="export it from Vensim as .dat"
        ) from None
    return frame[[c for c in frame.columns if not str(c).startswith("#")]]


def _dat(text: str) -> pd.DataFrame | None:
    """Vensim's exported data; None if the text is something else."""
    columns = exported(text)
    if columns is None:
        return None
    times = sorted({t for c in columns.values() for t in c})
    return pd.DataFrame(
        {
            name: [c.get(t, np.nan) for t in times]
            for name, c in columns.items()
            if not name.startswith("#")  # Vensim's own hidden ones
        },
        index=pd.Index(times),
    )


def _text(path: Path) -> str:
    """The text of a table, decoded as UTF-8 or else as Windows programs write it."""
    data = files.read_bytes(path, limits.TABLE_BYTES)
    if b"\0" in data:
        raise ModelError("holds NUL bytes, expected text", remedy="give a table as text")
    return decoded(data)


def read_parquet(path: Path) -> pd.DataFrame:
    """A Parquet file within the size limits for tables, both packed and unpacked.

    Raises
    ------
    ModelError : not a regular file, or too large; OSError or ValueError if it is not Parquet.
    """
    with extra("parquet", "reading Parquet"):
        from pyarrow import parquet  # slow to import

    body = io.BytesIO(files.read_bytes(path, limits.TABLE_BYTES))
    with parquet.ParquetFile(body) as inside:
        held = inside.metadata.num_rows * inside.metadata.num_columns
        groups = range(inside.metadata.num_row_groups)
        size = sum(inside.metadata.row_group(k).total_byte_size for k in groups)
    if held > limits.TABLE_NUMBERS or size > 2 * limits.TABLE_BYTES:
        raise ModelError(
            f"holds {held:,} values, at most {limits.TABLE_NUMBERS:,} are read",
            remedy=f"keep only what is needed, {limits.TRUSTED}",
        )
    return pd.read_parquet(body)


def read_result(path: str | Path) -> xr.Dataset:
    """A saved run as a dataset over ``time``; each column of CSV or Parquet becomes a variable.

    Raises
    ------
    ModelError : no such file, a broken file, or a table with text among its values.
    """
    path = Path(path)
    if path.suffix.lower() == ".nc":
        try:
            body = io.BytesIO(files.read_bytes(path, limits.TABLE_BYTES))
            with xr.open_dataset(body, engine="scipy") as dataset:
                if sum(v.size for v in dataset.variables.values()) > limits.TABLE_NUMBERS:
                    raise ModelError("holds too many values", remedy=limits.TRUSTED)
                return _over_time(_named(dataset.load()))
        except ModelError as e:
            raise e.at(file=str(path) if e.what == "no such file" else path.name) from None
        except Exception as e:  # a broken file may fail anywhere in the reader
            what = f"cannot be read as netCDF: {type(e).__name__}: {e}"
            raise ModelError(what, remedy="write it again", file=str(path)) from None
    frame = read_table(path)
    data = {}
    for number, column in enumerate(map(str, frame.columns)):
        try:
            data[column] = ("time", frame.iloc[:, number].to_numpy(dtype=float))
        except (ValueError, TypeError) as e:
            raise ModelError(
                f"column '{column}' is not numeric: {e}",
                file=path.name,
                remedy="write numbers, or leave blank what is not known",
            ) from None
    return xr.Dataset(data, {"time": frame.index.to_numpy(dtype=float)})


def _writable(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with names that netCDF allows; a changed name is kept as an attribute.

    Names are ASCII, without accents, because tools disagree about other characters.
    """
    changed: dict[str, str] = {}
    taken = set(map(str, dataset.variables))
    for name in map(str, dataset.variables):
        letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
        plain = "".join("_" if c == "/" or not " " <= c <= "~" else c for c in letters).strip()
        if not plain or not (plain[0].isalnum() or plain[0] == "_"):
            plain = f"_{plain}"
        if plain == name:
            continue
        unique, number = plain, 1
        while unique in taken:
            number += 1
            unique = f"{plain} {number}"
        taken.add(unique)
        changed[name] = unique
    out = dataset.copy(deep=False)
    for name in changed:
        out.variables[name].attrs["model_name"] = name
    return out.rename(changed) if changed else out


def _over_time(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset, checked to be a run: numeric values over a numeric time."""
    if "time" not in dataset.dims or dataset["time"].dtype.kind not in "fiu":
        what = "has no dimension 'time' with numbers"
        raise ModelError(what, remedy="write its times as numbers, in model time")
    for name, variable in dataset.data_vars.items():
        if "time" in variable.dims and variable.dtype.kind not in "fiub":
            what = f"'{name}' holds no numbers"
            raise ModelError(what, remedy="leave it out, or write numbers")
    return dataset


def _named(dataset: xr.Dataset) -> xr.Dataset:
    """The inverse of `_writable`."""
    back = {
        str(k): str(v.attrs["model_name"])
        for k, v in dataset.variables.items()
        if "model_name" in v.attrs
    }
    out = dataset.rename(back) if back else dataset
    for name in back.values():
        out.variables[name].attrs.pop("model_name", None)
    return out
