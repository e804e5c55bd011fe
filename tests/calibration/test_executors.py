"""Where runs are made: the same numbers here, in processes and on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decays import calibration, decay

import sdsim
from sdsim.base.errors import ModelError
from sdsim.calibration.executors import executor
from sdsim.calibration.prediction import Predictor
from sdsim.calibration.runs import Runs

VALUES = {"Rate": np.linspace(0.1, 1, 150)[:, None], "Start": np.full((150, 1), 4.0)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    system = decay(tmp_path_factory.mktemp("decay"))
    limits = {"still there": "FINAL(Level) > 0.1"}
    return Predictor(calibration(system, restrictions=limits)).runs


def same(a: Any, b: Any) -> bool:
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


def test_runs_travel_as_text(runs: Runs) -> None:
    alone = runs.predict(VALUES)
    assert not alone.fits.all()
    assert same(Runs.from_json(runs.to_json(), threads=1).predict(VALUES), alone)


def test_processes_give_the_same(runs: Runs) -> None:
    with executor(jobs=2) as run:
        assert same(run(runs, VALUES), runs.predict(VALUES))
        few = {k: v[:3] for k, v in VALUES.items()}
        assert same(run(runs, few), runs.predict(few))


def test_a_worker_that_dies_is_replaced(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdsim.calibration import executors

    made: list[Any] = []
    begin = executors._Worker._start

    def start(worker: Any) -> None:
        begin(worker)
        made.append(worker._process)
        if len(made) == 1:
            worker._process.kill()
            worker._process.wait()

    monkeypatch.setattr(executors._Worker, "_start", start)
    with executor(jobs=1) as run:
        assert same(run(runs, VALUES), runs.predict(VALUES))
    assert len(made) == 2


def test_a_cluster_gives_the_same(runs: Runs) -> None:
    pytest.importorskip("distributed")
    with executor(dask="local") as run:
        assert same(run(runs, VALUES), runs.predict(VALUES))


def test_an_error_comes_back_in_words(tmp_path: Path) -> None:
    system = decay(tmp_path)
    data = [sdsim.calibration.data.Data("x", "AT(Level, Start)", [1], None, _ERRORS)]
    wrong = Predictor(calibration(system, data=data)).runs
    with executor(jobs=1) as run, pytest.raises(ModelError, match="outside"):
        run(wrong, {"Rate": np.array([[0.1]]), "Start": np.array([[50.0]])})


@pytest.mark.parametrize(("jobs", "dask"), [(-1, None), (2, "local")])
def test_what_does_not_go_together_is_refused(jobs: int, dask: str | None) -> None:
    with (
        pytest.raises(ModelError, match=r"expected 0 or more|do not go together"),
        executor(jobs, dask),
    ):
        pass


_ERRORS = sdsim.calibration.likelihoods.Poisson()
