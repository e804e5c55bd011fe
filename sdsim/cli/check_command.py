"""`sdsim check MODEL`: decide every claim in the model's folder."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from sdsim.cli.options import add_preset_option, preset_of
from sdsim.run.methods import batch_names, method_named

if TYPE_CHECKING:
    from sdsim.claims import Finding

HELP = "Decide the claims in the model's folder, and the reality checks in its file."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    add = parser.add_argument
    add(
        "model",
        metavar="MODEL",
        help="a model with a folder 'claims' beside it, or a Vensim .mdl file with reality checks",
    )
    add("--draws", type=int, default=1000, metavar="N", help="draws of the constants; 0 for none")
    add(
        "--posterior",
        metavar="STORE",
        help="take these draws instead: the folder of a posterior, or STORE:GROUP",
    )
    add("--threads", type=int, metavar="N", help="threads; one for each processor by default")
    add(
        "--id",
        nargs="+",
        action="extend",
        default=[],
        metavar="ID",
        help="these claims and reality checks only",
    )
    add("--tier", type=int, metavar="N", help="claims of this tier only")
    add("--kind", metavar="KIND", help="claims of this kind only")
    add("--ablations", action=argparse.BooleanOptionalAction, default=True)
    add("--null", action=argparse.BooleanOptionalAction, default=True,
        help="put the checks to the toy and to the model with its loops held")  # fmt: skip
    add(
        "--force",
        action="store_true",
        help="make inequalities in conditions of reality checks true, as Vensim does",
    )
    add("--loops", action="store_true", help="find the declared loops in the equations instead")
    add_preset_option(parser)
    add("--method", choices=batch_names(), help="the file's by default")
    add("--seed", type=int, default=0, help="of the draws and the random functions")
    add("--open", metavar="FOLDER", help="another folder from which the model may read data")
    add("--json", action="store_true")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from tqdm import tqdm

    from sdsim.api.checks import check
    from sdsim.backends import Llvm, default_backend
    from sdsim.base.errors import ModelError
    from sdsim.claims import Folder, verify
    from sdsim.run.system import load

    if args.draws < 0 or args.draws > 1_000_000:
        raise ModelError(f"--draws is {args.draws}", remedy="write a number from 0 to 1,000,000")
    if args.threads is not None and args.threads < 1:
        raise ModelError(f"--threads is {args.threads}", remedy="write a number from 1")
    method = method_named(args.method) if args.method else None
    backend = default_backend()
    if isinstance(backend, Llvm) and args.threads:
        backend = Llvm(threads=args.threads)
    system = load(args.model, backend=backend, data_folder=args.open)
    folder, overrides = Folder.of(args.model), preset_of(args)
    if args.loops:
        return _loops(verify(system, folder.loops(), overrides, method), args.json)
    with tqdm(delay=2, disable=not sys.stderr.isatty(), unit="run", file=sys.stderr) as bar:
        found = check(
            system, overrides, method, folder=folder.path, draws=args.draws,
            posterior=args.posterior, ids=args.id,
            tier=args.tier, kind=args.kind, ablations=args.ablations, null=args.null,
            force=args.force, seed=args.seed, progress=lambda done, of: _tick(bar, done, of),
        )  # fmt: skip
    print(json.dumps(found.to_data(), ensure_ascii=False) if args.json else found)
    return 0 if found.passed else 1


def _tick(bar: Any, done: int, of: int) -> None:
    bar.total = of
    bar.update(done - bar.n)


def _loops(findings: tuple[Finding, ...], as_json: bool) -> int:
    from sdsim.base.errors import ModelError

    if not findings:
        raise ModelError("no loops are declared", remedy="loops.toml in the model's folder")
    good = sum(not f.problem for f in findings)
    if as_json:
        rows = [
            {"name": f.loop.name, "polarity": f.loop.polarity, "links": list(f.loop.links),
             "signs": list(f.signs), "found": not f.problem, "problem": f.problem}
            for f in findings
        ]  # fmt: skip
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for f in findings:
            mark = "FAIL" if f.problem else "ok  "
            print(f"{mark}  {f.loop.polarity}  {f.loop.name}  [{' '.join(f.signs)}]  {f.problem}")
        print(f"{good} of {len(findings)} loops found with their polarity")
    return 0 if good == len(findings) else 1
