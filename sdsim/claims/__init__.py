"""Claims about a model, each with a check that can fail. The format is in `README.md` here.

folder = Folder.of("models/sir/sir.mdl")
system = sdsim.load("models/sir/sir.mdl")
results = run_claims(system, folder.claims(), null=folder.null(system),
                     drawn=choose(system, choice=folder.choice()), draws=1000)
"""

from sdsim.claims.claims import Changes, Claim, read_claim, read_claims
from sdsim.claims.conflicts import Conflict, read_conflicts
from sdsim.claims.draws import Choice, Drawn, Share, choose, read_choice
from sdsim.claims.expressions import read_checks
from sdsim.claims.findings import Ablation, Result, Robust, Side
from sdsim.claims.folder import Folder
from sdsim.claims.loops import Finding, Loop, read_loops, verify
from sdsim.claims.null import Null
from sdsim.claims.reality import Verdict, constraints, run_realities
from sdsim.claims.verdicts import run_claims

__all__ = [
    "Ablation", "Changes", "Choice", "Claim", "Conflict", "Drawn", "Finding", "Folder", "Loop",
    "Null", "Result", "Robust", "Share", "Side", "Verdict", "choose", "constraints", "read_checks",
    "read_choice", "read_claim", "read_claims", "read_conflicts", "read_loops", "run_claims",
    "run_realities", "verify",
]  # fmt: skip
