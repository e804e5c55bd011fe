"""The manifest of a store: a header line that describes the sweep, and a line per chunk.

Each line ends with its own digest, so that a changed line is detected.
Lines are appended as chunks arrive and sorted at the end, so that a sweep leaves the same bytes
whatever the order in which its chunks finished.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import filelock

from sdsim.base.errors import ModelError
from sdsim.sweeps.store import write

NAME, LOCK, HOLDER = "manifest.jsonl", ".lock", ".holder"
#: Files that may be in a store before its manifest exists.
BESIDE = {LOCK, HOLDER}
FORMAT = 2
#: The header's key for changes to the model.
CHANGED = "preset, constants or data"
_SUM = '"sum": "'


class Entry(NamedTuple):
    """A finished chunk.

    files : SHA-256 of each of its files, by path in the store.
    failed : members without outcomes, and why.
    """

    chunk: int
    files: Mapping[str, str]
    failed: Mapping[int, str]

    def line(self) -> str:
        """The entry as a line of the manifest."""
        failed = [[m, self.failed[m]] for m in sorted(self.failed)]
        return _sealed({"chunk": self.chunk, "files": dict(self.files), "failed": failed})

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Entry:
        """An entry from a line's data; `KeyError`, `TypeError` or `ValueError` if it is none."""
        failed = {int(m): str(text) for m, text in data["failed"]}
        return cls(int(data["chunk"]), {str(k): str(v) for k, v in data["files"].items()}, failed)


@dataclass(frozen=True)
class Manifest:
    """The contents of a store.

    header : a description of the sweep, from `sdsim.sweeps.sweep.Sweep.header`.
    entries : the finished chunks, by number.
    """

    root: Path
    header: Mapping[str, Any]
    entries: dict[int, Entry] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The manifest's file."""
        return self.root / NAME

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the description of the sweep."""
        return hashlib.sha256(json.dumps(self.header, sort_keys=True).encode()).hexdigest()

    def enter(self, entry: Entry) -> None:
        """Add a chunk; it is safely on disk when this returns."""
        with self.path.open("ab") as stream:
            stream.write((entry.line() + "\n").encode())
            stream.flush()
            os.fsync(stream.fileno())
        self.entries[entry.chunk] = entry

    def settle(self) -> None:
        """Sort the lines."""
        lines = [_sealed(self.header), *(self.entries[k].line() for k in sorted(self.entries))]
        write(self.path, ("\n".join(lines) + "\n").encode())

    @property
    def complete(self) -> bool:
        """Whether every chunk is there."""
        return len(self.entries) == int(self.header["chunks"])

    @property
    def failed(self) -> dict[int, str]:
        """Members without outcomes, and why."""
        return {m: t for k in sorted(self.entries) for m, t in self.entries[k].failed.items()}


def _sealed(data: Mapping[str, Any]) -> str:
    """A line: the data, and the digest of its text."""
    body = json.dumps(dict(data))
    return f'{body[:-1]}, {_SUM}{hashlib.sha256(body.encode()).hexdigest()}"}}'


def _unsealed(line: bytes) -> dict[str, Any]:
    """The inverse of `_sealed`; `ValueError` if the digest differs."""
    text = line.decode()
    body, mark, seal = text.rpartition(f", {_SUM}")
    if not mark:
        raise ValueError("no digest")
    body += "}"
    if seal != hashlib.sha256(body.encode()).hexdigest() + '"}':
        raise ValueError("another digest")
    data: dict[str, Any] = json.loads(body)
    return data


def read_manifest(root: Path, mend: bool = False) -> Manifest:
    """Read the manifest of a store. A last line that was cut short is ignored.

    mend : leave out damaged lines, so that their chunks count as missing.

    Raises
    ------
    ModelError : there is no manifest, or it is not one of ours.
    """
    path = root / NAME
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as e:
        remedy = "a sweep writes one" if root.is_dir() else "is the path right?"
        raise ModelError(f"no manifest: {e.strerror}", file=str(root), remedy=remedy) from None
    out = None
    for n, line in enumerate(lines, start=1):
        try:
            data = _unsealed(line)
            if n == 1:
                out = Manifest(root, data)
            elif out is not None:
                entry = Entry.of(data)
                out.entries[entry.chunk] = entry
        except (ValueError, KeyError, TypeError, RecursionError):
            if n == 1:
                _refuse_format(line, path)
                what, remedy = "is no manifest of a sweep, or damaged", "write a new store"
                raise ModelError(what, remedy=remedy, file=str(path), line=n) from None
            if n < len(lines) - 1 and not mend:
                what = "is damaged"
                remedy = "--resume computes its chunk again"
                raise ModelError(what, remedy=remedy, file=str(path), line=n) from None
    assert out is not None
    return out


def _refuse_format(line: bytes, path: Path) -> None:
    """Refuse a manifest written by another version, naming its format."""
    try:
        found = json.loads(line)["sdsim sweep"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    if found != FORMAT:
        what = f"format {found!r:.40}, this version reads {FORMAT}"
        raise ModelError(what, remedy="write a new store", file=str(path)) from None


def differences(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """What two headers disagree on, in words; purely informative entries are ignored."""
    out = []
    for key in sorted({*now["asked"], *then["asked"]}):
        a, b = now["asked"].get(key), then["asked"].get(key)
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            parts = [k for k in sorted({*a, *b}) if a.get(k) != b.get(k)]
            out.append(f"{key} ({', '.join(f'{k} {b.get(k)} -> {a.get(k)}' for k in parts)})")
        else:
            out.append(key)
    if "the model" in out and CHANGED in out:  # its digest depends on the model's
        out.remove(CHANGED)
    return out


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Lock a store so that only one process writes it. The lock ends with the process.

    Raises
    ------
    ModelError : another process is writing; the message says which.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(root / LOCK, timeout=0)
    holder = root / HOLDER
    try:
        lock.acquire()
    except filelock.Timeout:
        raise ModelError(
            f"is being written by {_who(holder)}", file=str(root),
            remedy="wait for it, stop it, or choose another store",
        ) from None  # fmt: skip
    try:
        who = {"process": os.getpid(), "host": socket.gethostname(), "since": time.time()}
        holder.write_text(json.dumps(who), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(who["since"])))
        return f"process {int(who['process'])} on {who['host']!s} since {since}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
