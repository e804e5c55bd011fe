"""Presets: TOML files of overrides with their sources; data, never code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sdsim.base import limits
from sdsim.base.errors import ModelError, said
from sdsim.base.toml import Section, lines_of, read_toml
from sdsim.overrides import Overrides, Points, number
from sdsim.overrides.data_files import DataFiles

#: The tables of overrides, and the names of the two axes if a table holds points.
TABLES: dict[str, tuple[str, str] | None] = {
    "constants": None, "lookups": ("x", "y"), "series": ("time", "values"), "initial": None,
}  # fmt: skip


#: What stands for a number that is still to be found.
UNKNOWN = "?"


@dataclass(frozen=True)
class Preset:
    """A named set of overrides.

    about : free text (place, period).   sources, units : where each value comes from and what it
    is given in, by name; the empty text where the file does not say.

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
    units: Mapping[str, str] = field(default_factory=dict)


def read_preset(path: str | Path) -> Preset:
    """Read a preset, a file of values with their sources.

    The file has a ``title`` and the tables ``[about]``, ``[constants]`` (``Name = 1.2`` or
    ``Name = {value = 1.2, source = "..."}``), ``[lookups]`` (``{x = [...], y = [...]}``),
    ``[series]`` (``{time = [...], values = [...]}`` or ``{file = "data.csv", time = "year",
    column = "value", where = {state = "Bolivia"}}``) and ``[initial]``. Beside its source a value
    may have its ``units``, which `check_preset` compares with the model's. A data file is looked
    for first in the preset's own folder, then in the model's folder, which is its parent; nothing
    outside that is read.

    Raises
    ------
    ModelError : not TOML, an unknown key, a value of the wrong kind, or a ``where`` that no row of
        a data file fits; the key is named.

    Examples
    --------
    >>> preset = sdsim.read_preset("winter.toml")
    >>> run = sdsim.simulate(sdsim.load("teacup.mdl"), preset.overrides)
    >>> float(run["Room Temperature"][0])
    50.0
    """
    preset, faults = attempt_preset(path)
    if faults:
        raise faults[0]
    return preset


def attempt_preset(path: str | Path) -> tuple[Preset, tuple[ModelError, ...]]:
    """A preset as far as it can be read, and everything in its file that cannot be.

    Raises
    ------
    ModelError : the file cannot be read, or is not TOML.
    """
    path = Path(path)
    top = read_toml(path, limits.TOML_BYTES)
    faults: list[ModelError] = []
    for key in top.data:
        with _noting(faults):
            replace(top, data={key: top.data[key]}).only("title", "about", *TABLES)
    found = _values(top, DataFiles(path), faults)
    title, about = path.stem, dict[str, str]()
    with _noting(faults):
        about = {k: str(v) for k, v in top.section("about").data.items()}
    with _noting(faults):
        title = top.words("title", path.stem)
    return replace(found, title=title, about=about), tuple(faults)


def overrides_of(top: Section, path: Path) -> tuple[Overrides, dict[str, str]]:
    """The overrides in the tables of a section, and their sources by name.

    path : of the file; decides which folders its data files may be in.

    Raises
    ------
    ModelError : a value of the wrong kind; line and key are named.
    """
    found = untitled(top, DataFiles(path))
    return found.overrides, dict(found.sources)


def untitled(top: Section, data: DataFiles) -> Preset:
    """A preset without a title, from the tables of a section; ``data``: the files it may read.

    Raises
    ------
    ModelError : a value of the wrong kind; line and key are named.
    """
    faults: list[ModelError] = []
    found = _values(top, data, faults)
    if faults:
        raise faults[0]
    return found


@contextmanager
def _noting(faults: list[ModelError]) -> Iterator[None]:
    """Go on after an error, which is kept."""
    try:
        yield
    except ModelError as e:
        faults.append(e)


def _values(top: Section, data: DataFiles, faults: list[ModelError]) -> Preset:
    """A preset without a title, from the tables of a section; what cannot be used is left out."""
    sources, units, places = dict[str, str](), dict[str, str](), {}
    lines = lines_of(top.text)
    made: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
    for table, axes in TABLES.items():
        section = Section({}, top.file, top.text)
        with _noting(faults):
            section = top.section(table)
            section.unique()
        for name in section.data:
            with _noting(faults):
                given = _points(section, name, axes, data) if axes else _value(section, name)
                made[table][name], sources[name], units[name] = given
                at = next((a for a in _upwards(section.keys, name) if a in lines), ())
                places[name] = (data.preset.name, lines.get(at))
    return Preset("", Overrides(**made, places=places), sources, {}, units)


def _upwards(keys: tuple[str, ...], name: str) -> Iterator[tuple[str, ...]]:
    """The keys of a name, then those of each enclosing table."""
    whole = (*keys, name)
    yield from (whole[:n] for n in range(len(whole), 0, -1))


def _value(section: Section, name: str) -> tuple[Any, str, str]:
    """A number, or a possibly nested list of numbers, with source and units."""
    entry, source, units = section.data[name], "", ""
    if isinstance(entry, dict):
        own = section.section(name)
        own.only("value", "source", "units")
        entry, source, units = own.value("value"), own.words("source", ""), own.words("units", "")
    with section.placing(name):
        _numbers(entry)
    return entry, source, units


def _numbers(entry: Any) -> None:
    """Check that an entry is a number, or a possibly nested list of numbers."""
    for value in entry if isinstance(entry, list) else ():
        _numbers(value)
    if entry == UNKNOWN:
        raise ModelError("is still to be given", remedy=f'put a number in place of "{UNKNOWN}"')
    if not isinstance(entry, list):
        number(entry, "")


def _points(
    section: Section, name: str, axes: tuple[str, str], data: DataFiles
) -> tuple[Points, str, str]:
    """A table of points, given directly or in a data file, with source and units."""
    entry = section.data[name]
    if not isinstance(entry, dict):
        remedy = f"write {{{axes[0]} = [...], {axes[1]} = [...]}}"
        raise section.fault(f"expected a table of points, got {said(entry)}", name, remedy)
    own = section.section(name)
    source, units = own.words("source", ""), own.words("units", "")
    kind = own.words("kind", "interpolate")
    if own.has("file"):
        own.only("file", "time", "column", "where", "scale", "source", "units", "kind")
        x, y = data.columns(own)
        scale = own.number("scale", 1.0)
        y = [v * scale for v in y]
    else:
        own.only(*axes, "source", "units", "kind")
        for axis in axes:
            if not isinstance(own.value(axis), list):
                what = f"expected a list, got {said(own.data[axis])}"
                raise own.fault(what, axis, f"write {axis} = [...]")
        x, y = (own.data[axis] for axis in axes)
        with own.placing():
            _numbers([v for v in (*x, *y) if v == UNKNOWN])
    with own.placing():
        return Points(x, y, kind), source, units
