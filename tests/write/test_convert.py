"""`sdsim convert`: files are written whole or not at all, and never over another by chance."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from making import mdl

import sdsim.convert
from sdsim.convert import convert
from sdsim.errors import ModelError
from sdsim.write import Written, write_vensim


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "m.mdl"
    path.write_text(mdl("x = INTEG(rate, 1)\nrate = x * 0.1"), encoding="utf-8")
    return path


def command(*args: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "sdsim", "convert", *map(str, args)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def test_command(source: Path) -> None:
    done = command(source, source.with_name("n.mdl"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    again = command(source, source.with_name("n.mdl"))
    assert again.returncode == 2
    assert "n.mdl: is there already; choose another name, or --force" in again.stderr
    assert command(source, source.with_name("n.mdl"), "--force").returncode == 0


@pytest.mark.parametrize(
    ("target", "what"),
    [("m.mdl", "is there already"), ("m.txt", "cannot write '.txt'"),
     ("none/m.mdl", "there is no folder '.*'; make it first")],
)  # fmt: skip
def test_refused(source: Path, target: str, what: str) -> None:
    before = source.read_bytes()
    with pytest.raises(ModelError, match=what):
        convert(source, source.parent / target)
    assert source.read_bytes() == before
    assert [p.name for p in source.parent.iterdir()] == ["m.mdl"]


def test_a_link_that_leads_nowhere_is_not_written_through(source: Path) -> None:
    target, elsewhere = source.with_name("n.mdl"), source.with_name("elsewhere.mdl")
    target.symlink_to(elsewhere)
    with pytest.raises(ModelError, match="is there already; choose another name, or --force"):
        convert(source, target)
    assert not elsewhere.exists()
    convert(source, target, force=True)
    assert elsewhere.exists()


def test_reality_checks_are_said_to_be_left_out(tmp_path: Path) -> None:
    check = "no more :THE CONDITION: x > 3 :IMPLIES: x < 9 ~~|"
    (tmp_path / "m.mdl").write_text(mdl("x = Time") + check)
    assert sdsim.load(tmp_path / "m.mdl").model.reality
    assert convert(tmp_path / "m.mdl", tmp_path / "n.mdl") == ("reality checks are not written",)


def test_a_file_that_would_not_run_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("t,a\n0,1\n5,2\n")
    text = mdl("z := GET DIRECT DATA('d.csv', ',', 'A', 'B2')\ny = GET DATA AT TIME(z, Time / 2)")
    (tmp_path / "data.mdl").write_text(text)
    sdsim.simulate(sdsim.load(tmp_path / "data.mdl"))
    with pytest.raises(ModelError, match="'y': GET DATA AT TIME expects"):
        convert(tmp_path / "data.mdl", tmp_path / "n.mdl")
    assert not (tmp_path / "n.mdl").exists()


def test_a_file_that_would_not_say_the_same_is_not_written(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(model: sdsim.model.Model) -> Written:
        made = write_vensim(model)
        return Written(made.text.replace("0.1", "0.2"), made.model)

    monkeypatch.setitem(sdsim.convert.WRITERS, ".mdl", wrong)
    with pytest.raises(ModelError, match="'rate': has another equation"):
        convert(source, source.with_name("n.mdl"))
    assert [p.name for p in source.parent.iterdir()] == ["m.mdl"]
