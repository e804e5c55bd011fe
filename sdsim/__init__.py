"""sdsim: system-dynamics models from their files to runs you can trust."""

import sys

try:
    from sdsim.compare import compare
    from sdsim.ensemble import simulate_many
    from sdsim.errors import ModelError, ModelWarning, UnsupportedError
    from sdsim.methods import RK4, Adaptive, Euler
    from sdsim.overrides import Overrides, Points
    from sdsim.preset import Preset, read_preset
    from sdsim.read import read
    from sdsim.run import Run
    from sdsim.simulate import simulate
    from sdsim.system import System, load
    from sdsim.version import __version__
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
