"""A file put in place: the old one or the new one, whole, whatever happens meanwhile."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sdsim.base import files, host

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such mode bits")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("durable", [False, True])
def test_the_new_file_takes_the_place_of_the_old(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a.csv"
    for text in ("old", "new"):
        with files.replacing(path, durable=durable) as beside:
            assert beside.suffix == ".csv"
            assert beside.parent == tmp_path
            beside.write_text(text)
            assert path.exists() == (text == "new")
        assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, SystemExit])
def test_after_an_error_in_the_middle_the_old_file_stands(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def fail(beside: Path) -> None:
        beside.write_text("ne")
        raise error

    with pytest.raises(error), files.replacing(path) as beside:
        fail(beside)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_after_the_death_of_the_process_the_old_file_stands(tmp_path: Path) -> None:
    """What is left beside it goes with the next `tidy`."""
    path = tmp_path / "a"
    path.write_text("old")
    die = (
        "import os, pathlib, sys; from sdsim.base import files\n"
        "with files.replacing(pathlib.Path(sys.argv[1])) as beside:\n"
        "    beside.write_text('ne'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", die, str(path)], check=False).returncode == 9
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    files.tidy(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


@POSIX
def test_mode_bits(tmp_path: Path) -> None:
    """Those of the file before it, else those of any new file; none for others where private."""
    path, plain = tmp_path / "a", tmp_path / "plain"
    plain.write_text("")
    for mode in (None, 0o640, 0o755):
        if mode is not None:
            path.chmod(mode)
        with files.replacing(path) as beside:
            beside.write_text("x")
        assert _mode(path) == (_mode(plain) if mode is None else mode)
    with files.replacing(path, private=True) as beside:
        assert _mode(beside) == 0o600
    assert _mode(path) == 0o600


@POSIX
def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """What it leads to may be anybody's."""
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "a").symlink_to(tmp_path / "theirs")
    with files.replacing(tmp_path / "a") as beside:
        beside.write_text("mine")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert (tmp_path / "a").read_text() == "mine"


def test_on_windows_a_reader_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(host.time, "sleep", lambda _: None)
    asked, rename = [0], os.replace

    def refuse(source: Path, target: Path) -> None:
        asked[0] += 1
        if asked[0] <= 3:
            raise PermissionError(13, "The process cannot access the file")
        rename(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with files.replacing(tmp_path / "a", durable=True) as beside:
        beside.write_text("x")
    assert (tmp_path / "a").read_text() == "x"
    assert asked == [4]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), files.replacing(tmp_path / "none" / "a"):
        raise AssertionError
