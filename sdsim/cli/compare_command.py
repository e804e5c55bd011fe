"""`sdsim compare MODEL|RESULT REFERENCE`: check every reference column within a tolerance."""

from __future__ import annotations

import argparse
import json

from sdsim.cli.options import add_run_options, method_of, overrides_of

HELP = "Compare a model's run, or a saved result, with a reference table."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument(
        "result", metavar="MODEL|RESULT", help="a model, which is run, or a saved result"
    )
    parser.add_argument("reference", metavar="REFERENCE", help="CSV, tab, Parquet or netCDF table")
    add_run_options(parser)
    parser.add_argument("--json", action="store_true", help="every column as JSON")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.results import compare, is_model, table_of
    from sdsim.run.simulate import simulate
    from sdsim.run.system import load
    from sdsim.tables.compare import tolerable

    rtol = 1e-5 if args.rtol is None else args.rtol
    atol = 1e-8 if args.atol is None else args.atol
    tolerable(rtol, atol)
    if is_model(args.result):
        reference = table_of(args.reference)  # first, since it is quick and may fail
        system = load(args.result, data_folder=args.open)
        run = simulate(system, overrides_of(args, system.model), method_of(args), seed=args.seed)
        found = compare(run, reference, rtol, atol)
    else:
        found = compare(args.result, args.reference, rtol, atol)
    print(json.dumps(found.to_data()) if args.json else found)
    return 0 if found.passed else 1
