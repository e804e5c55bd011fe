"""The text of a model: entries, lines, groups, and what is refused before any parsing."""

from __future__ import annotations

import pytest
from reading_models import CONTROL, MODELS

from sdsim.base import limits
from sdsim.base.errors import ModelError
from sdsim.ir.model import Reality
from sdsim.readers.checks import check
from sdsim.readers.scan import Entry, Scan, scan_text
from sdsim.readers.source import decode


def entries(text: str) -> dict[str, Entry]:
    return {e.label: e for e in scan_text(text, "m.mdl").entries}


@pytest.fixture(scope="module")
def orchard() -> Scan:
    data = (MODELS / "orchard.mdl").read_bytes()
    return scan_text(decode(data, "orchard.mdl").text, "orchard.mdl")


def test_lines_and_groups(orchard: Scan) -> None:
    assert [(e.label, e.line, e.group) for e in orchard.entries[:5]] == [
        ("Trees", 8, "Trees"),
        ("Planting", 16, "Trees"),
        ("Felling", 22, "Trees"),
        ("Survival lookup", 27, "Trees"),
        ("Room for trees", 38, "Settings"),
    ]
    assert {e.label: e.group for e in orchard.entries}["SAVEPER"] == "Control"
    assert len(orchard.entries) == 12, "nothing below the sketch is an entry"


def test_parts_of_an_entry(orchard: Scan) -> None:
    trees, planting, felling, lookup = orchard.entries[:4]
    assert " ".join(trees.text.split()) == "INTEG ( Planting - Felling , Initial Trees)"
    assert (trees.units, trees.limits) == ("tree", (0.0, 1000.0))
    assert trees.doc == "Trees in the orchard. They live long, and nobody counts them {twice}."
    assert planting.doc == '"Planting" happens in "spring'
    assert (felling.text, felling.doc) == ("Trees/Lifetime", "")
    assert lookup.kind == "lookup"
    assert lookup.text == "( [(0,0)-(2,1)],(0,0.9),(1,0.5),(1.5, 0.1))"


def test_kinds_and_limits(orchard: Scan) -> None:
    by_name = {e.label: e for e in orchard.entries}
    assert by_name["Lifetime"].kind == "constant"
    assert by_name["Room for trees"].limits == (1.0, None)
    assert by_name["Saplings"].limits == (None, 100.0)
    odd = entries("a = 1 ~ x [nan, inf] ~ | b = 1 ~ [?,?] ~ | c = 1 ~ per [head] ~ |")
    assert [(e.units, e.limits) for e in odd.values()] == [
        ("x", (None, None)), ("", (None, None)), ("per [head]", (None, None)),
    ]  # fmt: skip


def test_reality_checks_are_kept_as_text(orchard: Scan) -> None:
    """No part of the equations, and never read before somebody asks for them."""
    assert [r.name for r in orchard.reality] == ["Never more trees than room"]
    assert "Never more trees than room" not in {e.name for e in orchard.entries}
    found = scan_text(
        "x = 1 ~ ~ |\ncold[d]:TEST INPUT: x = 0 ~ ~ |\n"
        'c :THECONDITION: "a :IMPLIES: b" > 0\n :implies: x > {zero} 0 ~ ~ |\n'
        "half :the condition: x > ~ ~ |",
        "m.mdl",
    )
    assert found.notes == ()
    assert found.reality == (
        Reality("cold", ("d",), "x = 0", None, 2),
        Reality("c", (), '"a :IMPLIES: b" > 0', "x >   0", 3),
        Reality("half", (), "x >", "", 5),
    )
    inside = ":MACRO: M(a)\nM = a ~ ~ |\ncold :TEST INPUT: a = 0 ~ ~ |\n:END OF MACRO:\nx = 1 ~ ~ |"
    found = scan_text(inside, "m.mdl")
    assert found.reality == ()
    assert found.notes == ("line 3: 'cold': a reality check in a macro is not evaluated",)


def test_left_sides() -> None:
    found = entries(
        'a[x, "b,c"] :EXCEPT: [x, y], [z,y] = 1 ~ ~ | '
        "d[x]:HOLD BACKWARD::= GET XLS DATA('f.xls', ';~|', 'A', 'B2') ~ ~ | "
        "e :LOOK FORWARD: ~ ~ | f := 2 ~ ~ | g ~ ~ | h(  (0,1),(1,2)) ~ ~ | "
        "range: A, B -> (Other: c, d) ~ ~ | other<->range ~ ~ | k==3 ~ ~ |"
    )
    a, d = found["a"], found["d"]
    assert (a.subs, a.excepts) == (("x", '"b,c"'), (("x", "y"), ("z", "y")))
    assert (d.kind, d.keyword, d.subs) == ("data", "hold_backward", ("x",))
    assert d.text == "GET XLS DATA('f.xls', ';~|', 'A', 'B2')"
    kinds = [(e.kind, e.keyword) for e in list(found.values())[2:]]
    assert kinds == [
        ("data", "look_forward"), ("data", "interpolate"), ("data", "interpolate"),
        ("lookup", "interpolate"), ("range", "interpolate"), ("copy", "interpolate"),
        ("constant", "interpolate"),
    ]  # fmt: skip
    assert found["range"].text == "A, B -> (Other: c, d)"


def test_quotes_comments_and_marks_are_data() -> None:
    found = entries(
        '"a ~ | { \\"b\\" = (" = 1 {one | {two} ~ " } + 2 ~ "unit ~ it\'s 5" | \n'
        "driver's fee = f('x)~|', \"y\") ~ ~ |"
    )
    assert list(found) == ['a ~ | { "b" = (', "driver's fee"]
    assert found['a ~ | { "b" = ('].text.split() == ["1", "+", "2"]
    assert found["driver's fee"].text == "f('x)~|', \"y\")"


def test_separator_in_a_string_stays_a_tab() -> None:
    assert "'\t'" in entries("x = GET DIRECT CONSTANTS('a.txt', '\t', 'B2') ~ ~ |")["x"].text


@pytest.mark.parametrize(
    ("text", "swallowed", "line"),
    [
        ("y = rate ~ ~ missing bar\nz = 2 ~ ~ |", "z = 2", 2),
        ("y = rate ~ ~ missing bar\n\nz = 2 ~ ~ said ~ :SUPPLEMENTARY |", "z = 2", 3),
        ("y = rate ~ ~ z = 2 ~ ~ |", "z = 2", 1),
        ("y = rate ~ m\nz[a, b] = 2 ~ ~ |", "z[a, b] = 2", 2),
        ('y = rate ~ ~ two\nlines\n"z, too" == 2 ~ ~ |', '"z, too" == 2', 3),
        ("y = rate ~ ~ said\nz :EXCEPT: [a] :RAW: := 2 ~ ~ |", "z :EXCEPT: [a] :RAW: := 2", 2),
        ("y = rate ~ ~ said\nz ~ m ~ |", "z", 2),
        ("y = rate ~ ~ said\nd: a, b ~ ~ |", "d: a, b", 2),
        ("y = rate ~ ~ said\nd <-> e ~ ~ |", "d <-> e", 2),
        ("y = rate ~ ~ said\nf((0,0),(1,1)) ~ ~ |", "f((0,0),(1,1))", 2),
        ("y = rate ~ ~ said\n*****\n.Group\n*****~\n|", "*****", 2),
    ],
)
def test_a_missing_bar_loses_no_equation(text: str, swallowed: str, line: int) -> None:
    with pytest.raises(ModelError) as error:
        scan_text(f"rate = 1 ~ ~ |\n{text}\nlast = 1 ~ ~ |", "m.mdl")
    said = f"m.mdl:2: 'y = rate': a '|' is missing before '{swallowed}' in line {line + 1}"
    assert str(error.value) == f"{said}; end the entry with '|'"


@pytest.mark.parametrize(
    "text",
    [
        "y = 1 ~ ~ about ~ 5 years |",
        "y = 1 ~ ~ z = 2 would be wrong ~ :SUPPLEMENTARY |",
        "y = 1 ~ ~ two lines\nz = 2 is none of them ~\n\t:SUPPLEMENTARY\n|",
        "y = 1 ~ ~ two lines\nz = 2 |",
    ],
)
def test_what_a_comment_says_is_no_equation(text: str) -> None:
    assert [e.name for e in scan_text(text, "m.mdl").entries] == ["y"]


def test_a_name_in_quotes_may_go_over_the_end_of_a_line() -> None:
    """As a single blank, wherever the name stands; a quote that does not end is one still."""
    text = '"a\n b (c)" = 2 ~ ~ |\nd = "a b (c)" + "a\nb\n(c)" ~ ~ |\n"e\n~ f" = 1 ~ ~ |'
    first, second = scan_text(text[: text.index('"e')], "m.mdl").entries
    assert (first.key, first.label) == ("a b (c)", "a b (c)")
    assert second.text == '"a b (c)" + "a b (c)"'
    assert (first.line, second.line) == (1, 3)
    with pytest.raises(ModelError, match=r"m\.mdl:6: the quote '\"' does not end"):
        scan_text(text, "m.mdl")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_line_ends_and_byte_order_marks(end: str, encoding: str) -> None:
    text = "{UTF-8}\na = 1 ~ ~ |\nб = a\\\n\t\t+2 ~ ~ |\n".replace("\n", end)
    found = scan_text(decode(text.encode(encoding), "m.mdl").text, "m.mdl").entries
    assert [(e.label, e.text, e.line) for e in found] == [("a", "1", 2), ("б", "a +2", 3)]


@pytest.mark.parametrize(
    ("header", "encoding"),
    [("{windows-1251}", "cp1251"), ("{GB2312}", "gbk"), ("{ISO-8859-2}", "iso-8859-2")],
)
def test_declared_encodings(header: str, encoding: str) -> None:
    word = {"cp1251": "хлеб", "gbk": "人口", "iso-8859-2": "łąka"}[encoding]
    data = f"{header}\n{word} = 1 ~ ~ |".encode(encoding)
    assert scan_text(decode(data, "m.mdl").text, "m.mdl").entries[0].label == word


def test_undeclared_bytes_are_read_as_windows_1252() -> None:
    source = decode(b"a = 1 ~ ~ ok|\nGr\xf6\xdfe = 1 ~ ~ |\n\\\\\\---/// \xff\x00\xff", "m.mdl")
    assert source.notes == ("line 2 is not UTF-8: read as Windows-1252",)
    assert "Größe" in source.text


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_sketch_is_cut_off(end: bytes) -> None:
    text = b"a = 1 ~ ~ |\n  \\\\\\---/// Sketch\n*View = 1 ~ ~ |\n".replace(b"\n", end)
    assert [e.label for e in scan_text(decode(text, "m.mdl").text, "m.mdl").entries] == ["a"]


def test_a_comment_of_several_words_is_no_encoding() -> None:
    assert decode(b"{a first remark}\nx = 1 ~ ~ |", "m.mdl").notes == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{rot13}\nx = 1 ~ ~ |", "m.mdl:1: unknown encoding 'rot13'; save the file as UTF-8"),
        (b"x = 1 ~ ~ |" * 9 + b"\ny\0 = 1 ~ ~ |", "m.mdl:2: NUL byte; save the file as UTF-8"),
        (bytes(range(256)) * 9, "m.mdl: not a Vensim text model; save the model as .mdl"),
        (b"\xff\xfe\0\0x\0\0\0", "m.mdl: encoding UTF-32; save the file as UTF-8"),
        (b"{gbk}\nok\n\xff\xff = 1 ~ ~ |", "m.mdl:3: not valid gbk; save the file as UTF-8"),
    ],
)
def test_bytes_that_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ModelError) as error:
        decode(data, "m.mdl")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Model { Name x }", "m.mdl:1: 'Model': the entry does not end; add '~ units ~ comment |'"),
        ("{only a comment}", "m.mdl: not a Vensim text model: no 'name = equation ~ units"),
        ("a = 1 ~ ~ |\n\nb = 2 ~ ~", "m.mdl:3: 'b = 2': the entry does not end; add '~ units"),
        ("a = 1 |", "m.mdl:1: 'a = 1': an entry without '~'; write '~ units ~ comment |'"),
        ("a = 1 ~ ~ |\n\"b = 2 ~ ~ |", "m.mdl:2: the quote '\"' does not end; add the second"),
        ("a = 1 {never closed ~ ~ |", "m.mdl:1: the comment '{' does not end; add '}'"),
        ("a = 1 ~ ~ |\n~ ~ |", "m.mdl:2: an entry without a name; delete it or write 'name"),
        ("a%b = 1 ~ ~ |", "m.mdl:1: cannot be read near 'a%b = 1'; names with other characters"),
        ("a\u202eb = 1 ~ ~ |", "m.mdl:1: 'ab = 1': a character that reverses the direction of "
         "text (U+202E); delete it"),
        (":MACRO: m(a)\nm = a ~ ~ |", "m.mdl:2: macro 'm' does not end; add ':END OF MACRO:'"),
        (":END OF MACRO:", "m.mdl:1: ':END OF MACRO:' without ':MACRO:'; delete it"),
        (":MACRO: m(a)\n:MACRO: n(a)", "m.mdl:2: a macro inside a macro; end the first one"),
    ],
)  # fmt: skip
def test_text_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(ModelError) as error:
        scan_text(text, "m.mdl")
    assert str(error.value).startswith(message)


def test_string_variables_are_passed_over_with_a_note() -> None:
    found = scan_text("title :IS: 'x' ~ ~ |\nk = 1 ~ ~ |", "m.mdl")
    assert [e.key for e in found.entries] == ["k"]
    assert found.notes == ("'title': string variables (:IS:) are not read",)


def test_direction_marks_in_a_comment_are_taken_out() -> None:
    found = scan_text("a = 1 ~ ~ left\u202eright |", "m.mdl")
    assert found.entries[0].doc == "leftright"
    assert found.notes == ("line 1: 'a': direction marks taken out of the comment",)


LONG = "x" * (limits.NAME + 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Time = 5 ~ ~ |", "m.mdl:1: 'Time': Time is reserved: every model has it; give it"),
        ("a = 1 ~ ~ |\nb = (a ~ ~ |", "m.mdl:2: 'b': unbalanced parenthesis: '(' is not closed"),
        ("a = 1) ~ ~ |", "m.mdl:1: 'a': unbalanced parenthesis: ')' closes nothing; delete it"),
        ("a = f(b[1)] ~ ~ |", "m.mdl:1: 'a': unbalanced parenthesis: ')' closes nothing"),
        ("w = A FUNCTION OF(a) ~ ~ |", "m.mdl:1: 'w': incomplete equation; write what it"),
        ("w = ??? ~ ~ |", "m.mdl:1: 'w': incomplete equation; write what it depends on"),
        ("w = ~ ~ |", "m.mdl:1: 'w': no equation; write one after the sign"),
        ("My Var = 1 ~ ~ |\nmy_var = 2 ~ ~ |", "m.mdl:2: 'my var': names collide: 'My Var' in "
         "line 1; rename one; case, blanks and underscores do not count"),
        ("a = 1 ~ ~ |\na = 2 ~ ~ |", "m.mdl:2: 'a': defined twice, first in line 1; delete one"),
        ("a[x] = 1 ~ ~ |\na[X] = 2 ~ ~ |", "m.mdl:2: 'a': [X] is defined twice; delete one"),
        ("a[x] = 1 ~ ~ |\na[x,y] = 2 ~ ~ |", "m.mdl:2: 'a': 2 subscripts, but 1 in line 1; give"),
        ("a = 1 ~ ~ |\nA: b, c ~ ~ |", "m.mdl:2: 'A': both a variable and a subscript range "
         "(line 1); rename one"),
        (f"{LONG} = 1 ~ ~ |", f"m.mdl:1: '{'x' * 80}': name too long: "
         f"{limits.NAME + 1} characters, at most {limits.NAME}; give it a shorter name"),
        (f"a = {'1+' * limits.EQUATION}1 ~ ~ |", "m.mdl:1: 'a': equation too long: 200001 char"),
        (f"a = {'(' * (limits.NESTING + 1)}1{')' * (limits.NESTING + 1)} ~ ~ |",
         f"m.mdl:1: 'a': nesting depth over {limits.NESTING} parentheses; split it into several"),
        (":MACRO: m(a)\nm = a ~ ~ |\n:END OF MACRO:\n:MACRO: M(a)\n:END OF MACRO:",
         "m.mdl:4: 'M': macro defined twice, first in line 1; delete one"),
        (":MACRO: m(a)\nm = a ~ ~ |\nd: x, y ~~|\n:END OF MACRO:",
         "m.mdl:1: 'm': a macro with subscript ranges is not supported in this version; define"),
    ],
)  # fmt: skip
def test_entries_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(ModelError) as error:
        check(scan_text(text + CONTROL, "m.mdl"), "m.mdl")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("missing", ["INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER"])
def test_control_variables_must_be_there(missing: str) -> None:
    kept = [line for line in CONTROL.splitlines() if not line.startswith(missing)]
    with pytest.raises(ModelError) as error:
        check(scan_text("\n".join(kept), "m.mdl"), "m.mdl")
    assert str(error.value).startswith(f"m.mdl: {missing} missing; add '{missing} = ")


def test_parentheses_in_quotes_do_not_count() -> None:
    text = '"a (" = f(\'x)\', "b ]") ~ ~ |'
    check(scan_text(text + CONTROL, "m.mdl"), "m.mdl")
