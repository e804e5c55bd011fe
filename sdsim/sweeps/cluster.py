"""The one door to Dask: the workers of a cluster run chunks and write them themselves.

Only a task (JSON text) and chunk numbers travel. Each Dask worker runs its chunks in a separate
child process (`sdsim.sweeps.pool`), so that a member that crashes its process is found there and
the worker survives. If a worker itself is lost, Dask gives its chunks to others.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sdsim.base.errors import ModelError, one_line
from sdsim.base.extras import extra
from sdsim.sweeps.manifest import Entry
from sdsim.sweeps.pool import Crew

#: How often Dask retries a chunk whose worker is lost.
RETRIES = 5
#: Chunks handed out at a time, per worker.
AHEAD = 4

_crews: dict[tuple[str, str], Crew] = {}


def done(task: str, root: str, chunk: int, timeout: float) -> tuple[Any, ...]:
    """Run one chunk on a worker of the cluster: the entry as plain data, or an error's text."""
    key = (task, root)
    if key not in _crews:
        for other in list(_crews):
            _crews.pop(other).__exit__(None, None, None)
        _crews[key] = Crew(task, Path(root), 1, timeout)
        atexit.register(_crews[key].__exit__, None, None, None)
    try:
        (entry,) = _crews[key].run([chunk])
    except ModelError as e:
        _crews.pop(key).__exit__(None, None, None)
        return (str(e),)
    return entry.chunk, dict(entry.files), dict(entry.failed)


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of a Dask scheduler.

    address : of the scheduler, or ``local`` for a cluster on this machine that ends with the block.

    Raises
    ------
    ModelError : there is none.
    """
    with extra("cluster", "--dask"):
        api = _api()
    own = None
    try:
        if address == "local":
            own = api.LocalCluster(threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
        client = api.Client(own or address, timeout="10s")
    except (OSError, ValueError, TimeoutError) as e:
        what = f"no Dask scheduler at '{address}': {one_line(str(e), 200)}"
        raise ModelError(what, remedy="give tcp://HOST:PORT, or local") from None
    try:
        yield client
    finally:
        client.close()
        if own is not None:
            own.close()


def _api() -> Any:
    import distributed

    return distributed


class Cluster:
    """Workers of a Dask cluster.

    address : of its scheduler, or ``local`` for a cluster on this machine.
    """

    def __init__(self, task: str, root: Path, address: str, timeout: float) -> None:
        self._task, self._root, self._address, self._timeout = task, root, address, timeout
        self._open = ExitStack()

    def __enter__(self) -> Cluster:
        self._client = self._open.enter_context(connected(self._address))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def run(self, chunks: Iterable[int]) -> Iterator[Entry]:
        """See `sdsim.sweeps.drive.Hands.run`."""
        task = self._client.scatter(self._task, broadcast=True)
        todo = iter(list(chunks))
        root = str(self._root.resolve())

        def given() -> Iterator[Any]:
            for k in todo:
                yield self._client.submit(
                    done, task, root, k, self._timeout, pure=False, retries=RETRIES
                )

        more = given()
        ahead = AHEAD * max(len(self._client.scheduler_info()["workers"]), 1)
        first = [f for _, f in zip(range(ahead), more, strict=False)]
        waiting = _api().as_completed(first)
        for future in waiting:
            if future.status != "finished":
                raise ModelError(
                    one_line(f"a chunk failed on the cluster: {future.exception()}"),
                    remedy="what is finished is kept; --resume goes on",
                )
            answer = future.result()
            future.release()
            if len(answer) == 1:
                raise ModelError(str(answer[0]))
            yield Entry(*answer)
            for another in more:
                waiting.add(another)
                break
