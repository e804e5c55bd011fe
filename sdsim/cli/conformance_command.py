"""`sdsim conformance DIR`: every model that has a reference output beside it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

HELP = "Run every model in a folder that has a reference output, and compare."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--rtol", type=float, default=1e-2, help="of each column's largest value")
    parser.add_argument("--atol", type=float, default=1e-8)
    parser.add_argument("--least", type=int, metavar="N", help="exit 0 when at least N models pass")
    parser.add_argument("--json", action="store_true")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from tqdm import tqdm

    from sdsim.base.errors import ModelError
    from sdsim.run.conformance import REFERENCES, cases, try_case
    from sdsim.tables.compare import tolerable

    folder = Path(args.folder)
    tolerable(args.rtol, args.atol)
    if not folder.is_dir():
        what = "expected a folder, got a file" if folder.exists() else "no such folder"
        raise ModelError(what, remedy="name a folder with models in it", file=args.folder)
    found = cases(folder)
    if not found:
        raise ModelError(
            "no model with a reference output beside it", file=args.folder,
            remedy=f"put {', '.join(REFERENCES)} or <model>.dat into each model's folder",
        )  # fmt: skip
    bar = tqdm(found, delay=2, disable=not sys.stderr.isatty(), unit="model")
    outcomes = [try_case(c, args.rtol, args.atol) for c in bar]
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
