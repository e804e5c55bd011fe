"""Parses the command line and turns every failure into one line and an exit status.

0: success. 1: a comparison or check failed. 2: bad input. 130: interrupted. 143: terminated.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from sdsim.base import host
from sdsim.base.errors import ModelError, ModelWarning, one_line
from sdsim.base.identity import REMEDY, mixed_with
from sdsim.base.version import __version__
from sdsim.cli.stopping import INTERRUPTED, StoppedError

COMMANDS = (
    "run",
    "info",
    "document",
    "units",
    "preset",
    "check",
    "sweep",
    "sensitivity",
    "calibrate",
    "compete",
    "compare",
    "plot",
    "convert",
    "export",
    "conformance",
)
#: What the commands are for, as ``--help`` lists them; one in no group stands under the last title.
GROUPS = {
    "Look at a model": ("info", "document", "units"),
    "Run it": ("run", "preset", "compare", "plot"),
    "Run it many times, and test it": ("sweep", "sensitivity", "check"),
    "Let data decide": ("calibrate", "compete"),
    "Files and folders of models": ("convert", "export", "conformance"),
}
OTHER = "More"


class Command(Protocol):
    """The functions that a command's file defines."""

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def execute(self, args: argparse.Namespace) -> int:
        """Run the command and return the exit status."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ModelError(one_line(message), remedy=f"`{self.prog} --help` shows the usage")


class _Overview(_Parser):
    """The parser of `sdsim` alone; its help lists the commands by what they are for."""

    def format_help(self) -> str:
        """See `argparse.ArgumentParser`."""
        (commands,) = (a for a in self._actions if isinstance(a, argparse._SubParsersAction))
        rows = {a.dest: a for a in commands._get_subactions()}
        grouped = {name for names in GROUPS.values() for name in names}
        other = tuple(name for name in rows if name not in grouped)
        parts = self._get_formatter()
        parts.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        parts.add_text(self.description)
        for title, names in {**GROUPS, OTHER: other}.items():
            parts.start_section(title)
            parts.add_arguments([rows[name] for name in names if name in rows])
            parts.end_section()
        parts.start_section("Options")
        parts.add_arguments([a for a in self._actions if a.option_strings])
        parts.end_section()
        parts.add_text("`sdsim COMMAND --help` shows the options of one.")
        return parts.format_help()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; never raises, and restores global state."""
    out = sys.stdout if isinstance(sys.stdout, io.TextIOWrapper) else None
    errors = out.errors if out else None
    if out:  # escape what a terminal cannot show
        out.reconfigure(errors="backslashreplace")
    try:
        return _tidily(argv)
    finally:
        if out and not out.closed:
            with contextlib.suppress(OSError):  # could not be written, which was already reported
                out.reconfigure(errors=errors)


def _tidily(argv: Sequence[str] | None) -> int:
    """Run one command; any failure becomes one line and a status."""
    try:
        status = _main(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return status
    except SystemExit as e:  # --help, --version
        return int(e.code or 0)
    except ModelError as e:
        for text in (str(e), *getattr(e, "__notes__", ())):  # see `sdsim.base.errors.together`
            _fail(text)
        return 2
    except StoppedError as e:
        return _fail(str(e), e.status)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _mute()
        return 0
    except OSError as e:
        if e.errno in host.FULL:
            _mute()
        return _fail(f"{e.filename or 'standard output'}: cannot be used: {e.strerror or e}")
    except (MemoryError, RecursionError, OverflowError) as e:
        return _fail(f"too large for this machine ({type(e).__name__})")
    except Exception as e:
        if os.environ.get("SDSIM_DEBUG"):
            raise
        if found := mixed_with(Path(__file__).parents[1], sys.path):
            return _fail(f"{found}; {REMEDY}")
        return _fail(f"a fault of sdsim itself: {type(e).__name__}: {e}; SDSIM_DEBUG=1 shows more")


def _mute() -> None:
    """Discard any remaining output, so that the process does not fail again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _fail(text: str, status: int = 2) -> int:
    print(one_line(text), file=sys.stderr)
    return status


def _main(argv: list[str]) -> int:
    parser = _Overview(prog="sdsim", description="Run and examine system-dynamics models.")
    parser.add_argument("--version", action="version", version=f"sdsim {__version__}")
    parser.add_argument(
        "--print-completion", metavar="SHELL", choices=("bash", "zsh", "tcsh"),
        help="print a script that completes commands and options, for bash, zsh or tcsh",
    )  # fmt: skip
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    named = argv[0] if argv and argv[0] in COMMANDS else None
    command: Command | None = None
    for name in COMMANDS if named is None else (named,):
        module: Command = importlib.import_module(f"sdsim.cli.{name}_command")
        sub = subparsers.add_parser(name, help=module.HELP, description=module.HELP)
        module.arguments(sub)
        command = module
    if not argv:
        parser.print_help()
        return 2
    args = parser.parse_args(argv)
    if args.print_completion:
        import shtab

        print(shtab.complete(parser, args.print_completion))
        return 0
    assert command is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ModelWarning)
        warnings.showwarning = _Notes().show
        return command.execute(args)


class _Notes:
    """Warnings as notes on standard error, each text once."""

    def __init__(self) -> None:
        self._shown: set[str] = set()

    def show(self, message: Warning | str, *_: object, **__: object) -> None:
        """Called by `warnings` for each warning."""
        text = one_line(str(message))
        if text not in self._shown:
            self._shown.add(text)
            print(f"note: {text}", file=sys.stderr)
