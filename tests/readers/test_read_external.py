"""External data: blocks, series and subscripts from files that each test makes itself."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName

from sdsim.base import limits
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.ir.expr import Array, Call, Lookup, Num, Ref
from sdsim.ir.model import Model
from sdsim.readers import external, folder, sheets

Reading = Callable[..., Model]
Within = Callable[[float], AbstractContextManager[None]]

ROWS = [
    ["year", 2000, 2010, 2020, None],
    ["a", 1, 2, 3, None],
    ["b", 4, None, "6.5", None],
    ["c", 10, 20, 30, "note"],
]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    wb = openpyxl.Workbook()
    page = wb.active
    assert page is not None
    page.title = "Data"
    for row in ROWS:
        page.append(row)
    wb.defined_names["years"] = DefinedName("years", attr_text="Data!$B$1:$D$1")
    wb.defined_names["block"] = DefinedName("block", attr_text="Data!$B$2:$D$4")
    page.defined_names["down"] = DefinedName("down", attr_text="Data!$B$2:$B$4")
    page.defined_names["one"] = DefinedName("one", attr_text="'Data'!$D$2")
    wb.create_sheet("Other").append([7])
    wb.save(tmp_path / "book.xlsx")
    text = "\n".join(",".join("" if v is None else str(v) for v in row) for row in ROWS)
    (tmp_path / "data.csv").write_text(text, encoding="utf-8-sig")
    (tmp_path / "data.txt").write_text(text.replace(",", ";"))
    return tmp_path


@pytest.fixture
def source(book: Path) -> external.External:
    return external.External(folder.Folder(book))


FILES = [("book.xlsx", "data"), ("data.csv", ","), ("data.txt", ";")]


@pytest.mark.parametrize(("file", "tab"), FILES)
def test_constants(file: str, tab: str, source: external.External) -> None:
    assert source.constants([file, tab, "B2"], []) == [1.0]
    assert source.constants([file, tab, "B2"], [3]) == [1.0, 2.0, 3.0]
    assert source.constants([file, tab, "b2*"], [3]) == [1.0, 4.0, 10.0]
    assert source.constants([file, tab, "C1"], [2, 1]) == [2010.0, 2020.0]
    assert source.constants([file, tab, "B1"], [2, 3]) == [2000, 2010, 2020, 1, 2, 3]
    assert source.constants([file, tab, "B1*"], [3, 2]) == [2000, 1, 2010, 2, 2020, 3]


def test_named_ranges(source: external.External) -> None:
    assert source.constants(["book.xlsx", "Data", "ONE"], []) == [3.0]
    assert source.constants(["book.xlsx", "Data", "down*"], [3]) == [1.0, 4.0, 10.0]
    table, _, last = source.series(["book.xlsx", "Data", "years", "block"], 3, "raw")
    assert last.y == (10.0, 20.0, 30.0)
    assert table == Lookup((2000.0, 2010.0, 2020.0), (1.0, 2.0, 3.0), "raw")


@pytest.mark.parametrize(("file", "tab"), FILES)
def test_series_along_a_row_skip_what_is_missing(
    file: str, tab: str, source: external.External
) -> None:
    a, b = source.series([file, tab, "1", "B2"], 2, "interpolate")
    assert a == Lookup((2000.0, 2010.0, 2020.0), (1.0, 2.0, 3.0))
    assert b == Lookup((2000.0, 2020.0), (4.0, 6.5))


def test_series_down_a_column(source: external.External) -> None:
    (table,) = source.series(["data.csv", ",", "B", "C2"], 1, "hold_backward")
    assert table == Lookup((1.0, 10.0), (2.0, 20.0), "hold_backward"), "a blank is skipped"


def test_subscripts(source: external.External) -> None:
    assert source.subscripts(["data.csv", ",", "A2", "A4", "Item "]) == [
        "Item a",
        "Item b",
        "Item c",
    ]
    assert source.subscripts(["book.xlsx", "DATA", "B1", "1", "y"]) == ["y2000", "y2010", "y2020"]
    assert source.subscripts(["book.xlsx", "Data", "A2", "A", ""]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.constants(["data.csv", ",", "C2"], [3]),
         "expected a number in cell E2 of 'data.csv', got a blank; fill it"),
        (lambda s: s.constants(["data.csv", ",", "A2"], []),
         "expected a number in cell A2 of 'data.csv', got 'a'; fill it"),
        (lambda s: s.constants(["book.xlsx", "Nope", "A2"], []),
         "external file 'book.xlsx' has no sheet 'Nope'; it has Data, Other"),
        (lambda s: s.constants(["book.xlsx", "Data", "blok"], []),
         "'blok' is neither a cell nor a named range of 'book.xlsx'; did you mean 'block'?"),
        (lambda s: s.constants(["book.xlsx", "Data", "block"], [2]),
         "range 'block' of 'book.xlsx' is 3 x 3; expected 1 x 2"),
        (lambda s: s.constants(["data.csv", ",", "B2"], [2, 2, 2]),
         "reads 3 dimensions from 'data.csv' at once, at most 2; write one equation for each "
         "element of the others"),
        (lambda s: s.constants(["data.csv", ","], []),
         "GET CONSTANTS with 2 arguments; give file, tab and cell"),
        (lambda s: s.series(["data.csv", ",", "4", "A5"], 1, "raw"),
         "no numbers at A5 of 'data.csv' along row 4; check row, column and cell"),
        (lambda s: s.series(["book.xlsx", "Data", "years", "down"], 1, "raw"),
         "range 'down' of 'book.xlsx' is 3 x 1; expected 1 series of 3 points"),
        (lambda s: s.subscripts(["data.csv", ",", "H9", "H9", ""]),
         "no elements at H9 of 'data.csv'; check first and last cell"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit(
    call: Callable[[external.External], Any], message: str, source: external.External
) -> None:
    with pytest.raises(ModelError) as error:
        call(source)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("t,v\n5,1\n1,\n2,3\n0,4", "column A of 'd.csv' does not increase: 1 after 5; sort it "
         "(cell A3)"),
        ("t,v\n1,1\n1,2", "column A of 'd.csv' does not increase: 1 after 1; sort it (cell A3)"),
        ("t,v\nx,1", "no numbers at B2 of 'd.csv' along column A; check row, column and cell"),
    ],
)  # fmt: skip
def test_time_must_increase(rows: str, message: str, reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(rows)
    with pytest.raises(ModelError) as error:
        reading("\ny := GET DIRECT DATA('d.csv', ',', 'A', 'B2') ~ ~ |")
    assert str(error.value) == f"model.mdl:2: 'y': {message}"


def test_the_x_of_a_lookup_may_fall(reading: Reading, tmp_path: Path) -> None:
    """What is left in the ground, from much to little: published models have such rows."""
    (tmp_path / "d.csv").write_text("x,850,800,,700\ny,3,2,9,1\nup,1,3,2,4\nv,1,2,3,4\n")
    model = reading("y( GET XLS LOOKUPS('d.csv', ',', '1', 'B2') ) ~ ~ |")
    assert model.find("y").equations[0].expr == Lookup((700.0, 800.0, 850.0), (1.0, 2.0, 3.0))
    with pytest.raises(ModelError, match=r"row 3 of 'd\.csv' does not increase: 2 after 3; sort"):
        reading("y( GET DIRECT LOOKUPS('d.csv', ',', '3', 'B4') ) ~ ~ |")


@pytest.mark.parametrize("gap", ["", "about 2"])
def test_get_xls_passes_over_a_single_time_without_a_number(
    gap: str, reading: Reading, tmp_path: Path
) -> None:
    """Vensim's stored output of SDXorg's test get_with_missing_values_xlsx."""
    (tmp_path / "d.csv").write_text(f"t,v\n1,10\n{gap},20\n3,30\n")
    model = reading("y := GET XLS DATA('d.csv', ',', 'A', 'B2') ~ ~ |")
    assert model.find("y").equations[0].expr == Lookup((1.0, 3.0), (10.0, 30.0))
    said = ("'d.csv' A3: 'about 2' is no number: skipped",) if gap else ()
    assert model.notes == said


TWO = [["year", 0, 2, 4, None, "year", 6, 8], ["coal", 10, 20, 40, None, "wind", 900, 990]]
BACK = [["year", 0, 2, 4, None, 0, 2], ["coal", 10, 20, 40, None, 900, 990]]
TEXT = [["year", 0, 2, 4, "text", 6, 8], ["coal", 10, 20, 40, None, 900, 990]]


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("book", [False, True])
@pytest.mark.parametrize(
    ("call", "rows", "end"),
    [
        ("DIRECT", TWO, 5), ("DIRECT", BACK, 5), ("DIRECT", TEXT, 5),
        ("XLS", TWO, 5), ("XLS", BACK, 5),
    ],
)  # fmt: skip
def test_the_next_table_in_a_sheet_is_not_read(
    call: str, rows: list[list[Any]], end: int, book: bool, upright: bool,
    reading: Reading, tmp_path: Path,
) -> None:  # fmt: skip
    """As in Vensim's stored output of SDEverywhere's directdata_endofdata, directlookups_endofdata:
    values of the table beside it belong to other series."""
    rows = [list(row) for row in zip(*rows, strict=True)] if upright else rows
    if book:
        wb = openpyxl.Workbook()
        for row in rows:
            wb.active.append(row)  # type: ignore[union-attr]
        wb.save(tmp_path / "d.xlsx")
    else:
        text = "\n".join(",".join("" if v is None else str(v) for v in row) for row in rows)
        (tmp_path / "d.csv").write_text(text)
    file, tab = ("d.xlsx", "Sheet") if book else ("d.csv", ",")
    axis, cell = ("A", "B2") if upright else ("1", "B2")
    model = reading(
        f"x := GET {call} DATA('{file}', '{tab}', '{axis}', '{cell}') ~ ~ |\n"
        f"y( GET {call} LOOKUPS('{file}', '{tab}', '{axis}', '{cell}') ) ~ ~ |"
    )
    table = Lookup((0.0, 2.0, 4.0), (10.0, 20.0, 40.0))
    assert [model.find(n).equations[0].expr for n in "xy"] == [table, table]
    place, at = ("column A", f"A{end}") if upright else ("row 1", f"{'ABCDEFG'[end - 1]}1")
    assert model.notes == (
        f"'{file}': {place} is read up to cell {at}, which has no number; numbers beyond it "
        "are not read",
    )


@pytest.mark.usefixtures("book")
def test_in_a_model(reading: Reading) -> None:
    with pytest.raises(
        ModelError, match=r"expected a number in cell C3 of 'book\.xlsx', got a blank"
    ):
        reading(
            "d: a, b, c ~ ~ |\ne: (t1-t3) ~ ~ |\n"
            "m[d,e]= GET XLS CONSTANTS('book.xlsx', 'Data', 'B2') ~ ~ |\n"
        )
    model = reading(
        "d: GET DIRECT SUBSCRIPT('data.csv', ',', 'A2', 'A4', '') ~ ~ |\n"
        "k= GET DIRECT CONSTANTS('data.csv', ',', 'B2') ~ ~ |\n"
        "m[d]= GET XLS CONSTANTS('book.xlsx', 'Data', 'B2*') ~ ~ |\n"
        "s[d]:LOOK FORWARD::= GET_DIRECT_DATA('book.xlsx', 'Data', '1', 'B2') ~ ~ |\n"
        "l[d]( GET DIRECT LOOKUPS('book.xlsx', 'Data', '1', 'B2')) ~ ~ |\n"
        "x[a]:= GET DIRECT DATA('book.xlsx', 'Data', '1', 'B2') ~~|\n"
        "x[b]= 5 ~~|\nx[c]= 6 ~ ~ |\n"
    )
    assert model.dimensions["d"].elements == ("a", "b", "c")
    assert model.find("k").equations[0].expr == Num(1.0)
    assert model.find("m").equations[0].expr == Array((1.0, 4.0, 10.0), (3,))
    series = model.find("s")
    assert (series.role, series.dims) == ("data", ("d",))
    assert [e.subs for e in series.equations] == [("a",), ("b",), ("c",)]
    expected = Lookup((2000.0, 2020.0), (4.0, 6.5), "look_forward")
    assert series.equations[1].expr == expected
    assert model.find("l").role == "lookup"
    mixed = model.find("x")
    assert mixed.role == "equation"
    table = Lookup((2000.0, 2010.0, 2020.0), (1.0, 2.0, 3.0))
    assert mixed.equations[0].expr == Call("with lookup", (Ref("time"), table))


def get(name: str) -> str:
    return f"\ny = GET DIRECT CONSTANTS('{name}', ',', 'B2') ~ ~ |"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../out.csv", "external file '../out.csv' lies outside the model's folder; put the file"),
        ("sub/../../out.csv", "external file 'sub/../../out.csv' lies outside the model's folder"),
        ("..\\out.csv", "external file '..\\out.csv' lies outside the model's folder"),
        ("/dev/zero", "external file '/dev/zero' is not a regular file inside the model's folder"),
        ("C:\\x.csv", "external file 'C:\\x.csv' is not a regular file inside the model's folder"),
        ("//host/x.csv", "external file '//host/x.csv' is not a regular file inside the model's"),
        (
            "?file",
            "external file '?file' is indirect, and the model's settings do not say which file "
            "it is; write the name of the file",
        ),
        ("http://x.org/a.csv", "external file 'http://x.org/a.csv' is a URL; download it; put"),
        ("link.csv", "external file 'link.csv' lies outside the model's folder; put the file"),
        ("pipe.csv", "external file 'pipe.csv' is not a regular file; put the file into"),
        ("sub", "external file 'sub' is a folder; put the file into the model's folder"),
        ("none.csv", "external file 'none.csv': no such file; put the file into the model's"),
        ("x.ods", "external file 'x.ods' is .ods; save it as .xlsx"),
        ("broken.xlsx", "external file 'broken.xlsx' is broken (BadZipFile); save it again"),
        ("broken.xls", "external file 'broken.xls' is broken (XLRDError); save it again"),
        ("", "external file '' is not a file name; write the name of the file"),
    ],
)
def test_files_are_confined(name: str, message: str, reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for broken in ("x.ods", "broken.xlsx", "broken.xls"):
        (tmp_path / broken).write_bytes(b"nothing of the kind")
    (tmp_path.parent / "out.csv").write_text("1,2\n3,4\n")
    (tmp_path / "link.csv").symlink_to(tmp_path.parent / "out.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ModelError) as error:
        reading(get(name))
    assert str(error.value).startswith(f"model.mdl:2: 'y': {message}")
    assert isinstance(error.value, UnsupportedError) == any(
        word in message for word in ("indirect", "URL", ".ods;")
    )


def test_a_link_inside_the_folder_and_another_folder_are_fine(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    from sdsim.readers import read

    data = tmp_path / "data"
    data.mkdir()
    (data / "real.csv").write_text("1,2\n3,4\n")
    (data / "link.csv").symlink_to(data / "real.csv")
    model = read(write(get("link.csv")), data_folder=data, cache=False)
    assert model.find("y").equations[0].expr == Num(4.0)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "real.csv").write_text("1,2\n3,5\n")
    model = read(write(get("sub\\real.csv")), cache=False)
    assert model.find("y").equations[0].expr == Num(5.0)


def zipped(path: Path, parts: Iterator[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)


def test_a_zip_bomb_is_refused_unopened(reading: Reading, tmp_path: Path) -> None:
    size = limits.UNPACKED_BYTES // 4 + 1
    zipped(tmp_path / "bomb.xlsx", ((f"xl/{i}.xml", bytes(size)) for i in range(4)))
    with pytest.raises(ModelError) as error:
        reading(get("bomb.xlsx"))
    assert "external file 'bomb.xlsx' expands to 64 MB in 4 parts; at most 64 MB" in str(
        error.value
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'r="2"', b'r="1000000000000"'),
        (b"</sheetData>", b"".join(
            b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (k, k) for k in range(9, 15_000)
        ) + b"</sheetData>"),
    ],
)  # fmt: skip
def test_a_small_book_of_wide_empty_spaces_is_refused(
    reading: Reading, tmp_path: Path, within: Within, old: bytes, new: bytes
) -> None:
    wb = openpyxl.Workbook()
    wb.active.append([1, 2])  # type: ignore[union-attr]
    wb.active.append([3, 4])  # type: ignore[union-attr]
    wb.save(tmp_path / "plain.xlsx")
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as plain:
        parts = {name: plain.read(name) for name in plain.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet]
    parts[sheet] = parts[sheet].replace(old, new, 1)
    zipped(tmp_path / "wide.xlsx", iter(parts.items()))
    with (
        within(300),
        pytest.raises(
            ModelError, match=r"'wide\.xlsx' has cells too far from its first; keep only"
        ),
    ):
        reading("\ny = GET DIRECT CONSTANTS('wide.xlsx', 'Sheet', 'B2') ~ ~ |")


def test_a_book_with_entities_is_refused(reading: Reading, tmp_path: Path) -> None:
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><workbook>&a;</workbook>'
    zipped(tmp_path / "evil.xlsx", iter([("xl/workbook.xml", evil)]))
    with pytest.raises(ModelError, match=r"external file 'evil\.xlsx' holds a DTD; save it again"):
        reading(get("evil.xlsx"))


def test_a_call_inside_an_expression_is_refused(reading: Reading) -> None:
    with pytest.raises(UnsupportedError) as error:
        reading("y = 2*GET DIRECT CONSTANTS('a.csv', ',', 'B2') ~ ~ |")
    assert str(error.value) == (
        "model.mdl:1: 'y': GET DIRECT CONSTANTS inside an expression; give it a variable of its own"
    )
    with pytest.raises(UnsupportedError, match="GET VDF DATA is not supported in this version"):
        reading("y := GET VDF DATA('a.vdf', 'y') ~ ~ |")


def test_columns_have_letters() -> None:
    assert [sheets.column(c) for c in ("A", "z", "AA", "XFD")] == [0, 25, 26, 16383]
