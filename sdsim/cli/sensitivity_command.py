"""`sdsim sensitivity SPEC`: run a sweep and analyse what its outcomes depend on."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sdsim.base.errors import ModelError
from sdsim.cli.options import note, page_path
from sdsim.cli.progress import Bar, busy
from sdsim.cli.stopping import stoppable

HELP = "Run a sweep and say what its outcomes depend on: indices, screening, boxes, rankings."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("spec", metavar="SPEC", help="a TOML file; its design chooses the method")
    parser.add_argument(
        "-o", "--output", metavar="STORE", help="keep the runs; in memory without it"
    )
    parser.add_argument("--resume", action="store_true", help="use the runs that STORE has")
    parser.add_argument(
        "--jobs", metavar="N", type=int, help="worker processes where a store is written"
    )
    parser.add_argument("--page", metavar="FILE", help="write a page of figures, .html")
    parser.add_argument("--resamples", metavar="N", type=int, default=1000, help="of the bootstrap")
    parser.add_argument("--level", type=float, default=0.95, help="of the intervals")
    parser.add_argument(
        "--common", action="store_true",
        help="use only the members that have a value of every outcome; without it each outcome has "
        "all that have one of it",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="everything as JSON")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.sweeps import analysed
    from sdsim.api.sweeps import sweep as swept
    from sdsim.study.study import Bootstrap, check_sweep
    from sdsim.sweeps import read_sweep, vacant

    settings = Bootstrap(args.resamples, args.level)
    page = page_path(args.page) if args.page else None
    if args.resume and args.output is None:
        raise ModelError("--resume needs a store", remedy="name it: -o STORE")
    if args.output is not None:
        vacant(Path(args.output), args.resume)
    if args.jobs is not None and args.output is None:
        note("--jobs: no effect without -o STORE")
    with stoppable(args.output):
        with busy(f"reading {args.spec}"):
            sweep = read_sweep(args.spec)
            check_sweep(sweep)
        with Bar(sweep.count, "runs") as bar:
            found = swept(
                sweep, store=args.output, jobs=args.jobs if args.output else None,
                resume=args.resume,
                progress=lambda s: bar.show(s.done, s.before, s.failed),
            )  # fmt: skip
        with busy("analysing"):
            said = analysed(sweep, found, settings, args.common)
        if page:
            from sdsim.plots.study import write_study

            write_study(page, said, str(sweep.about.get("title", "")))
    print(json.dumps(said.to_data()) if args.json else said)
    return 0
