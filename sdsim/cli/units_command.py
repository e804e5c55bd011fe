"""`sdsim units MODEL`: the dimensions of every equation."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

HELP = "Check the dimensions of every equation and list what does not balance."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--open", metavar="FOLDER", help="another folder the model may read from")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.read import read
    from sdsim.units import check

    model = read(args.model, data_folder=args.open)
    findings = check(model)
    if args.json:
        print(json.dumps({"clean": not findings, "findings": [asdict(f) for f in findings]}))
    else:
        for finding in findings:
            print(finding)
        count = len(findings)
        print(f"{count} finding{'' if count == 1 else 's'} in {len(model.variables)} variables")
    return 1 if findings else 0
