"""The command line, by running it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import sdsim
from making import mdl

from sdsim import __version__
from sdsim.cli.main import COMMANDS, main
from sdsim.tables.results import read_result, read_table

MODEL = """
    d: a, b
    v[d] = 1, 2
    x = INTEG(k * v[b], begun)
    begun = 10
    k = 3
    "odd, name" = k + 1
    "p=q" = 1
    f((0,0),(100,10))
    y = f(Time)
    noise = RANDOM 0 1()
"""


def test_what_the_terminal_cannot_show_is_written_out(tmp_path: Path) -> None:
    (tmp_path / "m.mdl").write_text(mdl("人口 = Time", stop=1), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sdsim", "run", "m.mdl"], cwd=tmp_path, capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=True,
    )  # fmt: skip
    assert done.stdout.split()[0] == rb"Time,\u4eba\u53e3"


def good(*args: str | Path, at: Path) -> str:
    """The standard output of a command that must go well and say nothing else."""
    done = sdsim(*args, at=at)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def refused(*args: str | Path, at: Path) -> str:
    """The one line of a command that must be refused as bad input."""
    done = sdsim(*args, at=at)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.endswith("\n")
    assert done.stderr.count("\n") == 1
    return done.stderr[:-1]


def frame(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), index_col=0)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models; commands run in it."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "m.mdl").write_text(mdl(MODEL, stop=4, step=0.5), encoding="utf-8")
    (folder / "bad.mdl").write_text(mdl("y = LN(2.5 - Time)\nx = INTEG(1, 0)"), encoding="utf-8")
    (folder / "loop.mdl").write_text(mdl("a = b\nb = a"), encoding="utf-8")
    return folder


# --- run --------------------------------------------------------------------------------------


def test_run_prints_a_table(at: Path) -> None:
    out = good("run", "m.mdl", at=at)
    found = frame(out)
    assert out.splitlines()[0] == 'Time,v[a],v[b],x,begun,k,"odd, name",p=q,y,noise'
    assert found.index.tolist() == [k / 2 for k in range(9)]
    assert found["x"].tolist() == [10 + 3 * k for k in range(9)]
    assert found["y"].to_numpy() == pytest.approx(found.index.to_numpy() / 10)


def test_run_keeps_what_is_asked_for(at: Path) -> None:
    out = good("run", "m.mdl", "-r", 'K,"odd, name"', "-r", "x", at=at)
    assert frame(out).columns.tolist() == ["k", "odd, name", "x"]


def test_run_takes_times(at: Path) -> None:
    out = good("run", "m.mdl", "-I", "1", "-F", "3", "-T", "0.25", "-S", "0.5", at=at)
    found = frame(out)
    assert found.index.tolist() == [1, 1.5, 2, 2.5, 3]
    assert found["x"].tolist() == [10, 13, 16, 19, 22]
    long = good(
        "run", "m.mdl", "--initial-time=1", "--final-time=3", "--time-step=0.25", "--saveper=0.5",
        at=at,
    )  # fmt: skip
    assert long == out


def test_run_takes_values(at: Path) -> None:
    out = good(
        "run", "m.mdl", "--set", "K=1", "--set", "v[b] = 4", "--initial", "x=0", "--set",
        "odd, name=-2.5e0", "--set", "p=q=5", at=at,
    )  # fmt: skip
    found = frame(out)
    assert set(found["p=q"]) == {5}
    assert found["x"].tolist() == [2 * k for k in range(9)]
    assert set(found["odd, name"]) == {-2.5}


def test_run_takes_ranges_and_gives_elements(at: Path, tmp_path: Path) -> None:
    out = frame(good("run", "m.mdl", "--set", "v[D]=5", "-r", "v", at=at))
    assert out.to_numpy().tolist() == [[5, 5]] * 9
    out = frame(good("run", "m.mdl", "--set", "v[*]=5", "-r", "v[B],x", at=at))
    assert out.columns.tolist() == ["v[b]", "x"]
    for suffix in (".csv", ".TAB", ".parquet"):
        path = tmp_path / f"o{suffix}"
        good("run", "m.mdl", "-r", "v[b]", "-r", "v[b],k", "-o", path, at=at)
        assert read_table(path).columns.tolist() == ["v[b]", "k"]
    good("run", "m.mdl", "-r", "v[b]", "-o", tmp_path / "o.nc", at=at)
    assert read_result(tmp_path / "o.nc")["v[b]"].shape == (9,)


def test_settings_without_effect_are_noted(at: Path) -> None:
    done = sdsim("run", "m.mdl", "-r", "x", "--rtol", "1e-9", "--solver", "BDF", at=at)
    assert done.returncode == 0
    assert done.stderr == (
        "note: --solver, --rtol: no effect with --method euler; use --method adaptive\n"
    )


def test_a_constant_given_twice_in_a_file_is_noted(at: Path) -> None:
    (at / "twice.csv").write_text("k,1\nv[b],1\n K,2\n")
    done = sdsim("run", "m.mdl", "-r", "k", "--params", "twice.csv", at=at)
    assert done.returncode == 0
    assert done.stderr == "note: twice.csv: 'K' is given twice, 1 and 2; the last holds\n"
    assert set(frame(done.stdout)["k"]) == {2}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_an_output_that_takes_nothing_is_one_line(at: Path, more: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sdsim", "run", "m.mdl", "-F", "99", *more], cwd=at, text=True,
            stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert done.stderr == "standard output: cannot be used: No space left on device\n"
    assert done.returncode == 2


def test_run_takes_parameter_files_and_presets_in_order(at: Path) -> None:
    (at / "p.csv").write_text('name,value\nk,1\n# a remark\n"odd, name",7\nv[b],5\n')
    (at / "p.cin").write_text("begun = 100\nk = 2\n\n")
    (at / "p.toml").write_text(
        '[constants]\nk = 50\nbegun = 60\n"v[a]" = 9\n[initial]\nx = 1\n'
        "[series]\nnoise = {time = [0, 4], values = [0, 8]}\n"
    )
    out = good(
        "run", "m.mdl", "--preset", "p.toml", "--params", "p.csv", "--params", "p.cin", "--set",
        "v[b]=6", at=at,
    )  # fmt: skip
    first = frame(out).iloc[0]
    assert first[["k", "begun", "odd, name", "v[a]", "v[b]", "x"]].tolist() == [2, 100, 7, 9, 6, 1]
    assert frame(out)["noise"].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("options", "x"),
    [
        ([], 1.5**2),
        (["--method", "rk4"], 1.6484375**2),  # 1 + h + h²/2 + h³/6 + h⁴/24 at h = 1/2
        (["--method", "adaptive", "--rtol", "1e-9", "--atol", "1e-12"], np.e),
        (["--method", "adaptive", "--solver", "LSODA", "--rtol", "1e-9"], np.e),
    ],
)
def test_run_takes_a_method(at: Path, options: list[str], x: float) -> None:
    (at / "grow.mdl").write_text(mdl("x = INTEG(x, 1)", stop=1, step=0.5))
    found = frame(good("run", "grow.mdl", *options, at=at))
    assert found["x"].iloc[-1] == pytest.approx(x, rel=1e-7)


def test_run_takes_a_seed(at: Path) -> None:
    runs = [good("run", "m.mdl", "-r", "noise", *s, at=at) for s in ([], ["--seed", "1"])]
    assert runs[0] != runs[1]
    assert runs[0] == good("run", "m.mdl", "-r", "noise", "--seed", "0", at=at)


@pytest.mark.parametrize("suffix", [".nc", ".tab"])
def test_run_writes_a_file_and_nothing_else(at: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    assert good("run", "m.mdl", "-o", path, at=at) == ""
    read = read_result(path)
    assert read["x"].values.tolist() == [10 + 3 * k for k in range(9)]
    if suffix == ".nc":
        assert read.attrs["method"] == "Euler"
        assert read["v"].dims == ("time", "d")


def test_run_says_what_it_did_as_json(at: Path) -> None:
    said = json.loads(good("run", "m.mdl", "--json", "--set", "k=1", "--method", "rk4", at=at))
    assert said["status"] == "ok"
    assert said["method"] == "RK4"
    assert said["sdsim_version"] == __version__
    assert said["parameters"] == "k = 1.0"
    assert said["saved"] == 9
    assert said["final"]["x"] == 18
    assert len(said["model_hash"]) == 64


def test_run_that_is_not_finite(at: Path, tmp_path: Path) -> None:
    done = sdsim("run", "bad.mdl", at=at)
    assert done.returncode == 0
    assert frame(done.stdout).index.tolist() == [0, 1, 2]
    assert done.stderr.startswith("bad.mdl: 'y' is not finite at time 3;")
    assert done.stderr.count("\n") == 1
    strict = sdsim("run", "bad.mdl", "--strict", "-o", tmp_path / "o.csv", at=at)
    assert (strict.returncode, strict.stdout, strict.stderr) == (2, "", done.stderr)
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 4
    told = json.loads(sdsim("run", "bad.mdl", "--json", at=at).stdout)
    assert told["status"] == "nonfinite"
    assert told["message"] + "\n" == done.stderr
    assert good("run", "m.mdl", "--strict", at=at)


def test_run_that_is_never_finite_prints_the_heading(at: Path) -> None:
    done = sdsim("run", "bad.mdl", "-I", "5", at=at)
    assert done.returncode == 0
    assert done.stdout == "Time,y,x\n"
    told = json.loads(sdsim("run", "bad.mdl", "-I", "5", "--json", at=at).stdout)
    assert (told["saved"], told["final"]) == (0, {})


def test_run_notes_go_to_standard_error(at: Path) -> None:
    done = sdsim("run", "m.mdl", "-T", "0.3", at=at)
    assert done.returncode == 0
    assert frame(done.stdout).index[-1] == pytest.approx(3.9)
    assert done.stderr.startswith("note: m.mdl: TIME STEP 0.3 does not divide the run")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "none.mdl"], "none.mdl"),
        (["run", "."], "."),
        (["run", "loop.mdl"], "algebraic loop: a -> b -> a"),
        (["run", "m.mdl", "-r", "kk"], "no variable called 'kk'"),
        (["run", "m.mdl", "--set", "begn=1"], "did you mean 'begun'?"),
        (["run", "m.mdl", "--set", "k"], "--set expects NAME=VALUE, got 'k'"),
        (["run", "m.mdl", "--set", "=3"], "--set expects NAME=VALUE"),
        (["run", "m.mdl", "--set", "k=three"], "'k': expected a number, got 'three'"),
        (["run", "m.mdl", "--set", "k=nan"], "'k': expected a finite number"),
        (["run", "m.mdl", "--set", "k=1e999"], "'k': expected a finite number"),
        (["run", "m.mdl", "--set", "k="], "'k': expected a number, got ''"),
        (["run", "m.mdl", "--set", "x=1"], "is a stock; give its start value with"),
        (["run", "m.mdl", "--initial", "k=1"], "is not a stock"),
        (["run", "m.mdl", "--set", "v[q]=1"], "'q' is not an element of 'd'"),
        (["run", "m.mdl", "-F", "-5"], "FINAL TIME -5 comes before INITIAL TIME 0"),
        (["run", "m.mdl", "-T", "0"], "TIME STEP must be > 0"),
        (["run", "m.mdl", "-T", "x"], "'TIME STEP': expected a number, got 'x'"),
        (["run", "m.mdl", "-T", "1e-12"], "time steps; at most"),
        (["run", "m.mdl", "--method", "magic"], "invalid choice: 'magic'"),
        (["run", "m.mdl", "--method", "adaptive", "--rtol", "-1"], "rtol must be a number above 0"),
        (["run", "m.mdl", "--seed", "x"], "--seed"),
        (["run", "m.mdl", "-o", "out.xlsx"], "cannot write '.xlsx'"),
        (["run", "m.mdl", "-o", "none/out.csv"], "cannot be written"),
        (["run", "m.mdl", "--preset", "none.toml"], "none.toml: no such file"),
        (["run", "m.mdl", "--preset", "m.mdl"], "m.mdl:1: not valid TOML"),
        (["run", "m.mdl", "--params", "none.csv"], "none.csv: no such file"),
        (["run", "m.mdl", "--params", "wrong.csv"], "wrong.csv:2: 'k': expected a number"),
        (["run", "m.mdl", "--params", "wrong.cin"], "wrong.cin:1: a line expects NAME=VALUE"),
        (["run", "m.mdl", "--params", "three.csv"], "three.csv:1: expected name,value"),
        (["run", "m.mdl", "--nonsense"], "--nonsense"),
        (["run"], "MODEL"),
        (["rnu", "m.mdl"], "rnu"),
        (["compare", "m.mdl"], "REFERENCE"),
        (["compare", "m.mdl", "none.csv"], "none.csv: no such file"),
        (["compare", "none.csv", "right.csv"], "none.csv"),
        (["info", "none.mdl"], "none.mdl"),
        (["info", "loop.mdl"], "algebraic loop"),
        (["units", "none.mdl"], "none.mdl"),
        (["plot", "none.csv"], "none.csv"),
        (["plot", "m.mdl"], "this is a model, not a result; run it first: sdsim run m.mdl"),
        (["plot", "m.xmile"], "this is a model, not a result; run it first: sdsim run m.xmile"),
        (["plot", "right.csv", "-o", "right.csv"], "cannot write '.csv'; use .html"),
        (["plot", "right.csv", "-o", "page"], "a file without an ending; use .html"),
        (["run", "m.mdl", "--set", "v[e]=1"], "'e' is not an element of 'd'"),
        (["compare", "m.mdl", "right.csv", "--rtol", "-1"], "rtol must be a number of 0 or above"),
        (["compare", "m.mdl", "right.csv", "--atol", "nan"], "atol must be a number of 0 or above"),
        (["compare", "m.mdl", "text.csv"], "column 'x' of the reference, row 2 (time 1): expected"),
        (["conformance", ".", "--rtol", "inf"], "rtol must be a number of 0 or above"),
        (["conformance", "."], "no model with a reference output beside it; put output.csv"),
        (["conformance", "none"], "none: no such folder; name a folder"),
        (["conformance", "m.mdl"], "m.mdl: expected a folder, got a file; name a folder"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_bad_input_is_one_line_and_status_2(
    at: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    args: list[str],
    said: str,
) -> None:
    """Within this process, to save the start of forty others; the next test starts some."""
    (at / "right.csv").write_text("Time,x\n0,10\n")
    (at / "text.csv").write_text("Time,x\n0,10\n1,abc\n2,\n")
    (at / "wrong.csv").write_text("name,value\nk,lots\n")
    (at / "wrong.cin").write_text("k\n")
    (at / "three.csv").write_text("k,1,2\n")
    monkeypatch.chdir(at)
    status = main(args)
    out, err = capfd.readouterr()
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert "fault of sdsim itself" not in err
    assert err.endswith("\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "none.mdl"], "none.mdl"),
        (["run", "loop.mdl"], "algebraic loop: a -> b -> a"),
        (["run", "m.mdl", "--set", "begn=1"], "did you mean 'begun'?"),
        (["run", "m.mdl", "--nonsense"], "--nonsense"),
    ],
)
def test_bad_input_as_a_shell_sees_it(at: Path, args: list[str], said: str) -> None:
    assert said in refused(*args, at=at)


# --- info, units, plot -------------------------------------------------------------------------


def test_info_lists_what_is_in_a_model(at: Path) -> None:
    out = good("info", "m.mdl", at=at)
    assert out.startswith("m: m.mdl\n")
    assert "1 stock, " in out
    assert "subscript d: a, b" in out
    assert "\nstocks\n  x  (no units)\n" in out
    assert "  v[d]  (no units)" in out
    assert "\ntime: INITIAL TIME 0.0, FINAL TIME 4.0, TIME STEP 0.5, SAVEPER 0.5\n" in out
    assert "\nmethod: euler\n" in out


def test_info_says_the_times_in_one_order_and_the_method_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "m.mdl").write_text(
        "{UTF-8}\nTIME STEP = 0.25 ~~|\nSAVEPER = 2 * TIME STEP ~~|\nFINAL TIME = 9 ~~|\n"
        "INITIAL TIME = 1 ~~|\nx = INTEG(1, 0) ~~|\n"
    )
    said = "time: INITIAL TIME 1.0, FINAL TIME 9.0, TIME STEP 0.25, SAVEPER 0.5\nmethod: euler\n"
    assert said in good("info", "m.mdl", at=tmp_path)
    good("convert", "m.mdl", "m.xmile", at=tmp_path)
    written = (tmp_path / "m.xmile").read_text()
    assert 'method="Euler"' in written
    (tmp_path / "m.xmile").write_text(written.replace('method="Euler"', 'method="RK4"'))
    assert json.loads(good("info", "m.xmile", "--json", at=tmp_path))["method"] == "rk4"


def test_info_as_json(at: Path) -> None:
    said = json.loads(good("info", "m.mdl", "--json", at=at))
    kinds = {v["name"]: v["kind"] for v in said["variables"]}
    assert kinds == {
        "v": "constant", "x": "stock", "begun": "constant", "k": "constant",
        "odd, name": "auxiliary", "p=q": "constant", "f": "lookup", "y": "auxiliary",
        "noise": "auxiliary",
    }  # fmt: skip
    assert said["size"]["stock"] == 1
    assert said["size"]["states"] == 1
    assert said["subscripts"] == {"d": ["a", "b"]}
    assert said["time"]["FINAL TIME"] == 4
    assert all(v["line"] > 0 for v in said["variables"])


UNITS = """{UTF-8}
x= INTEG (f, 1)
	~	metre
	~	|
f= k*x
	~	metre/second
	~	|
k= 2
	~	1/second
	~	|
INITIAL TIME= 0
	~	second
	~	|
FINAL TIME= 1
	~	second
	~	|
TIME STEP= 1
	~	second
	~	|
SAVEPER= TIME STEP
	~	second
	~	|
"""


def test_units_balance_or_not(at: Path) -> None:
    (at / "u.mdl").write_text(UNITS)
    (at / "w.mdl").write_text(UNITS.replace("1/second", "1/metre"))
    out = good("units", "u.mdl", at=at)
    assert "0 of " in out
    assert json.loads(good("units", "u.mdl", "--json", at=at)) == {"clean": True, "findings": []}
    done = sdsim("units", "w.mdl", at=at)
    assert (done.returncode, done.stderr) == (1, "")
    assert "'f'" in done.stdout
    said = json.loads(sdsim("units", "w.mdl", "--json", at=at).stdout)
    assert said["clean"] is False
    assert said["findings"]


def test_plot_makes_a_page_that_works_offline(at: Path, tmp_path: Path) -> None:
    good("run", "m.mdl", "-o", tmp_path / "r.nc", at=at)
    out = good("plot", tmp_path / "r.nc", "-r", "x", "-r", "y", at=at)
    page = tmp_path / "r.html"
    assert out.strip() == str(page)
    html = page.read_text(encoding="utf-8")
    assert "plotly" in html.lower()
    assert 'src="http' not in html
    other = tmp_path / "other.html"
    good("plot", tmp_path / "r.nc", "-r", "x", "-o", other, at=at)
    assert other.exists()
    assert "'zz'" in refused("plot", tmp_path / "r.nc", "-r", "zz", at=at)


# --- compare, conformance ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference(at: Path) -> str:
    text = good("run", "m.mdl", "-r", "x,k", at=at)
    (at / "ref.csv").write_text(text)
    return text


def test_compare_a_model_with_its_own_result(at: Path, reference: str) -> None:
    out = good("compare", "m.mdl", "ref.csv", "--rtol", "0", "--atol", "0", at=at)
    assert out == "2 of 2 columns within rtol 0, atol 0\n"
    good("compare", "ref.csv", "ref.csv", at=at)
    good("run", "m.mdl", "-o", "r.nc", at=at)
    good("compare", "r.nc", "ref.csv", at=at)


def test_compare_fails_with_status_1(at: Path, reference: str) -> None:
    done = sdsim("compare", "m.mdl", "ref.csv", "--set", "k=3.3", at=at)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("x: off by ")
    assert lines[0].endswith("of its range at time 4")
    assert lines[1].startswith("k: off by 0.1 of its range")
    assert lines[-1].startswith("0 of 2 columns")
    good("compare", "m.mdl", "ref.csv", "--set", "k=3.3", "--rtol", "0.11", at=at)
    good("compare", "m.mdl", "ref.csv", "--set", "k=3.3", "--atol", "3", at=at)


@pytest.mark.parametrize("text", ["Time,x\n", "Time,x\n0,\n1,nan\n2,NA\n", "Time\n0\n"])
def test_a_reference_without_values_is_nothing_to_compare(at: Path, text: str) -> None:
    (at / "blank.csv").write_text(text)
    done = sdsim("compare", "m.mdl", "blank.csv", at=at)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "nothing to compare: the reference has no values\n"
    assert (
        json.loads(sdsim("compare", "m.mdl", "blank.csv", "--json", at=at).stdout)["passed"]
        is False
    )


def test_compare_as_json(at: Path, reference: str) -> None:
    (at / "more.csv").write_text(reference.replace("Time,x,k", "Time,x,other"))
    done = sdsim("compare", "m.mdl", "more.csv", "--json", at=at)
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["passed"] is False
    assert [(c["name"], c["ok"]) for c in said["columns"]] == [("x", True), ("other", False)]
    assert said["columns"][1]["problem"] == "missing in the result"


def test_conformance_of_a_folder(at: Path, tmp_path: Path) -> None:
    good_text = good("run", "m.mdl", "-r", "x", at=at)
    for name, text in {"one": good_text, "two": good_text.replace("13.0", "14.0")}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.mdl").write_text((at / "m.mdl").read_text())
        (tmp_path / name / "output.csv").write_text(text)
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / "loop.mdl").write_text((at / "loop.mdl").read_text())
    (tmp_path / "loop" / "output.tab").write_text("Time\ta\n0\t1\n")
    (tmp_path / "no reference").mkdir()
    (tmp_path / "no reference" / "m.mdl").write_text((at / "m.mdl").read_text())
    done = sdsim("conformance", tmp_path, at=at)
    assert (done.returncode, done.stderr) == (1, "")
    rows = done.stdout.splitlines()
    assert rows[0].startswith("FAIL")
    assert "algebraic loop" in rows[0]
    assert rows[1].split()[:3] == ["ok", "1e-09", "one/m.mdl"]
    assert rows[2].startswith("FAIL")
    assert "'x' off by" in rows[2]
    assert rows[3] == "1 of 3 models pass at rtol 0.01"
    assert sdsim("conformance", tmp_path, "--least", "1", at=at).returncode == 0
    assert sdsim("conformance", tmp_path, "--least", "2", at=at).returncode == 1
    said = json.loads(sdsim("conformance", tmp_path, "--rtol", "0.1", "--json", at=at).stdout)
    assert (said["models"], said["passed"]) == (3, 2)
    assert [r["passed"] for r in said["rows"]] == [False, True, True]
    assert said["rows"][2]["tolerance"] == 0.1


# --- whatever happens --------------------------------------------------------------------------


def test_help_and_version(at: Path) -> None:
    assert good("--version", at=at) == f"sdsim {__version__}\n"
    out = good("--help", at=at)
    for command in COMMANDS:
        assert f"\n  {command} " in out
    assert out.index("Look at a model:") < out.index("\n  units ") < out.index("Run it:")
    assert good("run", "--help", at=at).startswith("usage: sdsim run")
    alone = sdsim(at=at)
    assert alone.returncode == 2
    assert alone.stdout.startswith("usage: sdsim")


@pytest.mark.parametrize("steps", [10, 20_000])
def test_a_reader_that_goes_away_is_no_fault(at: Path, steps: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sdsim", "run", "m.mdl", "-F", str(steps)],
        cwd=at, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    if steps > 10:
        process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
    assert process.wait(60) == 0


def test_standard_output_that_is_full_is_one_line(at: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs a device that is always full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sdsim", "run", "m.mdl"],
            cwd=at, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff" * 500, b"nonsense", b"x = 1 ~ ~ |", "x = é ~~|".encode("latin-1")]
)
def test_a_file_that_is_no_model_is_one_line(at: Path, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "junk.mdl").write_bytes(data)
    assert "junk.mdl" in refused("run", tmp_path / "junk.mdl", at=at)


def test_a_file_of_another_kind_is_refused_by_name(at: Path, tmp_path: Path) -> None:
    (tmp_path / "m.xmile").write_text("<xmile></xmile>")
    assert "m.xmile" in refused("run", tmp_path / "m.xmile", at=at)


def test_standard_output_of_a_solver_stays_clean(at: Path) -> None:
    """LSODA may print from below Python; a table or JSON must not hold that."""
    (at / "pole.mdl").write_text(mdl("x = INTEG(x * x, 1)", stop=4, step=0.25))
    done = subprocess.run(
        [sys.executable, "-m", "sdsim", "run", "pole.mdl", "--method", "adaptive", "--solver",
         "LSODA", "--json"], cwd=at, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "nonfinite"
    assert done.stderr.count("\n") == 1


def test_the_installed_command_is_the_same(at: Path) -> None:
    command = Path(sys.executable).with_name("sdsim")
    if not command.exists():
        pytest.skip("the package is not installed as a command")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"sdsim {__version__}\n")
