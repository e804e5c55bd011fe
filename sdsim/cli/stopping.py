"""Tidy stops: Ctrl-C and SIGTERM end a command with one line and their own exit status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sdsim.base import host

#: Exit statuses of a stopped process, as shells know them.
INTERRUPTED, TERMINATED = 130, 143


class TerminatedError(KeyboardInterrupt):
    """Raised on SIGTERM; handled in the same way as Ctrl-C."""


class StoppedError(KeyboardInterrupt):
    """A command was stopped; the text is the line to print, ``status`` the exit status."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@contextmanager
def stoppable(store: str | None) -> Iterator[None]:
    """A context in which SIGTERM ends the work as tidily as Ctrl-C does.

    store : the store being written, or None.

    Raises
    ------
    StoppedError : on either signal; its text says how to resume if there is a store.
    """

    def stop() -> None:
        raise TerminatedError

    try:
        with host.on_termination(stop):
            yield
    except KeyboardInterrupt as e:
        terminated = isinstance(e, TerminatedError)
        text = "terminated" if terminated else "interrupted"
        if store is not None:
            text += "; what is finished is kept: the same command with --resume goes on"
        raise StoppedError(text, TERMINATED if terminated else INTERRUPTED) from None
