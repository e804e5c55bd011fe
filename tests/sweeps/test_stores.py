"""A store is believed only if it is what was written; and nothing else is touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sweeping import FACTORS, MODEL, files_of

import sdsim
from sdsim.base.errors import ModelError
from sdsim.design import (
    Crossed,
    Design,
    Grid,
    MonteCarlo,
    Morris,
    OneAtATime,
    Policy,
    Saltelli,
)
from sdsim.sweeps import Outcome, Sweep, read_store, run_sweep

Spoil = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(sweep: Sweep, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("whole") / "store"
    run_sweep(sweep, store, jobs=0)
    return store


def edited(name: str, old: str, new: str, line: int | None = None) -> Spoil:
    def spoil(store: Path) -> None:
        lines = (store / name).read_text().splitlines(keepends=True)
        at = range(len(lines)) if line is None else [line]
        changed = [t.replace(old, new, 1) if k in at else t for k, t in enumerate(lines)]
        assert changed != lines
        (store / name).write_text("".join(changed))

    return spoil


def filled(name: str, text: str) -> Spoil:
    return lambda store: (store / name).write_text(text) and None


ARRAY, SERIES, NAME = "outcomes/zarr.json", "series/level/zarr.json", "manifest.jsonl"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (edited(SERIES, "20.0", "21.0"), "series/level/zarr.json is damaged; --resume"),
        (edited(ARRAY, "little", "big"), "outcomes/zarr.json is damaged"),
        (filled(ARRAY, "garbage"), "outcomes/zarr.json is damaged"),
        (filled("zarr.json", "{}"), "zarr.json is damaged"),
        (lambda store: (store / SERIES).unlink(), "series/level/zarr.json is missing"),
        (edited(NAME, '"failed": []', '"failed": [[70, "ok"]]', 2), ":3: is damaged; --resume"),
        (edited(NAME, '"chunk": 1', '"chunk": 0', 2), ":3: is damaged"),
        (filled("outcomes/c/1/0", ""), "chunk 1: outcomes/c/1/0 is damaged"),
    ],
)
def test_what_was_changed_is_named_and_written_again(
    sweep: Sweep, whole: Path, tmp_path: Path, spoil: Spoil, words: str
) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole, store)
    spoil(store)
    with pytest.raises(ModelError, match=words):
        read_store(store)
    run_sweep(sweep, store, jobs=0, resume=True)
    assert files_of(store) == files_of(whole)


@pytest.mark.parametrize("old", ["final level", "0.9"])
def test_a_header_that_was_changed_is_not_believed(whole: Path, tmp_path: Path, old: str) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole, store)
    edited(NAME, old, "1" * len(old), 0)(store)
    with pytest.raises(ModelError, match=":1: is no manifest of a sweep, or damaged"):
        read_store(store)


def test_a_missing_chunk_is_no_nan_even_unverified(whole: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(whole, store)
    assert read_store(store, verify=False).identical(read_store(whole))
    body = (store / "outcomes/c/2/0").read_bytes()
    (store / "outcomes/c/2/0").write_bytes(bytes([body[0] ^ 1]) + body[1:])
    with pytest.raises(ModelError, match="array 'outcomes' is damaged"):
        read_store(store, verify=False)
    (store / "outcomes/c/2/0").unlink()
    with pytest.raises(ModelError, match="chunk 2: outcomes/c/2/0 is missing"):
        read_store(store, verify=False)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_of_somebody_else_is_left_alone(
    sweep: Sweep, tmp_path: Path, resume: bool
) -> None:
    for place in ("outcomes/thesis.txt", "series/data.csv", "zarr.json"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("precious")
    before = files_of(tmp_path)
    with pytest.raises(ModelError, match="is not a store of a sweep; name another place"):
        run_sweep(sweep, tmp_path, jobs=0, resume=resume)
    assert files_of(tmp_path) == before


def test_bad_arguments_leave_no_store(sweep: Sweep, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="jobs is -1"):
        run_sweep(sweep, tmp_path / "store", jobs=-1)
    assert not (tmp_path / "store").exists()
    with pytest.raises(ModelError, match="no Dask scheduler at 'nonsense'"):
        run_sweep(sweep, tmp_path / "store", dask="nonsense")
    run_sweep(sweep, tmp_path / "store", jobs=0)


def test_a_changed_model_is_all_that_is_named(sweep: Sweep, whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "level.mdl"
    path.write_text(MODEL.replace("Rate * Level", "2 * Rate * Level"))
    other = replace(sweep, system=sdsim.load(path))
    with pytest.raises(ModelError, match="belongs to another sweep: the model; resume"):
        run_sweep(other, whole, jobs=0, resume=True)


# --- random functions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("design", "alike"),
    [
        (MonteCarlo(FACTORS, 12), 1),
        (Grid(FACTORS, 3), 9),
        (OneAtATime(FACTORS, 3), 5),
        (Morris(FACTORS, 3), 3),
        (Saltelli(FACTORS, 3), 4),
        (Saltelli(FACTORS, 3, second_order=True), 6),
        (
            Crossed(
                (Policy("a", {"Start": 1.0}), Policy("b", {"Start": 2.0})),
                MonteCarlo(FACTORS, 4), {"Start": 3.0},
            ),
            2,
        ),
    ],
)  # fmt: skip
def test_members_that_are_compared_meet_the_same_chance(
    tmp_path: Path, design: Design, alike: int
) -> None:
    path = tmp_path / "noisy.mdl"
    path.write_text(MODEL + "Noise = RANDOM NORMAL(-9, 9, 0, 1, 0) ~ thing ~ |\n")
    sweep = Sweep(sdsim.load(path), design, (Outcome("noise", "FINAL(Noise)"),), chunk=5)
    noise = run_sweep(sweep)["outcomes"].values[:, 0]
    world = np.arange(design.count) // alike
    assert len(set(noise)) == world[-1] + 1
    assert all(len(set(noise[world == w])) == 1 for w in range(world[-1] + 1))
