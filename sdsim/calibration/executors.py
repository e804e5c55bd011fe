"""Where the runs of a calibration are made: in this process, in several, or on a cluster.

A batch is cut into pieces, one for each worker; the pieces, and so the results, do not depend on
who runs them. In this process the back end's threads share the work already, so processes pay for
models whose time is spent outside the kernel (expressions over many rows), and a cluster for very
large batches.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.backends import backend_named
from sdsim.base.errors import ModelError
from sdsim.calibration.prediction import Predicted, Predictor
from sdsim.calibration.problem import Run, here
from sdsim.sweeps.cluster import connected

Floats = NDArray[np.float64]
#: The fewest members worth sending to a worker.
LEAST = 32


@contextmanager
def executor(jobs: int = 0, dask: str | None = None) -> Iterator[Run]:
    """A function that runs a predictor.

    jobs : worker processes; 0 runs in this process, with the back end's threads.
    dask : address of a Dask scheduler, or ``local``.

    Raises
    ------
    ModelError : both are given, or ``jobs`` is negative.
    """
    if jobs < 0:
        raise ModelError(f"jobs is {jobs}, expected 0 or more", remedy="write 0 for this process")
    if jobs and dask is not None:
        raise ModelError("jobs and dask do not go together", remedy="choose one")
    if dask is not None:
        with connected(dask) as client:
            yield _Shared(lambda tasks: client.gather(client.map(_run, tasks, pure=False)), 8).run
    elif jobs:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            yield _Shared(lambda tasks: list(pool.map(_run, tasks)), jobs).run
    else:
        yield here


class _Shared:
    """A batch shared out among workers."""

    def __init__(self, map_tasks: Any, parts: int) -> None:
        self._map, self._parts = map_tasks, parts

    def run(self, predictor: Predictor, values: Mapping[str, Floats]) -> Predicted:
        """See `sdsim.calibration.problem.Run`."""
        count = len(next(iter(values.values())))
        size = max(LEAST, -(-count // self._parts))
        body = pickle.dumps(predictor)
        tasks = [
            (body, {k: np.ascontiguousarray(v[first : first + size]) for k, v in values.items()})
            for first in range(0, count, size)
        ]
        found = self._map(tasks)
        return Predicted(
            np.concatenate([p.values for p in found]), np.concatenate([p.fits for p in found])
        )


#: The predictor that this worker made last, by its pickled form.
_READY: dict[bytes, Predictor] = {}


def _run(task: tuple[bytes, Mapping[str, Floats]]) -> Predicted:
    """In a worker: a predictor with one thread, made once, and the values to run."""
    body, values = task
    if body not in _READY:
        _READY.clear()
        made: Predictor = pickle.loads(body)  # from the process that sent the task
        system = made.calibration.system
        alone = replace(system, backend=backend_named(system.backend.name, threads=1))
        _READY[body] = Predictor(replace(made.calibration, system=alone), made.fitted)
    return _READY[body].predict(values)
