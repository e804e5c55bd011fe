"""HISTORY, DERIVN, ENDVAL, NAN and INF of Stella's: against the same worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sdsim
from sdsim import Adaptive, simulate_many
from sdsim.backends.numpy import Numpy
from sdsim.base.errors import ModelError
from sdsim.writers.convert import convert

HEAD = '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
Run = Callable[..., sdsim.Run]
T = np.arange(1, 5.25, 0.25)


def text_of(**equations: str) -> str:
    """From 1 to 5 by quarters."""
    made = [
        f'<aux name="{k}"><eqn>{v.replace("<", "&lt;")}</eqn></aux>' for k, v in equations.items()
    ]
    return (
        f"{HEAD}<sim_specs><start>1</start><stop>5</stop><dt>0.25</dt></sim_specs>"
        f"<model><variables>{''.join(made)}</variables></model></xmile>"
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def runs(how: dict[str, object] | None = None, **equations: str) -> sdsim.Run:
        path = tmp_path / "t.xmile"
        path.write_text(text_of(**equations))
        return sdsim.simulate(sdsim.load(path, cache=False), **(how or {}))  # type: ignore[arg-type]

    return runs


LAGS = ["TIME - 1", "TIME - lag", "-1 + TIME", "TIME - 2*lag + lag", "(TIME - 0.5) - 2*DT",
        "TIME + STARTTIME - 2"]  # fmt: skip


@pytest.mark.parametrize("time", LAGS)
def test_history_some_time_ago(run: Run, time: str) -> None:
    """isee: 0 before the first time that there is."""
    y = run(y=f"HISTORY(x, {time})", x="TIME^2", lag="1")["y"].values
    np.testing.assert_array_equal(y, np.where(T < 2, 0, (T - 1) ** 2))


def test_history_now_and_in_time_to_come(run: Run) -> None:
    found = run(x="TIME^2", now="HISTORY(x, TIME)", ahead="HISTORY(x, TIME + 1)")
    np.testing.assert_array_equal(found["now"], T**2)
    np.testing.assert_array_equal(found["ahead"], 0)


def test_a_variable_that_looks_back_at_itself(run: Run) -> None:
    y = run(y="1 + 2 * HISTORY(SELF, TIME - DT)")["y"].values
    np.testing.assert_array_equal(y, 2.0 ** np.arange(1, 18) - 1)


def test_a_lag_is_a_parameter_like_others(run: Run) -> None:
    how = {"params": {"lag": 2}}
    y = run(how, y="HISTORY(x, TIME - lag)", x="TIME", lag="1")["y"].values
    np.testing.assert_array_equal(y, np.where(T < 3, 0, T - 2))


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("HISTORY(x, TIME / 2)", "HISTORY at another time than TIME less a constant"),
        ("HISTORY(x, 1 - TIME)", "HISTORY at another time than TIME less a constant"),
        ("HISTORY(x, TIME + TIME - 1)", "HISTORY at another time than TIME less a constant"),
        ("HISTORY(x, TIME - x)", "HISTORY at another time than TIME less a constant"),
        ("HISTORY(x, 2)", "HISTORY at another time than TIME less a constant"),
        ("HISTORY(x, STARTTIME)", "HISTORY at another time than TIME less a constant"),
        ("HISTORY(x, TIME - 1, 2)", "HISTORY of another run"),
        ("DERIVN(x, 1.5)", "an order from 0 to 12 that is known, got 1.5"),
        ("DERIVN(x, -1)", "an order from 0 to 12 that is known, got -1"),
        ("DERIVN(x, x)", "an order from 0 to 12 that is known, got an expression"),
    ],
)
def test_what_is_not_known_before_the_run(run: Run, equation: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        run(y=equation, x="TIME")


def differences(x: np.ndarray, order: int) -> np.ndarray:
    return np.concatenate((np.zeros(order), np.diff(x, order) / 0.25**order))


def test_derivatives(run: Run) -> None:
    """isee's own examples: DERIVN(TIME, 0), (TIME, 1), (SIN(TIME), 4)."""
    found = run(zero="DERIVN(TIME, 0)", one="DERIVN(TIME, 1)", four="DERIVN(SIN(TIME), 4)")
    np.testing.assert_array_equal(found["zero"], T)
    np.testing.assert_allclose(found["one"], [0, *[1] * 16])
    np.testing.assert_allclose(found["four"], differences(np.sin(T), 4), atol=1e-9)
    expected = np.sin(T - 0.5) * (np.sin(0.125) / 0.125) ** 4
    np.testing.assert_allclose(found["four"][4:], expected[4:], atol=1e-9)


def test_the_end_of_the_run_before_is_the_initial_value(run: Run, tmp_path: Path) -> None:
    found = run(x="TIME * 3", given="ENDVAL(x, 7)", free="ENDVAL(x)", own="ENDVAL(SELF, -1) + 1")
    for name, value in (("given", 7), ("free", 3), ("own", 0)):
        np.testing.assert_array_equal(found[name], value)
    notes = sdsim.load(tmp_path / "t.xmile").model.notes
    assert "'given': ENDVAL is its initial value: each run is a first one" in notes


# --- no number ------------------------------------------------------------------------------------

GAPS = {"x": "IF TIME < 3 THEN TIME ELSE NAN", "y": "x + 1", "cap": "INF",
        "z": "MIN(TIME, cap)", "na": "NAN", "late": "IF TIME > 3 THEN cap ELSE 1"}  # fmt: skip


@pytest.mark.parametrize("how", [{}, {"method": Adaptive()}])
def test_no_number_that_the_model_asks_for_stops_no_run(run: Run, how: dict[str, object]) -> None:
    found = run(how, **GAPS)
    assert found.status == "ok"
    np.testing.assert_array_equal(found["x"], np.where(T < 3, T, np.nan))
    np.testing.assert_array_equal(found["y"], np.where(T < 3, T + 1, np.nan))
    np.testing.assert_array_equal(found["z"], T)
    assert np.isinf(found["cap"]).all()
    np.testing.assert_array_equal(found["late"], np.where(T > 3, np.inf, 1))
    assert np.isnan(found["na"]).all()


def test_both_back_ends_and_an_ensemble_go_on_as_well(tmp_path: Path) -> None:
    path = tmp_path / "t.xmile"
    path.write_text(text_of(**GAPS, limit="1"))
    for system in (sdsim.load(path), sdsim.load(path, backend=Numpy())):
        assert sdsim.simulate(system).status == "ok"
        assert sdsim.simulate(system, save=["na", "cap"]).status == "ok"
        many = simulate_many(system, {"limit": [2.0, 9.0]})
        assert np.isnan(many["stopped"]).all()
        assert np.isnan(many["na"]).all()


def test_another_fault_beside_it_is_still_one(run: Run) -> None:
    found = run(x="IF TIME < 3 THEN TIME ELSE NAN", y="1 / (4 - TIME)")
    assert found.status == "nonfinite"
    assert "'y' is not finite at time 4" in found.message


def test_a_stock_of_no_number_stops_the_run(tmp_path: Path) -> None:
    text = text_of(x="IF TIME < 3 THEN TIME ELSE NAN").replace(
        "</variables>",
        '<stock name="s"><eqn>0</eqn><inflow>f</inflow></stock><flow name="f"><eqn>x</eqn></flow>'
        "</variables>",
    )
    (tmp_path / "t.xmile").write_text(text)
    found = sdsim.simulate(sdsim.load(tmp_path / "t.xmile"))
    assert "'s' is not finite at time 3.25" in found.message


def test_written_back(tmp_path: Path) -> None:
    source = tmp_path / "a.xmile"
    equations = {
        **GAPS, "a": "HISTORY(TIME^2, TIME - 1)", "b": "3 * HISTORY(a, TIME - 2)",
        "c": "DERIVN(a, 3)", "d": "HISTORY(a, TIME) + HISTORY(a, TIME + 1)", "e": "ENDVAL(a)",
    }  # fmt: skip
    source.write_text(text_of(**equations))
    want = sdsim.simulate(sdsim.load(source)).dataset
    without = {"b.xmile": ("na", "x", "y"), "b.mdl": ("na", "x", "y", "cap", "late")}  # no INF
    for target in (tmp_path / "b.xmile", tmp_path / "b.mdl"):
        convert(source, target)
        system = sdsim.load(target)
        got = sdsim.simulate(system, save=[k for k in equations if k not in without[target.name]])
        for name in map(str, got.dataset):
            np.testing.assert_array_equal(got[name], want[name], err_msg=f"{target} {name}")
    assert "HISTORY(" in (tmp_path / "b.xmile").read_text()
    assert "DELAY FIXED(" in (tmp_path / "b.mdl").read_text()
