"""Runs as files and back, by suffix."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from making import MODELS

from sdsim import ModelError, Run, System, load, simulate
from sdsim.backends import Numpy
from sdsim.tables import netcdf
from sdsim.tables.results import read_result, read_table, table

MODEL = """
    region: north, far south
    age: young, old
    grid[region, age] = 1, 2; 3, 4;
    x[region] = INTEG(grid[region, old] / 3, 1)
    "rate/person, %" = 0.1 * Time
    élan vital = Time ^ 2
    region size = 2
"""


@pytest.fixture(scope="module")
def run(written: Callable[..., Path]) -> Run:
    made = load(written(MODEL, stop=3, step=0.1, saveper=0.5), backend=Numpy())
    return simulate(made, {"region size": 3}, seed=4)


COLUMNS = [
    "grid[north,young]", "grid[north,old]", "grid[far south,young]", "grid[far south,old]",
    "x[north]", "x[far south]", "rate/person, %", "élan vital", "region size",
]  # fmt: skip


def test_a_table_has_a_column_for_each_element(run: Run) -> None:
    made = table(run.dataset)
    assert made.columns.tolist() == COLUMNS
    assert made.index.tolist() == run.time.tolist()
    assert made["grid[far south,young]"].tolist() == [3] * 7
    assert made["x[far south]"].tolist() == run["x"].sel(region="far south").values.tolist()


@pytest.mark.parametrize("suffix", [".nc", ".csv", ".tab", ".parquet"])
def test_values_come_back_to_the_last_bit(run: Run, tmp_path: Path, suffix: str) -> None:
    path = run.save(tmp_path / f"run{suffix}")
    assert path.exists()
    again = read_table(path)
    made = table(run.dataset)
    assert again.columns.tolist() == COLUMNS
    assert again.index.to_numpy(dtype=float).tolist() == made.index.tolist()
    assert again.to_numpy().tobytes() == made.to_numpy().tobytes()


def test_netcdf_keeps_labels_units_and_how_it_was_made(tmp_path: Path) -> None:
    made = simulate(load(MODELS / "chain.mdl", backend=Numpy()), {"Stay": 2})
    again = read_result(made.save(tmp_path / "run.nc"))
    xr_same = again.drop_attrs(deep=False).identical(made.dataset.drop_attrs(deep=False))
    assert xr_same
    assert again["Content"].attrs["units"] == "person"
    assert again["Content"].attrs["description"].startswith("A chain of three")
    assert again["stage"].values.tolist() == ["first", "second", "third"]
    for key, value in made.dataset.attrs.items():
        assert again.attrs[key] == value, key
    assert again.attrs["parameters"] == "Stay = 2"


def test_netcdf_keeps_names_that_it_does_not_allow(run: Run, tmp_path: Path) -> None:
    again = read_result(run.save(tmp_path / "run.nc"))
    assert set(again.data_vars) == set(run.dataset.data_vars)
    assert again["rate/person, %"].values.tolist() == run["rate/person, %"].values.tolist()
    assert "model_name" not in again["rate/person, %"].attrs


def test_netcdf_keeps_names_in_any_letters(system: Callable[..., System], tmp_path: Path) -> None:
    made = simulate(
        system('größe: süd, €\n"größe €"[größe] = 1, 2\n"größe ₤" = 3\n"gro e" = 4\n量 = 5')
    )
    path = made.save(tmp_path / "run.nc")
    again = read_result(path)
    assert set(again.data_vars) == {"größe €", "größe ₤", "gro e", "量"}
    for name in again.data_vars:
        assert again[name].values.tolist() == made[str(name)].values.tolist()
    assert again["größe €"].dims == ("time", "größe")
    assert again["größe"].values.tolist() == ["süd", "€"]
    with xr.open_dataset(path, engine="scipy") as raw:
        assert all(str(name).isascii() for name in raw.variables)
        assert raw["gro_e _"].attrs["model_name"] == "größe €"


@pytest.mark.parametrize("suffix", [".nc", ".csv", ".tab", ".parquet", ".CSV", ".NC"])
def test_a_file_is_replaced_whole_or_not_at_all(
    run: Run, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run.save(tmp_path / f"run{suffix}")
    before = path.read_bytes()
    assert read_table(path).columns.tolist() == COLUMNS
    assert read_result(path)["region size"].values.tolist() == [3] * 7

    def full(*given: Any, **_: Any) -> None:
        Path(given[-1]).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    for owner, name in ((pd.DataFrame, "to_csv"), (pd.DataFrame, "to_parquet"), (netcdf, "write")):
        monkeypatch.setattr(owner, name, full)
    with pytest.raises(ModelError, match="cannot be written: No space left"):
        run.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_netcdf_holds_what_xarray_would_write(tmp_path: Path) -> None:
    """Text of any length, whole numbers, what is missing, scalars, coordinates beside the axes."""
    made = xr.Dataset(
        {
            "x": (("time", "place"), np.array([[1.5, np.nan], [-0.0, 1e300]]), {"units": "°C"}),
            "cause": ("place", ["", "naïve"]),
            "ok": ("place", [True, False]),
            "count": ((), 7),
            "half": ("time", np.array([0.5, 1.5], np.float32)),
        },
        {"time": [0.0, 0.25], "place": ["北", "long name"], "code": ("place", [3, 4])},
        {"title": "", "step": 0.25, "runs": 2},
    )
    netcdf.write(made, tmp_path / "ours.nc")
    made.to_netcdf(tmp_path / "theirs.nc", engine="scipy", format="NETCDF3_64BIT")
    ours = xr.load_dataset(tmp_path / "ours.nc", engine="scipy")
    theirs = xr.load_dataset(tmp_path / "theirs.nc", engine="scipy")
    assert ours.drop_vars(["ok", "half"]).identical(theirs.drop_vars(["ok", "half"]))
    assert set(ours.coords) == {"time", "place", "code"}
    assert ours[["ok", "half"]].equals(made[["ok", "half"]].astype(ours[["ok", "half"]].dtypes))
    assert np.signbit(ours["x"].values[1, 0])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"price": ("t", [1.0, 2.0])}, "has no dimension 'time' with numbers"),
        ({"price": 5.0}, "has no dimension 'time' with numbers"),
        ({"price": ("time", ["a", "b"])}, "'price' holds no numbers"),
    ],
)
def test_a_netcdf_file_that_is_no_run_is_refused(tmp_path: Path, data: Any, said: str) -> None:
    made = xr.Dataset(data)
    if "time" in made.dims:
        made = made.assign_coords(time=[0.0, 1.0])
    made.to_netcdf(tmp_path / "x.nc", engine="scipy")
    with pytest.raises(ModelError, match=said):
        read_table(tmp_path / "x.nc")


@pytest.mark.parametrize("values", [[2**40], [1j], np.array(["2020-01-01"], "M8[D]")])
def test_netcdf_refuses_what_the_format_cannot_hold(tmp_path: Path, values: Any) -> None:
    with pytest.raises(ValueError, match="netCDF"):
        netcdf.write(xr.Dataset({"x": ("a", values)}), tmp_path / "x.nc")


def test_a_range_may_be_called_what_a_text_axis_is(tmp_path: Path) -> None:
    made = xr.Dataset({"x": ("string2", [1.0, 2.0])}, {"string2": ["ab", "cd"]})
    netcdf.write(made, tmp_path / "x.nc")
    again = xr.load_dataset(tmp_path / "x.nc", engine="scipy")
    assert again["x"].sel(string2="cd") == 2


def test_a_netcdf_file_cut_short_is_refused(run: Run, tmp_path: Path) -> None:
    whole = run.save(tmp_path / "run.nc").read_bytes()
    for part in (0, 3, 20, 50, 200, len(whole) // 2, len(whole) - 100):
        (tmp_path / "cut.nc").write_bytes(whole[:part])
        with pytest.raises(ModelError, match=r"cut\.nc: cannot be read as netCDF"):
            read_result(tmp_path / "cut.nc")


def test_text_among_the_values_of_a_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Time,x\n0,1\n1,abc\n")
    with pytest.raises(ModelError, match=r"t\.csv: column 'x' is not numeric"):
        read_result(tmp_path / "t.csv")


def test_csv_is_what_a_spreadsheet_expects(run: Run, tmp_path: Path) -> None:
    lines = run.save(tmp_path / "run.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith('Time,"grid[north,young]",')
    assert len(lines) == 8
    tab = run.save(tmp_path / "run.tab").read_text(encoding="utf-8").splitlines()
    assert tab[0].split("\t") == ["Time", *COLUMNS]


def test_a_csv_comes_back_as_a_dataset(run: Run, tmp_path: Path) -> None:
    again = read_result(run.save(tmp_path / "run.csv"))
    assert again["x[north]"].values.tolist() == run["x"].values[:, 0].tolist()
    assert again["time"].values.tolist() == run.time.tolist()


@pytest.mark.parametrize("suffix", [".nc", ".csv", ".parquet"])
def test_a_run_that_kept_nothing_is_a_table_without_rows(
    system: Callable[..., System], tmp_path: Path, suffix: str
) -> None:
    made = simulate(system("d: a, b\ny[d] = 1 / zero\nzero = 0"))
    assert made.time.size == 0
    again = read_table(made.save(tmp_path / f"run{suffix}"))
    assert again.shape == (0, 3)
    assert set(again.columns) == {"y[a]", "y[b]", "zero"}


def test_a_variable_that_is_called_like_a_range_is_kept(system: Callable[..., System]) -> None:
    made = simulate(system("d: a, b\nv[d] = 1, 2\nd size = 2", stop=1))
    assert made["d size"].values.tolist() == [2, 2]


@pytest.mark.parametrize("name", ["run.xlsx", "run", "run.CSVX", "run.json"])
def test_an_unknown_suffix_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"cannot write .*; use \.nc, \.csv, \.tab, \.parquet"):
        run.save(tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("suffix", [".nc", ".csv", ".parquet"])
def test_a_folder_that_is_not_there_is_said(run: Run, tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ModelError, match="cannot be written"):
        run.save(tmp_path / "none" / f"run{suffix}")


@pytest.mark.parametrize("name", ["none.csv", "none.nc", "none.parquet", "none.tab"])
def test_a_table_that_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="no such file"):
        read_table(tmp_path / name)


@pytest.mark.parametrize("name", ["bad.nc", "bad.parquet", "bad.csv"])
def test_bytes_that_are_no_table_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x89\xff,\x00\x01\x02\n" * 100)
    with pytest.raises(ModelError, match=r"bad\.") as e:
        read_table(path)
    assert "\n" not in str(e.value)


def test_a_reference_by_another_hand_is_read(tmp_path: Path) -> None:
    """Byte order mark, quoted names, blank cells, times that are no numbers."""
    path = tmp_path / "ref.csv"
    path.write_text('\ufeffTime,"A, b",c\n0,1,\n1,,2\nend,3,4\n', encoding="utf-8")
    frame: Any = read_table(path)
    assert frame.columns.tolist() == ["A, b", "c"]
    assert frame.index[:2].tolist() == [0, 1]
    assert np.isnan(frame.index[2])
    assert pd.isna(frame["A, b"].iloc[1])


def test_vensims_exported_data_are_a_table(tmp_path: Path) -> None:
    path = tmp_path / "out.dat"
    path.write_text("Stock A[x]\n0\t1\n0.5\t2\nRate\n0\t3\n")
    found = read_table(path)
    assert list(found.columns) == ["Stock A[x]", "Rate"]
    assert found["Stock A[x]"].tolist() == [1, 2]
    assert found.index.tolist() == [0, 0.5]
    assert found["Rate"].isna().tolist() == [False, True]


def test_a_table_between_tabs_may_be_called_dat(tmp_path: Path) -> None:
    path = tmp_path / "out.dat"
    path.write_text("Time\tA\n0\t1\n1\t2\n")
    assert read_table(path)["A"].tolist() == [1, 2]


def test_vensims_own_results_without_its_hidden_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for pysimlin, whose reader needs a file that only Vensim writes."""
    path = tmp_path / "run.vdf"
    frame = pd.DataFrame({"a": [1.0, 2.0], "#SMOOTH(a)#": [3.0, 4.0]}, index=[0.0, 1.0])
    monkeypatch.setitem(sys.modules, "simlin", SimpleNamespace(load_vdf=lambda _: frame))
    with pytest.raises(ModelError, match="no such file"):
        read_table(path)
    path.write_bytes(b"x")
    assert list(read_table(path).columns) == ["a"]
    monkeypatch.setitem(sys.modules, "simlin", None)
    with pytest.raises(ModelError, match="needs pysimlin"):
        read_table(path)


def test_a_broken_file_of_vensims_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.vdf").write_bytes(b"not Vensim's")
    with pytest.raises(ModelError, match=r"run\.vdf: cannot be read as \.vdf"):
        read_table(tmp_path / "run.vdf")
