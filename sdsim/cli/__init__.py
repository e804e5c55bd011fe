"""The command line: `sdsim COMMAND` and `python -m sdsim COMMAND`. A command is one file here."""

from sdsim.base.starting import interrupted

try:
    from sdsim.cli.main import main
except KeyboardInterrupt:
    interrupted()

__all__ = ["main"]
