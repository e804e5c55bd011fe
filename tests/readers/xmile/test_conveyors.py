"""Conveyors against a belt that is moved slat by slat, and against pysimlin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sdsim
from sdsim.base.errors import ModelError

STEP, STOP = 0.5, 12.0
Rate = Callable[[float], float]


def model(belt: str = "<len>3</len>", inflow: str = "5 + STEP(4, 2)", leaks: str = "",
          flows: str = "", attributes: str = "", start: str = "12") -> str:  # fmt: skip
    return (
        '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><header>'
        '<vendor>us</vendor><product version="1">sdsim</product></header>'
        f"<sim_specs><start>0</start><stop>{STOP}</stop><dt>{STEP}</dt></sim_specs>"
        f'<model><variables><stock name="S"><eqn>{start}</eqn><inflow>in</inflow><outflow>out'
        f"</outflow>{leaks}<conveyor{attributes}>{belt}</conveyor></stock>"
        f'<flow name="in"><eqn>{inflow}</eqn></flow><flow name="out"><eqn>0</eqn></flow>{flows}'
        "</variables></model></xmile>"
    )


def leak(share: str, name: str = "leak") -> dict[str, str]:
    return {
        "leaks": f"<outflow>{name}</outflow>",
        "flows": f'<flow name="{name}"><eqn>{share}</eqn><leak/></flow>',
    }


def inflow(t: float) -> float:
    return 9.0 if t >= 2 else 5.0


def belt(slats: int, start: float, entering: Rate, share: Rate, exponential: bool) -> dict:
    """Each step every slat leaks, the first leaves, all move up, what enters comes last."""
    kept = [1.0]
    for _ in range(slats - 1):
        loss = kept[-1] * share(0) * STEP if exponential else share(0) / slats
        kept.append(kept[-1] - loss)
    volume = start / sum(kept)
    content = [volume * k for k in reversed(kept)]  # the exit comes first
    origin = [volume] * slats
    out: dict[str, list[float]] = {"S": [], "out": [], "leak": []}
    for k in range(round(STOP / STEP) + 1):
        t = k * STEP
        out["S"].append(sum(content))
        if exponential:
            lost = [c * share(t) * STEP for c in content]
        else:
            lost = [a * share(t) / slats for a in origin]
        content = [c - x for c, x in zip(content, lost, strict=True)]
        out["leak"].append(sum(lost) / STEP)
        out["out"].append(content[0] / STEP)
        content = [*content[1:], entering(t) * STEP]
        origin = [*origin[1:], entering(t) * STEP]
    return out


@pytest.fixture
def run(tmp_path: Path):
    def runs(text: str) -> sdsim.Run:
        (tmp_path / "c.stmx").write_text(text)
        return sdsim.simulate(sdsim.load(tmp_path / "c.stmx", cache=False))

    return runs


CASES = [
    ("", "0", lambda t: 0.0), ("", "0.4", lambda t: 0.4), ("true", "0.3", lambda t: 0.3),
    ("", "0.1 + 0.02 * TIME", lambda t: 0.1 + 0.02 * t),
    ("true", "0.1 + 0.05 * TIME", lambda t: 0.1 + 0.05 * t),
    ("true", "STEP(0.5, 4)", lambda t: 0.5 * (t >= 4)),
    ("", "STEP(0.5, 4)", lambda t: 0.5 * (t >= 4)),
]  # fmt: skip


@pytest.mark.parametrize(("exponential", "said", "share"), CASES)
def test_leaks_of_both_kinds(run, exponential: str, said: str, share: Rate) -> None:
    attributes = f' exponential_leak="{exponential}"' if exponential else ""
    found = run(model(attributes=attributes, **leak(said)))
    for name, values in belt(6, 12, inflow, share, bool(exponential)).items():
        assert found[name].values == pytest.approx(values, rel=1e-9, abs=1e-9), name


def test_without_a_leak_all_that_enters_leaves_after_the_transit_time(run) -> None:
    found = run(model("<len>2.6</len>"))  # five steps
    expected = belt(5, 12, inflow, lambda t: 0.0, False)
    assert found["S"].values == pytest.approx(expected["S"])
    assert found["out"].values == pytest.approx(expected["out"])
    assert found["out"].values[5:] == pytest.approx(found["in"].values[:-5])


def test_two_leaks_share_what_is_there(run) -> None:
    parts = leak("0.7", "one"), leak("0.6", "two")
    found = run(model(leaks=parts[0]["leaks"] + parts[1]["leaks"],
                      flows=parts[0]["flows"] + parts[1]["flows"]))  # fmt: skip
    ratio = found["two"].values / found["one"].values
    assert ratio == pytest.approx(0.3 / 0.7)
    assert found["out"].values == pytest.approx(0, abs=1e-12)


def test_a_share_may_stand_in_the_leak_itself(run) -> None:
    flows = '<flow name="leak"><leak>0.4</leak></flow>'
    found = run(model(leaks="<outflow>leak</outflow>", flows=flows))
    expected = belt(6, 12, inflow, lambda t: 0.4, False)
    assert found["leak"].values == pytest.approx(expected["leak"])


def test_capacity_and_limit_hold_back_what_comes_in(run) -> None:
    """isee: inflow = MIN((capacity - conveyor) / dt + outflow, wanted)."""
    found = run(model("<len>3</len><capacity>20</capacity>"))
    assert found["S"].values.max() == pytest.approx(20)
    room = (20 - found["S"].values) / STEP + found["out"].values
    wanted = np.where(found["S"].time.values >= 2, 9, 5)
    assert found["in"].values == pytest.approx(np.minimum(room, wanted))
    limited = run(model("<len>3</len><in_limit>6</in_limit>"))
    assert limited["in"].values == pytest.approx(np.minimum(wanted, 6))
    back = run(model(inflow="-3"))
    assert back["in"].values == pytest.approx(0)


def test_over_an_array_each_element_has_its_own_belt(run) -> None:
    text = model("<len>travel</len>", inflow="TIME")
    dims = '<dimensions><dim name="Place"/></dimensions>'
    text = text.replace("<conveyor>", f"{dims}<conveyor>")
    text = text.replace("</eqn></flow>", f"</eqn>{dims}</flow>")
    text = text.replace(
        "</variables>", f'<aux name="travel"><eqn>1, 3</eqn>{dims}</aux></variables>'
    )
    top = '<dimensions><dim name="Place"><elem name="a"/><elem name="b"/></dim></dimensions><model>'
    found = run(text.replace("<model>", top))
    for k, slats in enumerate((2, 6)):
        expected = belt(slats, 12, lambda t: t, lambda t: 0.0, False)
        assert found["S"].values[:, k] == pytest.approx(expected["S"])


REFUSED = [
    (model("<len>3 + TIME</len>"), "a conveyor's transit time that changes during the run"),
    (model(""), "a conveyor without <len>"),
    (model("<len>3</len><arrest>TIME &gt; 3</arrest>"), "conveyors that are arrested"),
    (model(attributes=' discrete="true"'), "discrete conveyors"),
    (model().replace("<outflow>out</outflow>", ""), "0 outflows that are not leaks"),
    (model(leaks="<outflow>more</outflow>", flows='<flow name="more"><eqn>1</eqn></flow>'),
     "2 outflows that are not leaks; give it one, and mark the others <leak/>"),
    (model(**leak("0.1")).replace('name="leak"', 'name="leak" leak_end="0.25"'), "leak zones"),
    (model(start="1, 2, 3"), "a list of values along a conveyor"),
    (model().replace('<flow name="in"', '<flow name="in" isee:spreadflow="even"'),
     "inflows spread along a conveyor ('in')"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_is_not_supported_is_named(run, text: str, said: str) -> None:
    with pytest.raises(ModelError) as fault:
        run(text)
    assert str(fault.value).startswith("c.stmx:1: 'S': ")
    assert said in str(fault.value)


@pytest.mark.parametrize("said", ["0.25", "0.1 + 0.02 * TIME"])
@pytest.mark.parametrize("exponential", ["false", "true"])
def test_pysimlin_finds_the_same(run, tmp_path: Path, said: str, exponential: str) -> None:
    simlin = pytest.importorskip("simlin")
    found = run(model(attributes=f' exponential_leak="{exponential}"', **leak(said)))
    theirs = simlin.load(str(tmp_path / "c.stmx")).simulate()
    theirs.run_to_end()
    every = max(1, round(1 / STEP))
    for name in ("S", "out", "leak"):
        series = np.asarray(theirs.get_series(name.lower()))
        ours = found[name].values
        ours = ours[::every] if len(series) < len(ours) else ours
        assert series == pytest.approx(ours, rel=1e-9), name
