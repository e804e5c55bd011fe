"""`sdsim plot RESULT -r NAMES`: variables over time, as a page that works offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from sdsim.cli.run_command import split_names

HELP = "Plot variables of a saved result over time, as an interactive page."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("result", metavar="RESULT", help="a file saved by `sdsim run -o`")
    parser.add_argument("-r", "--return-columns", metavar="NAMES", action="append", default=[])
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="an .html file; by default beside RESULT"
    )


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.figures import dataset_of, plot

    output = str(args.output or Path(args.result).with_suffix(".html"))
    wanted = [n.strip() for text in args.return_columns for n in split_names(text)]
    plot(dataset_of(args.result), wanted, output, title=Path(args.result).stem)
    print(output)
    return 0
