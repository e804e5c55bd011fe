"""`sdsim export MODEL -o model.mjs`: a model as a module for browsers and Node."""

from __future__ import annotations

import argparse

from sdsim.cli.options import add_run_options, method_of, overrides_of, split_names
from sdsim.cli.progress import busy

HELP = "Write a model as a JavaScript module that runs it in browsers and in Node."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("model", metavar="MODEL", help="a Vensim .mdl or an XMILE file")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True,
        help="the module, .mjs or .js; TypeScript declarations go beside it",
    )  # fmt: skip
    parser.add_argument(
        "-r", "--return-columns", metavar="NAMES", action="append", default=[],
        help="variables whose series can be read, separated by commas; all by default",
    )  # fmt: skip
    parser.add_argument(
        "--fast", action="store_true",
        help="faster EXP, LN and powers, whose last digits differ from the native engine's",
    )  # fmt: skip
    add_run_options(parser)


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.exports import export
    from sdsim.run.system import load

    with busy(f"reading {args.model}"):
        system = load(args.model, data_folder=args.open)
    save = [n.strip() for text in args.return_columns for n in split_names(text)] or None
    changes = overrides_of(args, system.model)
    with busy(f"compiling {args.model}"):
        written = export(
            system, args.output, changes, method_of(args), save, fast=args.fast, seed=args.seed
        )
    for path in written:
        print(path)
    return 0
