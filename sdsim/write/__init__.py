"""From a model back to a file that other tools open."""

from sdsim.write.vensim import write_vensim
from sdsim.write.written import Written, differing

__all__ = ["Written", "differing", "write_vensim"]
