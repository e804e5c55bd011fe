"""`sdsim convert MODEL OUT`: write a model in another format."""

from __future__ import annotations

import argparse

from sdsim.cli.options import note
from sdsim.cli.progress import busy

HELP = "Write a model as a Vensim or XMILE file that runs to the same results."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("model", metavar="MODEL", help="a Vensim .mdl or an XMILE file")
    parser.add_argument("output", metavar="OUT", help="the file to write: .mdl, .xmile or .stmx")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.add_argument(
        "--sketch-only", action="store_true", help="keep the equations' text, draw a new sketch"
    )
    parser.add_argument("--open", metavar="FOLDER", help="another folder the model may read from")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.models import convert

    with busy(f"converting {args.model}"):
        notes = convert(
            args.model, args.output, force=args.force, sketch_only=args.sketch_only,
            data_folder=args.open,
        )  # fmt: skip
    for text in notes:
        note(text)
    return 0
