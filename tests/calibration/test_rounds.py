"""Rounds: answers kept in a store, and taken from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from targets import correlated

from sdsim.base.errors import ModelError
from sdsim.calibration.rounds import Rounds, State
from sdsim.inference.target import Counted
from sdsim.sweeps.manifest import Manifest, read_manifest

HEADER = {"chunks": 0, "asked": {}}


def work(target: Rounds, batches: int = 5) -> np.ndarray:
    """Something that asks, and what it asks depends on the answers."""
    x = np.zeros((3, 5))
    for _ in range(batches):
        x = x + 0.1 * np.tanh(target.residuals(x)[:, :5])
        x = x * (1 + 1e-3 * target.log_likelihood(x)[:, None])
    return x


def opened(root: Path) -> Manifest:
    root.mkdir(exist_ok=True)
    if (root / "manifest.jsonl").exists():
        return read_manifest(root, mend=True)
    manifest = Manifest(root, HEADER)
    manifest.settle()
    return manifest


def test_work_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = work(Rounds(correlated(5), opened(tmp_path / "whole")))
    root = tmp_path / "cut"
    work(Rounds(correlated(5), opened(root)), batches=2)
    counted = Counted(correlated(5))
    told: list[State] = []
    again = work(Rounds(counted, opened(root), told.append))
    assert again.tobytes() == whole.tobytes()
    assert (counted.rounds, told[-1].rounds, told[-1].recalled) == (6, 10, 4)
    for file in (tmp_path / "whole").rglob("*.*"):
        assert (root / file.relative_to(tmp_path / "whole")).read_bytes() == file.read_bytes()


def test_a_damaged_or_missing_round_is_run_again(tmp_path: Path) -> None:
    work(Rounds(correlated(5), opened(tmp_path)))
    first, second, *_ = sorted((tmp_path / "rounds").iterdir())
    before = first.read_bytes()
    first.write_bytes(b"nothing")
    second.unlink()
    counted = Counted(correlated(5))
    work(Rounds(counted, opened(tmp_path)))
    assert counted.rounds == 2
    assert first.read_bytes() == before


def test_other_work_is_not_answered_from_here(tmp_path: Path) -> None:
    work(Rounds(correlated(5), opened(tmp_path)))
    with pytest.raises(ModelError, match="asked for other runs"):
        Rounds(correlated(5), opened(tmp_path)).residuals(np.ones((2, 5)))


def test_without_a_store_nothing_is_kept() -> None:
    counted = Counted(correlated(5))
    work(Rounds(counted))
    assert counted.rounds == 10
