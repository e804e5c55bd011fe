"""What few need is taken away: one line says what is missing and how to get it."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from sdsim import backends
from sdsim.analyses import discovery, pareto
from sdsim.backends.llvm import compiler
from sdsim.base.errors import ModelError, ModelWarning
from sdsim.base.extras import EXTRAS
from sdsim.readers.sheets import sheet
from sdsim.sweeps.cluster import Cluster
from sdsim.tables.results import read_table, save

ROOT = Path(__file__).parents[2]


def test_the_extras_are_those_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated = project["optional-dependencies"]
    for name, packages in EXTRAS.items():
        assert {re.split("[><=]", p)[0] for p in stated[name]} == set(packages)
    assert stated["all"] == [f"crossborder-sdsim[{','.join(EXTRAS)}]"]
    plain = {re.split("[><=]", p)[0] for p in project["dependencies"]}
    assert not plain & {p for packages in EXTRAS.values() for p in packages}


def _empty_book() -> bytes:
    import io

    import openpyxl

    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


def _saved(folder: Path) -> None:
    save(xr.Dataset({"x": ("time", [1.0])}, {"time": [0.0]}), folder / "a.parquet")


def _front() -> None:
    def run(members: Any) -> Any:
        return members

    pareto.optimise(run, ["a"], [0.0], [1.0], ["b"], ["high"])


CASES: list[tuple[str, str, Callable[[Path], Any]]] = [
    ("openpyxl", "excel", lambda _: sheet("a.xlsx", _empty_book(), "Sheet")),
    ("xlrd", "excel", lambda _: sheet("a.xls", b"", "Sheet")),
    ("pyarrow", "parquet", _saved),
    ("pyarrow", "parquet", lambda folder: read_table(folder / "b.parquet")),
    ("sklearn.tree", "discovery", lambda _: discovery.cart(
        np.zeros((4, 1)), np.array([True, False, True, False]), ["a"])),
    ("pymoo.optimize", "search", lambda _: _front()),
    ("distributed", "cluster", lambda folder: Cluster("", folder, "local", 1.0).__enter__()),
]  # fmt: skip


@pytest.mark.parametrize(("module", "extra", "use"), CASES, ids=[f"{m}-{e}" for m, e, _ in CASES])
def test_what_is_missing_is_named_with_its_command(
    module: str, extra: str, use: Callable[[Path], Any], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    book = _empty_book()
    monkeypatch.setattr(f"{__name__}._empty_book", lambda: book)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModelError) as caught:
        use(tmp_path)
    said = str(caught.value)
    assert said.endswith(f"; pip install 'crossborder-sdsim[{extra}]'")
    assert f"needs {module.split('.')[0]}" in said
    assert "\n" not in said


def test_without_the_compiler_numpy_runs_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "available", lambda: False)
    monkeypatch.setattr(backends, "why_not", lambda: compiler.MISSING)
    with pytest.warns(ModelWarning, match=r"by NumPy.*pip install 'crossborder-sdsim\[fast\]'$"):
        assert backends.default_backend().name == "numpy"
    with pytest.raises(ModelError, match=r"llvmlite is not installed; pip install .*\[fast\]"):
        backends.backend_named("llvm")
