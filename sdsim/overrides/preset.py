"""A preset: a TOML file of overrides with their sources; data, never code."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdsim.base import files, limits, names
from sdsim.base.errors import ModelError, nearest, one_line, said, suggested
from sdsim.base.toml import lines_of, read_toml
from sdsim.overrides import Overrides, Points, number

_TABLES = ("about", "constants", "lookups", "series", "initial")


@dataclass(frozen=True)
class Preset:
    """A named set of overrides.

    about : free text about it (place, period).   sources : where each value comes from, by name.

    Examples
    --------
    >>> preset = sdsim.read_preset("winter.toml")
    >>> preset.title, preset.sources
    ('A cold room', {'Room Temperature': 'thermometer'})
    """

    title: str
    overrides: Overrides
    sources: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)


def read_preset(path: str | Path) -> Preset:
    """Read a preset, a file of values with their sources.

    The file has a ``title`` and the tables ``[about]``, ``[constants]`` (``Name = 1.2`` or
    ``Name = {value = 1.2, source = "..."}``), ``[lookups]`` (``{x = [...], y = [...]}``),
    ``[series]`` (``{time = [...], values = [...]}`` or ``{file = "data.csv", time = "year",
    column = "value"}``) and ``[initial]``. A data file is looked for in the preset's own
    folder, then in the model's, which is the one above it; nothing outside of that is read.

    Raises
    ------
    ModelError : no TOML, an unknown key, a value of the wrong kind; the key is named.

    Examples
    --------
    >>> preset = sdsim.read_preset("winter.toml")
    >>> run = sdsim.simulate(sdsim.load("teacup.mdl"), preset.overrides)
    >>> float(run["Room Temperature"][0])
    50.0
    """
    path = Path(path)
    read = read_toml(path, limits.TOML_BYTES)
    try:
        return preset_of(read.data, path, read.text)
    except ModelError as e:
        raise e.at(file=path.name, line=_line(read.text, e.variable)) from None


def _line(text: str, name: str | None) -> int | None:
    """The line on which a name stands, at the top or in one of the tables."""
    lines = lines_of(text)
    found = (lines.get((*table, name or "")) for table in ((), *((t,) for t in _TABLES)))
    return next((line for line in found if line), None)


def preset_of(data: Mapping[str, Any], path: Path, text: str = "") -> Preset:
    """A preset from its tables; ``path`` says where files named in them may lie.

    text : of the whole file, in which the lines are looked up.
    """
    for key in data:
        if key not in (*_TABLES, "title"):
            remedy = nearest(key, (*_TABLES, "title")) or f"one of title, {', '.join(_TABLES)}"
            raise ModelError("is no key of a preset", remedy=remedy, variable=key)
    title = data.get("title", path.stem)
    if not isinstance(title, str):
        what = f"expected text, got {said(title)}"
        raise ModelError(what, remedy="write it in quotes", variable="title")
    tables = {}
    for name in _TABLES:
        tables[name] = data.get(name, {})
        if not isinstance(tables[name], dict):
            what = f"expected a table, got {said(tables[name])}"
            raise ModelError(what, remedy=f"write [{name}] on a line of its own", variable=name)
        given: dict[str, str] = {}
        for key in tables[name] if name != "about" else ():
            if (earlier := given.setdefault(names.canonical(key), key)) is not key:
                what = f"given twice in [{name}], first as '{earlier}'"
                raise ModelError(what, remedy="delete one", variable=key)
    sources: dict[str, str] = {}
    plain = {}
    for table in ("constants", "initial"):
        plain[table] = {k: _value(k, v, sources) for k, v in tables[table].items()}
    lookups = {k: _points(k, v, ("x", "y"), sources, path) for k, v in tables["lookups"].items()}
    series = {
        k: _points(k, v, ("time", "values"), sources, path) for k, v in tables["series"].items()
    }
    about = {str(k): str(v) for k, v in tables["about"].items()}
    lines = lines_of(text)
    places = {
        k: (path.name, lines.get((table, k), lines.get((table,))))
        for table in _TABLES[1:] for k in tables[table]
    }  # fmt: skip
    overrides = Overrides(plain["constants"], lookups, series, plain["initial"], places)
    return Preset(title, overrides, sources, about)


def _value(name: str, entry: Any, sources: dict[str, str]) -> Any:
    if isinstance(entry, dict):
        _only(name, entry, ("value", "source"))
        if "value" not in entry:
            raise ModelError("has no value", remedy="write {value = 1.2}", variable=name)
        sources[name] = str(entry.get("source", ""))
        entry = entry["value"]
    _numbers(entry, name)
    return entry


def _numbers(entry: Any, name: str) -> None:
    """A number, or lists of them, one in another."""
    for value in entry if isinstance(entry, list) else ():
        _numbers(value, name)
    if not isinstance(entry, list):
        number(entry, name)


def _only(name: str, entry: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in entry:
        if key not in known:
            raise ModelError(
                f"unknown key '{key}'",
                remedy=nearest(key, known) or f"one of {', '.join(known)}",
                variable=name,
            )


def _points(
    name: str, entry: Any, axes: tuple[str, str], sources: dict[str, str], path: Path
) -> Points:
    if not isinstance(entry, dict):
        what = f"expected a table of points, got {said(entry)}"
        remedy = f"write {{{axes[0]} = [...], {axes[1]} = [...]}}"
        raise ModelError(what, remedy=remedy, variable=name)
    sources[name] = str(entry.get("source", ""))
    kind = str(entry.get("kind", "interpolate"))
    if "file" in entry:
        _only(name, entry, ("file", "time", "column", "where", "scale", "source", "kind"))
        x, y = _columns(name, entry, path)
        try:
            scale = number(entry.get("scale", 1.0), name)
        except ModelError as e:
            raise ModelError(f"'scale': {e.what}", remedy=e.remedy, variable=name) from None
        return Points.of(x, [v * scale for v in y], name, kind)
    _only(name, entry, (*axes, "source", "kind"))
    for axis in axes:
        if not isinstance(entry.get(axis), list):
            what = f"'{axis}': expected a list, got {said(entry.get(axis))}"
            raise ModelError(what, remedy=f"write {axis} = [...]", variable=name)
    return Points.of(entry[axes[0]], entry[axes[1]], name, kind)


def _columns(name: str, entry: Mapping[str, Any], path: Path) -> tuple[list[float], list[float]]:
    """Two columns of a CSV file in the preset's folder or the model's folder above it."""
    named = entry["file"]
    if not isinstance(named, str) or "\0" in named:
        what = f"'file': expected the name of a file, got {said(named)}"
        raise ModelError(what, remedy='write file = "data.csv"', variable=name)
    inside = path.resolve().parent.parent
    file = (path.parent / named).resolve()
    if not file.is_file():
        file = (inside / named).resolve()
    if inside not in file.parents or not file.is_file():
        raise ModelError(
            f"no file '{named}' in the model's folder; looked in {path.resolve().parent} "
            f"and {inside}",
            remedy="give its path from one of them; a file outside is not read", variable=name,
        )  # fmt: skip
    time, column = str(entry.get("time", "time")), str(entry.get("column", "value"))
    where = entry.get("where", {})
    if not isinstance(where, dict):
        what = f"'where': expected a table, got {said(where)}"
        raise ModelError(what, remedy='write where = {state = "B"}', variable=name)
    try:
        text = files.read_text(file, limits.DATA_BYTES)
        rows = list(csv.DictReader(text.splitlines()))
    except csv.Error as e:
        what = f"{file.name} cannot be read as CSV: {e}"
        raise ModelError(what, remedy="save it as CSV again", variable=name) from None
    except ModelError as e:
        raise ModelError(f"{file.name} {e.what}", remedy=e.remedy, variable=name) from None
    x, y = [], []
    for n, row in enumerate(rows, start=2):
        for wanted in (time, column, *where):
            if wanted not in row:
                raise ModelError(
                    f"{file.name} has no column '{wanted}'",
                    remedy=suggested(wanted, [k for k in row if k]),
                    variable=name,
                )
        if any(row[k] != str(v) for k, v in where.items()):
            continue
        try:
            x.append(float(row[time]))
            y.append(float(row[column]))
        except (TypeError, ValueError):
            got = f"'{one_line(str(row[time]), 40)}' and '{one_line(str(row[column]), 40)}'"
            what = f"{file.name}:{n}: expected numbers, got {got}"
            remedy = f"correct '{time}' and '{column}' there"
            raise ModelError(what, remedy=remedy, variable=name) from None
    return x, y
