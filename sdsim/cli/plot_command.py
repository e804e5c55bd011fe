"""`sdsim plot RESULT -r NAMES`: runs, members, fits, competitions: a page that works offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from sdsim.cli.options import split_names

HELP = "Plot a saved run, a sweep, a calibration or a competition, as an interactive page."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument(
        "result", metavar="RESULT",
        help="a file saved by `sdsim run -o`, or what `sdsim sweep -o`, "
        "`sdsim calibrate -o` or `sdsim compete -o` wrote",
    )  # fmt: skip
    parser.add_argument(
        "-r", "--return-columns", metavar="NAMES", action="append", default=[],
        help="variables, elements, outcomes or sets of data to draw; the first few without it",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="an .html file; by default beside RESULT"
    )
    parser.add_argument(
        "--lines", metavar="N", type=int, default=10,
        help="of a store, how many members are drawn as lines of their own (10)",
    )  # fmt: skip


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.figures import plot

    result = Path(args.result)
    named = result if result.name else result.resolve()
    output = str(args.output or named.with_suffix(".html"))
    wanted = [n.strip() for text in args.return_columns for n in split_names(text)]
    plot(result, wanted, Path(output), lines=args.lines)
    print(output)
    return 0
