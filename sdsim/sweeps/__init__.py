"""Sweeps: a model run many times, outcomes reduced while running, in a store that survives.

    spec -> sweep -> task (plain data) -> crew of workers, or a cluster -> store -> dataset

The format of specs and stores is in `README.md` here.
"""

from sdsim.sweeps.drive import Progress, State, run_sweep, vacant
from sdsim.sweeps.outcome import Outcome
from sdsim.sweeps.results import manifest_of, read_store
from sdsim.sweeps.spec import read_sweep
from sdsim.sweeps.sweep import Sweep

__all__ = [
    "Outcome", "Progress", "State", "Sweep", "manifest_of", "read_store", "read_sweep", "run_sweep",
    "vacant",
]  # fmt: skip
