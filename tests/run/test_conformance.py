"""Models with references beside them: found, run, and told honestly."""

from __future__ import annotations

from pathlib import Path

import pytest
from making import MODELS, mdl
from scipy.special import gammainc

from sdsim.run.conformance import LADDER, Case, cases, try_case

GROWTH = mdl("x = INTEG(x, 1)\nk = 5", stop=2)
EXACT = "Time,x,k\n0,1,5\n1,2,5\n2,4,5\n"


def case(folder: Path, reference: str, model: str = GROWTH, name: str = "output.csv") -> Case:
    (folder / "m.mdl").write_text(model)
    (folder / name).write_text(reference)
    (found,) = cases(folder)
    return found


def test_models_with_a_reference_in_their_own_folder_are_found(tmp_path: Path) -> None:
    for name, beside in {"b": "output.csv", "a": "output.tab", "c": "other.csv"}.items():
        (tmp_path / "deep" / name).mkdir(parents=True)
        (tmp_path / "deep" / name / f"{name}.mdl").write_text(GROWTH)
        (tmp_path / "deep" / name / beside).write_text(EXACT)
    (tmp_path / "deep" / "b" / "output.tab").write_text("")
    found = cases(tmp_path)
    assert [c.name for c in found] == ["deep/a/a.mdl", "deep/b/b.mdl"]
    assert [c.reference.name for c in found] == ["output.tab", "output.csv"]


@pytest.mark.parametrize("name", ["m.csv", "m.tab", "m.dat"])
def test_a_table_with_the_name_of_the_model(tmp_path: Path, name: str) -> None:
    text = "x\n0\t1\n1\t2\n2\t4\n" if name == "m.dat" else EXACT
    made = case(tmp_path, text.replace(",", "\t" if name == "m.tab" else ","), name=name)
    assert made.reference.name == name
    assert try_case(made, 1e-2, 0.0).ok
    (tmp_path / name).write_text(
        text.replace("4", "5").replace(",", "\t" if "tab" in name else ",")
    )
    assert "'x' off by 0.2" in try_case(made, 1e-2, 0.0).reason
    (tmp_path / "output.csv").write_text(EXACT)
    assert cases(tmp_path)[0].reference.name == "output.csv"


def test_data_that_the_model_reads_are_no_reference(tmp_path: Path) -> None:
    reading = mdl("d := GET DIRECT DATA('m.csv', ',', 'A', 'B2')\nx = d", stop=2)
    (tmp_path / "m.mdl").write_text(reading)
    (tmp_path / "m.csv").write_text("Time,x\n0,1\n1,2\n2,4\n")
    assert cases(tmp_path) == []
    (tmp_path / "m.tab").write_text("Time\tx\n0\t1\n1\t2\n2\t4\n")
    (found,) = cases(tmp_path)
    assert (found.reference.name, found.others) == ("m.tab", ())
    assert try_case(found, 1e-2, 0.0).ok


def test_a_model_that_cannot_be_read_is_a_case_that_fails(tmp_path: Path) -> None:
    made = case(tmp_path, EXACT, "nonsense", name="m.csv")
    assert "m.mdl" in try_case(made, 1e-2, 0.0).reason


def test_a_model_that_agrees_passes_the_strictest_step(tmp_path: Path) -> None:
    outcome = try_case(case(tmp_path, EXACT), 1e-2, 0.0)
    assert (outcome.ok, outcome.tolerance, outcome.reason) == (True, LADDER[0], "")


def test_a_reference_with_tabs(tmp_path: Path) -> None:
    made = case(tmp_path, EXACT.replace(",", "\t"), name="output.tab")
    assert try_case(made, 1e-2, 0.0).ok


@pytest.mark.parametrize(
    ("value", "rtol", "ok", "tolerance"),
    [
        ("4.00002", 1e-2, True, 1e-5),
        ("4.02", 1e-2, True, 1e-2),
        ("4.02", 1e-3, False, 0.0),
        ("4.1", 1e-2, False, 0.0),
        ("4.1", 0.5, True, 0.5),
    ],
)
def test_the_strictest_tolerance_kept_is_told(
    tmp_path: Path, value: str, rtol: float, ok: bool, tolerance: float
) -> None:
    outcome = try_case(case(tmp_path, EXACT.replace("2,4,", f"2,{value},")), rtol, 0.0)
    assert (outcome.ok, outcome.tolerance) == (ok, tolerance)


@pytest.mark.parametrize(
    ("reference", "model", "said"),
    [
        (EXACT.replace("k", "z"), GROWTH, "'z' missing in the result"),
        (EXACT + "3,8,5\n", GROWTH, "has no value at time 3"),
        (EXACT.replace("4,", "5,"), GROWTH, "'x' off by 0.2 of its range at time 2"),
        (EXACT.replace("4,5", "5,6"), GROWTH, "(and 1 more)"),
        ("Time\n0\n", GROWTH, "no column to compare"),
        (EXACT, mdl("x = y"), "undefined"),
        (EXACT, "nonsense", "m.mdl"),
        (EXACT, mdl("x = LN(1 - Time)\nk = 5", stop=2), "'x' is not finite at time 1"),
    ],
)
def test_why_a_model_fails(tmp_path: Path, reference: str, model: str, said: str) -> None:
    outcome = try_case(case(tmp_path, reference, model), 1e-2, 0.0)
    assert not outcome.ok
    assert said in outcome.reason
    assert "\n" not in outcome.reason


def test_small_models_of_this_project_run(tmp_path: Path) -> None:
    """The exact course of a chain of three stages, as a reference somebody else might write."""
    model = (MODELS / "chain.mdl").read_text().replace("TIME STEP= 0.25", "TIME STEP= 0.001")
    rows = ["Time,Content[first],Content[second],Content[third]"]
    for k in range(10):
        u = max(k - 1, 0) / 1.5
        rows.append(",".join([str(k), *(repr(18 * float(gammainc(n, u))) for n in (1, 2, 3))]))
    outcome = try_case(case(tmp_path, "\n".join(rows), model), 1e-2, 0.0)
    assert outcome.ok, outcome.reason
    assert outcome.tolerance == 1e-3
