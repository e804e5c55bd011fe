"""Dask's workers write the same bytes, also when one of them is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sweeping import files_of

from sdsim.base.errors import ModelError
from sdsim.sweeps import Sweep, run_sweep

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as made:
        yield made


def test_a_cluster_whose_worker_is_killed_writes_the_same_bytes(
    sweep: Sweep, tmp_path: Path, cluster: Any
) -> None:
    run_sweep(sweep, tmp_path / "here", jobs=1)
    killed = []

    def kill_one(state: object) -> None:
        """After the first chunk, with most of them still to be done."""
        if not killed:
            with distributed.Client(cluster.scheduler_address) as client:
                pids = client.run(os.getpid)
            address, pid = sorted(pids.items())[0]
            killed.append(address)
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    run_sweep(sweep, tmp_path / "there", dask=cluster.scheduler_address, progress=kill_one)
    assert killed
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


def test_no_scheduler_is_one_line(sweep: Sweep, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no Dask scheduler at 'nowhere:1'.*tcp://HOST:PORT"):
        run_sweep(sweep, tmp_path / "store", dask="nowhere:1")
