"""Writes a model to a file that other tools can open."""

from sdsim.writers.redraw import redrawn
from sdsim.writers.vensim import write_vensim
from sdsim.writers.written import Written, differing
from sdsim.writers.xmile import write_xmile

__all__ = ["Written", "differing", "redrawn", "write_vensim", "write_xmile"]
