"""The arrays of a sweep on disk: zarr, one file per chunk, each file complete or absent.

STORE/manifest.jsonl    the description of the sweep, and each finished chunk with its digests
STORE/outcomes          (member, outcome)
STORE/series/NAME       (member, time, element), if whole series are saved
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec
from zarr.core.buffer import Buffer
from zarr.storage import LocalStore, MemoryStore

from sdsim.base import files
from sdsim.base.errors import ModelError, one_line
from sdsim.ir.model import label_of
from sdsim.sweeps import faults
from sdsim.sweeps.task import Part, Task

OUTCOMES, SERIES = "outcomes", "series"
FILES = "files"  # the manifest's key for the digests of the arrays' metadata


class DurableStore(LocalStore):
    """A folder whose files are written to a temporary file, synced and renamed.

    written : SHA-256 of everything written through this object, by key.
    """

    written: dict[str, str]

    def __init__(self, root: Path | str, *, read_only: bool = False) -> None:
        super().__init__(root, read_only=read_only)
        self.written = {}

    async def set(self, key: str, value: Buffer) -> None:
        """Write one file; see `zarr.abc.store.Store.set`."""
        body = value.to_bytes()
        write(Path(self.root) / key, body)
        self.written[key] = hashlib.sha256(body).hexdigest()


def write(path: Path, body: bytes) -> None:
    """Write a file so that it is complete or absent, whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(path, durable=True) as beside:
        beside.write_bytes(body)


def metadata(task: Task) -> dict[str, bytes]:
    """The metadata files of the arrays, by path in the store."""
    written: dict[str, Buffer] = {}
    group = zarr.create_group(MemoryStore(written))
    n, chunk = task.count, min(task.chunk, task.count)
    outcomes = [o.name for o in task.asked]
    _array(group, OUTCOMES, (n, len(outcomes)), chunk, ("member", "outcome"), {
        "outcome": outcomes,
        "expression": [o.expression for o in task.asked],
        "units": [o.units for o in task.asked],
    })  # fmt: skip
    kept = group.create_group(SERIES) if task.series.cells else None
    for key, heading in headings(task).items():
        shape = (n, len(heading["time"]), len(heading["element"]))
        _array(kept, files.named(key), shape, chunk, ("member", "time", "element"), heading)
    return {key: body.to_bytes() for key, body in sorted(written.items())}


def headings(task: Task) -> dict[str, dict[str, Any]]:
    """What each saved series is (by canonical name): ``variable, units, time, element``.

    A single element of an array is called by its own name.
    """
    system, grid = task.run.system, task.run.grid
    times = [grid.time(k) for k in task.series.saved]
    found = {}
    for key, cells in task.series.cells.items():
        variable = system.model.variables[key]
        elements = [label_of(system.model, variable, c) for c in cells]
        alone = len(cells) == 1 < len(system.places[key])
        found[key] = {
            "variable": elements[0] if alone else variable.name, "units": variable.units,
            "time": times, "element": elements,
        }  # fmt: skip
    return found


def digests(bodies: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file."""
    return {key: hashlib.sha256(body).hexdigest() for key, body in bodies.items()}


def _array(
    group: Any, name: str, shape: tuple[int, ...], chunk: int, dims: tuple[str, ...],
    attributes: Mapping[str, Any],
) -> None:  # fmt: skip
    group.create_array(
        name, shape=shape, chunks=(chunk, *(max(s, 1) for s in shape[1:])), dtype="float64",
        fill_value=float("nan"), compressors=Crc32cCodec(), dimension_names=dims,
        attributes=dict(attributes), config={"write_empty_chunks": True},
    )  # fmt: skip


def put(root: Path, task: Task, chunk: int, part: Part) -> dict[str, str]:
    """Write one chunk of every array; returns the digests of the files by path in the store."""
    store = DurableStore(root)
    group = zarr.open_group(store, mode="r+")
    where = slice(*task.bounds(chunk))
    with zarr.config.set({"array.write_empty_chunks": True}):
        faults.chunk("write", chunk)
        _at(group, OUTCOMES)[where] = part.values
        for name, values in part.series.items():
            _at(group, f"{SERIES}/{files.named(name)}")[where] = values
    return dict(sorted(store.written.items()))


def _at(group: Any, path: str) -> Any:
    return group[path]


def fault(root: Path, files: Mapping[str, str], whole: bool = True) -> str:
    """What is wrong with some files, in a few words; empty if nothing is.

    whole : check their contents, not only that they exist.
    """
    for key, digest in files.items():
        if not whole:
            if not (root / key).is_file():
                return f"{key} is missing"
            continue
        try:
            body = (root / key).read_bytes()
        except FileNotFoundError:
            return f"{key} is missing"
        except OSError as e:
            return f"{key} cannot be read: {e.strerror}"
        if hashlib.sha256(body).hexdigest() != digest:
            return f"{key} is damaged"
    return ""


def opened(root: Path) -> Any:
    """Open the arrays for reading; zarr's older format, which allows pickles, is refused."""
    try:
        return zarr.open_group(LocalStore(root, read_only=True), mode="r", zarr_format=3)
    except (OSError, ValueError, KeyError, TypeError) as e:
        what = f"no store of a sweep: {one_line(str(e), 200)}"
        raise ModelError(what, file=str(root), remedy="--resume writes it again") from None


def read(array: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Read a whole array.

    Raises
    ------
    ModelError : it is not in the form that `metadata` and `put` write.
    """
    metadata = array.metadata
    codecs = {type(c) for c in metadata.codecs} if metadata.zarr_format == 3 else {object}
    if array.dtype != np.float64 or not codecs <= {BytesCodec, Crc32cCodec}:
        raise ModelError(f"array '{array.path}' is not written by a sweep", remedy="run it again")
    try:
        return np.asarray(array[...])
    except (OSError, ValueError) as e:
        what = f"array '{array.path}' is damaged: {one_line(str(e), 200)}"
        raise ModelError(what, remedy="--resume computes what is damaged again") from None
