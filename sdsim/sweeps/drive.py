"""Runs a sweep: in this process, with local workers, or on a cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import xarray as xr

from sdsim.backends import backend_named
from sdsim.base import files
from sdsim.base.errors import ModelError
from sdsim.sweeps import faults, store
from sdsim.sweeps.manifest import BESIDE, NAME, Entry, Manifest, differences, locked, read_manifest
from sdsim.sweeps.pool import Crew
from sdsim.sweeps.results import labelled, read_store
from sdsim.sweeps.sweep import Sweep
from sdsim.sweeps.task import Part, Task


@dataclass(frozen=True)
class State:
    """The progress of a sweep: members done, failed and in all; seconds since it began.

    before : members that were already in the store when it began.
    """

    done: int
    failed: int
    of: int
    seconds: float
    before: int = 0

    @property
    def rate(self) -> float:
        """Runs per second."""
        return (self.done - self.before) / self.seconds if self.seconds > 0 else 0.0


Progress = Callable[[State], None]


class Hands(AbstractContextManager["Hands"], Protocol):
    """Something that runs chunks and writes them."""

    def run(self, chunks: Iterable[int]) -> Iterator[Entry]:
        """Entries of finished chunks, in any order."""


def run_sweep(
    sweep: Sweep,
    path: str | Path | None = None,
    *,
    jobs: int | None = None,
    resume: bool = False,
    dask: str | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run a sweep.

    Parameters
    ----------
    path : the store to write; None keeps the results in memory and runs in this process.
    jobs : number of workers that write to the store; None means one per processor. 0 runs in this
        process, which is quickest for small sweeps, but a member that crashes its process then
        ends the whole sweep.
    resume : run only what is missing from an existing store.
    dask : address of a Dask scheduler, or ``local``; its workers write to ``path`` themselves.
    progress : called as members finish.

    Returns
    -------
    See `sdsim.sweeps.results.read_store`.

    Raises
    ------
    ModelError : the sweep does not fit the model; the store exists, or belongs to another sweep,
        or is being written by another process, or cannot be written.
    """
    if path is None:
        _alone(jobs, resume, dask)
    else:
        vacant(Path(path), resume)
    task = sweep.task()
    header = sweep.header(task)
    if path is None:
        return labelled(task, header, _in_memory(task, progress))
    root, described = Path(path), store.metadata(task)
    header = {**header, store.FILES: store.digests(described)}
    hands_on = _hands(sweep, task, root, jobs, dask)
    vacant(root, resume)
    with locked(root):
        manifest = _known(header, root) if (root / NAME).exists() else Manifest(root, header)
        with hands_on as hands:
            manifest.settle()
            _mend(root, described)
            missing = [k for k in range(task.chunks) if k not in manifest.entries]
            began, done, failed = time.monotonic(), _members(task, manifest), len(manifest.failed)
            before = done
            for entry in hands.run(missing):
                manifest.enter(entry)
                faults.chunk("entered", entry.chunk)
                first, stop = task.bounds(entry.chunk)
                done, failed = done + stop - first, failed + len(entry.failed)
                if progress is not None:
                    seconds = time.monotonic() - began
                    progress(State(done, failed, task.count, seconds, before))
        files.tidy(root)
        manifest.settle()
    return read_store(root)


def _alone(jobs: int | None, resume: bool, dask: str | None) -> None:
    """Refuse options that an in-memory sweep, which runs in this process, would ignore."""
    for name, asked in (("jobs", jobs), ("resume", resume), ("dask", dask)):
        if asked:
            raise ModelError(
                f"{name} needs a store, and none is named",
                remedy=f"name one, or leave {name} out; threads are the back end's",
            )


def _members(task: Task, manifest: Manifest) -> int:
    """Members in finished chunks."""
    return sum(stop - first for first, stop in map(task.bounds, manifest.entries))


def vacant(root: Path, resume: bool = False) -> None:
    """Make sure that nothing but a store of ours is ever overwritten.

    Raises
    ------
    ModelError : a store that is not to be resumed, something else of that name, or a folder that
        is not writable.
    """
    if fault := files.url(root, "name a folder"):
        raise fault
    if (root / NAME).exists():
        if not resume:
            raise ModelError(
                "already exists", file=str(root), remedy="--resume finishes it; or name another"
            )
        return
    there = next(p for p in (root.absolute(), *root.absolute().parents) if os.path.lexists(p))
    if there.is_dir() and not os.access(there, os.W_OK | os.X_OK):
        what = f"cannot be written: nothing may be written in '{there}'"
        raise ModelError(what, file=str(root), remedy="choose another folder")
    if not os.path.lexists(root) or (root.is_dir() and {e.name for e in root.iterdir()} <= BESIDE):
        return
    raise ModelError("is not a store of a sweep", file=str(root), remedy="name another place")


def _known(header: Mapping[str, Any], root: Path) -> Manifest:
    """The manifest of a store, checked to be of the same sweep, with only intact chunks in it."""
    manifest = read_manifest(root, mend=True)
    unlike = differences(header, manifest.header)
    if unlike:
        raise ModelError(
            f"belongs to another sweep: {'; '.join(unlike)}", file=str(root),
            remedy="resume with what it was begun with, or write a new store",
        )  # fmt: skip
    files.tidy(root)
    kept = {k: e for k, e in manifest.entries.items() if not store.fault(root, e.files)}
    return Manifest(root, {**manifest.header, store.FILES: header[store.FILES]}, kept)


def _mend(root: Path, described: Mapping[str, bytes]) -> None:
    """Rewrite the arrays' metadata where it is missing or damaged."""
    for key, body in described.items():
        if not (root / key).is_file() or (root / key).read_bytes() != body:
            store.write(root / key, body)


def _hands(sweep: Sweep, task: Task, root: Path, jobs: int | None, dask: str | None) -> Hands:
    jobs = (os.cpu_count() or 1) if jobs is None else jobs
    if jobs < 0:
        raise ModelError(
            f"jobs is {jobs}, expected 0 or more", remedy="write 0 to run in this process"
        )
    method = task.run.method
    if (dask is not None or jobs) and not method.built_in:
        what = f"{type(method).__name__} exists in this process alone, not in the workers"
        raise ModelError(what, remedy="write jobs=0, to run in this process")
    if dask is not None:
        from sdsim.sweeps.cluster import Cluster

        return Cluster(task.to_json(), root, dask, sweep.timeout)
    if jobs == 0:
        return Here(task, root)
    return Crew(task.to_json(), root, jobs, sweep.timeout)


class Here:
    """This process."""

    def __init__(self, task: Task, root: Path) -> None:
        self._task, self._root = task, root

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, chunks: Iterable[int]) -> Iterator[Entry]:
        """See `Hands.run`."""
        for k in chunks:
            part = self._task.part(*self._task.bounds(k))
            yield Entry(k, store.put(self._root, self._task, k, part), part.failed)


def _in_memory(task: Task, progress: Progress | None) -> Part:
    """Run all members in this process."""
    system = replace(task.run.system, backend=backend_named(task.run.system.backend.name))
    task = replace(task, run=replace(task.run, system=system))
    began, parts, failed = time.monotonic(), [], 0
    for k in range(task.chunks):
        first, stop = task.bounds(k)
        parts.append(task.part(first, stop))
        failed += len(parts[-1].failed)
        if progress is not None:
            progress(State(stop, failed, task.count, time.monotonic() - began))
    return Part(
        0,
        np.concatenate([p.values for p in parts]),
        {m: t for p in parts for m, t in p.failed.items()},
        {name: np.concatenate([p.series[name] for p in parts]) for name in parts[0].series},
    )
