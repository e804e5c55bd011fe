"""Another distribution has the same import name: what is noticed where the two meet."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import sdsim
from sdsim.base.identity import REMEDY, mixed_with, warn_of_others
from sdsim.cli import main

PACKAGE = Path(sdsim.__file__).parent


def test_here_there_is_nothing_of_the_other() -> None:
    assert mixed_with(PACKAGE, sys.path) == ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_others(PACKAGE, sys.path)


@pytest.mark.parametrize("name", ["sdsim.py", "__version__.py"])
def test_its_files_in_the_folder_are_seen(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert f"{name}' belongs to the unrelated package 'sdsim'" in mixed_with(tmp_path, ())


@pytest.mark.parametrize("name", ["sdsim-0.1.0.dist-info", "sdsim-0.2.egg-info"])
def test_its_installation_elsewhere_on_the_path_is_seen(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / "crossborder_sdsim-0.1.0.dist-info").mkdir()
    (tmp_path / "sdsim").mkdir()
    assert f"is installed as well ('{name}' in " in mixed_with(tmp_path / "sdsim", ())
    search = ["", str(tmp_path / "none"), str(tmp_path)]
    assert name in mixed_with(PACKAGE, search)
    with pytest.warns(UserWarning, match="pip uninstall -y sdsim crossborder-sdsim"):
        warn_of_others(PACKAGE, search)


def test_an_import_says_so(tmp_path: Path) -> None:
    """The other one was there first: ours is written over it, its other files stay."""
    shutil.copytree(PACKAGE, tmp_path / "sdsim", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "sdsim" / "sdsim.py").write_text("raise SystemExit", encoding="utf-8")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import sdsim"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stderr.count("belongs to the unrelated package 'sdsim'") == 1
    assert REMEDY in done.stderr


def test_a_command_says_so_where_the_other_one_came_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its ``__init__`` has replaced ours, so that nothing can be imported from it."""
    monkeypatch.setattr("sdsim.run.system.load", None)
    command = sys.modules["sdsim.cli.main"]  # the name in the package is the function's
    monkeypatch.setattr(command, "mixed_with", lambda *_: "'x' belongs to another")
    assert main(["run", "no.mdl"]) == 2
    assert capsys.readouterr().err == f"'x' belongs to another; {REMEDY}\n"
