"""The top-level functions of the library; each takes a path or an object already loaded.

`sdsim.info`, `sdsim.units`, `sdsim.convert`, `sdsim.compare`, `sdsim.sweep`, `sdsim.sensitivity`,
`sdsim.check`, `sdsim.plot`: the commands of the same names call them.
"""
