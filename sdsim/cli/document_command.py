"""`sdsim document MODEL -o DIR`: a model's documentation as a web page and as Markdown."""

from __future__ import annotations

import argparse

HELP = "Write a model's documentation: every variable, who uses whom, and an assessment."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("model", metavar="MODEL", help="a Vensim .mdl or an XMILE file")
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True,
        help="the folder for the page (.html) and the Markdown file (.md)",
    )  # fmt: skip
    parser.add_argument("--open", metavar="FOLDER", help="another folder the model may read from")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.documents import document

    for path in document(args.model, args.output, data_folder=args.open):
        print(path)
    return 0
