"""`sdsim units MODEL`: check the units of every equation."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

HELP = "Check the dimensions of every equation and list what does not balance."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("model", metavar="MODEL", help="a Vensim .mdl or an XMILE file")
    parser.add_argument("--json", action="store_true", help="all findings as JSON")
    parser.add_argument(
        "--all", action="store_true", help="list variables without units one by one"
    )
    parser.add_argument("--open", metavar="FOLDER", help="another folder the model may read from")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.models import units
    from sdsim.readers import read

    model = read(args.model, data_folder=args.open)
    findings = units(model)
    if args.json:
        print(json.dumps({"clean": not findings, "findings": [asdict(f) for f in findings]}))
    else:
        bare = [f.variable for f in findings if f.kind == "no units"]
        for finding in findings:
            if args.all or finding.kind != "no units":
                print(finding)
        if bare and not args.all:
            named = ", ".join(f"'{n}'" for n in bare[:5])
            print(f"no units: {named}{', …' if len(bare) > 5 else ''}; --all lists them")
        faults, of = len(findings) - len(bare), f"of {len(model.variables)} variables"
        print(f"{faults} {of} do not balance, {len(bare)} have no units")
    return 1 if findings else 0
