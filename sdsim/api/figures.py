"""Plots of results: a figure for a notebook, or a page that works offline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path as _Path
from typing import Any

import xarray as xr

from sdsim.api.results import is_model
from sdsim.base import files
from sdsim.base.errors import ModelError, said
from sdsim.calibration.fitted import Fitted, read_fit
from sdsim.calibration.store import SUMMARY
from sdsim.comparison.record import RECORD, read_record
from sdsim.plots import (
    competition_figure,
    fit_figure,
    is_ensemble,
    members_figure,
    members_sections,
    over_time,
    write_competition,
    write_fit,
    write_page,
)
from sdsim.run.result import Run
from sdsim.sweeps import read_store
from sdsim.tables.results import read_result

Path = str | PathLike[str]


def plot(
    result: Path | Run | xr.Dataset | Fitted,
    names: str | Sequence[str] | None = None,
    output: Path | None = None,
    *,
    title: str = "",
    lines: int = 10,
) -> Any:
    """Draw variables of a result over time; of an ensemble, fans and distributions over members;
    of a calibration, the data with what it predicts of them.

    Parameters
    ----------
    result : a `Run` or its dataset; what `sdsim.sweep` or `sdsim.simulate_many` gave; the path of a
        saved run (``.nc``, ``.csv`` ...), of the store of a sweep or of a calibration, or of the
        folder of a competition; a fit.
    names : of the variables to draw, or one name; of an ensemble elements (``Stock[north]``) and
        outcomes, too; of a fit, sets of data. The first few without it. A competition shows all.
    output : an ``.html`` file to write, which works offline.
    title : of the page; by default that of the sweep, or the file's name.
    lines : of an ensemble, how many members are drawn as lines of their own.

    Returns
    -------
    The figure, of Plotly; a notebook shows it. A series of an ensemble has its median and bands
    that hold 50, 80 and 90 % of the members; an outcome has bars. The page says in addition which
    ranges the design has and how many members have no value. The page of a fit says first whether
    it converged, and compares each parameter with its prior.

    Raises
    ------
    ModelError : a name that the result does not have; a file that cannot be read or written; a
        store that is not finished.

    Examples
    --------
    >>> run = sdsim.simulate(sdsim.load("teacup.mdl"))
    >>> figure = sdsim.plot(run, "Teacup Temperature", "tea.html")
    >>> [line.name for line in figure.data]
    ['Teacup Temperature']

    Over members:

    >>> rooms = {"Room Temperature": list(range(50, 90))}
    >>> many = sdsim.simulate_many(sdsim.load("teacup.mdl"), rooms, save="Teacup Temperature")
    >>> figure = sdsim.plot(many, output="rooms.html", lines=0)
    >>> [line.name for line in figure.data if line.showlegend]
    ['90% of members', '80% of members', '50% of members', 'median']

    Of a calibration:

    >>> figure = sdsim.plot(sdsim.calibrate("flu.toml"), output="flu.html")
    >>> figure.data[-1].name
    'data, fitted'
    """
    wanted = _names(names)
    page = None if output is None else _page(output, wanted)
    if isinstance(lines, bool) or not isinstance(lines, int) or lines < 0:
        what = f"lines: expected a whole number from 0, got {said(lines)}"
        raise ModelError(what, remedy="write one such as 10")
    if (fit := _fit_of(result)) is not None:
        if page is not None:
            write_fit(page, fit, wanted, title)
        return fit_figure(fit, wanted)
    if isinstance(result, str | PathLike) and (_Path(result) / RECORD).is_file():
        found = read_record(_Path(result))
        if page is not None:
            write_competition(page, found, title)
        return competition_figure(found)
    dataset = dataset_of(result)
    many = is_ensemble(dataset)
    figure = members_figure(dataset, wanted, lines) if many else over_time(dataset, wanted or None)
    if page is not None:
        stem = _Path(result).stem if isinstance(result, str | PathLike) else page.stem
        own = str(dataset.attrs.get("title", "")) if many else ""
        lead, parts = members_sections(dataset, wanted, lines) if many else ("", [figure])
        write_page(page, title or own or stem, parts, lead=lead)
    return figure


def _fit_of(result: Any) -> Fitted | None:
    """The fit that is to be drawn, or that a store holds."""
    if isinstance(result, Fitted):
        return result
    if isinstance(result, str | PathLike) and (_Path(result) / SUMMARY).is_file():
        return read_fit(_Path(result))
    return None


def _names(names: Any) -> list[str] | None:
    if names is None:
        return None
    wanted = [names] if isinstance(names, str) or not isinstance(names, Iterable) else [*names]
    for name in wanted:
        if not isinstance(name, str):
            raise ModelError(
                f"names: expected the names of variables, got {said(name)}",
                remedy="write a name, or a list of names",
            )
    return wanted


def _page(output: Path, names: Sequence[str] | None) -> _Path:
    """The file to write; a second name in its place is told apart by its ending."""
    if not isinstance(output, str | PathLike):
        what = f"output: expected an .html file, got {said(output)}"
        raise ModelError(what, remedy='write a path such as "run.html"')
    path = _Path(output)
    if names and isinstance(output, str) and not path.suffix:
        both = ", ".join(f'"{n}"' for n in (*names, output))
        what = f"output: expected an .html file, got {said(output)}"
        raise ModelError(what, remedy=f"to draw several variables, write a list: [{both}]")
    return files.writable(path, (".html", ".htm"))


def dataset_of(result: Path | Run | xr.Dataset | Fitted) -> xr.Dataset:
    """What is to be drawn.

    Raises
    ------
    ModelError : no such file; a model or a spec, which has to be run first.
    """
    if isinstance(result, Run):
        return result.dataset
    if isinstance(result, xr.Dataset):
        return result
    if not isinstance(result, str | PathLike):
        what = f"expected a run, a dataset or a path, got {said(result)}"
        raise ModelError(what, remedy="draw what sdsim.simulate or sdsim.sweep gave")
    path = _Path(result)
    if is_model(path):
        remedy = f"run it first: sdsim run {result} -o run.nc"
        raise ModelError("this is a model, not a result", remedy=remedy, file=str(result))
    if path.suffix.lower() == ".toml":
        remedy = f"run it first: sdsim sweep {result} -o {path.stem}.store"
        raise ModelError("this is a spec, not a result", remedy=remedy, file=str(result))
    return read_store(path) if path.is_dir() else read_result(path)
