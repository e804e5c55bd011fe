"""A model as files that other programs run: an ES module with the engine inside."""

from sdsim.exports.contents import Contents, contents_of
from sdsim.exports.module import declarations, module

__all__ = ["Contents", "contents_of", "declarations", "module"]
