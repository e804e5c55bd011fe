"""A sign of life for whatever takes longer than two seconds; nothing where nobody is watching."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

DELAY = 2.0


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show ``what`` and the time it has taken so far, from two seconds on, on a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def show() -> None:
        if done.wait(DELAY):
            return
        form = "{desc}: {elapsed}"
        size = {"ncols": 76, "nrows": 24}  # some terminals do not know theirs
        with tqdm(desc=what, bar_format=form, leave=False, file=sys.stderr, **size) as bar:
            while not done.wait(0.2):
                bar.refresh()

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
