"""The cache: a hit equals a miss, anything odd is a miss, nothing here fails a read."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reading_models import MODELS

from sdsim.base import cache
from sdsim.ir.model import to_json
from sdsim.readers import child, read

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache" / "deep"
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    return folder / "models"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many expressions each child was asked."""
    calls: list[int] = []
    real = child.parse

    def counted(texts: list[str]) -> object:
        calls.append(len(texts))
        return real(texts)

    monkeypatch.setattr(child, "parse", counted)
    return calls


def test_a_hit_equals_a_miss(place: Path, asked: list[int]) -> None:
    path = MODELS / "regions.mdl"
    missed = read(path)
    assert len(asked) == 1
    assert read(path) == missed
    assert read(path, cache=False) == missed
    assert len(asked) == 2, "only the read without cache parsed again"
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert len(list(place.iterdir())) == 1


def test_the_same_content_under_another_name(write: Write, asked: list[int]) -> None:
    first = read(write("x = Time ~ ~ |"))
    second = read(write("x = Time ~ ~ |", name="other.mdl"))
    assert len(asked) == 1
    assert (second.name, second.file, second.digest) == ("other", "other.mdl", first.digest)


def test_changed_content_is_a_miss(write: Write, asked: list[int]) -> None:
    read(write("x = Time ~ ~ |"))
    changed = read(write("x = Time*2 ~ ~ |"))
    assert len(asked) == 2
    assert changed.find("x").equations[0].expr != read(write("x = Time ~ ~ |"))


def test_changed_data_are_a_miss(write: Write, tmp_path: Path) -> None:
    path = write("x = GET DIRECT CONSTANTS('d.csv', ',', 'A1') ~ ~ |")
    values = []
    for number in ("1", "1", "2"):
        (tmp_path / "d.csv").write_text(number)
        values.append(read(path).find("x").equations[0].expr.value)  # type: ignore[union-attr]
    assert values == [1.0, 1.0, 2.0]


def test_data_that_went_away_are_missed(write: Write, tmp_path: Path) -> None:
    from sdsim.base.errors import ModelError

    path = write("x = GET DIRECT CONSTANTS('d.csv', ',', 'A1') ~ ~ |")
    (tmp_path / "d.csv").write_text("1")
    read(path)
    (tmp_path / "d.csv").unlink()
    with pytest.raises(ModelError, match="no such file"):
        read(path)


def signed(body: bytes) -> bytes:
    return hashlib.sha256(body).digest() + body


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"\x80\x04cos\nsystem\n",
        signed(b"{}"),
        signed(b"[1, 2"),
        signed(b'{"files": {}, "model": {"name": 1}}'),
        signed(b'{"files": {"../../etc/passwd": "x"}, "model": {}}'),
        signed(
            json.dumps({"files": {}, "model": {"dimensions": [], "variables": [[["x"]]]}}).encode()
        ),
    ],
)
def test_a_broken_entry_is_a_miss_and_is_mended(
    content: bytes, write: Write, place: Path, asked: list[int]
) -> None:
    path = write("x = Time ~ ~ |")
    model = read(path)
    (entry,) = place.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(content)
    assert read(path) == model
    assert len(asked) == 2
    assert entry.read_bytes() == whole


def test_a_cache_that_cannot_be_used_is_no_obstacle(
    write: Write, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("x = Time ~ ~ |")
    place.parent.mkdir(parents=True)
    place.write_text("a file where the folder should be")
    model = read(path)
    monkeypatch.setenv(cache.VARIABLE, "/proc/none/of/this")
    assert read(path) == model
    monkeypatch.setenv(cache.VARIABLE, "/dev/null/x")
    assert read(path) == model


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of POSIX")
def test_a_folder_others_can_write_into_is_not_used(
    write: Write, place: Path, asked: list[int]
) -> None:
    place.mkdir(parents=True)
    place.chmod(0o777)
    path = write("x = Time ~ ~ |")
    read(path)
    read(path)
    assert len(asked) == 2
    assert list(place.iterdir()) == []


def read_at_once(start: Any, said: Any) -> None:
    start.wait()
    said.put(json.dumps(to_json(read(MODELS / "orchard.mdl")), sort_keys=True))


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_sixteen_processes_at_once(place: Path) -> None:
    forked = multiprocessing.get_context("fork")
    start, said = forked.Barrier(16), forked.Queue()
    running = [forked.Process(target=read_at_once, args=(start, said)) for _ in range(16)]
    for process in running:
        process.start()
    texts = {said.get(timeout=600) for _ in running}
    for process in running:
        process.join()
    assert {process.exitcode for process in running} == {0}
    assert texts == {json.dumps(to_json(read(MODELS / "orchard.mdl")), sort_keys=True)}
    assert len(list(place.iterdir())) == 1, "no temporary file is left behind"
