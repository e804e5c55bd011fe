"""`sdsim run MODEL`: run a model once, to standard output or a file."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sdsim.base.errors import ModelError, one_line
from sdsim.cli.options import add_run_options, method_of, overrides_of, split_names
from sdsim.cli.progress import busy

if TYPE_CHECKING:
    import pandas as pd

    from sdsim.overrides import Overrides
    from sdsim.run.system import System

HELP = "Run a model once."
#: The most times shown in a short table.
TIMES = 11


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("model", metavar="MODEL", help="a Vensim .mdl or an XMILE file")
    parser.add_argument("-o", "--output", metavar="FILE", help=".nc, .csv, .tab or .parquet")
    parser.add_argument(
        "-r", "--return-columns", metavar="NAMES", action="append", default=[],
        help="variables to keep, separated by commas: Stock, or Stock[north]",
    )  # fmt: skip
    add_run_options(parser)
    parser.add_argument(
        "--strict", action="store_true", help="a value that is not finite is an error"
    )
    parser.add_argument(
        "--check-dt", action="store_true",
        help="where the model's own step misleads: runs with it, a half, a quarter, adaptively",
    )  # fmt: skip
    parser.add_argument(
        "--show", choices=("short", "all"),
        help="a short table, as on a terminal, or all values as CSV, as into a pipe or with -r",
    )  # fmt: skip
    parser.add_argument(
        "--json", action="store_true", help="a summary as JSON instead of the table"
    )


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.base import files
    from sdsim.run.simulate import simulated
    from sdsim.run.system import load
    from sdsim.tables import results

    if args.output:  # before any work is done
        output = files.writable(Path(args.output), results.SUFFIXES)
        read = [*args.params, *args.data]
        if any(output.exists() and Path(p).exists() and output.samefile(p) for p in read):
            what = "would be written over what --params or --data reads"
            raise ModelError(what, remedy="choose another name", file=args.output)
    with busy(f"reading {args.model}"):
        system = load(args.model, data_folder=args.open)
    for note in system.model.notes:
        print(f"note: {note}", file=sys.stderr)
    save = [n.strip() for text in args.return_columns for n in split_names(text)] or None
    changes = overrides_of(args, system.model)
    if args.check_dt:
        return _steps(args, system, changes, save)
    with busy(f"running {args.model}"):
        run = simulated(system, changes, method_of(args), save, seed=args.seed)
    if args.output:
        run.save(args.output)
    if args.json:
        print(json.dumps(summary(run, args.output)))
    elif not args.output:
        frame = results.table(run.dataset)
        if args.show == "short" or (args.show is None and not save and sys.stdout.isatty()):
            print(short(frame, system, save is not None))
        else:
            frame.to_csv(sys.stdout)
    if run.message:
        print(run.message, file=sys.stderr)
    return 2 if run.message and args.strict else 0


def _steps(
    args: argparse.Namespace, system: System, changes: Overrides, save: list[str] | None
) -> int:
    """Print the report on the time step; returns 1 if the step is misleading."""
    from sdsim.run.step_size import check_steps, told

    method = method_of(args)
    if method is not None and not method.on_grid:
        raise ModelError(
            "--check-dt is about a fixed step", remedy=f"leave out --method {args.method}"
        )
    with busy(f"running {args.model} four times"):
        found = check_steps(system, changes, method, save, seed=args.seed)
    print(json.dumps(found.to_data()) if args.json else told(found))
    return 1 if found.misled else 0


def short(frame: pd.DataFrame, system: System, named: bool = False) -> str:
    """A short table: some columns at some times, and how to get the rest.

    named : whether the user chose the columns; otherwise stocks come first.
    """
    import numpy as np

    from sdsim.base import names
    from sdsim.base.numerals import style_of

    columns = [str(c) for c in frame.columns]
    if not named:
        stocks = [
            c for c in columns if system.kinds.get(names.canonical(c.split("[")[0])) == "stock"
        ]
        moving = [c for c in columns if frame[c].nunique() > 1]
        columns = stocks or moving or columns
    count, wide = len(frame), max(shutil.get_terminal_size((100, 24)).columns, 40)
    rows = np.unique(np.linspace(0, count - 1, min(count, TIMES)).round().astype(int))
    times = style_of(frame.index)
    table = [["Time", *(times(t) for t in frame.index[rows])]]
    for name in columns:
        style = style_of(frame[name])
        table.append([one_line(name, 40), *(style(v) for v in frame[name].iloc[rows])])
        if sum(max(map(len, c)) + 2 for c in table) > wide and len(table) > 2:
            table.pop()
            break
    lines = [
        "  ".join(c.rjust(max(map(len, column))) for c, column in zip(row, table, strict=True))
        for row in zip(*table, strict=True)
    ]
    kept = f"{len(table) - 1} of {len(frame.columns):,} columns at {len(rows)} of {count:,} times"
    return "\n".join([*lines, f"{kept}; all: -o run.csv or --show all; some: -r NAMES"])


def summary(run: object, output: str | None) -> dict[str, object]:
    """The output of `--json`: status, method, times, and every variable's final value and unit."""
    from sdsim.run.result import Run
    from sdsim.tables import results

    assert isinstance(run, Run)
    table = results.table(run.dataset)
    last = table.iloc[-1] if len(table) else None
    return {
        "status": run.status,
        "message": run.message,
        "output": output,
        **{k: _plain(v) for k, v in run.dataset.attrs.items() if k not in ("status", "message")},
        "saved": len(table),
        "final": {} if last is None else {k: _finite(v) for k, v in last.items()},
    }


def _plain(value: object) -> object:
    return value.item() if hasattr(value, "item") else value


def _finite(value: float) -> float | None:
    return float(value) if value == value and abs(value) != float("inf") else None
