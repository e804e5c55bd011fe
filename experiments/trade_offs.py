"""How should control and openness move over thirty years, if nothing is to be had for nothing?

Searches paths of border enforcement, legal openness and interior enforcement (four knots each, 1990
to 2020) for those that no other path beats in irregular migrants and remittances at once, each judged
by the same draws of every assumed or borrowed constant, and writes `figures/trade_offs.html`.

Finding: fewer irregular migrants cost money home, whatever the path. Almost all along the front the legal
doors stand open from 2000 on; what moves along it is how early enforcement rises, inside the country
first of all. Every number on the page is written from the runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from sdsim.analyses.pareto import hypervolume
from sdsim.design import Lever
from sdsim.overrides.piecewise import knot
from sdsim.plots import Dots, Line, Panel, Section, panels, write_index, write_page
from sdsim.study.search import judged, search
from sdsim.sweeps import read_sweep

ROOT = Path(__file__).resolve().parent.parent
SPEC = Path(__file__).with_suffix(".toml")
PAGE = ROOT / "figures" / "trade_offs.html"
KNOTS = (1990.0, 2000.0, 2010.0, 2020.0)
PATHS = ("Border enforcement policy", "Legal openness policy", "Interior enforcement policy")
JUDGES = 128
LEAD = """
Each dot is a policy of three paths, from -1 (the lowest feasible level) over 0 (as history had it) to
1 (the highest), straight between 1990, 2000, 2010 and 2020. No dot is beaten in both outcomes at once
by another that was tried. Conditional on these assumptions: the model's equations, its preset for
Mexico and the United States, and means over draws of every assumed or borrowed constant within 25 per cent of its
value. Scenarios, never forecasts.
"""


def main() -> None:
    """Search and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--generations", type=int, default=40, help="of the search (40)")
    parser.add_argument("--population", type=int, default=48, help="policies of a generation (48)")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes")
    args = parser.parse_args()
    sweep = read_sweep(SPEC)
    draws = sweep.design.count
    names = [o.name for o in sweep.outcomes]
    units = {o.name: o.units for o in sweep.outcomes}
    better = [o.better for o in sweep.outcomes]
    how = {"draws": draws, "population": args.population}
    two = search(sweep, names[:2], generations=args.generations, **how)
    three = search(sweep, names, generations=args.generations, **how)
    half = search(sweep, names[:2], generations=max(args.generations // 2, 1), **how)
    worst = [two.y[:, 0].max() * 1.01, two.y[:, 1].min() * 0.99]
    grown = hypervolume(two.y, worst, better[:2]) / hypervolume(half.y, worst, better[:2]) - 1

    picks = np.unique(np.linspace(0, len(two.x) - 1, 4).round().astype(int))
    words = [f"{two.y[i, 0]:,.0f} thousand irregular" for i in picks]
    at = {lever: k for k, lever in enumerate(two.levers)}
    paths = [
        Panel(name.removesuffix(" policy"), [
            Line(words[n], KNOTS, [two.x[i, at[knot(name, t)]] for t in KNOTS], colour=n)
            for n, i in enumerate(picks)
        ], "year", "-1 lowest to 1 highest", (-1.05, 1.05))
        for name in PATHS
    ]  # fmt: skip
    plane = panels([
        Panel("Two outcomes at once", [
            Dots("beaten by none in these two", two.y[:, 0], two.y[:, 1], units[names[1]]),
            Dots("beaten by none in three", three.y[:, 0], three.y[:, 1], units[names[1]], colour=2,
                 open=True, definition="With ties between the countries as a third outcome."),
        ], f"{names[0]} ({units[names[0]]})", f"{names[1]} ({units[names[1]]})"),
    ], columns=1, height=460)  # fmt: skip
    spread = np.quantile(judged(sweep, two.x[picks], draws=JUDGES), [0.05, 0.95], axis=1)
    table = [["", *words]]
    for k, name in enumerate(names[:2]):
        ends = [f"({spread[0, n, k]:,.0f} to {spread[1, n, k]:,.0f})" for n in range(len(picks))]
        means = [f"{two.y[i, k]:,.0f}" for i in picks]
        table.append([f"{name}, {units[name]}", *map(" ".join, zip(means, ends, strict=True))])
    table += [[lever, *(f"{two.x[i, k]:.2f}" for i in picks)] for lever, k in at.items()]
    levers = sum(isinstance(f, Lever) for f in sweep.design.factors)
    doubts = len(sweep.design.factors) - levers
    write_page(
        args.page, str(sweep.about["title"]),
        [
            Section("What has to be given up", plane,
                    text=f"From the left end to the right, irregular migration rises from {two.y[0, 0]:,.0f} to "
                    f"{two.y[-1, 0]:,.0f} thousand, and money home from {two.y[0, 1]:,.0f} to {two.y[-1, 1]:,.0f} "
                    "million dollars a year.",
                    note=f"{two.evaluations:,} policies of {levers} levers were tried for two outcomes, "
                    f"{three.evaluations:,} for three, each with the same {draws} draws of {doubts} constants; "
                    f"the second half of the search enlarged what the front beats by {grown:.1%}."),
            Section("The paths behind it", panels(paths, columns=1, height=300), table=table,
                    text="Four policies along the front, from the fewest irregular migrants to the most money home. "
                    "Where neighbours on the front follow different paths, that lever hardly matters there. In the table: "
                    f"means, and 5 to 95 per cent of {JUDGES} draws."),
        ],
        lead=LEAD,
    )  # fmt: skip
    write_index(PAGE.parent)
    print(
        f"{two.evaluations + three.evaluations:,} policies; front of {len(two.x)} and {len(three.x)}"
    )
    print(
        f"the page is {args.page.relative_to(ROOT) if args.page.is_relative_to(ROOT) else args.page}"
    )


if __name__ == "__main__":
    main()
