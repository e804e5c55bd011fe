"""Claims about a model, each with a check that can fail. The format is in `README.md` here.

folder = Folder.of("models/sir/sir.mdl")
system = sdsim.load("models/sir/sir.mdl")
results = run_claims(system, folder.claims(), null=folder.null(system),
                     drawn=choose(system, choice=folder.choice()), draws=1000)
"""

from sdsim.check.claims import Changes, Claim, read_claim, read_claims
from sdsim.check.draws import Choice, Drawn, Share, choose, read_choice
from sdsim.check.findings import Ablation, Result, Robust, Side
from sdsim.check.folder import Folder
from sdsim.check.loops import Finding, Loop, read_loops, verify
from sdsim.check.null import Null
from sdsim.check.reading import read_checks
from sdsim.check.reality import Verdict, constraints, run_realities
from sdsim.check.verdicts import run_claims

__all__ = [
    "Ablation", "Changes", "Choice", "Claim", "Drawn", "Finding", "Folder", "Loop", "Null",
    "Result", "Robust", "Share", "Side", "Verdict", "choose", "constraints", "read_checks",
    "read_choice", "read_claim", "read_claims", "read_loops", "run_claims", "run_realities",
    "verify",
]  # fmt: skip
