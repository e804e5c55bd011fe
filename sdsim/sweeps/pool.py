"""A pool of workers that replaces dead ones, stops hanging ones and finds the member to blame.

A chunk whose worker dies or takes too long is tried once more unchanged. If that fails again, the
members that were running at the time are run one by one; the one that loses its worker again is
left out, with the reason, and the others are run without it. So a member that crashes its process
costs only its own result.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from sdsim.base import host
from sdsim.base.errors import ModelError, one_line
from sdsim.sweeps.manifest import Entry

#: Members of one chunk that may crash a worker before the sweep gives up.
MOST_LOST = 50
#: Workers that may be lost in a row before reporting that they are ready.
MOST_STARTS = 3
#: The least time, in seconds, that a worker is given to report that it is ready.
STARTING = 120.0
DIED, TIMEOUT = "worker-died", "timeout"


@dataclass
class _Order:
    """A chunk to run, and what is known about its failures."""

    chunk: int
    skip: dict[int, str] = field(default_factory=dict)
    singly: tuple[int, int] = (0, 0)
    losses: int = 0

    def lost(self, at: tuple[int, int] | None, how: str) -> None:
        """Record that a worker was lost while running the members ``at``."""
        self.losses += 1
        if self.losses < 2 or at is None:
            return
        first, stop = at
        if stop - first == 1:
            self.skip[first] = how
            if len(self.skip) >= MOST_LOST:
                raise ModelError(
                    f"{MOST_LOST} members of chunk {self.chunk} have lost their worker, the last "
                    f"one member {first} ({how})",
                    remedy="is there too little memory, or a limit on processes?",
                )
        if not self.singly[0] <= first < self.singly[1]:
            self.singly = at

    def line(self) -> str:
        skip = sorted(self.skip.items())
        return json.dumps({"chunk": self.chunk, "skip": skip, "singly": self.singly})


class _Worker:
    """One process, and a thread that reads its output.

    heard : receives its lines as they come, and None at the end; a queue, because not every
        system can wait for several pipes at once.
    """

    def __init__(self, task: str, root: Path, heard: queue.SimpleQueue[Said]) -> None:
        self._noise: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sdsim.sweeps.worker", str(root)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._noise, env=environment,
            **host.apart(),
        )  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.order: _Order | None = None
        self.at: tuple[int, int] | None = None
        self.ready = False
        self.heard = time.monotonic()
        self._listener = threading.Thread(target=self._listen, args=(heard,), daemon=True)
        self._listener.start()
        self.say(task)

    def _listen(self, heard: queue.SimpleQueue[Said]) -> None:
        with suppress(OSError, ValueError):  # closed in the meantime
            for line in self.stdout:
                if line.endswith(b"\n"):  # the process may end in the middle of a line
                    self.heard = time.monotonic()
                    heard.put((self, line))
        heard.put((self, None))

    def say(self, line: str) -> None:
        """Send a line; a dead worker is noticed when its output is read."""
        with suppress(OSError):
            self.stdin.write(line.encode() + b"\n")
            self.stdin.flush()

    def give(self, order: _Order) -> None:
        """Give the worker a chunk."""
        self.order, self.at, self.heard = order, None, time.monotonic()
        self.say(order.line())

    def noise(self) -> str:
        """The last line that it wrote to standard error."""
        self._noise.seek(0)
        lines = self._noise.read().decode(errors="replace").strip().splitlines()
        return one_line(lines[-1], 200) if lines else ""

    def end(self) -> None:
        """Make sure that the process has ended."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for stream in (self.stdin, self.stdout, self._noise):
            with suppress(OSError):
                stream.close()


#: A worker and a line of its output; None if it is gone.
Said = tuple[_Worker, bytes | None]


class Crew:
    """A group of workers on one task.

    task : text from `Task.to_json`.   root : the store they write to.
    timeout : seconds within which a worker must report something new.
    """

    def __init__(self, task: str, root: Path, jobs: int, timeout: float) -> None:
        self._task, self._root, self._jobs, self._timeout = task, root, jobs, timeout
        self._workers: list[_Worker] = []
        self._todo: deque[_Order] = deque()
        self._heard: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self._starts = 0

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None
    ) -> None:
        for w in self._workers:
            w.end()
        self._workers.clear()

    def run(self, chunks: Iterable[int]) -> Iterator[Entry]:
        """Run chunks; entries come in the order in which the chunks finish.

        Raises
        ------
        ModelError : the store cannot be written, or workers cannot start.
        """
        self._todo.extend(_Order(k) for k in chunks)
        while self._todo or any(w.order for w in self._workers):
            self._staff()
            with suppress(queue.Empty):
                yield from self._hear(*self._heard.get(timeout=self._patience()))
                while True:
                    yield from self._hear(*self._heard.get_nowait())
            for w in [w for w in self._workers if self._late(w)]:
                self._lose(w, TIMEOUT)

    def _staff(self) -> None:
        """Start as many workers as there is work for, each with a chunk."""
        for w in self._workers:
            if w.ready and w.order is None and self._todo:
                w.give(self._todo.popleft())
        starting = sum(not w.ready for w in self._workers)
        while len(self._workers) < self._jobs and starting < len(self._todo):
            self._workers.append(_Worker(self._task, self._root, self._heard))
            starting += 1

    def _hear(self, w: _Worker, line: bytes | None) -> Iterator[Entry]:
        if w not in self._workers:  # already lost
            return
        if line is None:
            self._lose(w, DIED)
            return
        answer: dict[str, Any] = json.loads(line)
        if "ready" in answer:
            w.ready, self._starts = True, 0
        elif "at" in answer:
            w.at = (int(answer["at"][0]), int(answer["at"][1]))
        elif "error" in answer:
            raise ModelError(answer["error"], remedy="what is finished is kept; --resume goes on")
        else:
            w.order = None
            yield Entry(int(answer["done"]), answer["files"], dict(answer["failed"]))

    def _late(self, w: _Worker) -> bool:
        busy = w.order is not None or not w.ready
        return busy and time.monotonic() - w.heard > self._limit(w)

    def _limit(self, w: _Worker) -> float:
        """Seconds that a worker may be silent; more while it starts and compiles."""
        return max(self._timeout, 0.0 if w.ready else STARTING)

    def _patience(self) -> float:
        now = time.monotonic()
        left = [w.heard + self._limit(w) - now for w in self._workers if w.order or not w.ready]
        longest = 1.0  # Windows notices Ctrl-C only between waits
        return min(max(min(left, default=1.0), 0.0) + 0.01, longest)

    def _lose(self, w: _Worker, how: str) -> None:
        self._workers.remove(w)
        noise = w.noise()
        w.end()
        if not w.ready:
            self._starts += 1
            if self._starts >= MOST_STARTS:
                raise ModelError(
                    f"workers cannot start ({how}): {noise or 'no message'}",
                    remedy="run with --jobs 0 to see more",
                )
        if w.order is not None:
            if w.at is None:
                w.order.losses += 1
                if w.order.losses > 2 * MOST_STARTS:
                    what = f"chunk {w.order.chunk} loses every worker before a member runs"
                    raise ModelError(
                        f"{what}: {noise or how}", remedy="run with --jobs 0 to see more"
                    )
            else:
                w.order.lost(w.at, how)
            self._todo.appendleft(w.order)
