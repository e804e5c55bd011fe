"""Faults injected on purpose, for tests only: nothing happens unless the variable is set.

``SDSIM_TEST_FAULTS`` holds a JSON list such as ``[{"at": "member", "number": 17, "do": "kill"}]``.

at : ``member`` (before it runs), ``written`` (a chunk is in the store but not yet in the
    manifest), ``write`` (while a chunk is written), ``entered`` (the manifest has it).
number : number of the member or chunk.
do : ``kill`` (the process, -9), ``raise``, ``hang``, ``full`` (the disk), ``stop`` (SIGTERM),
    ``interrupt`` (SIGINT).
once : a file created when the fault happens; while it exists, the fault does not happen again.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sdsim.base import host

VARIABLE = "SDSIM_TEST_FAULTS"


def members(first: int, stop: int, spared: Collection[int]) -> None:
    """Members ``first`` to ``stop - 1``, except those spared, are about to run."""
    for fault in _known("member"):
        if first <= fault["number"] < stop and fault["number"] not in spared:
            _happen(fault)


def chunk(point: str, number: int) -> None:
    """A chunk has reached a point."""
    for fault in _known(point):
        if fault["number"] == number:
            _happen(fault)


def _known(point: str) -> list[dict[str, Any]]:
    text = os.environ.get(VARIABLE)
    return [f for f in json.loads(text) if f["at"] == point] if text else []


def _happen(fault: dict[str, Any]) -> None:
    if "once" in fault:
        try:
            Path(fault["once"]).open("x").close()
        except FileExistsError:
            return
    what = fault["do"]
    if what in ("kill", "stop", "interrupt"):
        kinds = {"kill": "SIGKILL", "stop": "SIGTERM", "interrupt": "SIGINT"}
        host.signal_self(kinds[what])
    elif what == "raise":
        raise ArithmeticError("put in by a test")
    elif what == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    elif what == "hang":
        while True:
            time.sleep(3600)
