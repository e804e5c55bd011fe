"""What the tests share: a cache of their own, the back ends, and models written on the spot."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: more threads only wait

import guard
import pytest
from epidemic import PATH
from hypothesis import settings
from making import mdl

from sdsim.backends import Numpy
from sdsim.base import cache
from sdsim.base.errors import ModelWarning
from sdsim.run.system import System, load

#: One cache for a run of the tests and all its workers, empty at first: what is read and compiled
#: is so once, and the user's cache is neither read nor written.
OWNER = "PYTEST_XDIST_WORKER" not in os.environ
if OWNER:
    os.environ[cache.VARIABLE] = tempfile.mkdtemp(prefix="sdsim-tests-")

settings.register_profile("sdsim", deadline=None, derandomize=True)
settings.load_profile("sdsim")


def _backends() -> list[Any]:
    try:
        from sdsim.backends.llvm import Llvm
    except ImportError:
        return [Numpy()]
    return [Numpy(), Llvm()]


def pytest_unconfigure() -> None:
    """The cache goes with the run that made it."""
    if OWNER:
        shutil.rmtree(os.environ[cache.VARIABLE], ignore_errors=True)


@pytest.fixture(scope="session", params=_backends(), ids=lambda b: b.name)
def backend(request: pytest.FixtureRequest) -> Any:
    """Every back end that works here."""
    return request.param


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """(equations, control settings of `making.mdl`) -> path of a model file of its own folder."""

    def write(equations: str, **control: Any) -> Path:
        path = tmp_path_factory.mktemp("model") / "model.mdl"
        path.write_text(mdl(equations, **control), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def system(backend: Any, written: Callable[..., Path]) -> Callable[..., System]:
    """(equations, control settings) -> `System`, once for each back end."""

    def make(equations: str, **control: Any) -> System:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ModelWarning)
            return load(written(equations, **control), backend=backend)

    return make


@pytest.fixture(scope="session")
def epidemic() -> System:
    """See `epidemic`."""
    return load(PATH)


@pytest.fixture
def within() -> Callable[[float], contextlib.AbstractContextManager[None]]:
    """``with within(seconds)``: what is not done by then fails instead of hanging.

    A guard against work without end, not a measure: seconds are many times what it takes.
    """
    return guard.within
