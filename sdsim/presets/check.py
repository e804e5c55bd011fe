"""A preset held against its model: everything that is wrong with it, at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import Any

from sdsim.base.errors import ModelError
from sdsim.ir.model import Model
from sdsim.overrides import Overrides, apply
from sdsim.overrides.layers import layer_paths, layered
from sdsim.overrides.preset import TABLES, Preset, attempt_preset
from sdsim.presets.case import Case
from sdsim.presets.findings import PresetFinding
from sdsim.presets.given import Given, given_by
from sdsim.presets.home import left_at_home, without_source
from sdsim.presets.horizon import beyond_the_horizon
from sdsim.presets.numbers import out_of_range, wrong_sums, wrong_units


def check_preset(model: Model, text: str, case: Case) -> tuple[PresetFinding, ...]:
    """What is wrong with a preset, or with ``a.toml+b.toml`` as one, in the order of its lines;
    then notes.

    Raises
    ------
    ModelError : a file that cannot be read at all, or is not TOML.
    """
    paths = layer_paths(text)
    read = [attempt_preset(path) for path in paths]
    found = [PresetFinding.of("unreadable", e) for _, faults in read for e in faults]
    try:
        preset = reduce(layered, (p for p, _ in read))
    except ModelError as e:
        return (*found, PresetFinding.of("twice", e))
    good, unfit = _fitting(model, preset)
    found += unfit
    given = given_by(model, case, good, [n for f in found for n in f.names])
    for check in (_twice, out_of_range, wrong_units, wrong_sums, beyond_the_horizon, left_at_home):
        found += check(given)
    found += without_source(given)
    whole = "+".join(p.name for p in paths)  # where what no line says is missing
    found = [f if f.file else replace(f, file=whole) for f in found]
    return tuple(sorted(found, key=lambda f: (not f.error, f.line is None, f.file, f.line)))


def _fitting(model: Model, preset: Preset) -> tuple[Preset, list[PresetFinding]]:
    """The preset without the entries that do not fit the model, and what is wrong with those."""
    changes, found = preset.overrides, []
    kept: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
    for table in TABLES:
        for name, value in getattr(changes, table).items():
            try:
                apply(model, Overrides(**{table: {name: value}}, places=changes.places))
                kept[table][name] = value
            except ModelError as e:
                found.append(PresetFinding.of("unknown", e, name))
    fits = Overrides(**kept, places=changes.places)
    return replace(preset, overrides=fits), found


def _twice(given: Given) -> Iterator[PresetFinding]:
    """Elements that two tables give: the series or table would hold, whatever the order."""
    taken: dict[tuple[str, int], tuple[str, str]] = {}
    for table in TABLES:
        for name, (key, cells) in given.cells[table].items():
            earlier = {taken[key, c] for c in cells if (key, c) in taken}
            for other, before in sorted(earlier):
                if other != table:
                    what = f"stands in [{other}] too, as '{before}'"
                    yield given.fault("twice", name, what, "leave one out")
            taken |= {(key, c): (table, name) for c in cells}
