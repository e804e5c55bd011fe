"""A System as a value: it travels, before and after it has run, and its text is a line."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from epidemic import PATH
from making import MODELS, model_of, ref, stock

import sdsim
from sdsim import RK4, Adaptive, System
from sdsim.backends import Numpy
from sdsim.ir.expr import Binary, Num
from sdsim.ir.model import to_json

FILES = [MODELS / "logistic.mdl", MODELS / "chain.mdl", PATH]


def travelled(system: System) -> System:
    out = pickle.loads(pickle.dumps(system))
    assert isinstance(out, System)
    return out


def bits(system: System, **how: Any) -> dict[str, bytes]:
    found = sdsim.simulate(system, **how).dataset
    return {str(k): v.values.tobytes() for k, v in found.variables.items() if v.dtype != object}


def run_once(system: System) -> None:
    sdsim.simulate(system)


def run_many(system: System) -> None:
    system.kernel(range(3)).march(
        sdsim.run.prepared.prepare(system).member(), sdsim.run.prepared.prepare(system).grid, 4
    )


def run_adaptive(system: System) -> None:
    sdsim.simulate(system, method=Adaptive())


def run_overridden(system: System) -> None:
    stocks = [v.name for v in system.model.variables.values() if v.is_stock and not v.dims]
    if stocks:
        sdsim.simulate(system, initial={stocks[0]: 1.0})


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
@pytest.mark.parametrize("before", [lambda _: None, run_once, run_many, run_overridden])
def test_a_system_travels_at_any_time(
    path: Path, before: Callable[[System], None], backend: Any
) -> None:
    system = sdsim.load(path, backend=backend)
    before(system)
    for other in (travelled(system), copy.copy(system), copy.deepcopy(system)):
        assert other == system
        assert to_json(other.model) == to_json(system.model)
        assert other.model.reads == system.model.reads
    assert bits(travelled(system)) == bits(system)
    assert bits(travelled(travelled(system)), method=RK4()) == bits(system, method=RK4())


def test_what_travels_is_the_model_whatever_has_run() -> None:
    system = sdsim.load(PATH)
    fresh = len(pickle.dumps(system))
    run_once(system)
    run_adaptive(system)
    run_overridden(system)
    assert len(pickle.dumps(system)) == fresh


def test_another_process_runs_it() -> None:
    system = sdsim.load(MODELS / "logistic.mdl", backend=Numpy())
    want = bits(system)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(bits, (system,)) == want


def test_it_travels_while_it_runs() -> None:
    system = sdsim.load(PATH)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(bits, system) for _ in range(4)]
        sent = [travelled(system) for _ in range(4)]
    want = bits(system)
    assert all(r.result() == want for r in running)
    assert bits(sent[-1]) == want


def test_a_sum_of_thousands_of_terms_travels() -> None:
    long = reduce(lambda a, b: Binary("+", a, b), [Num(float(k)) for k in range(20_000)])
    system = System(model_of({"long": long}), Numpy())
    assert bits(travelled(system)) == bits(system)
    assert np.frombuffer(bits(system)["long"])[0] == sum(range(20_000))


@pytest.mark.parametrize("path", [*FILES, Path(sdsim.__file__)], ids=lambda p: p.name)
def test_its_text_is_a_line(path: Path) -> None:
    if path.suffix == ".py":
        model = model_of({"S": stock(ref("flow"), 1.0), "flow": 1.0, "x": ref("s")})
        system = System(model, Numpy())
        assert repr(system) == "<System 'made': 1 stock, 3 variables, numpy>"
        assert repr(system.model) == "<Model 'made': 1 stock, 3 variables>"
        return
    system = sdsim.load(path)
    before = repr(system)
    run_once(system)
    assert repr(system) == before
    for text in (before, repr(system.model)):
        assert path.stem in text
        assert len(text) < 150
        assert "\n" not in text


def test_the_text_of_one_that_cannot_run_is_a_line_too() -> None:
    system = System(model_of({"x": ref("nowhere"), "y\n" * 400: 1.0}), Numpy())
    assert repr(system) == "<System 'made': 0 stocks, 2 variables, numpy>"
