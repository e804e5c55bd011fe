"""XMILE that is refused, or read with a remark: place, expected against got, remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from wording import well_said

import sdsim
from sdsim.base.errors import ModelError

SPACE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
Y = '<aux name="y"><eqn>1</eqn></aux>'


def xmile(
    body: str = Y, more: str = "", space: str | None = f'xmlns="{SPACE}"', head: str = "",
    times: str = "<start>0</start><stop>4</stop><dt>1</dt>", root: str = "xmile",
) -> str:  # fmt: skip
    """A file whose variables stand on line 3."""
    return (
        f'{head}<{root} version="1.0" {space}>\n<sim_specs>{times}</sim_specs>{more}\n'
        f"<model><variables>{body}</variables></model></{root}>\n"
    )


def stock(flows: str) -> str:
    return f'<stock name="s"><eqn>9</eqn>{flows}</stock>'


F = '<flow name="f"><eqn>1</eqn></flow>'
BELT = (
    '<stock name="C"><eqn>0</eqn><inflow>i</inflow><outflow>o</outflow><conveyor><len>{}</len>'
    '</conveyor></stock><flow name="i"><eqn>1</eqn></flow><flow name="o"><eqn>0</eqn></flow>'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (xmile(space='xmlns="http://example.org/other"'),
         f"1: <xmile> of the namespace 'http://example.org/other'; expected xmlns=\"{SPACE}\""),
        (xmile(space=f'xmlns="{SPACE[:-3]}2.0"'),
         f"1: <xmile> of the namespace '{SPACE[:-3]}2.0'; expected xmlns=\"{SPACE}\""),
        (xmile(space='xmlns:a="http://example.org/other"', root="a:xmile"),
         f"1: <xmile> of the namespace 'http://example.org/other'; expected xmlns=\"{SPACE}\""),
        (xmile(root="smile"), "1: expected <xmile>, got <smile>; is this an XMILE file?"),
        (xmile(stock("<inflow>f</inflow><inflow>f</inflow>") + F),
         "3: 's': lists the inflow 'f' twice; delete one"),
        (xmile(stock("<outflow>f</outflow><outflow>F </outflow>") + F),
         "3: 's': lists the outflow 'F' twice; delete one"),
        (xmile(more='<dimensions><dim name="D"><elem name="a"/><elem name="A"/></dim>'
               "</dimensions>"),
         "2: dimension 'D' has the element 'A' twice; delete one"),
        (xmile(more='<dimensions><dim name="D" size="x"/></dimensions>'),
         "2: dimension 'D': expected a size from 1 to 100,000, got 'x'; write size=\"3\", or name "
         "the elements"),
        (xmile(f'<aux name="y"><eqn>{"(" * 150}1{")" * 150}</eqn></aux>'),
         "3: 'y': parentheses nested more than 100 deep; split it into several variables"),
        (xmile(Y + "<a>" * 150 + "</a>" * 150), "3: elements nested more than 100 deep; save the "
         "model again; those of a model lie some 10 deep"),
        (f'<xmile xmlns="{SPACE}">\n<sim_specs/></xmile>',
         "1: there is no <model>; save the model again; it stands in <model><variables>"),
        (xmile(times="<start>0</start>"),
         "2: <sim_specs> has no <stop>; write <stop>0</stop> or so"),
        (xmile('<aux name="y"><eqn>MEAN()</eqn></aux>'),
         "3: 'y': MEAN takes an array, or 1 or more arguments, got 0; add what is missing"),
        (xmile('<aux name="y"><eqn>SMTH1(1)</eqn></aux>'),
         "3: 'y': SMTH1 takes 2 to 3 arguments, got 1; add what is missing"),
        (xmile('<aux name="y"><eqn>1 +</eqn></aux>'),
         "3: 'y': the equation ends too early, after '1 +'; complete it"),
        (xmile('<aux name="y"><eqn>1 + * 2</eqn></aux>'), "3: 'y': cannot read the equation at "
         "'* 2' (column 5); check operators, commas and parentheses"),
        (xmile('<aux name="y"><eqn>1</eqn><gf><ypts>1,two</ypts></gf></aux>'), "3: 'y': <ypts>: "
         "expected finite numbers, got 'two'; write numbers with commas between them"),
        (xmile(BELT.format("1e12")), "3: 'C': a fixed delay of 1e+12 time steps; at most "
         "50,000,000; use a shorter delay or a larger TIME STEP, or set SDSIM_LARGE=1 if you trust "
         "the file"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "t.xmile"
    path.write_text(text)
    with pytest.raises(ModelError) as fault:
        sdsim.simulate(sdsim.load(path))
    assert str(fault.value) == f"t.xmile:{said}"
    well_said(str(fault.value))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (xmile(space=""), f'line 1: <xmile> has no namespace; read as if xmlns="{SPACE}"'),
        (xmile('<aux name="y"><eqn>1</eqn><frobnicate/><frobnicate/></aux>'),
         "line 3: <frobnicate> in <aux> is not known and not read"),
        (xmile(Y + '<auxiliary name="z"><eqn>1</eqn></auxiliary>'),
         "line 3: <auxiliary> in <variables> is not known and not read"),
        (xmile(stock("<inflows>f</inflows>") + F),
         "line 3: <inflows> in <stock> is not known and not read; did you mean <inflow>?"),
        (xmile(more="\n<frobnicate/>"),
         "line 3: <frobnicate> in <xmile> is not known and not read"),
        (xmile(stock("<outflow>f</outflow>") + stock("<outflow>f</outflow>").replace("s", "r", 2)
               .replace("rtock", "stock") + F),
         "flow 'f' leaves 2 stocks (s, r); each counts it in full"),
    ],
)  # fmt: skip
def test_a_remark(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.xmile").write_text(text)
    assert sdsim.load(tmp_path / "t.xmile").model.notes == (said,)


@pytest.mark.parametrize(
    "text",
    [
        xmile(Y + '<isee:thing/><v:other name="y"><eqn>9</eqn></v:other>',
              space=f'xmlns="{SPACE}" xmlns:isee="http://iseesystems.com/XMILE" '
              'xmlns:v="http://example.org"'),
        xmile(Y + '<aux xmlns="http://example.org" name="y"><eqn>9</eqn><odd/></aux>'),
        xmile(space='xmlns="http://www.systemdynamics.org/XMILE"'),
        xmile(space=f'xmlns:x="{SPACE}"', root="x:xmile"),
    ],
)  # fmt: skip
def test_what_is_a_vendors_is_theirs(tmp_path: Path, text: str) -> None:
    if "x:xmile" in text:
        for word in ("sim_specs", "start", "stop", "dt", "model", "variables", "aux", "eqn"):
            text = text.replace(f"<{word}", f"<x:{word}").replace(f"</{word}", f"</x:{word}")
    (tmp_path / "t.xmile").write_text(text)
    system = sdsim.load(tmp_path / "t.xmile")
    assert system.model.notes == ()
    assert sdsim.simulate(system)["y"].values.tolist() == [1] * 5


def test_what_a_flow_of_two_stocks_does(tmp_path: Path) -> None:
    """Each stock's list is its balance, as the conformance suite has it."""
    two = stock("<outflow>f</outflow>") + '<stock name="r"><eqn>0</eqn><outflow>f</outflow></stock>'
    (tmp_path / "t.xmile").write_text(xmile(two + F))
    run = sdsim.simulate(sdsim.load(tmp_path / "t.xmile"))
    assert run["s"].values.tolist() == [9, 8, 7, 6, 5]
    assert run["r"].values.tolist() == [0, -1, -2, -3, -4]


@pytest.mark.parametrize(
    "encoding", ["rot13", "hex", "base64", "zlib", "idna", "punycode", "unicode_escape", "charmap",
                 "utf_8_sig", "cp037", "../../x", "mbcs", "undefined"],
)  # fmt: skip
def test_no_encoding_of_pythons_own(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.xmile").write_text(xmile(head=f'<?xml version="1.0" encoding="{encoding}"?>'))
    with pytest.raises(ModelError) as fault:
        sdsim.load(tmp_path / "t.xmile")
    assert str(fault.value) == (
        f"t.xmile:1: unknown encoding '{encoding}'; save the file as UTF-8 with encoding=\"utf-8\""
    )


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "GBK", "shift_jis", "UTF-16"])
def test_encodings_of_others(tmp_path: Path, encoding: str) -> None:
    name = "人口" if encoding in ("GBK", "shift_jis", "UTF-16") else "été"
    text = xmile(Y.replace('"y"', f'"{name}"'), head=f'<?xml version="1.0" encoding="{encoding}"?>')
    (tmp_path / "t.xmile").write_bytes(text.encode(encoding))
    assert sdsim.simulate(sdsim.load(tmp_path / "t.xmile"))[name].values.tolist() == [1] * 5


def test_bytes_that_are_not_in_the_encoding(tmp_path: Path) -> None:
    text = xmile(head='<?xml version="1.0" encoding="gbk"?>\n').encode() + b"<!-- \xff\xff -->"
    (tmp_path / "t.xmile").write_bytes(text)
    with pytest.raises(ModelError, match=r"^t\.xmile:5: not valid gbk, as the file declares; save"):
        sdsim.load(tmp_path / "t.xmile")


@pytest.mark.parametrize(("most", "args"), [("MAX", (3.0, 7.0, 5.0)), ("MIN", (3.0, 1.0, 2.0))])
def test_the_largest_of_many_and_of_an_array(
    tmp_path: Path, most: str, args: tuple[float, ...]
) -> None:
    three = ", ".join(map(str, args))
    array = (
        '<aux name="a"><dimensions><dim name="D"/></dimensions>'
        + "".join(f'<element subscript="{k + 1}"><eqn>{v}</eqn></element>'
                  for k, v in enumerate(args))
        + "</aux>"
    )  # fmt: skip
    body = array + "".join(
        f'<aux name="y{n}"><eqn>{most}({inside})</eqn></aux>'
        for n, inside in enumerate((three, "a", "a[*]", "4", "a[1], a[2]"))
    )
    more = '<dimensions><dim name="D" size="3"/></dimensions>'
    (tmp_path / "t.xmile").write_text(xmile(body, more))
    run = sdsim.simulate(sdsim.load(tmp_path / "t.xmile"))
    pick = max if most == "MAX" else min
    expected = [pick(args), pick(args), pick(args), 4, pick(args[:2])]
    assert [run[f"y{n}"].values[0] for n in range(5)] == expected
