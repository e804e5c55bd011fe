"""Results drawn: a figure for a notebook, or a page that works offline."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path as _Path
from typing import Any

import xarray as xr

from sdsim.api.results import is_model
from sdsim.base import files
from sdsim.base.errors import ModelError
from sdsim.plots import over_time, write_page
from sdsim.run.result import Run
from sdsim.tables.results import read_result

Path = str | PathLike[str]


def plot(
    result: Path | Run | xr.Dataset,
    names: str | Sequence[str] | None = None,
    output: Path | None = None,
    *,
    title: str = "",
) -> Any:
    """Draw variables of a result over time.

    Parameters
    ----------
    result : a `Run` or its dataset; or the path of a saved run (``.nc``, ``.csv`` ...).
    names : of the variables to draw, or one name; the first few without it.
    output : an ``.html`` file to write, which works without a network.
    title : of the page; the file's name by default.

    Returns
    -------
    The figure, of Plotly; a notebook shows it.

    Raises
    ------
    ModelError : a name that the result does not have; a file that cannot be read or written.

    Examples
    --------
    >>> run = sdsim.simulate(sdsim.load("teacup.mdl"))
    >>> figure = sdsim.plot(run, "Teacup Temperature", "tea.html")
    >>> [line.name for line in figure.data]
    ['Teacup Temperature']
    """
    page = None if output is None else files.writable(_Path(output), (".html", ".htm"))
    wanted = [names] if isinstance(names, str) else names
    figure = over_time(dataset_of(result), wanted or None)
    if page is not None:
        stem = _Path(result).stem if isinstance(result, str | PathLike) else page.stem
        write_page(page, title or stem, [figure])
    return figure


def dataset_of(result: Path | Run | xr.Dataset) -> xr.Dataset:
    """What is to be drawn.

    Raises
    ------
    ModelError : no such file; a model, which has to be run first.
    """
    if isinstance(result, Run):
        return result.dataset
    if isinstance(result, xr.Dataset):
        return result
    if is_model(result):
        remedy = f"run it first: sdsim run {result} -o run.nc"
        raise ModelError("this is a model, not a result", remedy=remedy, file=str(result))
    return read_result(_Path(result))
