"""The outcome of a competition as a file in its folder: ``competition.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sdsim.base import files, limits
from sdsim.base.errors import ModelError
from sdsim.comparison.competition import Outcome, lines

RECORD = "competition.json"


def write_record(folder: str | Path, outcome: Outcome, title: str = "") -> Path:
    """Write it, completely or not at all.

    Raises
    ------
    ModelError : the folder cannot be written.
    """
    said = {"title": title, **outcome.to_data(), "sentences": list(lines(outcome))}
    return files.write_text(Path(folder) / RECORD, json.dumps(said, indent=1) + "\n")


def read_record(folder: str | Path) -> dict[str, Any]:
    """What `write_record` wrote; see `sdsim.comparison.table.Table.to_data`.

    Raises
    ------
    ModelError : there is none, or it is damaged.
    """
    path = Path(folder) / RECORD
    try:
        found = json.loads(files.read_text(path, limits.DATA_BYTES))
        rows = [r["log_density"]["to_best"] for t in found["tables"].values() for r in t["rows"]]
        if not rows:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        remedy = "run it again: sdsim compete SPEC -o FOLDER --resume"
        raise ModelError("not the record of a competition", remedy=remedy, file=str(path)) from None
    return dict(found)
