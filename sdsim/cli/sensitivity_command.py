"""`sdsim sensitivity SPEC`: a sweep, and what its outcomes depend on."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from sdsim.cli.progress import Bar, busy
from sdsim.errors import ModelError

HELP = "Run a sweep and say what its outcomes depend on: indices, screening, boxes, rankings."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `sdsim.cli.main.Command`."""
    parser.add_argument("spec", metavar="SPEC", help="a TOML file; its design chooses the method")
    parser.add_argument(
        "-o", "--output", metavar="STORE", help="keep the runs; in memory without it"
    )
    parser.add_argument("--resume", action="store_true", help="use the runs that STORE has")
    parser.add_argument("--jobs", metavar="N", type=int, help="workers where a store is written")
    parser.add_argument("--page", metavar="FILE", help="write a page of figures, .html")
    parser.add_argument("--resamples", metavar="N", type=int, default=1000, help="of the bootstrap")
    parser.add_argument("--level", type=float, default=0.95, help="of the intervals")
    parser.add_argument("--json", action="store_true", help="everything as JSON")


def execute(args: argparse.Namespace) -> int:
    """See `sdsim.cli.main.Command`."""
    from sdsim.study import Settings, study
    from sdsim.sweep import read_sweep, run_sweep

    if args.page and Path(args.page).suffix != ".html":
        raise ModelError("expected a file ending in .html", file=args.page)
    with busy(f"reading {args.spec}"):
        sweep = read_sweep(args.spec)
    with Bar(sweep.design.count, "runs") as bar:
        found = run_sweep(
            sweep, args.output, jobs=args.jobs, resume=args.resume,
            progress=lambda s: bar.show(s.done, s.before, s.failed),
        )  # fmt: skip
    with busy("analysing"):
        said = study(found, sweep.design, Settings(args.resamples, args.level, sweep.seed))
    if args.page:
        from sdsim.plot.study import write_study

        write_study(args.page, said, str(sweep.about.get("title", "")))
    if args.json:
        print(json.dumps(said.to_data()))
    else:
        print("\n".join(lines(said)))
    return 0


def lines(said: Any) -> list[str]:
    """A table for each method and outcome, then the notes."""
    out = []
    for method, by in said.results.items():
        for name, result in by.items():
            out += TABLES[method](said, name, result) if method in TABLES else []
    out += [f"note: {n}" for n in said.notes]
    out.append(f"{said.members:,} members, design: {said.design}; conditional on the model and on "
               "the ranges of its factors")  # fmt: skip
    return out


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    return [
        "  ".join(
            c.ljust(w) if i == 0 else c.rjust(w)
            for i, (c, w) in enumerate(zip(r, widths, strict=True))
        )
        for r in [head, *rows]
    ]


def _titled(said: Any, k: int, what: str) -> str:
    unit = f" ({said.units[k]})" if said.units[k] else ""
    return f"\n{said.outcomes[k]}{unit}: {what}"


def _sobol(said: Any, name: str, r: Any) -> list[str]:
    out = []
    for k in range(len(said.outcomes)):
        if not r.varies[k]:
            continue
        order = sorted(range(len(r.factors)), key=lambda i: -r.total.value[i, k])
        rows = [
            [r.factors[i]] + [
                f"{part.value[i, k]:.3f} [{part.low[i, k]:.3f}, {part.high[i, k]:.3f}]"
                for part in (r.first, r.total)
            ]
            for i in order
        ]  # fmt: skip
        what = f"shares of variance, {r.level:.0%} intervals"
        out += [_titled(said, k, what), *_table(["factor", "first order", "total"], rows)]
    return out


def _morris(said: Any, name: str, r: Any) -> list[str]:
    out = []
    for k in range(len(said.outcomes)):
        order = sorted(range(len(r.factors)), key=lambda i: -r.star[i, k])
        rows = [
            [r.factors[i], f"{r.star[i, k]:.4g} [{r.low[i, k]:.4g}, {r.high[i, k]:.4g}]",
             f"{r.mean[i, k]:.4g}", f"{r.deviation[i, k]:.4g}"]
            for i in order
        ]  # fmt: skip
        what = "change over a factor's whole range"
        head = ["factor", "size", "mean", "deviation"]
        out += [_titled(said, k, what), *_table(head, rows)]
    return out


def _tornado(said: Any, name: str, r: Any) -> list[str]:
    out = []
    for k in range(len(said.outcomes)):
        rows = [
            [r.factors[i], f"{r.low[i, k]:+.4g}", f"{r.high[i, k]:+.4g}",
             f"[{r.low_band[0, i, k]:+.4g}, {r.low_band[1, i, k]:+.4g}]",
             f"[{r.high_band[0, i, k]:+.4g}, {r.high_band[1, i, k]:+.4g}]"]
            for i in r.order(k)
        ]  # fmt: skip
        what = f"change from {r.centre[k]:.5g} at the low and the high end of one factor"
        head = ["factor", "low", "high", "low, 5-95 %", "high, 5-95 %"]
        out += [_titled(said, k, what), *_table(head, rows)]
    return out


def _pawn(said: Any, name: str, r: Any) -> list[str]:
    out = []
    for k in range(len(said.outcomes)):
        order = sorted(range(len(r.factors)), key=lambda i: -r.median[i, k])
        rows = [[r.factors[i], f"{r.median[i, k]:.3f}", f"{r.largest[i, k]:.3f}"] for i in order]
        what = f"how far a known factor moves the distribution (nothing: {r.dummy[k]:.3f})"
        out += [_titled(said, k, what), *_table(["factor", "median", "largest"], rows)]
    return out


def _box(said: Any, name: str, r: Any) -> list[str]:
    words = r.words() or ["no box: nothing but chance"]
    return [
        f"\n{name}: holds in {r.density:.0%} of the members with", *(f"  {w}" for w in words),
        f"  which are {r.mass:.0%} of all, and {r.coverage:.0%} of those in which it holds",
    ]  # fmt: skip


def _ranking(said: Any, name: str, r: Any) -> list[str]:
    rows = [
        [r.policies[i], f"{r.mean[i]:.5g} [{r.mean_low[i]:.5g}, {r.mean_high[i]:.5g}]",
         f"{r.regret[i, 0]:.4g}", f"{r.regret[i, 1]:.4g}", f"{r.best[i]:.0%}"]
        for i in r.order()
    ]  # fmt: skip
    head = ["policy", "mean", "mean regret", "regret, 90 %", "best in"]
    k = said.outcomes.index(name)
    return [_titled(said, k, f"{r.better} is better"), *_table(head, rows)]


TABLES = {
    "sobol": _sobol, "morris": _morris, "tornado": _tornado, "pawn": _pawn, "box": _box,
    "ranking": _ranking,
}  # fmt: skip
