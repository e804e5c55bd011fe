"""`sdsim export`: modules in Node against runs of the library; refusals; hostile names."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import sdsim as command

sys.path.insert(0, str(Path(__file__).parent))

from node import in_node, needs_node

import sdsim

pytestmark = [needs_node, pytest.mark.filterwarnings("ignore:.*out of range")]
MODELS = Path(sdsim.__file__).parent.parent / "models"

#: Subscripts, a delay, a fixed delay, a table, random numbers, EXP and SIN.
RICH = """{UTF-8}
Region: North Shore, South ~ ~ |
Level[Region] = INTEG(Inflow[Region] - Level[Region] / Stay, Start[Region]) ~ m3 [0,?] ~ Held. |
Inflow[Region] = Rain * Shape(Time / 10) * RANDOM UNIFORM(0.5, 1.5, 3) ~ m3/Year ~ |
Rain = 3 ~ m3/Year [0,9] ~ It falls. |
Stay = 4 ~ Year ~ |
Start[Region] = 10, 20 ~ m3 ~ |
Shape((0,1),(0.5,2),(2,0.25)) ~ Dmnl ~ |
Late = DELAY FIXED(Level[South], 2.5, 7) ~ m3 ~ |
Seen = SMOOTH3(Late, 2) + EXP(-Rain / Stay) ~ m3 ~ |
Wave = SIN(Time * Rain) + Level[South] ^ 0.3 ~ Dmnl ~ |
Same = Rain ~ m3/Year ~ |
Seven = 7 ~ ~ |
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 20 ~ Year ~ |
TIME STEP = 0.125 ~ Year ~ |
SAVEPER = 1 ~ Year ~ |
\\\\\\---/// Sketch information
"""

RUN = """
const { load } = await import("./model.mjs");
const model = await load();
const said = (run) => ({ time: [...run.time], stopped: run.stopped,
  series: Object.fromEntries(
    Object.entries(run.series).map(([name, values]) => [name, [...values].map(String)])) });
"""


def told(folder: Path, expression: str) -> Any:
    """An expression about the module ``model.mjs``."""
    return in_node(f"{RUN}console.log(JSON.stringify({expression}));", folder)


def written(folder: Path, text: str) -> Path:
    path = folder / "model.mdl"
    path.write_text(text, encoding="utf-8")
    return path


def columns(run: sdsim.Run) -> dict[str, np.ndarray[Any, Any]]:
    """The series of a run by label, as in a CSV file."""
    from sdsim.tables.results import table

    return {str(k): v.to_numpy() for k, v in table(run.dataset).items()}


def differing(got: dict[str, Any], run: sdsim.Run) -> dict[str, float]:
    """The largest relative difference of each series that is not the same to the last bit."""
    want, out = columns(run), {}
    assert set(got["series"]) == set(want)
    np.testing.assert_array_equal(got["time"], run.time)
    for name, texts in got["series"].items():
        a = np.array([float(t.replace("Infinity", "inf")) for t in texts])
        if a.tobytes() != want[name].tobytes():
            scale = np.maximum(np.abs(want[name]), 1e-300)
            out[name] = float(np.max(np.abs(a - want[name]) / scale))
    return out


@pytest.mark.parametrize("name", ["sir", "teacup"])
@pytest.mark.parametrize("method", [sdsim.Euler(), sdsim.RK4()])
def test_models_have_the_native_digits(tmp_path: Path, name: str, method: Any) -> None:
    model = sdsim.load(MODELS / name / f"{name}.mdl")
    sdsim.export(model, tmp_path / "model.mjs", method=method)
    lever, value = ("Duration", 6.5) if name == "sir" else ("Room Temperature", 65.0)
    runs = told(tmp_path, f"model.runMany([{{}}, {{'{lever}': {value}}}, {{}}]).map(said)")
    for got, changes in zip(runs, ({}, {lever: value}, {}), strict=True):
        assert not differing(got, sdsim.simulate(model, changes, method))
        assert got["stopped"] is None


def test_a_rich_model(tmp_path: Path) -> None:
    """All but the sine, which is the module's own, has the native bits; also changed and seeded."""
    model = sdsim.load(written(tmp_path, RICH))
    sdsim.export(model, tmp_path / "model.mjs")
    runs = told(
        tmp_path,
        "[model.run(), model.run({'rain': 5, 'Start[South]': 1}, {seed: 4}), "
        "model.run({start: 2})].map(said)",
    )
    wanted = [({}, 0), ({"Rain": 5, "Start[South]": 1}, 4), ({"Start": 2}, 0)]
    for got, (changes, seed) in zip(runs, wanted, strict=True):
        off = differing(got, sdsim.simulate(model, changes, seed=seed))
        assert set(off) <= {"Wave"}
        assert max(off.values(), default=0) < 1e-14


def test_fast_modules_are_close(tmp_path: Path) -> None:
    model = sdsim.load(written(tmp_path, RICH))
    sdsim.export(model, tmp_path / "model.mjs", fast=True)
    got = told(tmp_path, "said(model.run())")
    assert max(differing(got, sdsim.simulate(model)).values(), default=0) < 1e-12
    assert told(tmp_path, "model.mode") == "fast"


def test_members_have_the_random_numbers_of_an_ensemble(tmp_path: Path) -> None:
    model = sdsim.load(written(tmp_path, RICH))
    sdsim.export(model, tmp_path / "model.mjs", save=["Late"])
    got = told(tmp_path, "model.runMany([2, 3, 4].map((rain) => ({ rain }))).map(said)")
    many = sdsim.simulate_many(model, {"Rain": np.array([2.0, 3.0, 4.0])}, save=["Late"])
    late = np.asarray(many["Late"].transpose("member", "time"))
    np.testing.assert_array_equal(late, [[float(x) for x in run["series"]["Late"]] for run in got])


def test_variables_say_what_they_are(tmp_path: Path) -> None:
    sdsim.export(sdsim.load(written(tmp_path, RICH)), tmp_path / "model.mjs", save=["Level"])
    found = {v["name"]: v for v in told(tmp_path, "model.variables")}
    rain = {
        k: found["Rain"][k] for k in ("units", "low", "high", "documentation", "lever", "value")
    }
    assert rain == {
        "units": "m3/Year", "low": 0, "high": 9, "documentation": "It falls.", "lever": True,
        "value": 3,
    }  # fmt: skip
    assert found["Start"]["elements"] == ["Start[North Shore]", "Start[South]"]
    assert found["Start"]["value"] == [10, 20]
    assert found["Level"]["saved"]
    assert not found["Late"]["saved"]
    assert not found["TIME STEP"]["lever"]
    types = (tmp_path / "model.d.mts").read_text(encoding="utf-8")
    assert '  | "Start[South]"\n' in types
    assert "TIME STEP" not in types
    one = told(tmp_path, "[Object.keys(model.run({}, {save: 'level[south]'}).series), "
                         "Object.keys(model.run({}, {save: ['Level']}).series)]")  # fmt: skip
    assert one == [["Level[South]"], ["Level[North Shore]", "Level[South]"]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("run({Rian: 1})", "'Rian' is not a name in this model"),
        ("run({Late: 1})", "'Late' is not a constant"),
        ("run({Rain: NaN})", "'Rain': expected a finite number, got NaN"),
        ("run({Rain: '3'})", "'Rain': expected a finite number, got 3"),
        ("run({'FINAL TIME': 3})", "'FINAL TIME' sets the times of a run"),
        ("run({}, {save: 'Tide'})", "'Tide' is not a series of this module"),
        ("run({}, {seed: 0.5})", "seed: expected a whole number"),
    ],
)
def test_what_cannot_be_is_an_error_that_names_it(
    tmp_path: Path, rich: Path, call: str, words: str
) -> None:
    shutil.copy(rich, tmp_path / "model.mjs")
    text = f"(() => {{ try {{ model.{call} }} catch (e) {{ return e.message }} }})()"
    assert words in told(tmp_path, text)


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rich")
    return sdsim.export(written(folder, RICH), folder / "model.mjs")[0]


def test_a_run_that_stops_keeps_what_came_before(tmp_path: Path) -> None:
    text = RICH.replace("Seven = 7", "Seven = 1 / MAX(0, 10 - Time)")
    model = sdsim.load(written(tmp_path, text))
    sdsim.export(model, tmp_path / "model.mjs")
    got = told(tmp_path, "said(model.run())")
    assert got["stopped"] == 10
    with pytest.warns(sdsim.ModelWarning):
        run = sdsim.simulate(model)
    assert set(differing(got, run)) <= {"Wave"}


def test_names_and_texts_of_a_model_are_never_code(tmp_path: Path) -> None:
    """Quotes, ends of scripts, line separators and names of the language itself."""
    hostile = "</script><script>globalThis.bad=1</script>\u2028`${globalThis.bad=1}` \\\\u0022 'x'"
    text = RICH.replace("It falls.", hostile).replace("Seven", '"constructor"')
    text = text.replace("Same", '"`+alert(1)+`"')
    model = sdsim.load(written(tmp_path, text))
    module, types = sdsim.export(model, tmp_path / "model.mjs")
    for path in (module, types):
        assert path.read_bytes().isascii()
        assert b"</script" not in path.read_bytes()
    said, bad, value = told(
        tmp_path,
        "[model.variables.find((v) => v.name === 'Rain').documentation, globalThis.bad ?? null, "
        "model.run({constructor: 9}).series.constructor[0]]",
    )
    assert (said, bad, value) == (model.variables.loc["Rain", "documentation"], None, 9)


def test_what_a_module_cannot_run_is_refused_by_name(tmp_path: Path) -> None:
    model = sdsim.load(MODELS / "sir" / "sir.mdl")
    with pytest.raises(sdsim.UnsupportedError, match=r"Adaptive\(.*use Euler or RK4"):
        sdsim.export(model, tmp_path / "model.mjs", method=sdsim.Adaptive())
    moving = RICH.replace("FINAL TIME = 20", "FINAL TIME = 20 + Late")
    with pytest.raises(sdsim.UnsupportedError, match="FINAL TIME depends on the model"):
        sdsim.export(written(tmp_path, moving), tmp_path / "model.mjs")
    with pytest.raises(sdsim.ModelError, match=r"use \.mjs, \.js"):
        sdsim.export(model, tmp_path / "model.wasm")


def test_a_program_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdsim.exports.contents.MOST", 10)
    with pytest.raises(sdsim.UnsupportedError, match=r"operations; at most 10 .*-r"):
        sdsim.export(written(tmp_path, RICH), tmp_path / "model.mjs")


def test_a_constant_that_times_depend_on_is_no_lever(tmp_path: Path) -> None:
    model = sdsim.load(written(tmp_path, RICH.replace("FINAL TIME = 20", "FINAL TIME = 5 * Stay")))
    sdsim.export(model, tmp_path / "model.mjs")
    assert not told(tmp_path, "model.variables.find((v) => v.name === 'Stay').lever")


def test_the_command(tmp_path: Path) -> None:
    shutil.copy(MODELS / "sir" / "sir.mdl", tmp_path)
    done = command(
        "export", "sir.mdl", "-o", "model.mjs", "-r", "Infectious", "--set", "Duration=6",
        "--method", "rk4", "-F", "30", at=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "model.mjs\nmodel.d.mts\n"), done.stderr
    got = told(tmp_path, "said(model.run())")
    want = sdsim.simulate(
        sdsim.load(tmp_path / "sir.mdl"), {"Duration": 6}, sdsim.RK4(), "Infectious", final_time=30
    )
    assert not differing(got, want)


def test_a_module_has_one_text_wherever_it_is_made(tmp_path: Path) -> None:
    """No path, no time of day: made twice, the same bytes."""
    first = sdsim.export(written(tmp_path, RICH), tmp_path / "a.mjs")[0].read_bytes()
    assert first == sdsim.export(written(tmp_path, RICH), tmp_path / "b.mjs")[0].read_bytes()
    assert not re.search(re.escape(str(tmp_path)), first.decode())


def test_declarations_of_a_js_file(tmp_path: Path) -> None:
    paths = sdsim.export(written(tmp_path, RICH), tmp_path / "model.js")
    assert [p.name for p in paths] == ["model.js", "model.d.ts"]
