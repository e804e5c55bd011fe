"""Sweeps: many runs of a model, reduced to outcomes as they run, kept in a crash-proof store.

    spec -> sweep -> task (plain data) -> workers, or a cluster -> store -> dataset

The format of specs and stores is in `README.md` here.
"""

from sdsim.sweeps.drive import Progress, State, run_sweep, vacant
from sdsim.sweeps.outcome import Outcome
from sdsim.sweeps.results import failed, failures, manifest_of, read_store
from sdsim.sweeps.spec import read_sweep
from sdsim.sweeps.sweep import Sweep

__all__ = [
    "Outcome", "Progress", "State", "Sweep", "failed", "failures", "manifest_of", "read_store",
    "read_sweep", "run_sweep", "vacant",
]  # fmt: skip
