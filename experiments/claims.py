"""Which claims of the three seeds does the model show, and which would a toy show as well?

Runs every claim in `models/cross_border/claims` with its ablations, null controls and draws, and
writes the scorecard `figures/claims.html`.

Finding: see the page; about half of the sixty claims are supported, the rest are not, and each row
says by how much, what breaks it and whether the data in hand speak to it.
"""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

from tqdm import tqdm

import sdsim
from sdsim.check import Folder, choose, run_claims
from sdsim.plot import Section, share_figure, write_index, write_page
from sdsim.plot import scorecard as card

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "models" / "cross_border"
PAGE = ROOT / "figures" / "claims.html"

LEAD = """
Sixty claims of the seeds, each in our own words with a check that can fail. A claim counts as
supported where its check holds with more than 5 per cent to spare. An ablation removes the
mechanism the claim names: if the check still holds, the claim does not rest on it. A check that a
closed-form toy passes, or the model with its declared loops held, is a definition and no evidence:
those rows come first. Open a row for its comparisons, its plot and its equations.
"""


def main() -> None:
    """Check all claims and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--draws", type=int, default=1000, help="draws of the parameters")
    draws = parser.parse_args().draws
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
    definitional = [r for r in results if r.definitional]
    evidence = [r for r in results if r.status == "supported" and not r.definitional]
    broken = [r for r in results if r.ablation_breaks]
    with (FOLDER / "conflicts.toml").open("rb") as stream:
        found = [
            card.Conflict(c["id"], c["issue"], tuple(c["claims"]), c.get("others", ""))
            for c in tomllib.load(stream)["conflict"]
        ]
    summary = (
        f"Of {len(results)} claims, {counts['supported']} are supported, {counts['not supported']} are "
        f"not and {counts['not testable']} cannot be tested; {len(definitional)} are definitional, which "
        f"leaves {len(evidence)} supported as evidence. In {len(broken)} claims every ablation that "
        "counts breaks the check."
    )
    sections = [
        Section("How the claims come out", share_figure(dict(counts), "claims"), summary),
        Section(
            "The claims",
            body=card.rows(results, system.model),
            note=f"Shares: of {draws} draws in which the check holds when every assumed or borrowed parameter "
            "is moved independently, with Wilson's 95 per cent interval. Margin: how far the weakest "
            "comparison is from its threshold. Conditional on these assumptions: the equations and the "
            "preset of the corridor.",
        ),
        Section(
            "Where the sources disagree",
            body=card.conflicts(found, results),
            text="Conflicts between claims, or between a claim and others, are shown and not settled.",
        ),
        Section("Equations", body=card.equations(system.model, results)),
    ]
    write_page(
        PAGE,
        "Claims that can fail",
        sections,
        lead=LEAD,
        footer=f"Model {system.model.hash[:12]}, preset us_mexico, Euler at the model's step, seed 0, sdsim {sdsim.__version__}.",
        style=card.STYLE,
        script=card.SCRIPT,
    )
    write_index(PAGE.parent)
    print(f"{time.perf_counter() - began:.1f} s; {summary}\nthe page is {PAGE.relative_to(ROOT)}")
    for r in results:
        if not r.as_expected:
            print(f"{r.claim.id}: {r.status}, expected {r.claim.expect}", file=sys.stderr)


if __name__ == "__main__":
    main()
