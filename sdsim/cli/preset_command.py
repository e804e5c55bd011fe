"""`sdsim preset new MODEL`, `sdsim preset check MODEL PRESET...`: cases of a model."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

HELP = "Write the skeleton of a preset for a new case, or say what is wrong with one."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    ways = parser.add_subparsers(dest="way", metavar="new|check", required=True)
    said = "Write a commented skeleton of what a case must and may give."
    new = ways.add_parser("new", help=said, description=said)
    new.add_argument("model", metavar="MODEL", help="a Vensim .mdl or an XMILE file")
    new.add_argument("-o", "--output", metavar="FILE", help="a .toml file; printed without it")
    new.add_argument("--title", metavar="TEXT", default="", help="what the case is called")
    said = "Say everything that is wrong with presets, and what stays at the home case."
    check = ways.add_parser("check", help=said, description=said)
    check.add_argument("model", metavar="MODEL", help="a Vensim .mdl or an XMILE file")
    check.add_argument(
        "preset", metavar="PRESET", nargs="+",
        help="a TOML file; a.toml+b.toml is a.toml with b.toml laid over it",
    )  # fmt: skip
    check.add_argument("--json", action="store_true", help="all findings as JSON")
    for way in (new, check):
        way.add_argument("--open", metavar="FOLDER", help="another folder the model may read from")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    return _new(args) if args.way == "new" else _check(args)


def _new(args: argparse.Namespace) -> int:
    from sdsim.api.presets import new_preset
    from sdsim.base import files
    from sdsim.base.errors import ModelError

    path = None
    if args.output:
        path = files.writable(Path(args.output), (".toml",))
        if path.exists():
            raise ModelError("already exists", remedy="choose another name", file=args.output)
    text = new_preset(args.model, args.title, data_folder=args.open)
    if path is None:
        sys.stdout.write(text)
    else:
        files.write_text(path, text)
    return 0


def _check(args: argparse.Namespace) -> int:
    from sdsim.base.errors import counted
    from sdsim.presets import case_of, check_preset
    from sdsim.readers import read

    model = read(args.model, data_folder=args.open)
    case = case_of(model, Path(args.model).resolve().parent)
    rows, wrong = [], 0
    for preset in args.preset:
        found = check_preset(model, preset, case)
        errors = sum(f.error for f in found)
        wrong += errors
        rows.append({"preset": preset, "passed": not errors,
                     "findings": [f.to_data() for f in found]})  # fmt: skip
        if not args.json:
            for finding in found:
                print(finding if finding.error else f"note: {finding}")
            notes = counted(len(found) - errors, "note")
            print(f"{preset}: {counted(errors, 'error') if errors else 'no errors'}, {notes}")
    if args.json:
        print(json.dumps(rows, ensure_ascii=False))
    return 1 if wrong else 0
