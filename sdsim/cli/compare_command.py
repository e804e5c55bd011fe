"""`sdsim compare MODEL|RESULT REFERENCE`: every reference column, within a tolerance."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sdsim.cli.options import add_run_options, method_of, overrides_of

HELP = "Compare a model's run, or a saved result, with a reference table."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("result", metavar="MODEL|RESULT")
    parser.add_argument("reference", metavar="REFERENCE", help="CSV, tab, Parquet or netCDF table")
    add_run_options(parser)
    parser.add_argument("--json", action="store_true")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim import load
    from sdsim.readers.source import XMILE
    from sdsim.run.simulate import simulate
    from sdsim.tables.compare import compare, passed, tolerable
    from sdsim.tables.results import read_table, table

    args.rtol = 1e-5 if args.rtol is None else args.rtol
    args.atol = 1e-8 if args.atol is None else args.atol
    if Path(args.result).suffix.lower() in (".mdl", *XMILE):
        reference = read_table(args.reference)  # first, for it is quick and may be wrong
        tolerable(args.rtol, args.atol)
        system = load(args.result, data_folder=args.open)
        run = simulate(system, overrides_of(args, system.model), method_of(args), seed=args.seed)
        result = table(run.dataset)
    else:
        result = read_table(args.result)
        reference = read_table(args.reference)
    columns = compare(result, reference, args.rtol, args.atol)
    ok = passed(columns)
    if args.json:
        rows = [c.__dict__ | {"worst": _number(c.worst), "at": _number(c.at)} for c in columns]
        print(json.dumps({"passed": ok, "rtol": args.rtol, "atol": args.atol, "columns": rows}))
        return 0 if ok else 1
    compared = [c for c in columns if c.values or not c.ok]
    if not compared:
        print("nothing to compare: the reference has no values")
        return 1
    for c in compared:
        if not c.ok:
            print(f"{c.name}: {c.problem or f'off by {c.worst:.3g} of its range at time {c.at:g}'}")
    good = sum(c.ok for c in compared)
    print(f"{good} of {len(compared)} columns within rtol {args.rtol:g}, atol {args.atol:g}")
    return 0 if ok else 1


def _number(value: float) -> float | None:
    return value if value == value and abs(value) != float("inf") else None
