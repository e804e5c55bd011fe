"""The wheel: built, installed alone in an environment, and the README's example run from it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sdsim
from sdsim import examples
from sdsim.base import host
from sdsim.base.errors import ModelError

ROOT = Path(__file__).parents[1]


def run(command: list[Any], folder: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True,
        encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], ROOT)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment that holds the wheel, and sees what the tests' own holds besides."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    own = host.in_environment(folder, "python")
    given = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run([own, "-I", "-c", given], folder).strip())
    pip = [sys.executable, "-m", "pip", "--python", own, "install", "--quiet", "--no-index"]
    run([*pip, "--no-deps", "--disable-pip-version-check", wheel], folder)
    (site / "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return own


def test_the_wheel_holds_the_package_and_the_examples_alone(wheel: Path) -> None:
    assert wheel.name.startswith("crossborder_sdsim-")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    about = f"{wheel.name.rsplit('-', 3)[0]}.dist-info"
    assert {n.split("/")[0] for n in names} == {"sdsim", about}
    held = {n.removeprefix("sdsim/example_models/") for n in names if "/example_models/" in n}
    tracked = run(["git", "ls-files", "models"], ROOT).split() if (ROOT / ".git").exists() else []
    assert held >= {t.removeprefix("models/") for t in tracked}
    assert "cross_border/presets/us_mexico.toml" in held


def test_the_example_of_the_readme_runs_from_it(python: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    (program,) = [b for b in blocks if "simulate_many" in b]
    said = run([python, "-I", "-c", f"{program}\nprint(sdsim.__file__)"], tmp_path)
    assert Path(said.splitlines()[-1]).is_relative_to(python.parents[1])
    model = sdsim.load(examples.path("cross_border"))
    preset = sdsim.read_preset(examples.path("cross_border/presets/us_mexico.toml"))
    run_ = sdsim.simulate(model, preset.overrides, sdsim.Adaptive())
    wanted = run_["Migrant stock"].sel(time=[1970, 1980, 1990, 2000]).values
    first = np.array(said.splitlines()[0].strip("[]").split(), dtype=float)
    np.testing.assert_allclose(first, wanted, rtol=1e-6)


def test_examples_are_found_by_name() -> None:
    assert {"teacup", "sir"} <= set(examples.names())
    assert examples.path("teacup") == examples.path("teacup/teacup.mdl")
    assert examples.path("teacup/README.md").is_file()
    with pytest.raises(ModelError, match="no example 'teacups'; did you mean 'teacup'"):
        examples.path("teacups")
    with pytest.raises(ModelError, match="no example"):
        examples.path("../pyproject.toml")


def test_a_copy_without_examples_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "_PLACES", ())
    with pytest.raises(ModelError, match="the examples are missing; install the package"):
        examples.path("teacup")
