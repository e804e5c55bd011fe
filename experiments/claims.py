"""Which claims of the three seeds does the model show, and which would a toy show as well?

Runs every claim in `models/cross_border/claims` with its ablations, null controls and draws, and
writes the scorecard `figures/claims.html`.

Finding: see the page; about six in ten of the sixty claims are supported, most of those are first-order
responses or could be written down by hand, and a handful needs the model's feedback. Each row says by
how much, what breaks it and whether the data in hand speak to it.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm

import sdsim
from sdsim.claims import Folder, choose, run_claims
from sdsim.plots import Dots, Line, Section, line_figure, write_index, write_page
from sdsim.plots import scorecard as card

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "models" / "cross_border"
PAGE = ROOT / "figures" / "claims.html"

LEAD = """
Sixty claims of three seed papers on ties across a border, each in our own words with a check that can
fail, put to a model of Mexico and the United States. Everything here is conditional on these
assumptions: the model's equations, its hand-set or roughly fitted parameters, and history replayed
unless a claim lets the states choose.
"""
RULES = """
A claim is supported where its check holds with more than 5 per cent to spare. An ablation takes away the
mechanism the claim names: if the check still holds, the claim does not rest on it. Draws move every
assumed or borrowed parameter independently by up to 25 or 50 per cent.

Two opponents stand against the checks. One is a toy in closed form: no stocks, no people, no feedback. It
was written with the checks in view, and almost any single answer to a single lever can be written down
by hand, so it is an opponent with perfect knowledge and not a theory. The other is the model with its
feedback loops held at the start, those that are closed in the runs of the claim. What either passes is
called definitional: the claim may be right and its check does not need the model. A claim that is not
supported has no such label.
"""
MONEY = """
From 2014 to 2017 real remittances per migrant rose by about a quarter while the stock of migrants fell. The
model does not show it: its line is flat. It is shown here and not explained. Candidates outside the
model: wages at the bottom, insurance against removal, the exchange rate, money of others sent by way of migrants.
"""


def main() -> None:
    """Check all claims and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--draws", type=int, default=1000, help="draws of the parameters")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes")
    args = parser.parse_args()
    draws = args.draws
    began = time.perf_counter()
    system = sdsim.load(FOLDER / "cross_border.mdl")
    preset = sdsim.read_preset(FOLDER / "presets" / "us_mexico.toml").overrides
    folder = Folder.of(FOLDER / "cross_border.mdl")
    with tqdm(delay=2, disable=not sys.stderr.isatty(), unit="run") as bar:

        def progress(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        results = run_claims(
            system,
            folder.claims(),
            overrides=preset,
            null=folder.null(system),
            drawn=choose(system, preset, folder.choice()),
            draws=draws,
            progress=progress,
        )
    counts = Counter(r.status for r in results)
    grouped = {g: len(rs) for g, rs in card.groups(results).items()}
    broken = [a.breaks for r in results for a in r.ablations if a.breaks is not None]
    evidence = [r.claim.id for r in results if r.evidence]
    summary = (
        f"Of {len(results)} claims {counts['supported']} are supported, {counts['not supported']} are "
        f"not, {counts['not testable']} cannot be tested. Of the supported, "
        f"{sum(r.evidence is False for r in results)} are definitional: "
        f"{grouped.get('passes without feedback', 0)} hold with the loops held, another "
        f"{grouped.get('written down by the toy', 0)} need a loop and are passed by the toy. "
        f"{len(evidence)} are evidence: {', '.join(evidence)}. {sum(broken)} of {len(broken)} "
        "ablations break their check."
    )
    sections = [
        Section("How the claims come out", text=summary, body=card.bar(results)),
        Section("What the words mean", text=RULES),
        Section(
            "The claims",
            body=card.rows(results, system.model),
            text="Open a row for its curves, its comparisons and what became of them; from there the names of "
            "variables lead to their equations.",
            note=f"Draws: the share of {draws} in which the check holds, with Wilson's 95 per cent interval. "
            "Margin: how far the weakest comparison is from its threshold, as a share of it.",
        ),
        Section(
            "What is not supported, and why",
            body=card.unsupported(results),
            text="An honest no is a result. Some of these say that the seed claims more than this model shows, "
            "some that the model is too coarse, some that the check was too close to call.",
        ),
        Section(
            "Where the sources disagree",
            body=card.conflicts(folder.conflicts(), results),
            text="Conflicts between claims, or between a claim and others, are shown with what the model says "
            "about each, and not settled.",
        ),
        money(system, preset),
        Section("Equations", body=card.equations(system.model, results)),
    ]
    write_page(
        args.page,
        "Claims that can fail",
        sections,
        lead=LEAD,
        footer=f"Model {system.model.hash[:12]}, preset us_mexico, Euler at the model's step, seed 0, sdsim {sdsim.__version__}.",
        style=card.STYLE,
        script=card.SCRIPT,
    )
    write_index(args.page.parent)
    print(f"{time.perf_counter() - began:.1f} s; {summary}\nthe page is {args.page}")
    for r in results:
        if not r.as_expected:
            print(f"{r.claim.id}: {r.status}, expected {r.claim.expect}", file=sys.stderr)


def money(system: sdsim.System, preset: sdsim.Overrides) -> Section:
    """Real remittances per head of migrants: the model beside the figures."""
    run = sdsim.simulate(system, preset, save=["Remittances", "Migrant stock"])
    time = run.time
    late = time >= 2003
    head = 1000 * run["Remittances"].values / run["Migrant stock"].values
    with (FOLDER / "data" / "targets.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    sent = {int(r["year"]): float(r["value"]) for r in rows if r["variable"] == "Remittances"}
    people = {
        int(r["year"]): float(r["value"])
        for r in rows
        if r["variable"] == "Migrant stock" and r["series"] == "American Community Survey"
    }
    years = sorted(sent.keys() & people.keys())
    unit = "2011 dollars a year"
    figure = line_figure(
        [
            Line("model", time[late], head[late], unit),
            Dots(
                "Banco de Mexico over American Community Survey",
                years,
                np.array([1000 * sent[y] / people[y] for y in years]),
                unit,
                colour=1,
            ),
        ],
        "Year",
        f"remittances per head, {unit}",
    )
    return Section(
        "What the model misses: money per head, 2014 to 2017",
        figure,
        MONEY,
        note="Per head of all migrants at the destination. Figures: Banco de Mexico, deflated with the US "
        "consumer price index (recalled), over the count of the American Community Survey. The fit used "
        "remittances of 2003, 2007, 2013 and 2017.",
    )


if __name__ == "__main__":
    main()
