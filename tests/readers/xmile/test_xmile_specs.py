"""What XMILE files say of times in more than one place; SELF; elements without an equation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sdsim
from sdsim.base.errors import ModelError, UnsupportedError

SPACE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
TIMES = "<start>0</start><stop>3</stop><dt>1</dt>"
TOP = f'<sim_specs time_units="day">{TIMES}</sim_specs>'
#: Doubles once a step by Euler's method.
GROWING = (
    '<stock name="S" access="output"><eqn>1</eqn><inflow>g</inflow></stock>'
    '<flow name="g"><eqn>S</eqn></flow>'
)
CALLED = '<module name="m"/><aux name="a"><eqn>m.S</eqn></aux>'


def load(tmp_path: Path, text: str) -> sdsim.System:
    path = tmp_path / "t.xmile"
    path.write_text(f'<xmile version="1.0" xmlns="{SPACE}">{text}</xmile>', encoding="utf-8")
    return sdsim.load(path)


def values(tmp_path: Path, text: str, name: str) -> np.ndarray:
    return sdsim.simulate(load(tmp_path, text))[name].values


def within(specs: str, top: str = TOP, root: str = "") -> str:
    """A module of a model that has these specifications of its own."""
    return (
        f"{top}<model>{root}<variables>{CALLED}</variables></model>"
        f'<model name="m">{specs}<variables>{GROWING}</variables></model>'
    )


@pytest.mark.parametrize(
    ("top", "root"),
    [(TOP, ""), ("", TOP), ("<sim_specs><start>0</start><stop>9</stop></sim_specs>", TOP),
     ("<sim_specs method='rk4'><stop>3</stop></sim_specs>",
      "<sim_specs method='euler'><start>0</start></sim_specs>")],
)  # fmt: skip
def test_times_stand_at_the_top_or_in_the_root_model_which_goes_first(
    tmp_path: Path, top: str, root: str
) -> None:
    found = values(tmp_path, within("", top, root), "a")
    np.testing.assert_array_equal(found, [1.0, 2.0, 4.0, 8.0])


@pytest.mark.parametrize("specs", ["", TOP, "<sim_specs><dt reciprocal='true'>1</dt></sim_specs>",
                                   "<sim_specs method='Euler'/>"])  # fmt: skip
def test_a_module_may_repeat_the_times_of_its_file(tmp_path: Path, specs: str) -> None:
    np.testing.assert_array_equal(values(tmp_path, within(specs), "a"), [1.0, 2.0, 4.0, 8.0])


@pytest.mark.parametrize(
    ("specs", "said"),
    [
        ("<sim_specs><dt>0.5</dt></sim_specs>", "dt 0.5 where the file has 1"),
        ("<sim_specs><dt reciprocal='true'>4</dt></sim_specs>", "dt 4 where the file has 1"),
        ("<sim_specs><start>1</start><stop>2</stop></sim_specs>",
         "start 1 where the file has 0, stop 2 where the file has 3"),
        ("<sim_specs method='rk4'/>", "method rk4"),
        ("<sim_specs time_units='year'/>", "time_units year"),
    ],
)  # fmt: skip
def test_a_module_with_a_clock_of_its_own_is_refused_by_name(
    tmp_path: Path, specs: str, said: str
) -> None:
    with pytest.raises(UnsupportedError) as e:
        load(tmp_path, within(specs))
    assert f"of its own in model 'm' ({said})" in str(e.value)
    assert str(e.value).startswith("t.xmile:1:")


def macro(specs: str, equation: str = "GROWN(4)") -> str:
    return (
        f'{TOP}<macro name="GROWN"><parm>x</parm><eqn>s*x</eqn>{specs}<variables>'
        '<stock name="s"><eqn>1</eqn><inflow>r</inflow></stock><flow name="r"><eqn>s</eqn></flow>'
        f'</variables></macro><model><variables><aux name="a"><eqn>{equation}</eqn></aux>'
        "</variables></model>"
    )


@pytest.mark.parametrize("specs", ["", "<sim_specs><dt>1</dt></sim_specs>", "<sim_specs/>"])
def test_a_macro_without_times_runs_along_with_the_model(tmp_path: Path, specs: str) -> None:
    np.testing.assert_array_equal(values(tmp_path, macro(specs), "a"), [4.0, 8.0, 16.0, 32.0])


@pytest.mark.parametrize(
    ("specs", "said"),
    [
        ("<sim_specs><start>1</start><stop>x</stop></sim_specs>", "start 1, stop x"),
        ("<sim_specs><dt>0.5</dt></sim_specs>", "dt 0.5 where the file has 1"),
        ("<sim_specs><dt>1/x</dt></sim_specs>", "dt 1/x where the file has 1"),
        ("<sim_specs method='rk4'/>", "method rk4"),
    ],
)
def test_a_macro_that_is_a_run_of_its_own_is_refused_where_it_is_called(
    tmp_path: Path, specs: str, said: str
) -> None:
    with pytest.raises(UnsupportedError) as e:
        load(tmp_path, macro(specs))
    assert f"'a': macro 'GROWN' has <sim_specs> of its own ({said})" in str(e.value)
    np.testing.assert_array_equal(values(tmp_path, macro(specs, "7"), "a"), [7.0] * 4)


def test_the_step_of_a_macro_is_one_where_its_times_do_not_say(tmp_path: Path) -> None:
    """XMILE 1.0, 4.8, and not that of the model, as without <sim_specs>."""
    quarter = macro("<sim_specs/>").replace("<dt>1</dt>", "<dt>0.25</dt>")
    with pytest.raises(UnsupportedError, match=r"\(dt 1 where the file has 0\.25\)"):
        load(tmp_path, quarter)


def test_what_is_to_be_run_of_a_file_is_told(tmp_path: Path) -> None:
    some = TOP.replace(TIMES, TIMES + '<run by="module"/>')
    system = load(tmp_path, within("", some))
    assert system.model.notes == ("line 1: <run by='module'>: all of it is run",)
    assert not load(tmp_path, within("", TOP.replace(TIMES, TIMES + '<run by="all"/>'))).model.notes


DIMS = (
    '<dimensions><dim name="O"><elem name="X"/><elem name="Y"/></dim><dim name="P" size="3"/>'
    "</dimensions>"
)


def over(*dims: str) -> str:
    names = "".join(f'<dim name="{d}"/>' for d in dims)
    return f"<dimensions>{names}</dimensions>"


def test_self_is_the_whole_variable_that_the_equation_is_for(tmp_path: Path) -> None:
    """Also where a variable has the name of a dimension."""
    one = f'<aux name="q">{over("O")}<eqn>SIZE(SELF)</eqn></aux>'
    two = f'<aux name="P">{over("O", "P")}<eqn>SIZE(SELF) + SIZE(q) + SIZE(q[*])</eqn></aux>'
    each = (
        f'<aux name="e">{over("O")}<element subscript="X"><eqn>SIZE(SELF)</eqn></element>'
        '<element subscript="Y"><eqn>5</eqn></element></aux>'
    )
    none = '<aux name="s"><eqn>SIZE(SELF)</eqn></aux>'
    inside = f'<module name="m"/></variables></model><model name="m"><variables>{one}'
    run = sdsim.simulate(load(
        tmp_path, f"{TOP}{DIMS}<model><variables>{one}{two}{each}{none}{inside}"
        "</variables></model>",
    ))  # fmt: skip
    assert (run["q"].values == 2).all()
    assert (run["m.q"].values == 2).all()
    assert (run.dataset["P (variable)"].values == 6 + 2 + 2).all()
    assert (run["e"].values == [2, 5]).all()
    assert (run["s"].values == 1).all()


@pytest.mark.parametrize("word", ["SUM", "MEAN", "MAX"])
def test_the_sum_of_self_is_a_circle(tmp_path: Path, word: str) -> None:
    text = f'<aux name="q">{over("O")}<eqn>{word}(SELF)</eqn></aux>'
    with pytest.raises(ModelError, match="algebraic loop: q"):
        values(tmp_path, f"{TOP}{DIMS}<model><variables>{text}</variables></model>", "q")


def part(subscript: str, equation: str = "30") -> str:
    return f'<element subscript="{subscript}"><eqn>{equation}</eqn></element>'


@pytest.mark.parametrize(
    ("dims", "parts", "said"),
    [
        (("O",), part("X"), "p[Y] has no equation and no value"),
        (("O",), part("X") + part("Y"), ""),
        (("O", "P"), part("X,P") + part("Y,1"), "p[Y,2], p[Y,3] have no equation and no values"),
        (("O", "P"), part("X,1"),
         "p[X,2], p[X,3], p[Y,1], p[Y,2], p[Y,3] have no equation and no values"),
        (("O", "P"), part("O,2"), "p[X,1], p[X,3], p[Y,1], p[Y,3] have no equation and no values"),
        (("O", "P"), part("X,1") + "<eqn>2</eqn>", ""),
        (("P", "P"), part("1,1"),
         "p[1,2], p[1,3], p[2,1], p[2,2], p[2,3] and 3 more have no equation and no values"),
    ],
)  # fmt: skip
def test_elements_without_an_equation_are_told(
    tmp_path: Path, dims: tuple[str, ...], parts: str, said: str
) -> None:
    text = f'<aux name="p">{over(*dims)}{parts}</aux>'
    system = load(tmp_path, f"{TOP}{DIMS}<model><variables>{text}</variables></model>")
    assert system.model.notes == ((f"line 1: {said}",) if said else ())
