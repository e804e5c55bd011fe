"""Calibration specs: TOML files that hold data, never code. The format is in `README.md` here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sdsim.base import limits
from sdsim.base.errors import ModelError, said
from sdsim.base.toml import Section, read_toml
from sdsim.calibration.calibration import Calibration, HoldOut
from sdsim.calibration.data import Data
from sdsim.calibration.likelihoods import KINDS, Likelihood, from_data
from sdsim.calibration.parameter import PER, Parameter
from sdsim.calibration.scales import SCALES
from sdsim.calibration.tables import Rows, read_rows
from sdsim.overrides import Overrides
from sdsim.overrides.layers import read_layers
from sdsim.overrides.preset import overrides_of
from sdsim.run.system import System
from sdsim.sweeps.given import distribution_in, method_in, model_in, overrides_in, range_in

KEYS = (
    "title", "model", "preset", "seed", "method", "step", "constants", "parameters", "groups",
    "data", "hold_out", "restrictions",
)  # fmt: skip
#: Keys of a parameter besides those of its prior.
_PARAMETER = ("source", "per", "pooled", "scale", "initial")
#: Keys of a data set besides those of its errors.
_DATA = (
    "expression", "file", "where", "time", "value", "times", "values", "group", "columns", "errors",
    "period", "as", "coverage", "held_out", "units", "source",
)  # fmt: skip
#: What a period's value is, by the key ``as``.
_AS = {"total": True, "mean": False}


def read_calibration(path: str | Path, *, system: System | None = None) -> Calibration:
    """Read a calibration from its spec.

    system : replaces the model named in the file.

    Raises
    ------
    ModelError : file, line, key, what was expected, and what to do.

    Examples
    --------
    >>> calibration = sdsim.read_calibration("flu.toml")
    >>> calibration.space.names
    ('Contact Infectivity',)
    """
    path = Path(path)
    top = read_toml(path, limits.TOML_BYTES)
    top.only(*KEYS)
    system = model_in(top, path) if system is None else system
    params, _ = overrides_in(top, path)
    groups = _groups(top, path)
    parameters = [_parameter(top, system, name) for name in top.section("parameters").data]
    data = [_data(top, path, name) for name in top.section("data").data]
    restrictions = top.section("restrictions")
    try:
        return Calibration(
            system, parameters, data, groups, params, method_in(top, system.model),
            {k: restrictions.words(k) for k in restrictions.data},
            _hold_out(top, groups), top.whole("seed", 0, least=0), top.words("title", path.stem),
            top,
        )  # fmt: skip
    except ModelError as e:
        raise top.traced(e) from None


def _groups(top: Section, path: Path) -> dict[str, Overrides]:
    """What differs in each group: a preset's path, or a table of overrides with or without one."""
    section = top.section("groups")
    out: dict[str, Overrides] = {}
    for name, value in section.data.items():
        if isinstance(value, str):
            out[name] = _preset(section, name, path.parent)
            continue
        if not isinstance(value, dict):
            what = f"expected a preset's path or a table, got {said(value)}"
            raise section.fault(what, name, f'write {name} = "presets/{name}.toml"')
        own = section.section(name)
        own.only("preset", "constants", "lookups", "series", "initial")
        changes, _ = overrides_of(own, path)
        if own.has("preset"):
            changes = _preset(own, "preset", path.parent) | changes
        out[name] = changes
    return out


def _preset(section: Section, key: str, folder: Path) -> Overrides:
    """What a preset changes, or several laid over each other: ``a.toml+b.toml``."""
    text = section.words(key)
    with section.placing(key):
        return read_layers(text, folder).overrides


def _parameter(top: Section, system: System, name: str) -> Parameter:
    remedy = 'write [low, high] or {distribution = "...", ...}'
    own = range_in(top.section("parameters"), name, "a prior", remedy)
    prior = distribution_in(own, _limits(system, name), leave=_PARAMETER)
    pooled = distribution_in(own.section("pooled"), (0.0, None)) if own.has("pooled") else None
    with own.placing():
        return Parameter(
            name, prior, own.words("source", ""), own.choice("per", PER, ""), pooled,
            own.choice("scale", tuple(SCALES), None) if own.has("scale") else "",
            own.flag("initial", False),
        )  # fmt: skip


def _limits(system: System, name: str) -> tuple[float | None, float | None]:
    """The declared range of a variable of the model; none for error parameters."""
    try:
        return system.model.find(name.partition("[")[0]).limits
    except ModelError:
        return None, None


def _data(top: Section, path: Path, name: str) -> Data:
    own = top.section("data").section(name)
    errors = _errors(own)
    rows = _rows(own, path)
    period = own.number("period") if own.has("period") else None
    if own.has("as") and period is None:
        raise own.fault("'as' without a period", "as", "write period = 1, or leave it out")
    total, coverage = _AS[own.choice("as", tuple(_AS), "total")], _coverage(own)
    expression, units, source = (
        own.words("expression"), own.words("units", ""), own.words("source", "")
    )  # fmt: skip
    with own.placing():
        return Data(
            name, rows.filled(expression), rows.values, rows.times, errors, period, total, coverage,
            rows.group, rows.columns, rows.held_out, units, source,
        )  # fmt: skip


def _errors(own: Section) -> Likelihood:
    """The error model; its settings stand beside it in the table of the data."""
    kind = own.words("errors")
    alike = {re.sub(r"[ _-]", "", k): k for k in KINDS}
    if re.sub(r"[ _-]", "", kind) in alike:  # "log-normal", "log normal", "lognormal"
        kind = alike[re.sub(r"[ _-]", "", kind)]
    else:
        own.choice("errors", tuple(KINDS))
    settings: dict[str, Any] = {k: v for k, v in own.data.items() if k not in _DATA}
    with own.placing():
        return from_data({"errors": kind, **settings})


def _coverage(own: Section) -> float | str:
    if isinstance(own.data.get("coverage"), str):
        return own.words("coverage")
    return own.number("coverage", 1.0)


def _rows(own: Section, path: Path) -> Rows:
    if own.has("file"):
        for key in ("times", "values"):
            if own.has(key):
                raise own.fault("beside a file", key, "leave one of them out")
        return read_rows(own, path.parent)
    group = own.words("group", "")
    times = np.array(own.numbers("times")) if own.has("times") else None
    values = np.array(own.numbers("values"))
    return Rows(values, times, (group,) * len(values) if group else (), {}, None, ())


def _hold_out(top: Section, groups: Mapping[str, Overrides]) -> HoldOut:
    section = top.section("hold_out")
    section.only("after", "groups")
    named = section.texts("groups", ())
    for g in named:
        if g not in groups:
            raise section.fault(f"'{g}' is not a group", "groups", "name one of [groups]")
    return HoldOut(section.number("after") if section.has("after") else np.inf, named)
