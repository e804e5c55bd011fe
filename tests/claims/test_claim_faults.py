"""What a claim gets wrong is said, and one claim's fault is its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_models import HEAD, POND

from sdsim.backends import Numpy
from sdsim.base.errors import ModelError
from sdsim.claims import Result, choose, read_claim, read_claims, run_claims
from sdsim.claims import claims as claims_module
from sdsim.claims import expressions as expressions_module
from sdsim.claims.draws import Choice
from sdsim.cli import main
from sdsim.run.system import System, load

Decide = Callable[..., Result]
Write = Callable[..., Path]

RANGED = """
    d: a, b, c
    place[d] = 1, 2, 4
    k = 2
    x = INTEG(k, 0)
    at[d] = place[d] * k
    row[d] = at[d] * k + 1
"""


@pytest.fixture(scope="session")
def ranged(written: Callable[..., Path]) -> System:
    """A constant within 0 to 5 moves the places of a row; the row's slope along them is k."""
    path = written(RANGED)
    text = path.read_text(encoding="utf-8").replace("k = 2\n\t~\t\n", "k = 2\n\t~\t [0,5]\n", 1)
    path.write_text(text, encoding="utf-8")
    return load(path, backend=Numpy(), cache=False)


# --- axes that differ between draws ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "share"),
    [
        ("SLOPE(ALONG(row[d!], at[d!])) > 0", lambda k: np.ones_like(k)),
        ("SLOPE(ALONG(row[d!], at[d!])) > 2", lambda k: k > 2),
        ("AT(ALONG(row[d!], at[d!]), 4) > 9", lambda k: np.where(k > 4, False, 4 * k + 1 > 9)),
        ("PEAK(ALONG(row[d!], at[d!])) > 17", lambda k: 4 * k * k + 1 > 17),
    ],
)
def test_an_axis_that_differs_between_draws_is_that_of_each_draw(
    ranged: System, claim_file: Write, check: str, share: Callable[[Any], Any]
) -> None:
    drawn = choose(ranged, choice=Choice(drawn=("k",)))
    claim = read_claim(
        claim_file(f"check = {check!r}\n[report]\nslope = 'SLOPE(ALONG(row[d!], at[d!]))'")
    )
    result = run_claims(ranged, [claim], drawn=drawn, draws=60)[0]
    for robust in result.robust:
        k = drawn.draws(60, robust.spread).values[0]
        assert robust.share.holding == int(np.sum(share(k)))
        assert robust.reported["slope"] == pytest.approx(np.quantile(k, (0.05, 0.5, 0.95)))


def test_a_draw_without_a_value_does_not_take_the_others_with_it(
    ranged: System, claim_file: Write
) -> None:
    """The place 8 is beyond the axis where k is below 2."""
    drawn = choose(ranged, choice=Choice(drawn=("k",)))
    claim = read_claim(claim_file("check = 'AT(ALONG(row[d!], at[d!]), 8) > 0'"))
    result = run_claims(ranged, [claim], drawn=drawn, draws=40)[0]
    share = result.robust[0].share
    k = drawn.draws(40, 0.25).values[0]
    assert share.failed == int((4 * k < 8).sum())
    assert share.holding == 40 - share.failed
    assert 0 < share.failed < 40


# --- comparisons of equal values ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        ("k <= 2", True), ("k >= 2", True), ("k < 2", False), ("k > 2", False),
        ("0 * k <= 0", True), ("0 * k >= 0", True), ("0 * k < 0", False),
        (":NOT: k < 2", True), (":NOT: k <= 2", False),
        ("ALWAYS(x >= 0)", True), ("ALWAYS(x > 0)", False), ("EVER(x <= 0)", True),
        ("k <= 2 :AND: k >= 2", True), ("k < 2 :OR: k <= 2", True),
        ("SHARE OF TIME(x >= 20) > 0", True), ("BETWEEN(k, 2, 3)", False),
        ("IF THEN ELSE(k <= 2, 1, 0) > 0", True),
    ],
)  # fmt: skip
def test_equal_values_meet_what_allows_them(
    ranged: System, claim_file: Write, check: str, holds: bool
) -> None:
    result = run_claims(ranged, [read_claim(claim_file(f"check = {check!r}"))])[0]
    assert result.margin is not None
    assert (result.margin > 0) == holds
    if not check.startswith(("SHARE", "IF")):
        assert result.status == "not supported"
        assert result.reason.split(":")[0] == ("too close" if holds else "fails")
        assert str(result.to_data()["margin"]) == "0.0"


# --- what passes in silence -----------------------------------------------------------------------


def test_what_is_set_beyond_its_range_and_what_nothing_reads_is_noted(
    ranged: System, claim_file: Write
) -> None:
    rest = """check = 'IN(high, FINAL(x)) > FINAL(x)'
[runs]
high = {constants = {"k" = 9}}
tripled = {scale = {"k" = 3}}
"Never Read" = {constants = {"k" = 3}}
[ablations]
"all alike" = {constants = {"k" = -1}}
"""
    result = run_claims(ranged, [read_claim(claim_file(rest))])[0]
    assert result.status == "supported"
    assert result.notes == (
        "run 'high' sets 'k' to 9, outside its range 0 to 5",
        "ablation 'all alike' sets 'k' to -1, outside its range 0 to 5",
        "no expression reads run 'tripled'",
        "no expression reads run 'Never Read'",
    )
    assert result.to_data()["notes"] == list(result.notes)
    read = rest.replace("IN(high, FINAL(x))", "IN(tripled, FINAL(x))")
    found = run_claims(ranged, [read_claim(claim_file(read))])[0].notes
    assert "run 'tripled' sets 'k' to 6, outside its range 0 to 5" in found
    within = "check = 'IN(high, FINAL(x)) > FINAL(x)'\n[runs]\nhigh = {constants = {'k' = 5}}"
    assert run_claims(ranged, [read_claim(claim_file(within))])[0].notes == ()


# --- lines of a table -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "id_", ['"P1\\nP9  supported"', '"""P1\nP2"""', '"P\\u2028Q"', '" "', '"a\\tb"']
)
def test_an_id_is_one_line(tmp_path: Path, id_: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(HEAD.format(id="c", expect="supported").replace('"c"', id_) + 'check = "1 > 0"')
    with pytest.raises(ModelError, match=r"'id'"):
        read_claim(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(POND, tmp_path / "pond")
    return tmp_path / "pond"


def ran(capsys: pytest.CaptureFixture[str], folder: Path, *args: str) -> tuple[int, str, str]:
    status = main(["check", str(folder / "pond.mdl"), "--draws", "0", "--no-null", *args])
    out, err = capsys.readouterr()
    return status, out, err


def test_no_text_of_a_claim_makes_a_line_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is missing, in two lines, is printed in one."""
    text = HEAD.format(id="Q", expect="not testable") + 'missing = "one\\nP9  supported  +50 %"\n'
    (folder / "claims" / "Q.toml").write_text(text)
    _, out, _ = ran(capsys, folder, "--id", "Q")
    assert "one P9 supported +50 %" in out
    assert not [line for line in out.splitlines() if line.startswith("P9")]


# --- one claim's fault is its own -----------------------------------------------------------------


@pytest.mark.parametrize("text", ["id = ", 'id = "P9"', "\x00", 'id = "P9"\nnonsense = 1'])
def test_a_broken_file_does_not_keep_others_from_being_decided(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (folder / "claims" / "broken.toml").write_text(text)
    status, out, _ = ran(capsys, folder, "--id", "P1", "--json")
    assert status == 0
    assert [r["id"] for r in json.loads(out)] == ["P1"]
    for asked in ((), ("--id", "P1", "P9"), ("--tier", "1")):
        status, _, err = ran(capsys, folder, *asked)
        assert status == 2
        assert "broken.toml" in err


def test_the_faults_of_all_files_are_told_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """First those of reading, then those against the model, a line each."""
    own = folder / "claims"
    for name, text in (("x.toml", "id = "), ("y.toml", 'id = "P9"\nnonsense = 1')):
        (own / name).write_text(text)
    status, out, err = ran(capsys, folder)
    assert (status, out) == (2, "")
    assert [line.split(":")[0] for line in err.splitlines()] == ["x.toml", "y.toml"]
    with pytest.raises(ModelError) as caught:
        read_claims(own)
    assert [str(caught.value), *caught.value.__notes__] == err.splitlines()
    for name in ("x.toml", "y.toml"):
        text = HEAD.format(id=name[0], expect="supported")
        (own / name).write_text(f"{text}check = 'FINAL(nobody) > {name[0] == 'x':d}'\n")
    status, out, err = ran(capsys, folder)
    assert (status, out) == (2, "")
    assert [line.split(":")[0] for line in err.splitlines()] == ["x.toml", "y.toml"]
    assert err.count("no variable called 'nobody'") == 2


def test_two_files_with_one_id_are_refused_where_it_matters(folder: Path) -> None:
    own = folder / "claims"
    shutil.copy(own / "P1.toml", own / "again.toml")
    assert [c.id for c in read_claims(own, ["P2"])] == ["P2"]
    for ids in ((), ("P1",), ("P1", "P2")):
        with pytest.raises(ModelError, match="the id 'P1' is taken"):
            read_claims(own, ids)


# --- limits on work -------------------------------------------------------------------------------


def test_runs_within_runs_are_counted_not_waited_for(ranged: System, claim_file: Write) -> None:
    """Forty runs within forty, five deep: a hundred million evaluations of a line of text."""
    runs = ", ".join(f"r{i}" for i in range(40))
    check = "FINAL(x)"
    for _ in range(5):
        check = f"SUM(IN EACH({runs}, {check}))"
    tables = "[runs]\n" + "".join(f"r{i} = {{constants = {{k = 1}}}}\n" for i in range(40))
    claim = read_claim(claim_file(f"check = '{check} > 0'\n{tables}"))
    with pytest.raises(ModelError, match=r"c\.toml:9: .*take more than 1,000,000 steps; split"):
        run_claims(ranged, [claim])


def test_elements_of_elements_are_counted(ranged: System, claim_file: Write) -> None:
    """Every evaluation counts, that of ablations too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expressions_module, "MAX_STEPS", 500)
        few = read_claim(claim_file("check = 'SUM(row[d!]) > 0'"))
        assert run_claims(ranged, [few])[0].status == "supported"
        many = "check = 'SUM(row[d!]) > 0'\n[ablations]\n"
        many += "".join(f"a{i} = {{constants = {{k = {i}}}}}\n" for i in range(40))
        with pytest.raises(ModelError, match="more than 500 steps"):
            run_claims(ranged, [read_claim(claim_file(many))])
        drawn = choose(ranged, choice=Choice(drawn=("k",)))
        found = run_claims(ranged, [few], drawn=drawn, draws=3000)[0]
        assert found.robust[0].share.of == 3000  # draws are asked for by the caller


def test_runs_times_ablations_are_limited_before_anything_runs(
    ranged: System, claim_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def text(constants: str, runs: int, ablations: int) -> str:
        names = ", ".join(f"r{i}" for i in range(runs))
        return (
            f"check = 'ALL(IN EACH({names}, FINAL(x)) > -1)'\n[runs]\n"
            + "".join(f"r{i} = {{{constants.format(i)}}}\n" for i in range(runs))
            + "[ablations]\n"
            + "".join(f"a{i} = {{constants = {{k = {i}}}}}\n" for i in range(ablations))
        )

    def refuse(*_: object) -> None:
        raise AssertionError("nothing is to run")

    monkeypatch.setattr(System, "kernel", refuse)
    monkeypatch.setattr(System, "overridden", refuse)
    series = "series = {{x = {{time = [0, {0}.5], values = [0, 1]}}}}"
    with pytest.raises(ModelError, match=r"c\.toml: 2,550 runs, ablations times runs; at most 500"):
        run_claims(ranged, [read_claim(claim_file(text("constants = {{k = {0}}}", 50, 50)))])
    with pytest.raises(
        ModelError, match=r"c\.toml: 210 runs with series or lookups .* at most 100"
    ):
        run_claims(ranged, [read_claim(claim_file(text(series.replace("x =", "at ="), 10, 20)))])
    assert claims_module.MAX_MADE > claims_module.MAX_RUNS
