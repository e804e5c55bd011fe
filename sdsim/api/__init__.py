"""The verbs of the library that join several rooms: each takes a path, or what is loaded already.

`sdsim.info`, `sdsim.units`, `sdsim.convert`, `sdsim.compare`, `sdsim.sweep`, `sdsim.sensitivity`,
`sdsim.check`, `sdsim.plot`: the commands of the same names call them.
"""
