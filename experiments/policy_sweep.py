"""Control, dual citizenship, the naturalisation bar and outreach: which combination survives our doubts?

Crosses all 81 combinations of four levers (lowest, history, highest from 1990 on) with draws of every
assumed or borrowed constant of the cross-border model within 25 per cent, and writes
`figures/policy_sweep.html`.

Finding: doubt about the parameters moves stocks and money several times as far as any combination of
these levers, but the naturalised share less than the bar does; within a draw the order of the policies
is steadier. Border control at its highest cuts irregular migration, money home and ties together; the
bar rules naturalisation; outreach moves little. Under a realist state the order for irregular
migration hardly survives. Every number on the page is written from the runs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

import sdsim
from sdsim.analyses.pareto import front
from sdsim.analyses.policy import rank, rank_stability, worse_before_better
from sdsim.base.numerals import shown
from sdsim.design import Crossed
from sdsim.plots import Band, Line, Panel, Section, panels, write_index, write_page
from sdsim.plots.estimates import Estimate, Rows, estimates, regret
from sdsim.sweeps import Sweep, read_sweep, run_sweep

ROOT = Path(__file__).resolve().parent.parent
SPEC = Path(__file__).with_suffix(".toml")
PAGE = ROOT / "figures" / "policy_sweep.html"
SHORT = {
    "Border enforcement policy": "border",
    "Dual citizenship home rule policy": "dual citizenship",
    "Naturalisation bar policy": "bar",
    "Outreach policy": "outreach",
}
#: Rival theories as the model's own switches; the first world is the model as it stands.
RIVALS = {
    "the model": {},
    "lasting ties": {"Ties theory": 2.0},
    "assimilation": {"Ties theory": 3.0},
    "technology": {"Ties theory": 4.0},
    "realist": {"State theory": 2.0},
    "globalist": {"State theory": 3.0},
    "deterrence only": {"Deterrence only switch": 1.0},
}
LEAD = """
Four levers at their lowest and highest feasible level or as history had them, in all 81 combinations,
from 1990 on; every combination meets the same draws of every assumed or borrowed constant, each within 25 per
cent of its value and its declared range. Conditional on these assumptions: the model's equations, its preset for Mexico and
the United States, independent uniform ranges. Scenarios, never forecasts.
"""


def label(title: str) -> str:
    """A combination in words: levers that history leaves alone are not named."""
    parts = []
    for part in title.split(", "):
        name, _, value = part.rpartition(" ")
        if float(value):
            parts.append(f"{SHORT[name]} {'high' if float(value) > 0 else 'low'}")
    return ", ".join(parts) or "history"


def tables(sweep: Sweep) -> tuple[list[str], np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Policies; outcomes (n_outcome, n_policy, n_draw); series (n_policy, n_draw, n_time); time."""
    design = sweep.design
    assert isinstance(design, Crossed)
    found = run_sweep(sweep)
    shape = (design.draws.count, len(design.policies))
    outcomes = found["outcomes"].values.reshape(*shape, -1).transpose(2, 1, 0)
    series = {
        name: found[name].values.reshape(*shape, -1).transpose(1, 0, 2) for name in sweep.save
    }
    time = found["time"].values if series else np.zeros(0)
    return [label(p.title) for p in design.policies], outcomes, series, time


def main() -> None:
    """Run the sweep and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--draws", type=int, help="draws of the uncertainties")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes")
    args = parser.parse_args()
    sweep = read_sweep(SPEC)
    assert isinstance(sweep.design, Crossed)
    if args.draws:
        draws = replace(sweep.design.draws, count=args.draws)
        sweep = replace(sweep, design=replace(sweep.design, draws=draws))
    policies, outcomes, series, time = tables(sweep)
    base = policies.index("history")
    single = [i for i, p in enumerate(policies) if "," not in p]
    names = [policies[i] for i in single]
    ranked = {
        o.name: rank(outcomes[k][single], names, o.better) for k, o in enumerate(sweep.outcomes)
    }
    whole = {o.name: rank(outcomes[k], policies, o.better) for k, o in enumerate(sweep.outcomes)}
    units = {o.name: o.units for o in sweep.outcomes}
    draws = next(iter(ranked.values())).used

    rows, best_words = [], []
    best = [
        ["outcome", "best by its mean", "mean over draws, 95 % interval", "the best of all 81 in"]
    ]
    spread = [["outcome", "between draws", "between policies", "multiple"]]
    for k, name in enumerate(ranked):
        gain = outcomes[k][single] - outcomes[k][base]
        items = []
        for i in np.argsort(np.median(gain, axis=1)):
            if names[i] == "history":
                continue
            low, middle, high = np.quantile(gain[i], [0.05, 0.5, 0.95])
            items.append(Estimate(names[i], middle, low, high))
        rows.append(Rows(name, [("median change from history in the same draw, 5 to 95 % of draws", items)],
                         f"change, {units[name]}", mark=0.0))  # fmt: skip
        w = whole[name]
        top = w.order()[0]
        best_words.append(
            f"{name}: {w.policies[top]} has the best mean and is the best of all 81 in {w.best[top]:.0%} of draws"
        )
        best.append([
            f"{name} ({units[name]})", w.policies[top],
            f"{shown(w.mean[top])} ({shown(w.mean_low[top])} to {shown(w.mean_high[top])})",
            f"{w.best[top]:.0%} of draws",
        ])  # fmt: skip
        within = np.ptp(np.median(outcomes[k], axis=1))
        across = float(np.subtract(*np.quantile(outcomes[k][base], [0.95, 0.05])))
        spread.append([f"{name} ({units[name]})", shown(across, 3), shown(within, 3),
                       f"{across / max(within, 1e-300):.1f}"])  # fmt: skip
    wbb = {
        name: worse_before_better(values[single], time, names, names.index("history"),
                                  "low" if name == "Irregular stock" else "high")
        for name, values in series.items()
    }  # fmt: skip
    table = [
        ["series", "policy", "first worse, then better in", "depth, share of range", "made good by"]
    ]
    for name, w in wbb.items():
        for i in np.argsort(-w.share)[:3]:
            if w.share[i] > 0.05:
                table.append([name, names[i], f"{w.share[i]:.0%} of draws", f"{w.depth[i]:.1%}",
                              f"{w.until[i]:.0f}"])  # fmt: skip

    worlds = []
    for extra in RIVALS.values():
        changed = replace(sweep, save=(), params=sweep.params | sdsim.Overrides(extra))
        keep = tuple(f for f in changed.design.draws.factors if f.name not in extra)
        draws_of = replace(changed.design.draws, factors=keep)
        worlds.append(tables(replace(changed, design=replace(changed.design, draws=draws_of)))[1])
    rivals = [["outcome", *list(RIVALS)[1:], "pairs that keep their order"]]
    for k, o in enumerate(sweep.outcomes):
        s = rank_stability(np.stack([w[k][single] for w in worlds]), list(RIVALS), names, o.better)
        rivals.append([o.name, *(f"{t:.2f}" for t in s.tau[0, 1:]), f"{s.keeps.mean():.0%}"])

    means = np.stack([np.nanmean(o, axis=1) for o in outcomes], axis=1)
    kept = front(means, [o.better for o in sweep.outcomes])
    fans = [
        Panel(name, [
            Band("5 to 95 % of draws", time, *np.quantile(values[base], [0.05, 0.95], axis=0)),
            Band("25 to 75 %", time, *np.quantile(values[base], [0.25, 0.75], axis=0)),
            Line("history, median", time, np.median(values[base], axis=0)),
            *(Line(policies[i], time, np.median(values[i], axis=0), colour=n + 1, dash=1)
              for n, i in enumerate(single) if policies[i].startswith("border")),
        ], "year", unit)
        for (name, values), unit in zip(series.items(), ("thousand people", "million 2011 dollars a year", "0 to 1"), strict=True)
    ]  # fmt: skip
    write_page(
        args.page, str(sweep.about["title"]),
        [
            Section("How wide the doubt is", panels(fans), table=spread,
                    text="Bands: draws with the levers as history had them. Dashed: medians with the border at its "
                    "lowest and highest. Table: the distance between the 5 and the 95 % draw with the levers as history "
                    "had them, that between the lowest and the highest median of all 81 policies, and the first as a "
                    "multiple of the second."),
            Section("What one lever changes", estimates(rows),
                    text="Each policy is compared with history within the same draw, so that the doubt both share drops out. "
                    "Where the bar crosses the dotted line, the sign of the effect is not known.",
                    note=f"{draws:,} draws, the same for every policy."),
            Section("Regret", regret(list(ranked.items())),
                    text="Loss against the best of the single levers in each draw, on average; in units of the outcome, "
                    "darker is worse within a row."),
            Section("The best of all 81", table=best,
                    text=f"{int(kept.sum())} of 81 combinations are beaten by none in all four means at once."),
            Section("Worse before better", table=table if len(table) > 1 else (),
                    text="Policies that first go the wrong way, against history in the same draw, and end better."
                    if len(table) > 1 else "No single lever goes the wrong way first and ends better in more than 5 % of draws."),
            Section("Under rival theories", table=rivals,
                    text="Kendall's tau between the order of the single levers in the model and in the same model turned into "
                    "one of its competitors: 1 the same order, 0 none, -1 reversed."),
        ],
        lead=LEAD,
    )  # fmt: skip
    write_index(PAGE.parent)
    print(f"{sweep.design.count:,} runs; {'; '.join(best_words)}")
    print(
        f"the page is {args.page.relative_to(ROOT) if args.page.is_relative_to(ROOT) else args.page}"
    )


if __name__ == "__main__":
    main()
