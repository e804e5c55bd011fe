"""Who holds the cards: how far does each lever of either state move what happens, over all doubts?

Puts each lever of the cross-border model at both ends of its feasible range, alone, from 1990 on, under
the same draws of every assumed or borrowed constant, and writes `figures/who_holds_the_cards.html`.

Finding: the receiving state holds the cards on papers (naturalisation by far, irregular migrants mostly);
on numbers, money and ties the sending state reaches as far or farther, but only by closing the exit, a
card that few states still play. Without exit control the receiving state reaches farther on everything
but attention to the homeland, where outreach does. The page's numbers are written from the runs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from sdsim.base.numerals import style_of
from sdsim.design import Crossed, Policy
from sdsim.plots import Section, write_index, write_page
from sdsim.plots.estimates import Estimate, Rows, estimates
from sdsim.sweeps import read_sweep, run_sweep

ROOT = Path(__file__).resolve().parent.parent
SPEC = Path(__file__).with_suffix(".toml")
PAGE = ROOT / "figures" / "who_holds_the_cards.html"
HOLDERS = {
    "receiving state": (
        "Border enforcement", "Interior enforcement", "Legal openness", "Naturalisation bar",
        "Dual citizenship host rule", "Guest programme", "Regularisation rate", "Asylum openness",
        "Reunification rules", "Visitor visas", "Judicial independence", "Rights for non citizens",
        "Integration", "Remittance tax",
    ),
    "sending state": (
        "Dual citizenship home rule", "Outreach", "Remittance fee cut", "Consular ID",
        "Matching funds", "External vote", "Registration cost", "Exit control", "Return incentives",
    ),
    "neither alone": (
        "Call cost", "Travel cost", "Hegemon leadership", "Issue linkage", "Free movement treaty",
        "Multilateral regime", "Trade openness",
    ),
}  # fmt: skip
LEAD = """
Every lever at the lowest and at the highest level that was ever feasible somewhere, one at a time, from
1990 on; all other things as history had them. Reach is the distance between the two. Conditional on
these assumptions: the model's equations, its feasible ranges, its preset for Mexico and the United
States, and draws of every assumed or borrowed constant within 25 per cent.
"""


def sign(change: np.ndarray) -> str:
    """Which way an outcome goes as a lever goes up, over draws."""
    return "↑" if (change > 0).mean() >= 0.95 else "↓" if (change < 0).mean() >= 0.95 else "↕"


def main() -> None:
    """Move each lever and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--draws", type=int, help="draws of the uncertainties")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes")
    args = parser.parse_args()
    sweep = read_sweep(SPEC)
    given = sweep.design
    assert isinstance(given, Crossed)
    levers = [(holder, lever) for holder, own in HOLDERS.items() for lever in own]
    policies = [Policy("history")]
    for _, lever in levers:
        policies += [
            Policy(f"{lever} {end:+d}", {f"{lever} policy": float(end)}) for end in (-1, 1)
        ]
    draws = replace(given.draws, count=args.draws) if args.draws else given.draws
    base = {f"{lever} policy": 0.0 for _, lever in levers}
    design = Crossed(tuple(policies), draws, base)
    found = run_sweep(replace(sweep, design=design))
    y = found["outcomes"].values.reshape(draws.count, len(policies), -1)
    good = np.isfinite(y).all(axis=(1, 2))
    y = y[good]
    change = y[:, 2::2] - y[:, 1::2]  # (draw, lever, outcome)
    reach = np.abs(change)
    rows = []
    table = [[
        "outcome", "unit", "receiving", "sending", "sending without exit control",
        "receiving over sending", "over sending without exit control",
    ]]  # fmt: skip
    words = []
    for k, outcome in enumerate(sweep.outcomes):
        size = np.abs(np.median(y[:, 0, k]))
        middle = np.median(reach[:, :, k], axis=0) / size
        low, high = np.quantile(reach[:, :, k], [0.05, 0.95], axis=0) / size
        order = np.argsort(-middle)[:10]
        signs = [sign(change[:, i, k]) for i in range(len(levers))]
        series = []
        for holder in HOLDERS:
            items = [
                Estimate(f"{levers[i][1]} {signs[i]}", 100 * middle[i], 100 * low[i], 100 * high[i])
                for i in order
                if levers[i][0] == holder
            ]
            series.append((holder, items))
        labels = [f"{levers[i][1]} {signs[i]}" for i in order]
        rows.append(Rows(outcome.name, series, "reach, % of the median under history", labels))
        most = {
            holder: reach[:, [i for i, (h, _) in enumerate(levers) if h == holder], k].max(axis=1)
            for holder in HOLDERS
        }
        free = [
            i
            for i, (h, lever) in enumerate(levers)
            if h == "sending state" and lever != "Exit control"
        ]
        most["sending without exit control"] = reach[:, free, k].max(axis=1)
        ratios = [
            np.quantile(most["receiving state"] / np.maximum(most[h], 1e-300), [0.05, 0.5, 0.95])
            for h in ("sending state", "sending without exit control")
        ]
        shown = [f"{b:.1f} ({a:.1f} to {c:.1f})" for a, b, c in ratios]
        sizes = ("receiving state", "sending state", "sending without exit control")
        medians = [float(np.median(most[h])) for h in sizes]
        style = style_of(medians, 3)
        table.append([outcome.name, outcome.units, *(style(v) for v in medians), *shown])
        words.append(f"{outcome.name} {shown[0]}, without exit control {shown[1]}")
    write_page(
        args.page, str(sweep.about["title"]),
        [
            Section("Receiving against sending state", table=table,
                    text="The reach of the strongest lever of either state, median over draws; then the reach of the "
                    "receiving state's over that of the sending state's in the same draw, median and 5 to 95 % of draws: "
                    "above 1 the receiving state reaches farther.",
                    note=f"{int(good.sum()):,} draws, {len(levers)} levers, {design.count:,} runs."),
            Section("Which levers reach how far", estimates(rows),
                    text="The ten levers that reach farthest on each outcome, coloured by who holds them. ↑ a higher level "
                    "of the lever raises the outcome in at least 95 % of draws, ↓ it lowers it, ↕ it does either.",
                    note="Dots: median over draws; bars: 5 to 95 %."),
        ],
        lead=LEAD,
    )  # fmt: skip
    write_index(PAGE.parent)
    print(f"{design.count:,} runs; receiving over sending: {'; '.join(words)}")
    print(
        f"the page is {args.page.relative_to(ROOT) if args.page.is_relative_to(ROOT) else args.page}"
    )


if __name__ == "__main__":
    main()
