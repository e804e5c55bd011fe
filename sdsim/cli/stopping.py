"""Told to stop: Ctrl-C and SIGTERM end a command tidily, with one line and their own status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sdsim.base import host

#: Exit statuses of a process that was told to stop, as shells know them.
INTERRUPTED, TERMINATED = 130, 143


class TerminatedError(KeyboardInterrupt):
    """SIGTERM came; whatever is tidy about Ctrl-C is tidy about it."""


class StoppedError(KeyboardInterrupt):
    """Told to stop; the text is the line to print, ``status`` that of the process."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@contextmanager
def stoppable(store: str | None) -> Iterator[None]:
    """SIGTERM ends what is inside as tidily as Ctrl-C does.

    store : that is written meanwhile, or None.

    Raises
    ------
    StoppedError : either came; it says how to go on where there is a store.
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
