"""Where the runs of a calibration are made: in this process, in several, or on a cluster.

A batch is cut into pieces, one for each worker; results do not depend on who runs which. In this
process the back end's threads share the work already, so processes pay where time is spent outside
the kernel (expressions over many rows), and a cluster for very large batches.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base import host
from sdsim.base.errors import ModelError
from sdsim.calibration.problem import Run, here
from sdsim.calibration.runs import Predicted, Runs
from sdsim.sweeps.cluster import connected

Floats = NDArray[np.float64]
#: The fewest members worth sending to a worker.
LEAST = 32
#: Pieces of a batch on a cluster.
PIECES = 8
#: A piece of a batch: runs as JSON, and the values of the parameters by label.
Piece = tuple[str, Mapping[str, Floats]]


@contextmanager
def executor(jobs: int = 0, dask: str | None = None) -> Iterator[Run]:
    """A function that makes runs.

    jobs : worker processes; 0 runs in this process, with the back end's threads.
    dask : address of a Dask scheduler, or ``local``.

    Raises
    ------
    ModelError : both are given, or ``jobs`` is negative; a worker that dies twice on one piece.
    """
    if jobs < 0:
        raise ModelError(f"jobs is {jobs}, expected 0 or more", remedy="write 0 for this process")
    if jobs and dask is not None:
        raise ModelError("jobs and dask do not go together", remedy="choose one")
    with ExitStack() as stack:
        if dask is not None:
            client = stack.enter_context(connected(dask))

            def on_cluster(pieces: Sequence[Piece]) -> list[Predicted]:
                futures = client.map(run_piece, pieces, pure=False)
                return [Predicted(*found) for found in client.gather(futures)]

            yield _shared(on_cluster, PIECES)
        elif jobs:
            workers = [stack.enter_context(_Worker()) for _ in range(jobs)]
            threads = stack.enter_context(ThreadPoolExecutor(jobs))

            def in_processes(pieces: Sequence[Piece]) -> list[Predicted]:
                return list(threads.map(_Worker.run, workers, pieces))

            yield _shared(in_processes, jobs)
        else:
            yield here


def _shared(run: Callable[[Sequence[Piece]], list[Predicted]], most: int) -> Run:
    """A function that shares a batch out as ``most`` pieces or fewer."""

    def made(runs: Runs, values: Mapping[str, Floats]) -> Predicted:
        count = len(next(iter(values.values())))
        size = max(LEAST, -(-count // most))
        pieces = [
            (_text(runs), {k: np.ascontiguousarray(v[at : at + size]) for k, v in values.items()})
            for at in range(0, count, size)
        ]
        found = run(pieces)
        return Predicted(*(np.concatenate(part) for part in zip(*found, strict=True)))

    return made


@lru_cache(maxsize=4)
def _text(runs: Runs) -> str:
    return runs.to_json()


@lru_cache(maxsize=2)
def ready(text: str) -> Runs:
    """Runs from JSON, with one thread; kept, as the next piece is of the same ones."""
    return Runs.from_json(text, threads=1)


def run_piece(piece: Piece) -> tuple[Floats, NDArray[np.bool_]]:
    """On a worker: make the runs of a piece."""
    text, values = piece
    return tuple(ready(text).predict(values))  # type: ignore[return-value]


class _Worker:
    """A process that makes runs: `python -m sdsim.calibration.worker`."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._told = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sdsim.calibration.worker"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, **host.apart(),
        )  # fmt: skip

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]

    def run(self, piece: Piece) -> Predicted:
        """Make the runs of a piece; a worker that dies is replaced once.

        Raises
        ------
        ModelError : an error in the runs; the new worker dies as well.
        """
        for _ in range(2):
            try:
                return self._run(*piece)
            except (OSError, EOFError):
                self.__exit__()
                self._start()
        raise ModelError(
            f"{len(next(iter(piece[1].values())))} runs have lost their worker twice",
            remedy="is there too little memory? jobs = 0 runs in this process",
        )

    def _run(self, text: str, values: Mapping[str, Floats]) -> Predicted:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        if text != self._told:
            say(stdin, {"runs": json.loads(text)})
            self._told = text
        say(stdin, {"values": list(values)}, *values.values())
        answer, arrays = heard(stdout)
        if "error" in answer:
            error = answer["error"]
            raise ModelError(error["what"], remedy=error["remedy"], variable=error["variable"])
        return Predicted(arrays[0], arrays[1].astype(bool))


def say(stream: Any, what: Mapping[str, Any], *arrays: NDArray[Any]) -> None:
    """Write a line of JSON, followed by arrays in NumPy's own format."""
    body = io.BytesIO()
    for array in arrays:
        np.save(body, array, allow_pickle=False)
    line = json.dumps({**what, "arrays": len(arrays), "bytes": len(body.getvalue())})
    stream.write(line.encode() + b"\n" + body.getvalue())
    stream.flush()


def heard(stream: Any) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """The inverse of `say`.

    Raises
    ------
    EOFError : the other side has ended.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    what = json.loads(line)
    body = stream.read(what["bytes"])
    if len(body) < what["bytes"]:
        raise EOFError
    rest = io.BytesIO(body)
    return what, [np.load(rest, allow_pickle=False) for _ in range(what["arrays"])]
