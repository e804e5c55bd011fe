"""`sdsim info MODEL`: what is in a model."""

from __future__ import annotations

import argparse
import json
from typing import Any

HELP = "List stocks, flows, auxiliaries, constants, lookups, subscripts, units and size."

_KINDS = ("stock", "flow", "auxiliary", "constant", "lookup", "data")


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--program", action="store_true", help="print the lowered program instead")
    parser.add_argument("--open", metavar="FOLDER", help="another folder the model may read from")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim import load

    system = load(args.model, data_folder=args.open)
    if args.program:
        print(system.program)
        return 0
    facts = describe(system)
    if args.json:
        print(json.dumps(facts, ensure_ascii=False))
        return 0
    size = facts["size"]
    print(f"{facts['name']}: {facts['file']}")
    print(", ".join(f"{size[k]} {k if size[k] == 1 else _plural(k)}" for k in _KINDS if size[k]))
    print(f"{size['elements']} elements, {size['operations']} operations a step")
    print("time: " + ", ".join(f"{k} {v}" for k, v in facts["time"].items()))
    for name, elements in facts["subscripts"].items():
        print(f"subscript {name}: {', '.join(elements)}")
    for kind in _KINDS:
        rows = [v for v in facts["variables"] if v["kind"] == kind]
        if rows:
            print(f"\n{_plural(kind)}")
        for v in rows:
            dims = f"[{','.join(v['subscripts'])}]" if v["subscripts"] else ""
            print(f"  {v['name']}{dims}  ({v['units'] or 'no units'})")
    for note in facts["notes"]:
        print(f"note: {note}")
    return 0


def _plural(kind: str) -> str:
    return {"auxiliary": "auxiliaries", "data": "data series"}.get(kind, f"{kind}s")


def describe(system: Any) -> dict[str, Any]:
    """Everything `info` shows, as plain data."""
    from sdsim.base import names

    model, kinds = system.model, system.kinds
    shown = {k: v for k, v in model.variables.items() if not v.hidden and k not in names.CONTROL}
    counts = {kind: sum(kinds[k] == kind for k in shown) for kind in _KINDS}
    control = {
        name.upper(): system.program.defaults[i]
        for i, (name, _) in enumerate(system.program.param_cells)
        if name in names.CONTROL
    }
    return {
        "name": model.name,
        "file": model.file,
        "hash": model.hash,
        "size": {
            **counts,
            "elements": len(system.program.outputs),
            "states": len(system.program.states),
            "operations": sum(system.program.dynamic),
        },
        "time": control,
        "subscripts": {d.name: list(d.labels) for d in model.dimensions.values()},
        "variables": [
            {
                "name": v.name,
                "kind": kinds[k],
                "units": v.units,
                "subscripts": [model.dimensions[d].name for d in v.dims],
                "group": v.group,
                "documentation": v.doc,
                "limits": list(v.limits),
                "line": v.line,
            }
            for k, v in shown.items()
        ],
        "notes": list(model.notes),
    }
