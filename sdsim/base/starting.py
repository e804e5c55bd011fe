"""Ctrl-C while a command is still being imported."""

import sys


def interrupted() -> None:
    """Within ``except KeyboardInterrupt``: one line and status 130 where this process is a command
    of ours, as from then on; the exception itself where a script imports the library.

    Raises
    ------
    SystemExit : it is.
    """
    command = "".join(sys.argv[:1]).replace("\\", "/")
    if command.rpartition("/")[2] not in ("sdsim", "sdsim.exe", "-m") and not command.endswith(
        "/sdsim/__main__.py"
    ):
        raise  # noqa: PLE0704
    print("interrupted", file=sys.stderr)
    sys.exit(130)
