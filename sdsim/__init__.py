"""sdsim: system-dynamics models from their files to runs you can trust."""

import sys

try:
    from sdsim.base.errors import ModelError, ModelWarning, UnsupportedError
    from sdsim.base.version import __version__
    from sdsim.overrides import Overrides, Points
    from sdsim.overrides.preset import Preset, read_preset
    from sdsim.readers import read
    from sdsim.run.ensemble import simulate_many
    from sdsim.run.methods import RK4, Adaptive, Euler
    from sdsim.run.result import Run
    from sdsim.run.simulate import simulate
    from sdsim.run.system import System, load
    from sdsim.tables.compare import compare
except KeyboardInterrupt:  # Ctrl-C while a command starts: one line, as from then on
    if "".join(sys.argv[:1]).rpartition("/")[2] not in ("sdsim", "-m"):
        raise
    print("interrupted", file=sys.stderr)
    sys.exit(130)

__all__ = [
    "RK4", "Adaptive", "Euler", "ModelError", "ModelWarning", "Overrides", "Points", "Preset",
    "Run", "System", "UnsupportedError", "__version__", "compare", "load", "read", "read_preset",
    "simulate", "simulate_many",
]  # fmt: skip
