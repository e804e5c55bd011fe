"""The command line: `sdsim COMMAND` or `python -m sdsim COMMAND`. Each command is a file here."""

from sdsim.base.starting import interrupted

try:
    from sdsim.cli.main import main
except KeyboardInterrupt:
    interrupted()

__all__ = ["main"]
