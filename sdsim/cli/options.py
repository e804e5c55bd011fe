"""Options shared by several commands, and their meaning."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdsim.base import files, limits
from sdsim.base.errors import ModelError, one_line, some
from sdsim.ir.model import Model
from sdsim.overrides import (
    Overrides,
    data_series,
    labels,
    lacking,
    locate,
    number,
    sorted_out,
)
from sdsim.run.methods import METHODS, Method, Setting, method_named
from sdsim.tables.compare import column_key
from sdsim.tables.results import read_table

if TYPE_CHECKING:
    from sdsim.overrides.preset import Preset

CONTROLS = {"initial_time": "INITIAL TIME", "final_time": "FINAL TIME", "time_step": "TIME STEP"}
CONTROLS |= {"saveper": "SAVEPER"}


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that control how a model is run."""
    add = parser.add_argument
    add("-I", "--initial-time", metavar="T", help="start of the run")
    add("-F", "--final-time", metavar="T", help="end of the run")
    add("-T", "--time-step", metavar="DT", help="step of the fixed-step methods")
    add("-S", "--saveper", metavar="DT", help="interval at which results are saved")
    add_preset_option(parser)
    add("--set", metavar="NAME=VALUE", action="append", default=[], help="new value of a constant")
    add(
        "--initial",
        metavar="STOCK=VALUE",
        action="append",
        default=[],
        help="start value of a stock",
    )
    add(
        "--params",
        metavar="FILE",
        action="append",
        default=[],
        help="CSV (name,value) or .cin file",
    )
    add(
        "--data",
        metavar="FILE",
        action="append",
        default=[],
        help="results (.nc, .csv, .tab, .dat) that fill data variables without values",
    )
    add("--method", choices=tuple(METHODS), help="as the file says (else euler)")
    for s in _settings().values():
        add(f"--{s.name.replace('_', '-')}", type=s.kind, choices=s.choices or None, help=s.help)
    add("--seed", type=int, default=0, help="of the random functions")
    add("--open", metavar="FOLDER", help="another folder from which the model may read data")


def add_fit_options(parser: argparse.ArgumentParser, output: str, strict: str) -> None:
    """Add the options of commands that calibrate.

    output : what the folder to write is called.   strict : when ``--strict`` exits with 1.
    """
    add = parser.add_argument
    add("--resume", action="store_true", help=f"finish what was begun in {output}")
    add(
        "--jobs", metavar="N", type=int, default=0,
        help="worker processes; 0, the default, runs in this process with a thread per processor",
    )  # fmt: skip
    add("--strict", action="store_true", help=f"exit with 1 if {strict}")


def add_preset_option(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """Add ``--preset``; see `preset_of` for one case, `presets_of` for several."""
    one = "a case: TOML file of values with sources; a.toml+b.toml lays b over a"
    parser.add_argument(
        "--preset", metavar="FILE", action="append", default=[],
        help=f"{one}; again for further cases" if several else one,
    )  # fmt: skip


def preset_of(args: argparse.Namespace) -> Overrides:
    """What the preset of a command that runs one case changes; nothing without one.

    Raises
    ------
    ModelError : two presets, neither laid over the other.
    """
    if len(args.preset) > 1:
        remedy = f"to lay one over the other, write --preset {'+'.join(args.preset)}"
        what = f"--preset is given {len(args.preset)} times, expected one case"
        raise ModelError(what, remedy=remedy)
    return next((preset.overrides for preset in presets_of(args)), Overrides())


def presets_of(args: argparse.Namespace) -> list[Preset]:
    """The presets of a command that takes several cases, a case for each ``--preset``."""
    from sdsim.overrides.layers import read_layers

    return [read_layers(text) for text in args.preset]


def _settings() -> dict[str, Setting]:
    """The settings of all methods, by name; one that several methods share appears once."""
    return {s.name: s for kind in METHODS.values() for s in kind.settings}


def method_of(args: argparse.Namespace) -> Method | None:
    """The chosen integration method, None for the model's own; a note names settings that the
    method ignores."""
    kind = METHODS.get(args.method or "")
    given = {k: v for k in _settings() if (v := getattr(args, k, None)) is not None}
    own = {k: v for k, v in given.items() if kind and k in {s.name for s in kind.settings}}
    idle = [k for k in given if k not in own]
    if args.command == "compare":  # its tolerances belong to the comparison
        idle = [k for k in idle if k not in ("rtol", "atol")]
    if idle:
        options = ", ".join(f"--{k}" for k in idle)
        takers = [n for n, m in METHODS.items() if {s.name for s in m.settings}.issuperset(idle)]
        used = args.method or "euler"
        note(f"{options}: no effect with --method {used}; use --method {' or '.join(takers)}")
    return method_named(args.method, own) if args.method else None


def note(text: str) -> None:
    """Print a one-line note to standard error."""
    print(f"note: {one_line(text)}", file=sys.stderr)


def overrides_of(args: argparse.Namespace, model: Model) -> Overrides:
    """Overrides from data, preset, parameter files and single values; later ones win."""
    out = preset_of(args)
    plain: dict[str, tuple[str, Any]] = {}
    for path in args.params:
        mine: dict[str, tuple[str, float]] = {}
        for name, value in _parameter_file(Path(path)):
            if (key := column_key(name)) in mine:
                earlier = mine.pop(key)[1]
                note(f"{Path(path).name}: '{name}' is given twice, {earlier:g} and {value:g}; "
                     "the last holds")  # fmt: skip
            mine[key] = (name, value)
        plain.update(mine)
    plain |= {column_key(name): (name, v) for name, v in _assignments(args.set, "--set")}
    for option, name in CONTROLS.items():
        value = getattr(args, option)
        if value is not None:
            plain[column_key(name)] = (name, _number(value, name))
    initial = dict(_assignments(args.initial, "--initial"))
    out |= sorted_out(model, dict(plain.values()), initial)
    for path in reversed(args.data):
        out = _filled(model, Path(path), out) | out
    return out


def _filled(model: Model, path: Path, given: Overrides) -> Overrides:
    """The data in a results file that the model lacks and that were not given otherwise."""
    if not (wanted := lacking(model)):
        what, remedy = "has nothing to fill: the model lacks no data", "leave it out"
        raise ModelError(what, remedy=remedy, file=path.name)
    names = (*given.constants, *given.series)
    known = {label for name in names for label in labels(model, *locate(model, name))}
    try:
        if series := data_series(model, read_table(path)):
            return sorted_out(model, {k: v for k, v in series.items() if k not in known})
    except ModelError as e:
        raise e.at(file=path.name) from None
    what = "has no column for " + some(f"'{v.name}'" for v in wanted)
    raise ModelError(what, remedy="name columns as the model does: Name[a,b]", file=path.name)


def _number(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ModelError(
            f"expected a number, got '{text}'", variable=name, remedy="write one such as 2.5"
        ) from None
    return number(value, name)


def _assignments(texts: Iterable[str], option: str) -> Iterable[tuple[str, float]]:
    for text in texts:
        name, sign, value = text.rpartition("=")
        if not sign or not name.strip():
            raise ModelError(
                f"{option} expects NAME=VALUE, got '{text}'", remedy="write rate=0.5 or so"
            )
        yield name.strip(), _number(value.strip(), name.strip())


def _parameter_file(path: Path) -> Iterable[tuple[str, float]]:
    """Read ``name,value`` rows of a CSV or ``name = value`` lines of a Vensim changes file."""
    try:
        text = files.read_text(path, limits.DATA_BYTES)
    except ModelError as e:
        raise e.at(file=str(path)) from None
    for n, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith(("#", ":", "{")):
            continue
        try:
            if path.suffix.lower() == ".cin":
                yield from _assignments([line], "a line")
            else:
                row = next(csv.reader([line]))
                if n == 1 and len(row) > 1 and row[1].strip().lower() == "value":
                    continue
                if len(row) != 2:
                    raise ModelError(
                        f"expected name,value, got '{line}'", remedy="write rate,0.5 or so"
                    )
                yield row[0].strip(), _number(row[1].strip(), row[0].strip())
        except ModelError as e:
            raise e.at(file=path.name, line=n) from None


def page_path(text: str) -> Path:
    """The path of a page, refused before any work is done if it cannot be written.

    Raises
    ------
    ModelError : see `sdsim.base.files.writable`.
    """
    return files.writable(Path(text), (".html", ".htm"))


def split_names(text: str) -> list[str]:
    """Split ``a, b[c,d]`` into ``a`` and ``b[c,d]``; commas in brackets and quotes do not split."""
    out, depth, quoted, start = [], 0, False, 0
    for i, c in enumerate(text):
        if c == '"':
            quoted = not quoted
        elif not quoted and c in "[]":
            depth += 1 if c == "[" else -1
        elif not quoted and c == "," and depth == 0:
            out.append(text[start:i])
            start = i + 1
    return [*out, text[start:]]
