"""What a claim's file may hold; everything else is refused in one line that names file and key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sdsim import claims as check_room
from sdsim.base.errors import ModelError
from sdsim.claims import read_choice, read_claim, read_claims, read_loops, run_claims
from sdsim.outcomes.meaning import COLLECTORS, FORMS, PLAIN
from sdsim.outcomes.measures import MEASURES
from sdsim.run.system import System

OK = 'check = "FINAL(x) > 3"\n'


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (OK + "tiers = 2", "c.toml:10: 'tiers': unknown key; did you mean 'tier'?"),
        (OK + "[runs.base]\n", "c.toml:10: 'runs.base': 'base' is the model as it is; use [base]"),
        (OK + "[runs.a]\nconstant = {rate = 1}",
         "c.toml:11: 'runs.a.constant': unknown key; did you mean"),
        (OK + '[runs.a]\nconstants = {rate = "1"}',
         "c.toml:11: 'runs.a.constants.rate': expected a number"),
        (OK + "[runs.a]\nscale = {rate = nan}", "'runs.a.scale.rate': expected a finite number"),
        (OK + "[runs.a]\nseries = {x = {file = '../../../etc/passwd'}}",
         "'runs.a.series.x': no file '../../../etc/passwd' in the model's folder"),
        (OK + "runs = 3", "'runs': expected a table, got 3; write"),
        (OK + "[ablations]\na = {note = 'x'}", "'ablations.a': changes nothing; set"),
        (OK + '[runs]\n" " = {}', "'runs': ' ' is not a name; one line of text"),
        (OK + '[report]\n"a\\u001b[31m" = "FINAL(x)"', "'report': 'a\\x1b[31m' is not a name"),
        ('check = "FINAL(x) > 3\\u0000"', "'check': holds the control character '\\x00'"),
        (OK + 'changed = "\\u001b[2J"', "'changed': holds the control character '\\x1b'"),
        (OK + "[report]\nx = 3", "'report.x': expected text, got 3"),
        (OK + '[runs]\n"A b" = {}\na_B = {}', "'runs': two of the same name"),
        ("", "'expect': is expected to be supported; give a check"),
        (OK + 'missing = "x"', "'expect': is expected to be supported"),
        ("check = []", "'expect': is expected to be supported"),
        ('check = ""', "'check': expected text, got ''"),
        (f'check = "{"x" * 5000}"', "'check': longer than 4000 characters"),
        ("check = [" + '"x > 1",' * 101 + "]", "more than 100 expressions"),
        ("check = ", "not valid TOML"),
        ("a = " + "[" * 2000, "not valid TOML"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_files(claim_file: Callable[..., Path], rest: str, said: str) -> None:
    """Refused while the file is read."""
    with pytest.raises(ModelError) as e:
        read_claim(claim_file(rest))
    assert re.match(r"c\.toml(:\d+)?: ", str(e.value))
    assert said in str(e.value)
    assert "\n" not in str(e.value)


def test_a_claim_that_cannot_be_tested_says_why(claim_file: Callable[..., Path]) -> None:
    """`missing` in place of a check, and never both."""
    assert read_claim(claim_file('missing = "data"', expect="not testable")).check == ()
    for rest in ("", OK, OK + 'missing = "data"'):
        with pytest.raises(ModelError, match="'expect': is expected to be not testable"):
            read_claim(claim_file(rest, expect="not testable"))


@pytest.mark.parametrize("key", ["id", "claim", "seed", "tier", "kind", "expect", "data"])
def test_what_every_claim_needs(claim_file: Callable[..., Path], key: str) -> None:
    """Each required key in turn left out."""
    path = claim_file(OK)
    lines = [x for x in path.read_text().splitlines() if not x.startswith(f"{key} ")]
    path.write_text("\n".join(lines))
    with pytest.raises(ModelError, match=rf"^c\.toml: '{key}' is missing; write it$"):
        read_claim(path)


def test_ids_are_unique(claim_file: Callable[..., Path]) -> None:
    """Two files of one id; and a folder without claims."""
    first = claim_file(OK, "a")
    (first.parent / "b.toml").write_text(first.read_text())
    with pytest.raises(ModelError, match=r"b\.toml: the id 'a' is taken by a\.toml"):
        read_claims(first.parent)
    with pytest.raises(ModelError, match="there is no such folder of claims"):
        read_claims(first.parent / "nowhere")


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("FINAL(rates) > 3", "no variable called 'rates'; did you mean 'rate'?"),
        ("FINALE(x) > 3", "unknown measure 'FINALE'; did you mean 'FINAL'?"),
        ("IN(quick, FINAL(x)) > 3", "no run called 'quick'; this claim has base"),
        ("FINAL(x)", "is a number, expected a condition"),
        ("x > 3", "has values over time; reduce them"),
        ("FINAL(x) = 3", "'=' has no margin; write a band"),
        ("FINAL(x) > 3 > 2", "cannot be read near '> 2'"),
        ("FINAL(x) :AND: FINAL(x) > 2", "expected a comparison, got a number"),
        ("FINAL(x > 3) > 1", "expected a number, got a comparison"),
        ("SHARE OF TIME(x) > 1", "expected a comparison, got a number"),
        ("PEAK(3) > 1", "PEAK of a single number"),
        ("AT(x) > 1", "AT takes 2 arguments, got 1"),
        ("AT(x, x) > 1", "AT expects numbers after the first argument"),
        ("FINAL(v[d!]) > 1", "still runs over d"),
        ("FINAL(v[e]) > 1", "'e' is not an element of 'd'"),
        ("FINAL(v[d]) > 1", "'d' is not an element of 'd'; did you mean 'd!'?"),
        ("FINAL(v) > 1", "'v' has 1 subscript, got 0; write v[d!] or elements"),
        ("FINAL(x[a]) > 1", "'x' has 0 subscripts, got 1"),
        ("SUM(w[D2!]) > 1", "'d2!' is not a subscript range"),
        ("SUM(FINAL(x)) > 1", "SUM has nothing to run over"),
        ("ALONG(x, x) > 1", "ALONG takes a row of numbers"),
        ("IN(FINAL(x), FINAL(x)) > 1", "IN expects the name of a run first"),
        ("GET DIRECT DATA('a.csv', ',', 'A', 'B') > 1", "unknown measure 'GET DIRECT DATA'"),
        ("MAX('text', 1) > 1", "a table or text cannot be used here"),
        ("FINAL(x) > 1, 2", "cannot be read"),
        ("__import__('os').system('touch pwned') > 1", "cannot be read near"),
        ("FINAL(x) > eval('1')", "unknown measure 'EVAL'"),
        ("x(3) > 1", "'x' cannot be called in a check"),
        ("(" * 60 + "1" + ")" * 60 + " > 0", "more than 50 parentheses"),
        ("1" + " + 1" * 400 + " > 0", "more than 150 operations deep"),
    ],
)
def test_checks_that_make_no_sense(
    lines: System, claim_file: Callable[..., Path], check: str, said: str
) -> None:
    """Refused before anything runs, with the nearest name; nothing in them is executed."""
    claim = read_claim(
        claim_file(f"check = {check!r}" if "'" not in check else f'check = "{check}"')
    )
    with pytest.raises(ModelError) as e:
        run_claims(lines, [claim])
    assert str(e.value).startswith("c.toml:9: 'check': ")
    assert said in str(e.value)
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("[runs.a]\nconstants = {rates = 1}", "'runs.a': no variable called 'rates'; did you mean"),
        ("[runs.a]\nconstants = {x = 1}", "'runs.a': 'x': is a stock"),
        ("[runs.a]\nconstants = {rate = inf}", "'runs.a.constants.rate': expected a finite number"),
        (
            "[runs.a]\nscale = {hump = 2}",
            "'runs.a': 'hump': is not a constant and cannot be scaled",
        ),
        ('[runs.a]\nscale = {"TIME STEP" = 2}', "'runs.a': 'TIME STEP': cannot be scaled; set it"),
        ('[runs.a]\nconstants = {"TIME STEP" = -1}', "'runs.a': TIME STEP must be > 0"),
        ('[runs.a]\nhold = ["rate"]', "'runs.a.hold': 'rate' is not a link"),
        ('[runs.a]\nhold = ["y -> x"]', "'runs.a.hold': 'y' does not stand in the equation of 'x'"),
        ('[base]\nconstants = {"w[e]" = 1}', "'base': 'w': 'e' is not an element of 'd'"),
        (
            '[ablations."no way"]\ninitial = {rate = 1}',
            "'ablations.no way': 'rate': is not a stock",
        ),
        ('variables = ["X2"]', "'variables': no variable called 'X2'"),
        ('plot = "FINAL(x)"', "'plot 1': has no values over time"),
        ('[report]\nq = "x"', "'report.q': has values over time"),
    ],
)
def test_what_does_not_fit_the_model(
    lines: System, claim_file: Callable[..., Path], rest: str, said: str
) -> None:
    """Runs, ablations and names, by key; before anything runs."""
    with pytest.raises(ModelError) as e:
        run_claims(lines, [read_claim(claim_file(OK + rest))])
    assert re.match(r"c\.toml(:\d+)?: ", str(e.value))
    assert said in str(e.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[loop]]\nname = "a"\npolarity = "R"\nlinks = ["a -> b"]',
            "loops.toml:1: 'loop.1': 'hold' is missing",
        ),
        (
            '[[loop]]\nname = "a"\npolarity = "X"\nlinks = ["a"]\nhold = "a"',
            "loops.toml:3: 'loop.1.polarity': 'X' is not known; one of R, B",
        ),
        ("loop = 3", "expected [[loop]] tables"),
        ("loops = []", "loops.toml:1: 'loops': unknown key; did you mean 'loop'?"),
    ],
)
def test_bad_loop_files(tmp_path: Path, text: str, said: str) -> None:
    """By loop and key."""
    (tmp_path / "loops.toml").write_text(text)
    with pytest.raises(ModelError) as e:
        read_loops(tmp_path / "loops.toml")
    assert str(e.value).startswith("loops.toml:")
    assert said in str(e.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fix = []", "draws.toml:1: 'fix': unknown key; did you mean 'fixed'?"),
        ("[limits]\na = 3", "draws.toml:2: 'limits.a': expected a list of numbers, got 3"),
        ("[limits]\na = [3]", "draws.toml:2: 'limits.a': expected [low, high]"),
        ("[limits]\na = [3, 2]", "'limits.a': 3 is above 2"),
        ("fixed = [3]", "draws.toml:1: 'fixed': expected a list of texts, got one with 3 in it"),
    ],
)
def test_bad_choices_of_draws(tmp_path: Path, text: str, said: str) -> None:
    """By key."""
    (tmp_path / "draws.toml").write_text(text)
    with pytest.raises(ModelError) as e:
        read_choice(tmp_path / "draws.toml")
    assert said in str(e.value)


def test_every_measure_is_explained() -> None:
    """The README names each measure, function and form that a check may use."""
    text = (Path(check_room.__file__).parent / "README.md").read_text(encoding="utf-8")
    for name in (*MEASURES, *PLAIN, *COLLECTORS, *FORMS):
        assert name.upper() in text, name
