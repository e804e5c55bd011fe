"""`sdsim info MODEL`: show what is in a model."""

from __future__ import annotations

import argparse
import json

HELP = "List stocks, flows, auxiliaries, constants, lookups, subscripts, units and size."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("model", metavar="MODEL", help="a Vensim .mdl or an XMILE file")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument("--program", action="store_true", help="print the lowered program instead")
    parser.add_argument("--open", metavar="FOLDER", help="another folder the model may read from")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.api.models import info
    from sdsim.run.system import load

    system = load(args.model, data_folder=args.open)
    if args.program:
        print(system.program)
        return 0
    found = info(system)
    print(json.dumps(found.to_data(), ensure_ascii=False) if args.json else found)
    return 0
