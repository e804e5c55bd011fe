"""Files that a model's settings name: data behind a ``?name``, exported data beside the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from making import mdl

from sdsim import Euler, load, simulate
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.cli.main import main
from sdsim.readers.settings import FileSettings, settings_of
from sdsim.tables.results import read_table

SKETCH = "\\\\\\---/// Sketch information\nV300  Do not put anything below\n///---\\\\\\\n"


def saved(folder: Path, equations: str, *settings: str) -> Path:
    path = folder / "m.mdl"
    tail = SKETCH + ":L\x7f<%^E!@\n" + "".join(f"{s}\n" for s in settings)
    path.write_text(mdl(equations, stop=2) + tail)
    return path


def test_what_the_settings_say() -> None:
    tail = (
        b":L\x7f<%^E!@\n1:run.vdf\n30:?Data=sub/data.xlsx\r\n30:?far=C:\\Users\\x\\far.csv\r\n"
        b"13:prices.vdf,D:\\runs\\weather.vdfx\n"
    )
    found = settings_of(b"a=30~~|\n13:no.vdf\n30:?no=no.csv\n" + tail, "m")
    assert found.tags == {"?data": "sub/data.xlsx", "?far": "far.csv"}
    assert found.data == ("prices.dat", "weather.dat", "m_data.dat")
    assert settings_of(b"a = 3 ~~|", "m") == FileSettings({}, ("m_data.dat",))


@pytest.mark.parametrize(
    ("code", "method", "noted"),
    [(0, "Euler", ""), (1, "RK4", "steps of its own"), (2, "Euler", "by differences"),
     (4, "RK4", "RK2"), (5, "RK4", ""), (9, "Euler", "")],
)  # fmt: skip
def test_a_model_is_integrated_as_its_file_says(
    tmp_path: Path, code: int, method: str, noted: str
) -> None:
    path = saved(tmp_path, "x = INTEG(x, 1)", f"15:0,0,0,{code},0,0")
    run = simulate(load(path))
    last = {"Euler": 4.0, "RK4": (1 + 1 + 1 / 2 + 1 / 6 + 1 / 24) ** 2}[method]
    assert float(run["x"][-1]) == pytest.approx(last)
    assert [noted in n for n in load(path).model.notes] == [True] * bool(noted)
    assert float(simulate(load(path), method=Euler())["x"][-1]) == 4
    for options, value in ([], last), (["--method", "euler"], 4.0):
        out = tmp_path / "out.csv"
        assert main(["run", str(path), "-o", str(out), *options]) == 0
        assert read_table(out)["x"].iloc[-1] == pytest.approx(value)


@pytest.mark.parametrize("junk", ["..", ".", "\\", "C:", "x" * 5000, ",,,", "\x00"])
def test_settings_may_hold_anything(tmp_path: Path, junk: str) -> None:
    path = saved(tmp_path, "x = 1", f"13:{junk}", f"30:?a={junk}", f"15:{junk}")
    assert float(simulate(load(path))["x"][0]) == 1


def test_a_name_that_the_settings_explain(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("x,value\n1,42\n")
    equation = "c = GET DIRECT CONSTANTS('?Inputs', ',', 'B2')"
    path = saved(tmp_path, equation, "30:?inputs=data.csv")
    assert float(simulate(load(path))["c"][0]) == 42
    (tmp_path / "data.csv").write_text("x,value\n1,43\n")
    assert float(simulate(load(path))["c"][0]) == 43, "the cache must not keep the old number"
    with pytest.raises(UnsupportedError, match=r"'c': external file '\?Inputs' is indirect"):
        load(saved(tmp_path, equation))


@pytest.mark.parametrize("file", ["../data.csv", "C:/secret/../../data.csv", "/etc/passwd"])
def test_a_name_does_not_lead_out_of_the_folder(tmp_path: Path, file: str) -> None:
    (tmp_path / "data.csv").write_text("1\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    equation = "c = GET DIRECT CONSTANTS('?a', ',', 'A1')"
    with pytest.raises(ModelError, match=r"outside the model's folder|no such file|regular file"):
        load(saved(inner, equation, f"30:?a={file}"))


PRICES = "Price\n0\t1\n2\t3\nWage[A,young]\n0\t5\nWage[A,old]\n0\t6\n2\t8\n"
EQUATIONS = """
    D: A, B
    Age: young, old
    price
    wage[D,Age]
    held :HOLD BACKWARD:
    y = price * 10
    z[D,Age] = wage[D,Age]
"""


def test_exported_data_beside_the_model(tmp_path: Path) -> None:
    path = saved(tmp_path, EQUATIONS + "w = held", "13:C:\\runs\\market.vdfx")
    (tmp_path / "m_data.dat").write_text(PRICES + "held\n0\t1\n2\t9\n")
    (tmp_path / "market.dat").write_text("PRICE\n0\t7\n")
    run = simulate(load(path))
    np.testing.assert_array_equal(run["y"], 70.0)  # the file that the settings name comes first
    np.testing.assert_array_equal(run["z"].sel(D="A", Age="old"), [6, 7, 8])
    np.testing.assert_array_equal(run["z"].sel(D="B"), -(2.0**109))
    np.testing.assert_array_equal(run["w"], [1, 1, 9])


def test_exported_data_come_and_go(tmp_path: Path) -> None:
    path = saved(tmp_path, "price\ny = price * 10")
    with pytest.raises(ModelError, match="needs data for 'price'"):
        simulate(load(path))
    (tmp_path / "m_data.dat").write_text("price\n0\t1\n")
    assert float(simulate(load(path))["y"][0]) == 10
    (tmp_path / "m_data.dat").write_text("price\n0\t2\n")
    assert float(simulate(load(path))["y"][0]) == 20
    (tmp_path / "m_data.dat").unlink()
    with pytest.raises(ModelError, match="needs data for 'price'"):
        simulate(load(path))


def test_a_link_in_place_of_exported_data_leads_nowhere(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "real.dat").write_text("price\n0\t1\n")
    (inner / "m_data.dat").symlink_to(tmp_path / "real.dat")
    with pytest.raises(ModelError, match="needs data for 'price'"):
        simulate(load(saved(inner, "price\ny = price * 10")))


@pytest.mark.parametrize("text", ["", "\0\0", "price 1 2\n", "price\n0\tlow\n", "0\t1\nprice\n"])
def test_what_is_no_exported_data_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "m_data.dat").write_text(text)
    with pytest.raises(ModelError, match="needs data for 'price'"):
        simulate(load(saved(tmp_path, "price\ny = price * 10")))


def test_a_copy_by_another_name_has_other_data_beside_it(tmp_path: Path) -> None:
    for name in ("m", "n"):
        (tmp_path / f"{name}.mdl").write_text(mdl("price\ny = price", stop=2))
    (tmp_path / "m_data.dat").write_text("price\n0\t1\n2\t3\n")
    assert simulate(load(tmp_path / "m.mdl"))["y"][-1] == 3
    with pytest.raises(ModelError, match="needs data for 'price'"):
        simulate(load(tmp_path / "n.mdl"))


@pytest.mark.parametrize("path", [None, b"m.mdl", 3])
def test_what_is_no_path_is_refused(path: object) -> None:
    with pytest.raises(ModelError, match="expected the path of a model file, got"):
        load(path)  # type: ignore[arg-type]
