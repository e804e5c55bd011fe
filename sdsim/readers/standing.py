"""The process that parses expressions: started on first use and kept for later requests."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock, Timer
from typing import Any

from sdsim.base import host
from sdsim.readers import worker


class Reader:
    """A process that parses expressions.

    Where the system can fork, it serves any number of requests, each in its own sealed process;
    otherwise it serves one.
    """

    def __init__(self) -> None:
        environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        environment |= {k: os.environ[k] for k in ("SYSTEMROOT", "PATH") if k in os.environ}
        self.idle = False  # it has been waiting, and may have ended in the meantime
        self.killed = False  # killed before it had finished
        self.well = False  # it can take another request
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(Path(worker.__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(sys.executable).anchor or None,
            env=environment,
            **host.own_group(),  # its forks end with it
        )
        self._ending = Lock()

    def ask(self, request: bytes, seconds: int, patience: float) -> list[Any]:
        """Send a request; the decoded lines of the answer, fewer than expected if it ended early.

        seconds : limit of processor time.
        patience : seconds until it is killed.
        """
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        lines: list[Any] = []
        self.well = False
        clock = Timer(patience, self.kill)
        clock.start()
        try:
            with contextlib.suppress(OSError):  # it has ended, and may have given the reason
                to.write(worker.GO + worker.HEADER.pack(len(request), seconds) + request)
                to.flush()
            for line in back:
                try:
                    said = json.loads(line)
                except ValueError:  # it ended in the middle of this line
                    continue
                if isinstance(said, dict) and "end" in said:
                    self.well = said["end"] == 0
                    break
                lines.append(said)
        finally:
            clock.cancel()
        return lines

    def kill(self) -> None:
        """Kill it and its forks at once."""
        self.killed = True
        self._end()

    def close(self) -> None:
        """Release it."""
        self._end()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _end(self) -> None:
        with self._ending, contextlib.suppress(OSError):
            if self._process.returncode is not None:
                return
            host.kill_group(self._process)


_idle: list[Reader] = []  # at most one
_exchange = Lock()


def take() -> Reader:
    """A reader for one request: the idle one, or a new one."""
    with _exchange:
        return _idle.pop() if _idle else Reader()


def give_back(reader: Reader) -> None:
    """Keep it for the next request, if it works and none is idle."""
    with _exchange:
        if reader.well and not reader.killed and not _idle:
            reader.idle = True
            _idle.append(reader)
            return
    reader.close()


@atexit.register
def close() -> None:
    """End the idle reader."""
    while _idle:
        _idle.pop().close()


def _forget() -> None:
    """In a forked process: forget the readers, which belong to the parent."""
    global _exchange
    _exchange = Lock()
    _idle.clear()


host.after_fork(_forget)
