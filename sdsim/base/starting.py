"""Handling of Ctrl-C while a command is still being imported."""

import sys


def interrupted() -> None:
    """Handle ``except KeyboardInterrupt``: in one of our commands, print one line and exit with
    status 130, as later on; in a script that imports the library, raise the exception again.

    Raises
    ------
    SystemExit : in one of our commands.
    """
    command = "".join(sys.argv[:1]).replace("\\", "/")
    if command.rpartition("/")[2] not in ("sdsim", "sdsim.exe", "-m") and not command.endswith(
        "/sdsim/__main__.py"
    ):
        raise  # noqa: PLE0704
    print("interrupted", file=sys.stderr)
    sys.exit(130)
