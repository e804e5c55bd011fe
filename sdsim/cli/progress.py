"""Progress on a terminal for anything that takes over two seconds; silent without a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

DELAY = 2.0


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show ``what`` and the elapsed time on a terminal, after the first two seconds."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def show() -> None:
        if done.wait(DELAY):
            return
        form = "{desc}: {elapsed}"
        size = {"ncols": 76, "nrows": 24}  # some terminals do not report their size
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


class Bar:
    """A progress bar for many runs, on a terminal: done, runs per second, time left, failed.

    of : the number of runs.
    """

    def __init__(self, of: int, unit: str) -> None:
        self._bar = tqdm(
            total=of, unit=f" {unit}", unit_scale=False, disable=not sys.stderr.isatty(),
            file=sys.stderr, ncols=76, nrows=24, smoothing=0.1,
        )  # fmt: skip
        self._before: int | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def show(self, done: int, before: int = 0, failed: int = 0) -> None:
        """Show ``done`` runs, of which ``before`` were there at the start."""
        if self._before is None:
            self._before = before
            self._bar.initial = before
            self._bar.n = before
        self._bar.set_postfix_str(f"{failed:,} failed", refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Finish, leaving the line as it is."""
        self._bar.close()


class Rounds:
    """A progress line for work that ends when it is good enough: stage, batches, runs, time."""

    def __init__(self) -> None:
        self._bar = tqdm(
            bar_format="{desc} [{elapsed}]", disable=not sys.stderr.isatty(), file=sys.stderr,
            ncols=76, nrows=24, leave=False,
        )  # fmt: skip

    def __enter__(self) -> Rounds:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, stage: str, rounds: int, runs: int, recalled: int) -> None:
        """Show what is being done, and how much; ``recalled`` rounds came from the store."""
        before = f", {recalled:,} from the store" if recalled else ""
        self._bar.set_description_str(f"{stage}: {rounds:,} rounds, {runs:,} runs{before}")
