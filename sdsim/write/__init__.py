"""From a model back to a file that other tools open."""

from sdsim.write.redraw import redrawn
from sdsim.write.vensim import write_vensim
from sdsim.write.written import Written, differing
from sdsim.write.xmile import write_xmile

__all__ = ["Written", "differing", "redrawn", "write_vensim", "write_xmile"]
