"""Datasets as netCDF files of the classic format, through SciPy.

The classic format is by far the fastest for hundreds of variables, and every tool reads it.
xarray's own writer would load Dask and its cluster if they are installed, which takes longer than
the run; xarray reads the files of both writers alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

#: Replacements for number types that the format lacks; values that do not fit are refused.
_KEPT = {"b": "i1", "i": "i4", "u": "i4", "f": "f8"}


def write(dataset: xr.Dataset, path: Path) -> None:
    """Write ``dataset``, whose names the format allows, to ``path``.

    Numbers are kept as 64-bit floats and 32-bit integers, text as UTF-8; NaN marks what is missing.

    Raises
    ------
    ValueError : an integer beyond 32 bits, or values that are neither numbers nor text.
    OSError : the file cannot be written.
    """
    beside = [str(c) for c in dataset.coords if c not in dataset.dims]
    netcdf_file = import_module("scipy.io").netcdf_file  # slow to import; only writing needs it
    with netcdf_file(str(path), "w", version=2) as file:
        for name, size in dataset.sizes.items():
            file.createDimension(str(name), size)
        for name, variable in dataset.variables.items():
            marks: dict[str, Any] = {str(k): v for k, v in variable.attrs.items()}
            values, dims = _stored(variable.values), tuple(map(str, variable.dims))
            if values.dtype.kind == "S":
                width = f"string{values.dtype.itemsize}"
                while width in dataset.sizes:
                    width = f"_{width}"
                if width not in file.dimensions:
                    file.createDimension(width, values.dtype.itemsize)
                dims, marks["_Encoding"] = (*dims, width), "utf-8"
                values = values.view("S1").reshape(*values.shape, -1)
            elif values.dtype.kind == "f" and name not in dataset.coords:
                marks = {"_FillValue": np.nan} | marks
            made = file.createVariable(str(name), values.dtype, dims)
            made.data[...] = values
            _mark(made, marks)
        whole = {str(k): v for k, v in dataset.attrs.items()}
        _mark(file, whole | ({"coordinates": " ".join(beside)} if beside else {}))


def _stored(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The values in a type that the format has."""
    if values.dtype.kind in "OUT":
        texts = [str(v).encode() for v in values.ravel()]
        width = max(map(len, texts), default=0) or 1
        return np.array(texts, dtype=f"S{width}").reshape(values.shape)
    if values.dtype.kind not in _KEPT:
        raise ValueError(f"netCDF has no place for values of type {values.dtype}")
    kept = values.astype(_KEPT[values.dtype.kind])
    if values.dtype.kind != "f" and not np.array_equal(kept, values):
        raise ValueError("an integer beyond 32 bits does not fit in netCDF")
    return kept


def _mark(owner: Any, attributes: Mapping[str, Any]) -> None:
    """Set attributes: text as UTF-8, numbers in a type that the format has."""
    for name, value in attributes.items():
        kept = value.encode() if isinstance(value, str) else _stored(np.atleast_1d(value))
        setattr(owner, name, kept)
