"""`sdsim check MODEL`: every claim in the model's folder, decided."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from sdsim.run.methods import asked_for

if TYPE_CHECKING:
    from sdsim.claims import Finding, Result, Verdict
    from sdsim.ir.model import Model, Reality

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
    add("--jobs", type=int, metavar="N", help="threads; one for each processor by default")
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
    add("--preset", metavar="FILE", action="append", default=[], help="TOML file of overrides")
    add("--method", choices=("euler", "rk4"), help="the file's by default")
    add("--seed", type=int, default=0, help="of the draws and the random functions")
    add("--open", metavar="FOLDER", help="another folder from which the model may read data")
    add("--json", action="store_true")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from tqdm import tqdm

    from sdsim import load
    from sdsim.backends import Llvm, default_backend
    from sdsim.base.errors import ModelError
    from sdsim.claims import Folder, choose, run_claims, run_realities, verify
    from sdsim.overrides import Overrides
    from sdsim.overrides.preset import read_preset

    if args.draws < 0 or args.draws > 1_000_000:
        raise ModelError(f"--draws is {args.draws}", remedy="0 to 1,000,000")
    if args.jobs is not None and args.jobs < 1:
        raise ModelError(f"--jobs is {args.jobs}", remedy="at least 1")
    method = asked_for(args.method) if args.method else None
    backend = default_backend()
    if isinstance(backend, Llvm) and args.jobs:
        backend = Llvm(threads=args.jobs)
    system = load(args.model, backend=backend, data_folder=args.open)
    folder, overrides = Folder.of(args.model), Overrides()
    for path in args.preset:
        overrides |= read_preset(path).overrides
    if args.loops:
        return _loops(verify(system, folder.loops(), overrides, method), args.json)
    realities = _realities(system.model, args)
    found = folder.claims() if folder.has_claims() or not system.model.reality else ()
    claims = _chosen(found, realities, args)
    drawn = choose(system, overrides, folder.choice()) if args.draws and claims else None
    null = folder.null(system) if args.null and claims else None
    with tqdm(delay=2, disable=not sys.stderr.isatty(), unit="run", file=sys.stderr) as bar:
        results = run_claims(
            system, claims, overrides=overrides, method=method, draws=args.draws,
            ablations=args.ablations, null=null,
            drawn=drawn, seed=args.seed, progress=lambda done, of: _tick(bar, done, of),
        )  # fmt: skip
    decided = run_realities(
        system, overrides, method, chosen=realities, force=args.force, seed=args.seed
    )
    order = sorted(results, key=lambda r: r.evidence is not False)
    if args.json:
        rows = [*(r.to_data() for r in order), *(v.to_data() for v in decided)]
        print(json.dumps(rows, ensure_ascii=False))
    else:
        if order:
            _table(order, len(drawn.cells) if drawn else 0)
        if decided:
            print("\n" * bool(order) + "\n".join(_decided(decided)))
    failed = any(v.status == "fails" for v in decided)
    return 0 if all(r.as_expected for r in results) and not failed else 1


def _tick(bar: Any, done: int, of: int) -> None:
    bar.total = of
    bar.update(done - bar.n)


def _realities(model: Model, args: argparse.Namespace) -> list[Reality]:
    """The reality checks that are asked for; they have no tier and no kind."""
    from sdsim.base import names
    from sdsim.claims import constraints

    if args.tier is not None or args.kind is not None:
        return []
    wanted = {names.canonical(i) for i in args.id}
    return [r for r in constraints(model) if not wanted or names.canonical(r.name) in wanted]


def _chosen(
    claims: tuple[Any, ...], realities: list[Reality], args: argparse.Namespace
) -> list[Any]:
    from sdsim.base import names
    from sdsim.base.errors import ModelError, suggested

    ids = [c.id for c in claims]
    real = {names.canonical(r.name) for r in realities}
    for wanted in args.id:
        if wanted not in ids and names.canonical(wanted) not in real:
            raise ModelError(f"no claim '{wanted}'", remedy=suggested(wanted, ids))
    found = [
        c for c in claims
        if (not args.id or c.id in args.id)
        and args.tier in (None, c.tier) and args.kind in (None, c.kind)
    ]  # fmt: skip
    if not found and not realities:
        raise ModelError("no claim is left", remedy="--id, --tier and --kind leave none")
    return found


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


def _table(results: list[Result], drawn: int) -> None:
    head = ("id", "status", "margin", "ablations", "null", "±25 %", "±50 %", "data")
    rows = [head, *(_row(r) for r in results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        print("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
    print()
    for r in results:
        if not r.as_expected:
            print(f"{r.claim.id}: {r.status}, expected {r.claim.expect}: {r.reason or 'passes'}")
        elif r.reason:
            print(f"{r.claim.id}: {r.status}: {r.reason}")
        for a in r.ablations:
            if a.breaks is False or a.margin is None:
                why = a.reason or "the check still holds"
                print(f"{r.claim.id}: ablation '{a.name}': {why}")
        for label, value in r.reported.items():
            shown = value if isinstance(value, bool) or value is None else f"{value:.4g}"
            print(f"{r.claim.id}: {label}: {shown}")
    print(_summary(results, drawn))


def _decided(verdicts: tuple[Verdict, ...]) -> list[str]:
    """A line for each reality check, and how many came to what."""
    from collections import Counter

    lines = []
    width = max(len(v.name) for v in verdicts)
    for v in verdicts:
        said = v.reason
        if v.part:
            sides = [f"{x:.6g}" for x in (v.left, v.right) if x is not None]
            said = f"at time {v.time:.10g}: {v.part}" + f" ({' and '.join(sides)})" * bool(sides)
        if v.inputs:
            said = f"with {', '.join(v.inputs)}" + f": {said}" * bool(said)
        lines.append(f"{v.name.ljust(width)}  {v.status.ljust(13)}  {said}".rstrip())
    counts = Counter(v.status for v in verdicts)
    parts = [f"{n} {'hold' if s == 'holds' else 'fail' if s == 'fails' else s}"
             for s, n in sorted(counts.items())]  # fmt: skip
    return [*lines, ", ".join([f"{len(verdicts)} reality checks", *parts])]


def _row(r: Result) -> tuple[str, ...]:
    counted = [a for a in r.ablations if a.breaks is not None]
    null = {None: "", False: "definitional", True: "evidence"}[r.evidence]
    if r.definitional is not None and r.evidence is None:
        null = "-"
    return (
        r.claim.id,
        r.status + ("" if r.as_expected else " !"),
        "" if r.margin is None else f"{100 * r.margin:+.1f} %",
        f"{sum(bool(a.breaks) for a in counted)}/{len(counted)} break" if counted else "",
        null,
        *(_interval(r, s) for s in (0.25, 0.5)),
        r.claim.data,
    )


def _interval(r: Result, spread: float) -> str:
    share = r.share(spread)
    if share is None:
        return ""
    low, high = share.interval
    return f"{100 * share.share:.0f} % ({100 * low:.0f}-{100 * high:.0f})"


def _summary(results: list[Result], drawn: int) -> str:
    from collections import Counter

    counts = Counter(r.status for r in results)
    parts = [f"{len(results)} claims", *(f"{n} {s}" for s, n in sorted(counts.items()))]
    known = [r.evidence for r in results if r.evidence is not None]
    if known:
        parts.append(f"{known.count(False)} definitional, {known.count(True)} evidence")
    broken = [a.breaks for r in results for a in r.ablations if a.breaks is not None]
    if broken:
        parts.append(f"{sum(broken)} of {len(broken)} ablations break their check")
    if drawn:
        parts.append(f"{drawn} constants drawn")
    unexpected = sum(not r.as_expected for r in results)
    return ", ".join([*parts, f"{unexpected} not as expected"])
