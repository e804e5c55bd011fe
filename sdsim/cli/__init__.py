"""The command line: `sdsim COMMAND` and `python -m sdsim COMMAND`. A command is one file here."""

from sdsim.cli.main import main

__all__ = ["main"]
