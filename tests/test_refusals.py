"""Every refusal in one line: where, what was expected against what is there, and what to do."""

from __future__ import annotations

import ast
import io
import os
import zipfile
from pathlib import Path

import openpyxl
import pytest
from making import mdl
from wording import well_said

import sdsim
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
    """The one line that a command says, whatever notes stand before it."""
    status = main(list(args))
    out, said = capfd.readouterr()
    said = "".join(x for x in said.splitlines(keepends=True) if not x.startswith("note: "))
    assert (status, out, said.count("\n")) == (2, "", 1), said
    well_said(said.removesuffix("\n"))
    return said.removesuffix("\n")


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
         "pipe.csv: cannot be written: it is not a regular file; name a file"),
        ("run none.mdl -o http://x.org/a.csv",
         "http://x.org/a.csv: is a URL, expected the path of a file; write a file here, "
         "and take it there"),
        ("run m.mdl --params p.csv -o p.csv",
         "p.csv: would be written over what --params or --data reads; choose another name"),
        ("convert none.mdl no/m.xmile",
         "no/m.xmile: cannot be written: there is no folder 'no'; make it first"),
        ("convert none.mdl m.exe", "m.exe: cannot write '.exe'; use .mdl, .xmile, .stmx"),
        ("sweep none.toml -o m.mdl", "m.mdl: is not a store of a sweep; name another place"),
        ("sensitivity none.toml -o m.mdl", "m.mdl: is not a store of a sweep; name another place"),
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("k = 2\n\nnosuchthing = 1",
         "p.toml:5: no variable called 'nosuchthing'; `sdsim info` lists the names"),
        ("kk = 1", "p.toml:3: no variable called 'kk'; did you mean 'k'?"),
        ("x = [1, 2, 3]", "p.toml:3: 'x': expected 2 values (over d), got 3 values; give one for "
         "each element, or one number for all"),
        ("k = [1, 2]", "p.toml:3: 'k': expected a single number, got 2 values; give one"),
        ('"x[q]" = 1', "p.toml:3: 'x': 'q' is not an element of 'd'; one of a, b"),
        ('"x[a, b]" = 1', "p.toml:3: 'x': expected 1 subscript, got 2; write x[d]"),
        ("s = 1", "p.toml:3: 's': is a stock; give its start value with initial"),
        ("k = 1979-05-27",
         "p.toml:3: 'constants.k': expected a number, got the date 1979-05-27; "
         "write one such as 2.5"),
        ("k = {value = 07:32:00}",
         "p.toml:3: 'constants.k': expected a number, got the time 07:32:00; "
         "write one such as 2.5"),
        ("x = [1, [1979-05-27]]",
         "p.toml:3: 'constants.x': expected a number, got the date 1979-05-27; "
         "write one such as 2.5"),
        ("k = true", "p.toml:3: 'constants.k': expected a number, got true; write one such as 2.5"),
        ("k = 1" + 399 * "0", "p.toml:3: 'constants.k': expected a finite number, "
         "got a number of some 400 "
         "digits; write one between -1.8e308 and 1.8e308"),
        ("k = 1\ns = " + 5000 * "1", "p.toml:4: not valid TOML: a whole number of thousands of "
         "digits; write a smaller number"),
        ("[initial]\nk = 1", "p.toml:4: 'k': is not a stock and has no initial value; "
         "give its value among the constants"),
        ("[lookups]\nk = {x = [0], y = [1]}",
         "p.toml:4: 'k': is not a lookup; give it a number or a series"),
        ("[series]\ns = {time = [0], values = [1]}", "p.toml:4: 's': is a stock and cannot be a "
         "series; give the series to one of its flows"),
        ("[series]\nk = {file = 'd.csv', scale = 1979-05-27}",
         "p.toml:4: 'series.k.scale': expected a "
         "number, got the date 1979-05-27; write one such as 2.5"),
        ('"FINAL TIME" = -5', "p.toml:3: FINAL TIME -5 comes before INITIAL TIME 0; let the run "
         "end later, or begin earlier"),
        ('"INITIAL TIME" = 50', "p.toml:3: FINAL TIME 10 comes before INITIAL TIME 50; let the run "
         "end later, or begin earlier"),
        ('"TIME STEP" = -5',
         "p.toml:3: TIME STEP must be > 0, got -5; give it a time above 0"),
    ],
)  # fmt: skip
def test_a_preset(at: Path, capfd: pytest.CaptureFixture[str], text: str, said: str) -> None:
    (at / "d.csv").write_text("time,value\n0,1\n")
    (at / "p.toml").write_text(f'title = "one"\n[constants]\n{text}\n')
    assert refused(capfd, "run", "m.mdl", "--preset", "p.toml") == said


def test_what_is_said_later_is_not_the_presets(at: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The command line holds, and so its value is to blame."""
    (at / "p.toml").write_text('[constants]\n"FINAL TIME" = 20\n')
    said = refused(capfd, "run", "m.mdl", "--preset", "p.toml", "-F", "-5")
    assert said.startswith("m.mdl: FINAL TIME -5 comes before")


@pytest.mark.parametrize(
    ("equations", "said"),
    [
        ("y = x[a, b]", "'y': 'x' has 1 subscript, got 2; write x[d]"),
        ("y = x", "'y': 'x' has 1 subscript, used with 0; write x[d], or elements in their place"),
        ("y = k[a]", "'y': 'k' has 0 subscripts, got 1; write k"),
        ("y = x[d]",
         "'y': the range 'd' does not stand on the left of this equation; write one of a, b, or "
         "put it there; SUM(...[d!]) runs over it"),
        ("y = STEP(1)", "'y': STEP takes 2 arguments, got 1; add what is missing"),
        ("y = SUM(x[d!], 1)", "'y': SUM takes 1 argument, got 2; delete the extra ones"),
        ("y = INTEG(1)", "'y': INTEG takes 2 arguments, got 1; add what is missing"),
        ("y = DELAY1(k)", "'y': DELAY1 takes 2 arguments, got 1; add what is missing"),
        ("y = WITH LOOKUP(k)", "'y': WITH LOOKUP takes 2 arguments, got 1; add what is missing"),
        ("y = t(1, 2)", "'y': 't' takes 1 argument, got 2; delete the extra ones"),
        ("y = GAME(1, 2)", "'y': GAME takes 1 argument, got 2; delete the extra ones"),
        ("y = ELMCOUNT(k)",
         "'y': ELMCOUNT expects the name of a subscript range, got something else; one of d"),
        ("y = INTEG(gap, 0)\ngap",
         "'y': needs data for 'gap'; give it as a series (--data FILE: results that have it)"),
        ("y[d] = INTEG(h[d], 0)\nh[a] = 1",
         "'y': uses 'h[b]', which has no equation; write one, or read another element"),
        ("y[d] = DELAY FIXED(h[d], 1, 0)\nh[a] = 1",
         "'y': uses 'h[b]', which has no equation; write one, or read another element"),
        ("y[d] = SMOOTH(h[d], 1)\nh[a] = 1",
         "'y': uses 'h[b]', which has no equation; write one, or read another element"),
        ("y[d] = h[d](Time)\nh[a]((0,0),(1,1))",
         "'y': 'h[b]' has no table; write one, or call another"),
        ("y = k(1)", "'y': 'k' is not a lookup and cannot be called; "
         "write an operator before the parenthesis"),
    ],
)  # fmt: skip
def test_an_equation(
    at: Path, capfd: pytest.CaptureFixture[str], equations: str, said: str
) -> None:
    begin = "d: a, b\nk = 2\nx[d] = 1, 2\nt((0,0),(9,1))\n"
    (at / "n.mdl").write_text(mdl(begin + equations))
    line = 2 + 4 * 5
    assert refused(capfd, "run", "n.mdl") == f"n.mdl:{line}: {said}"


def test_times_that_make_no_sense(at: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (at / "n.mdl").write_text(mdl("y = 1", stop=-3))
    said = "FINAL TIME -3 comes before INITIAL TIME 0; let the run end later, or begin earlier"
    assert refused(capfd, "run", "n.mdl") == f"n.mdl:12: {said}"
    moving = mdl("s = INTEG(1, 0)").replace("FINAL TIME = 10", "FINAL TIME = MIN(3, s + 1)")
    (at / "n.mdl").write_text(moving)
    assert main(["run", "n.mdl", "-o", "out.csv"]) == 0
    capfd.readouterr()
    assert refused(capfd, "run", "n.mdl", "--method", "adaptive") == (
        "n.mdl:12: FINAL TIME changes during the run; an adaptive run cannot follow that: give it "
        "a number (-F), or use --method euler or rk4"
    )
    (at / "n.mdl").write_text(moving.replace("MIN(3, s + 1)", "s + 2"))
    assert refused(capfd, "run", "n.mdl") == (
        "n.mdl:12: FINAL TIME moves on and is never reached; give it a fixed value (-F)"
    )


@pytest.mark.parametrize(
    ("equations", "said"),
    [
        ("R: a,a", "'R': has the element 'a' twice; delete one"),
        ("R: a, b, A", "'R': has the element 'A' twice; rename one; case, blanks and underscores "
         "do not count"),
        ("R: (E1-E4), E2", "'R': has the element 'E2' twice; delete one"),
        ("R: S, S\nS: a, b", "'R': has the element 'S' twice; delete one"),
        ("y = MAX(1)", "'y': MAX takes 2 arguments, got 1; write MAX(MAX(a, b), c) for three, "
         "VMAX(x[range!]) for an array"),
        ("y = 1 + MIN(1, 2, 3)", "'y': MIN takes 2 arguments, got 3; write MIN(MIN(a, b), c) for "
         "three, VMIN(x[range!]) for an array"),
        ("y = DELAY FIXED(Time, 1e9, 0)", "'y': a fixed delay of 1e+09 time steps; at most "
         "50,000,000; use a shorter delay or a larger TIME STEP, or set SDSIM_LARGE=1 if you trust "
         "the file"),
        ("y = 2 * DELAY FIXED(Time, L, 0)\nL = 5e7 + 1", "'y': a fixed delay of 5e+07 time steps; "
         "at most 50,000,000; use a shorter delay or a larger TIME STEP, or set SDSIM_LARGE=1 if "
         "you trust the file"),
        (f"y = {'(' * 150}1{')' * 150}",
         "'y': nesting depth over 100 parentheses; split it into several variables"),
    ],
)  # fmt: skip
def test_an_entry(at: Path, capfd: pytest.CaptureFixture[str], equations: str, said: str) -> None:
    (at / "n.mdl").write_text(mdl(equations))
    assert refused(capfd, "run", "n.mdl") == f"n.mdl:2: {said}"


def test_a_delay_is_as_long_as_the_run_makes_it(
    at: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What counts is the delay of this run, in steps of this run."""
    (at / "n.mdl").write_text(mdl("L = 2e7\ny = DELAY FIXED(Time, L, 0)"))
    assert main(["run", "n.mdl", "-o", "out.csv"]) == 0
    capfd.readouterr()
    assert "'y': a fixed delay of 8e+07 time steps" in refused(
        capfd, "run", "n.mdl", "-T", "0.25", "-o", "o.csv"
    )
    assert "'y': a fixed delay of 1e+08 time steps" in refused(
        capfd, "run", "n.mdl", "--set", "L=1e8", "-o", "o.csv"
    )


def test_a_book_without_sheets(at: Path, capfd: pytest.CaptureFixture[str]) -> None:
    book, out = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(book)
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            body = old.read(part)
            if part == "xl/workbook.xml":
                first, last = body.index(b"<sheets>") + 8, body.index(b"</sheets>")
                body = body[:first] + body[last:]
            new.writestr(part, body)
    (at / "b.xlsx").write_bytes(out.getvalue())
    (at / "n.mdl").write_text(mdl("y = GET DIRECT CONSTANTS('b.xlsx', 'S', 'B2')"))
    assert refused(capfd, "run", "n.mdl") == (
        "n.mdl:2: 'y': external file 'b.xlsx' has no sheets; save it again, with a sheet"
    )
    book.seek(0)
    (at / "b.xlsx").write_bytes(book.getvalue())
    assert refused(capfd, "run", "n.mdl") == (
        "n.mdl:2: 'y': external file 'b.xlsx' has no sheet 'S'; it has Sheet"
    )


ROOT = Path(sdsim.__file__).parent
#: Rooms whose errors are shown as the reason of a verdict, or of a conversion that was not made,
#: where somebody further up adds what to do; and those that pass an error on.
REASONS = (
    "writers/", "claims/reality.py", "claims/inputs.py", "claims/trajectories.py",
    "claims/conditions.py", "run/step_size.py", "sweeps/cluster.py", "sweeps/outcome.py",
)  # fmt: skip


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_whoever_refuses_says_what_to_do(path: Path) -> None:
    if path.relative_to(ROOT).as_posix().startswith(REASONS):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
            "ModelError", "UnsupportedError",
        ):  # fmt: skip
            given = {k.arg for k in node.keywords}
            assert "remedy" in given, f"line {node.lineno}"
