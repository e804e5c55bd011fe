"""What `import sdsim` shows: light, complete, with an example for everything."""

from __future__ import annotations

import ast
import doctest
import inspect
import json
import pydoc
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import sdsim

ROOT = Path(sdsim.__file__).parent
MODELS = ROOT.parent / "models"

#: What the examples find in their folder, beside the models of `models/`.
FILES = {
    "winter.toml": """
        title = "A cold room"
        [constants]
        "Room Temperature" = {value = 50, source = "thermometer"}
    """,
    "hot.toml": """
        [constants]
        "Room Temperature" = {value = 200, source = "sauna"}
        "Characteristic Time" = {value = 5, units = "Hours", source = "assumed"}
        [initial]
        "Teacup Temperature" = {value = 190, source = "thermometer"}
    """,
    "flu.posterior/draws.csv": """
        Contact Infectivity,Duration
        0.41,6.2
        0.38,7.0
        0.35,7.9
    """,
    "flu.toml": """
        model = "sir.mdl"
        [parameters]
        "Contact Infectivity" = {distribution = "loguniform", low = 0.2, high = 5}
        [data.ill]
        expression = "Infectious"
        times = [2, 4, 6]
        values = [3, 11, 38]
        errors = "poisson"
    """,
    "rooms.toml": """
        [cases]
        file = "rooms.csv"
        [constants]
        "Room Temperature" = {column = "degrees", source = "thermometer"}
    """,
    "rooms.csv": """
        case,degrees
        kitchen,70
        cellar,55
    """,
    "sir.toml": """
        model = "sir.mdl"
        [design]
        kind = "latin hypercube"
        members = 128
        [uncertainties]
        "Contact Infectivity" = [0.3, 0.6]
        "Duration" = [5, 9]
        [outcomes]
        cases = "PEAK(Infectious)"
    """,
    "trade.toml": """
        model = "sir.mdl"
        [design]
        kind = "latin hypercube"
        members = 128
        [levers]
        "Contact Infectivity" = [0.1, 0.5]
        [uncertainties]
        "Duration" = [5, 9]
        [outcomes]
        cases = {expression = "PEAK(Infectious)", better = "low"}
        contacts = {expression = "PEAK(Contact Infectivity + 0 * Infectious)", better = "high"}
    """,
}
CHECK = """
no tea no heat
	:THE CONDITION: Teacup Temperature = Room Temperature
	:IMPLIES: Heat Loss to Room <= 0
	~	~	|

********"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the files that the examples name."""
    for model in ("teacup", "sir"):
        shutil.copy(MODELS / model / f"{model}.mdl", tmp_path)
    tea = (tmp_path / "teacup.mdl").read_text()
    (tmp_path / "checked.mdl").write_text(tea.replace("********", CHECK, 1))
    (tmp_path / "unbalanced.mdl").write_text(tea.replace("Fahrenheit/Minute", "Fahrenheit"))
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(inspect.cleandoc(text))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", sorted({*sdsim.__all__} - {"__version__"}))
def test_every_public_name_has_an_example_that_works(name: str, folder: Path) -> None:
    value = getattr(sdsim, name)
    finder = doctest.DocTestFinder(recurse=True, exclude_empty=True)
    known = {**vars(sys.modules[getattr(value, "__module__", value.__name__)]), "sdsim": sdsim}
    found = [t for t in finder.find(value, name, globs=known) if t.examples]
    assert any(t.name == name for t in found), "no example"
    for test in found:
        said: list[str] = []
        flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
        with warnings.catch_warnings():
            result = doctest.DocTestRunner(optionflags=flags).run(test, out=said.append)
        assert not result.failed, "".join(said)


@pytest.mark.parametrize("name", sorted({*sdsim.__all__} - {"__version__"}))
def test_every_public_name_says_what_it_is(name: str) -> None:
    said = inspect.getdoc(getattr(sdsim, name)) or ""
    first = re.split(r"(?<=[.;:])\s", said, maxsplit=1)[0]
    assert len(first) > 15
    assert first[:1].isupper() or first[:1] == "`"


def in_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_import_loads_nothing_heavy() -> None:
    code = "import sys; before = set(sys.modules); import sdsim, json; "
    code += "print(json.dumps(sorted(set(sys.modules) - before)))"
    loaded = json.loads(in_python(code))
    ours = [m for m in loaded if m.startswith("sdsim.")]
    light = ["sdsim.base.identity", "sdsim.base.starting", "sdsim.base.version"]
    assert ours == ["sdsim.base", *light]
    standard = {*sys.stdlib_module_names}
    assert {m.split(".")[0] for m in loaded} - standard == {"sdsim"}


def test_a_name_loads_its_own_room_alone() -> None:
    code = "import sys, sdsim; sdsim.ModelError; print('numpy' in sys.modules)"
    assert in_python(code).strip() == "False"


def test_names_are_listed_before_they_are_loaded() -> None:
    code = "import sdsim, json; print(json.dumps(dir(sdsim)))"
    assert {*json.loads(in_python(code))} >= {*sdsim.__all__}


def test_rooms_are_there_as_well() -> None:
    code = "import sdsim; print(sdsim.design.Uniform(0, 1), sdsim.base.names.TIME)"
    assert in_python(code).strip() == "Uniform(low=0, high=1) time"


def test_an_unknown_name_is_an_attribute_error_with_a_proposal() -> None:
    assert not hasattr(sdsim, "simulat")
    done = subprocess.run(
        [sys.executable, "-c", "import sdsim; sdsim.simulat"], capture_output=True, text=True
    )
    said = "AttributeError: module 'sdsim' has no attribute 'simulat'; did you mean 'simulate'?"
    assert done.stderr.rstrip().endswith(said)
    with pytest.raises(AttributeError, match=r"no attribute 'entirely_else'$"):
        _ = sdsim.entirely_else


def test_type_checkers_see_what_is_there() -> None:
    """The imports for type checkers and the table for the interpreter say the same."""
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    seen = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.name == alias.asname
            seen[alias.name] = node.module
    assert seen == sdsim._PLACES
    assert (ROOT / "py.typed").is_file()


def test_a_type_checker_accepts_and_refuses(tmp_path: Path) -> None:
    mypy = pytest.importorskip("mypy.api")
    code = (
        "import sdsim\n"
        "run: sdsim.Run = sdsim.simulate(sdsim.load('m.mdl'), {'k': 1}, sdsim.RK4())\n"
        "found: str = sdsim.info('m.mdl')\n"
    )
    (tmp_path / "use.py").write_text(code)
    said, _, status = mypy.run([str(tmp_path / "use.py")])  # as `make lint`, whose cache serves
    assert status == 1
    assert "use.py:3" in said
    assert "Found 1 error" in said


def test_help_is_a_page_worth_reading() -> None:
    page = pydoc.plain(pydoc.render_doc(sdsim))
    for word in ("Look at a model", "class Run", "simulate_many(", "sensitivity(", "convert("):
        assert word in page


def test_an_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="no such file"):
        sdsim.load("nowhere.mdl")
