"""The results of a sweep as a labelled dataset: outcomes, factors and status of each member."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sdsim.base.errors import ModelError
from sdsim.design import Design, design_from_data
from sdsim.design.distributions import supports
from sdsim.sweeps import store
from sdsim.sweeps.manifest import Manifest, read_manifest
from sdsim.sweeps.task import OK, Part, Task

#: The most factor values stored with the outcomes; beyond that, ask the design for them.
MAX_VALUES = 200_000_000


def read_store(path: str | Path, *, partial: bool = False, verify: bool = True) -> xr.Dataset:
    """Read the results of a finished sweep.

    Parameters
    ----------
    partial : accept an unfinished sweep; only its finished members are returned.
    verify : compare every chunk with its digest; otherwise check only that each exists and
        matches zarr's own checksums.

    Returns
    -------
    Dataset with ``outcomes (member, outcome)``, ``factors (member, factor)`` in model units,
    ``status (member)``, and each saved series over member, time and element. The status is ``ok``;
    or ``nonfinite@...``, with NaN for the outcomes and series that depend on the value that was
    not finite; or another failure, with NaN throughout. NaN in an ``ok`` member means that this
    outcome does not exist there. A sweep over cases has the coordinate ``case (member)``. The
    attributes hold the header of the manifest, the factors and
    their source.

    Raises
    ------
    ModelError : no store, or a missing or damaged chunk, which is never replaced by NaN.

    Examples
    --------
    >>> done = sdsim.sweep("sir.toml", store="cases.store", jobs=0)
    >>> found = sdsim.read_store("cases.store")
    >>> found["outcomes"].identical(done["outcomes"])
    True
    """
    root = Path(path)
    manifest = read_manifest(root)
    chunks, size, count = (int(manifest.header[k]) for k in ("chunks", "chunk", "members"))
    missing = [k for k in range(chunks) if k not in manifest.entries]
    if missing and not partial:
        raise ModelError(
            f"{len(missing)} of {chunks} chunks are missing, the first is {missing[0]}",
            file=str(root), remedy="--resume finishes them",
        )  # fmt: skip
    wrong = store.fault(root, manifest.header[store.FILES])
    if wrong:
        raise ModelError(wrong, file=str(root), remedy="--resume writes it again")
    for k in sorted(manifest.entries):
        wrong = store.fault(root, manifest.entries[k].files, verify)
        if wrong:
            raise ModelError(
                f"chunk {k}: {wrong}", file=str(root), remedy="--resume computes it again"
            )
    group = store.opened(root)
    there = np.ones(count, dtype=bool)
    for k in missing:
        there[k * size : (k + 1) * size] = False
    members = np.flatnonzero(there)
    whole = len(members) == count

    def taken(array: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
        values = store.read(array)
        return values if whole else values[members]

    series = {}
    if store.SERIES in group:
        for _, array in sorted(group[store.SERIES].arrays()):
            a = dict(array.attrs)
            series[str(a["variable"])] = (taken(array), a["time"], a["element"], a["units"])
    return _dataset(
        manifest.header, members, taken(group[store.OUTCOMES]), manifest.failed, series,
        design_from_data(manifest.header["asked"]["the design"]),
    )  # fmt: skip


def labelled(task: Task, header: Mapping[str, Any], part: Part) -> xr.Dataset:
    """The same dataset from results in memory."""
    series = {
        h["variable"]: (part.series[key], h["time"], h["element"], h["units"])
        for key, h in store.headings(task).items()
    }
    members = np.arange(task.count)
    return _dataset(header, members, part.values, part.failed, series, task.design)


def failures(found: xr.Dataset) -> dict[str, int]:
    """How many members of a sweep's results failed, by kind: ``nonfinite``, ``timeout``, ..."""
    status = found["status"].values
    return Counter(str(s).split("@")[0].split(":")[0] for s in status[status != OK])


def failed(found: xr.Dataset) -> str:
    """How many members failed, of what, and the first of them; nothing if none did."""
    kinds = failures(found)
    if not kinds:
        return ""
    status = found["status"].values
    first = int(np.argmax(status != OK))
    said = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items())
    return (
        f"{sum(kinds.values()):,} of {len(status):,} members failed ({said}), the first is member "
        f"{found['member'].values[first]}: {status[first]}"
    )


def manifest_of(path: str | Path) -> Manifest:
    """The manifest of a store."""
    return read_manifest(Path(path))


def _dataset(
    header: Mapping[str, Any], members: np.ndarray[Any, np.dtype[np.int64]],
    outcomes: np.ndarray[Any, np.dtype[np.float64]], failed: Mapping[int, str],
    series: Mapping[str, Any], design: Design,
) -> xr.Dataset:  # fmt: skip
    asked = header["asked"]["the outcomes"]
    status = np.full(len(members), OK, dtype=object)
    place = {int(m): i for i, m in enumerate(members)} if failed else {}
    for m, text in failed.items():
        status[place[m]] = text
    data: dict[str, Any] = {
        "outcomes": (("member", "outcome"), outcomes),
        "status": ("member", status),
    }
    coords: dict[str, Any] = {
        "member": members,
        "outcome": [o[0] for o in asked],
        "expression": ("outcome", [o[1] for o in asked]),
        "units": ("outcome", [o[2] for o in asked]),
        "better": ("outcome", [o[3] for o in asked]),
    }
    if cases := header["asked"].get("the cases"):
        coords["case"] = ("member", np.array(cases, dtype=object)[members // design.count])
    if len(members) * len(design.factors) <= MAX_VALUES and len(design.factors):
        values = design.values(0, design.count)
        data["factors"] = (("member", "factor"), values[members % design.count])
        coords["factor"] = [f.name for f in design.factors]
        coords["source"] = ("factor", [f.source for f in design.factors])
        coords["group"] = ("factor", [f.group for f in design.factors])
        low, high = supports([f.distribution for f in design.factors])
        coords |= {"low": ("factor", low), "high": ("factor", high)}
    taken = {*data, *coords}
    for name, (values, times, elements, units) in series.items():
        dims = ("member", "time", f"element of {name}")
        coords.setdefault("time", times)
        if len(elements) > 1:
            coords[dims[2]] = list(elements)
        block = values[..., 0] if len(elements) == 1 else values
        key = f"{name} (variable)" if name in taken or name == "time" else name
        data[key] = (dims[:2] if len(elements) == 1 else dims, block, {"units": units})
    about = header["about"]
    return xr.Dataset(data, coords, {
        "title": about.get("title", ""), "preset": about.get("preset", ""),
        "model_hash": header["asked"]["the model"], "design": design.kind,
        "seed": header["asked"]["the seed"], "members": header["members"],
        "failed": len(failed), "machine": header["machine"],
        **{f"{k}_version": v for k, v in header["asked"]["the versions"].items()},
    })  # fmt: skip
