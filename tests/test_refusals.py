"""Every refusal in one line: where, what was expected against what is there, and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from making import mdl

from sdsim.cli.main import main

PLAIN = """d: a, b
k = 2
x[d] = 1, 2
s = INTEG(k, 0)
t((0,0),(9,1))
y = t(Time) + x[a]"""
SPEC = """model = "m.mdl"
[design]
kind = "monte carlo"
members = 8
[uncertainties]
k = [1, 3]
[outcomes]
End = "final(s)"
"""


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, which is the current one."""
    (tmp_path / "m.mdl").write_text(mdl(PLAIN))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDSIM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def refused(capfd: pytest.CaptureFixture[str], *args: str) -> str:
    """The one line that a command says."""
    status = main(list(args))
    out, said = capfd.readouterr()
    assert (status, out, said.count("\n")) == (2, "", 1), said
    return said.rstrip("\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        # The model is not there either: where results go comes first.
        ("run none.mdl -o no/out.csv",
         "no/out.csv: cannot be written: there is no folder 'no'; make it first"),
        ("run none.mdl -o out.exe", "out.exe: cannot write '.exe'; use .nc, .csv, .tab, .parquet"),
        ("run none.mdl -o out",
         "out: cannot write a file without an ending; use .nc, .csv, .tab, .parquet"),
        ("run none.mdl -o folder.csv",
         "folder.csv: cannot be written: it is a folder; name a file"),
        ("run none.mdl -o pipe.csv",
         "pipe.csv: cannot be written: it is no regular file; name a file"),
        ("run none.mdl -o http://x.org/a.csv",
         "http://x.org/a.csv: is a URL, expected the path of a file; write a file here, "
         "and take it there"),
        ("run m.mdl --params p.csv -o p.csv",
         "p.csv: would be written over what --params reads; choose another name"),
        ("convert none.mdl no/m.xmile",
         "no/m.xmile: cannot be written: there is no folder 'no'; make it first"),
        ("convert none.mdl m.exe", "m.exe: cannot write '.exe'; use .mdl, .xmile, .stmx"),
        ("sweep none.toml -o m.mdl", "m.mdl: is no store of a sweep; name another place"),
        ("sensitivity none.toml -o m.mdl", "m.mdl: is no store of a sweep; name another place"),
        ("sensitivity none.toml --page no/p.html",
         "no/p.html: cannot be written: there is no folder 'no'; make it first"),
        ("plot none.nc -o p.exe", "p.exe: cannot write '.exe'; use .html, .htm"),
        # What is read.
        ("run http://x.org/m.mdl",
         "http://x.org/m.mdl: is a URL, expected the path of a file; download it first"),
        ("run https://x.org/m",
         "https://x.org/m: is a URL, expected the path of a file; download it first"),
        ("compare m.mdl ftp://x.org/r.csv",
         "ftp://x.org/r.csv: is a URL, expected the path of a file; download it first"),
        ("run m.mdl --preset http://x.org/p.toml",
         "http://x.org/p.toml: is a URL, expected the path of a file; download it first"),
        ("run .", ".: a folder: expected a Vensim .mdl file or an XMILE file (.xmile, .stmx); "
         "save the model as .mdl (text) in Vensim"),
        ("run m.mdl --open no", "no: no such folder; name the folder with the model's data"),
    ],
)  # fmt: skip
def test_the_command_line(
    at: Path, capfd: pytest.CaptureFixture[str], args: str, said: str
) -> None:
    (at / "p.csv").write_text("k,3\n")
    (at / "folder.csv").mkdir()
    os.mkfifo(at / "pipe.csv")
    before = {p: p.lstat().st_mtime_ns for p in at.iterdir()}
    assert refused(capfd, *args.split()) == said
    assert {p: p.lstat().st_mtime_ns for p in at.iterdir() if p.name != "cache"} == before
