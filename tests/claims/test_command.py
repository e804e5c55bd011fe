"""`sdsim check`, by running it."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from own_models import POND

from sdsim.cli.main import main


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def check(folder: Path, *args: str) -> Done:
    """`sdsim check pond.mdl ARGS` in a folder."""
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        status = main(["check", str(folder / "pond.mdl"), *args])
    return Done(status, out.getvalue(), error.getvalue())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the pond's folder to spoil."""
    return Path(shutil.copytree(POND, tmp_path / "pond"))


def test_all_as_expected(folder: Path) -> None:
    """Status 0; definitional claims first; nothing on standard error."""
    done = check(folder, "--draws", "20")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [x.split()[0] for x in lines[:5]] == ["id", "P1", "P2", "P3", "P4"]
    assert "definitional" in lines[1]
    assert "evidence" in lines[2]
    assert lines[-1] == (
        "4 claims, 1 not supported, 1 not testable, 2 supported, 1 definitional, 1 evidence, "
        "2 of 3 ablations break their check, 3 constants drawn, 0 not as expected"
    )


def test_as_a_process(folder: Path) -> None:
    """The same from outside: JSON on standard output and nothing else anywhere."""
    command = [sys.executable, "-m", "sdsim", "check", "pond.mdl", "--json", "--draws", "5"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)) == 4
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in POND.iterdir())


def test_json(folder: Path) -> None:
    """A list of objects; what was not asked for is null."""
    rows = {r["id"]: r for r in json.loads(check(folder, "--json", "--draws", "20").stdout)}
    assert set(rows) == {"P1", "P2", "P3", "P4"}
    p1 = rows["P1"]
    assert (p1["status"], p1["expect"], p1["tier"], p1["data"]) == (
        "supported", "supported", 1, "supports",
    )  # fmt: skip
    assert p1["margin"] == pytest.approx(0.8, abs=0.01)
    assert p1["ablation_breaks"] is True
    assert p1["definitional"] is True
    assert p1["share_25"] == 1.0
    assert 0.5 < p1["share_50"] <= 1.0
    assert rows["P2"]["ablation_breaks"] is False
    assert rows["P3"]["margin"] is None
    plain = json.loads(
        check(folder, "--json", "--draws", "0", "--no-null", "--no-ablations").stdout
    )
    for row in plain:
        assert row["definitional"] is row["share_25"] is row["ablation_breaks"] is None


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--id", "P1", "P4"), {"P1", "P4"}),
        (("--tier", "2"), {"P2", "P3"}),
        (("--kind", "figure"), {"P4"}),
        (("--tier", "1", "--kind", "behaviour"), {"P1"}),
    ],
)
def test_filters(folder: Path, options: tuple[str, ...], ids: set[str]) -> None:
    """By id, tier and kind."""
    done = check(folder, "--json", "--draws", "0", "--no-null", *options)
    assert {r["id"] for r in json.loads(done.stdout)} == ids


def test_a_mismatch_is_one(folder: Path) -> None:
    """Better than expected, worse than expected, and an error."""
    for claim, old, new, said in (
        ("P4", "not supported", "supported", "P4: not supported, expected supported: fails"),
        ("P1", '"supported"', '"not supported"', "P1: supported, expected not supported: passes"),
        ("P1", "> 500", "> CROSSING(Lilies, 1e9)", "P1: ERROR, expected supported: CROSSING("),
    ):
        file = folder / "claims" / f"{claim}.toml"
        before = file.read_text()
        assert old in before
        file.write_text(before.replace(old, new, 1))
        done = check(folder, "--draws", "0", "--no-null")
        assert done.returncode == 1
        assert said in done.stdout
        file.write_text(before)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("claims/P1.toml", "id = ", "P1.toml: not valid TOML"),
        ("claims/P1.toml", 'id = "P1"', "P1.toml: 'claim' is missing"),
        ("loops.toml", "x = 1", "loops.toml:1: 'x': unknown key"),
        ("draws.toml", 'fixed = ["Leaf"]', "draws.toml:1: 'fixed': 'Leaf' is not a constant; did"),
        ("null.mdl", "Lilies = ", "null.mdl"),
        ("pond.mdl", "Lilies = ", "pond.mdl"),
    ],
)  # fmt: skip
def test_bad_input_is_two(folder: Path, file: str, text: str, said: str) -> None:
    """One line on standard error."""
    (folder / file).write_text(text)
    done = check(folder, "--draws", "5")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "name", ["claims/P1.toml", "claims", "loops.toml", "draws.toml", "null.mdl"]
)
def test_nothing_is_read_from_outside(folder: Path, name: str) -> None:
    """A link that leads out of the model's folder is refused; one within it is not."""
    outside = folder.parent / "elsewhere"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    done = check(folder, "--draws", "5")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{Path(name).name}: leads out of the folder" in done.stderr
    inside = folder / "claims" / "inside"
    (folder / name).unlink()
    if name == "loops.toml":
        outside.rename(inside)
        (folder / name).symlink_to(inside)
        assert check(folder, "--draws", "5").returncode == 0


def test_like_bits_whatever_the_threads(folder: Path) -> None:
    """The same output from one thread and from two."""
    one, two = (check(folder, "--json", "--draws", "40", "--threads", n).stdout for n in "12")
    assert one == two != ""


def test_a_single_draw(folder: Path) -> None:
    """A share of one, with a wide interval."""
    row = json.loads(check(folder, "--json", "--draws", "1", "--id", "P1").stdout)[0]
    assert row["share_25"] in (0.0, 1.0)
    assert row["interval_25"][1] - row["interval_25"][0] > 0.7


def test_a_claim_that_is_not_supported_has_no_label(folder: Path) -> None:
    """A dash in the table; in JSON `definitional` says whether a null model passes all the same."""
    lines = check(folder, "--draws", "0").stdout.splitlines()
    assert " -  " in next(x for x in lines if x.startswith("P4"))
    rows = {r["id"]: r for r in json.loads(check(folder, "--json", "--draws", "0").stdout)}
    assert (rows["P1"]["definitional"], rows["P1"]["evidence"]) == (True, False)
    assert (rows["P2"]["definitional"], rows["P2"]["evidence"]) == (False, True)
    assert isinstance(rows["P4"]["definitional"], bool)
    assert rows["P4"]["evidence"] is None
    assert rows["P1"]["closed"] == ["spreading", "crowding", "rotting"]


def test_bad_options_are_two(folder: Path) -> None:
    """Nothing is left, an id that is none, counts that make no sense."""
    for options, said in (
        (("--tier", "7"), "no claim is chosen"),
        (("--id", "P9"), "no claim 'P9'; did you mean"),
        (("--draws", "-1"), "--draws is -1"),
        (("--threads", "0"), "--threads is 0"),
    ):
        done = check(folder, *options)
        assert done.returncode == 2
        assert said in done.stderr
    shutil.rmtree(folder / "claims")
    error = check(folder).stderr
    assert f"{folder / 'claims'}: there is no such folder of claims; make it" in error
    assert "'Files of claims' of the documentation say how to write one" in error
    assert error.count("\n") == 1
    (folder / "claims").mkdir()
    assert "holds no claims" in check(folder).stderr


def test_an_id_that_is_none_beside_a_broken_file(folder: Path) -> None:
    """The id is what is wrong, unless the broken file has its name."""
    (folder / "claims" / "broken.toml").write_text("id = ")
    for chosen, said in (
        ("nosuch", "no claim 'nosuch'; "),
        ("broken", "broken.toml: not valid TOML"),
    ):
        done = check(folder, "--id", "P1", chosen)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert "broken.toml" in done.stderr
        assert ("no claim" in done.stderr) == (chosen == "nosuch")
        assert done.stderr.count("\n") == 1


def test_an_ablation_that_breaks_nothing_is_said_and_changes_no_status(folder: Path) -> None:
    done = check(folder, "--id", "P2", "--draws", "0", "--no-null")
    assert done.returncode == 0
    assert "the check still holds" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 claim, 1 supported, ")


def test_loops(folder: Path) -> None:
    """0 where all are found with their polarity, 1 where one is not, 2 where there are none."""
    done = check(folder, "--loops")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "3 of 3 loops found with their polarity"
    file = folder / "loops.toml"
    file.write_text(file.read_text().replace('"R"', '"B"'))
    assert check(folder, "--loops").returncode == 1
    row = json.loads(check(folder, "--loops", "--json").stdout)[0]
    assert (row["name"], row["signs"], row["found"]) == ("spreading", ["+", "+"], False)
    file.unlink()
    assert check(folder, "--loops").returncode == 2


def test_a_preset_is_put_on_every_run(folder: Path) -> None:
    """A smaller pond does not fill the claim."""
    (folder / "small.toml").write_text("[constants]\nPond = 500\n")
    done = check(
        folder, "--preset", str(folder / "small.toml"), "--id", "P1", "--draws", "0", "--no-null"
    )
    assert "P1: not supported, expected supported: fails" in done.stdout
