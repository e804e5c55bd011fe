"""`sdsim plot RESULT -r NAMES`: variables over time, as a page that works offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from sdsim.base.errors import ModelError
from sdsim.cli.options import page_path
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
    from sdsim.plots import over_time, write_page
    from sdsim.tables.results import read_result

    if Path(args.result).suffix.lower() == ".mdl":
        remedy = f"run it first: sdsim run {args.result} -o run.nc"
        raise ModelError("this is a model, not a result", remedy=remedy, file=args.result)
    output = page_path(str(args.output or Path(args.result).with_suffix(".html")))
    dataset = read_result(args.result)
    wanted = [n.strip() for text in args.return_columns for n in split_names(text)]
    write_page(output, Path(args.result).stem, [over_time(dataset, wanted or None)])
    print(output)
    return 0
