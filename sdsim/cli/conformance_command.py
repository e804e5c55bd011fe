"""`sdsim conformance DIR`: run every model that has a reference output beside it; or convert
every model to another format and back."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdsim.run.conformance import CaseResult

HELP = (
    "Run every model in a folder that has a reference output, and compare; or write each and back."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument(
        "folder", metavar="DIR", help="a folder of models, searched with all below it"
    )
    parser.add_argument(
        "--round-trip",
        action="store_true",
        help="write every model in the other format and back, and compare the values of each",
    )
    parser.add_argument(
        "--rtol", type=float,
        help="of each column's largest value; 1e-2, or 1e-9 for --round-trip",
    )  # fmt: skip
    parser.add_argument("--atol", type=float, default=1e-8, help="in a column's own units (1e-8)")
    parser.add_argument("--least", type=int, metavar="N", help="exit 0 when at least N models pass")
    parser.add_argument("--json", action="store_true", help="every model as JSON")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from tqdm import tqdm

    from sdsim.base.errors import ModelError
    from sdsim.run.conformance import REFERENCES, cases, try_case
    from sdsim.tables.compare import tolerable

    folder = Path(args.folder)
    if args.rtol is None:
        args.rtol = 1e-9 if args.round_trip else 1e-2
    tolerable(args.rtol, args.atol)
    if not folder.is_dir():
        what = "expected a folder, got a file" if folder.exists() else "no such folder"
        raise ModelError(what, remedy="name a folder with models in it", file=args.folder)
    if args.round_trip:
        return _round_trip(folder, args)
    found = cases(folder)
    if not found:
        raise ModelError(
            "no model with a reference output beside it", file=args.folder,
            remedy=f"put {', '.join(REFERENCES)} or <model>.dat, .csv or .tab beside each model",
        )  # fmt: skip
    bar = tqdm(found, delay=2, disable=not sys.stderr.isatty(), unit="model")
    return _report([try_case(c, args.rtol, args.atol) for c in bar], args)


def _round_trip(folder: Path, args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from sdsim.base.errors import ModelError
    from sdsim.cli.round_trip import models, round_trips

    found = models(folder)
    if not found:
        raise ModelError("no model in it", file=args.folder, remedy="name a folder with models")
    bar = tqdm(found, delay=2, disable=not sys.stderr.isatty(), unit="model")
    outcomes = [
        outcome
        for path in bar
        for outcome in round_trips(path, str(path.relative_to(folder)), args.rtol, args.atol)
    ]
    compared = [o for o in outcomes if o.tolerance or not o.ok]
    for outcome in outcomes if not args.json else ():
        if outcome not in compared:
            print(f"--            {outcome.name}  {outcome.reason}")
    return _report(compared, args)


def _report(outcomes: list[CaseResult], args: argparse.Namespace) -> int:
    good = sum(o.ok for o in outcomes)
    if args.json:
        rows = [
            {"model": o.name, "passed": o.ok, "tolerance": o.tolerance, "reason": o.reason}
            for o in outcomes
        ]
        print(json.dumps({"models": len(outcomes), "passed": good, "rows": rows}))
    else:
        for o in outcomes:
            mark = f"ok   {o.tolerance:7.0e}" if o.ok else "FAIL        "
            print(f"{mark}  {o.name}" + (f"  {o.reason}" if o.reason else ""))
        print(f"{good} of {len(outcomes)} models pass at rtol {args.rtol:g}")
    return 0 if good >= (len(outcomes) if args.least is None else args.least) else 1
