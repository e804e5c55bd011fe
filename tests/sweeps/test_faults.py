"""What goes wrong on purpose: one member, one chunk, one process at a time; never by timing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sweeping import CHUNK, MEMBERS, MODEL, children, files_of

import sdsim
from sdsim.base.errors import ModelError
from sdsim.cli import main
from sdsim.design import MonteCarlo, Uncertainty, Uniform
from sdsim.sweeps import Outcome, Sweep, faults, manifest_of, read_store, run_sweep

Broken = Callable[..., None]


@pytest.fixture(scope="module")
def whole(sweep: Sweep, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the sweep when nothing goes wrong."""
    store = tmp_path_factory.mktemp("whole") / "store"
    run_sweep(sweep, store, jobs=1)
    return store


def test_results_are_the_same_bits_however_they_are_made(
    sweep: Sweep, whole: Path, tmp_path: Path
) -> None:
    plain = run_sweep(sweep)
    stored = read_store(whole)
    xr.testing.assert_identical(plain, stored)
    for jobs in (0, 3):
        run_sweep(sweep, tmp_path / f"{jobs}", jobs=jobs)
        assert files_of(tmp_path / f"{jobs}") == files_of(whole)
    for chunk in (9, 10 * MEMBERS):
        other = run_sweep(replace(sweep, chunk=chunk), tmp_path / f"chunk{chunk}", jobs=0)
        assert np.array_equal(other["outcomes"], stored["outcomes"], equal_nan=True)
        assert np.array_equal(other["Level"], stored["Level"])


def test_a_worker_that_is_killed_is_replaced(
    sweep: Sweep, whole: Path, tmp_path: Path, broken: Broken
) -> None:
    broken({"at": "member", "number": 100, "do": "kill", "once": str(tmp_path / "killed")})
    run_sweep(sweep, tmp_path / "store", jobs=2)
    assert (tmp_path / "killed").exists()
    assert files_of(tmp_path / "store") == files_of(whole)


@pytest.mark.parametrize(
    ("what", "timeout", "status"),
    [("kill", 600.0, "worker-died"), ("hang", 6.0, "timeout"),
     ("raise", 600.0, "raised: ArithmeticError: put in by a test")],
)  # fmt: skip
def test_a_member_that_takes_its_process_down_costs_its_own_result_alone(
    sweep: Sweep,
    whole: Path,
    tmp_path: Path,
    broken: Broken,
    what: str,
    timeout: float,
    status: str,
) -> None:
    numbers = [130] if what == "hang" else [130, 133]
    broken(*({"at": "member", "number": n, "do": what} for n in numbers))
    found = run_sweep(replace(sweep, timeout=timeout), tmp_path / "store", jobs=2)
    good = read_store(whole)
    bad = np.isin(found["member"], numbers)
    assert set(found["status"].values[bad]) == {status}
    assert set(found["status"].values[~bad]) == {"ok"}
    assert np.isnan(found["outcomes"].values[bad]).all()
    assert np.array_equal(
        found["outcomes"].values[~bad], good["outcomes"].values[~bad], equal_nan=True
    )
    assert np.array_equal(found["Level"].values[~bad], good["Level"].values[~bad])
    assert found.attrs["failed"] == len(numbers)


def test_members_that_are_not_finite_say_when_and_which_variable(
    system: sdsim.System, tmp_path: Path
) -> None:
    factors = (Uncertainty("Loss", Uniform(0.0, 3.0)),)
    design = MonteCarlo(factors, 300, seed=1)
    sweep = Sweep(system, design, (Outcome("root", "FINAL(Root)"),), chunk=100)
    found = run_sweep(sweep, tmp_path / "store", jobs=1)
    failed = 0
    for member in range(300):
        own = sdsim.simulate(system, {"Loss": design.values(member, member + 1)[0, 0]})
        status = str(found["status"].values[member])
        if own.status == "ok":
            assert status == "ok"
            assert found["outcomes"].values[member, 0] == own["Root"].values[-1]
        else:
            failed += 1
            when = float(status.removeprefix("nonfinite@").split(" ")[0])
            assert status.endswith("(Root)")
            assert f"at time {when:.10g};" in own.message
            assert np.isnan(found["outcomes"].values[member, 0])
    assert 0 < failed < 300


# --- the process itself -----------------------------------------------------------------------

SPEC = f"""
model = "level.mdl"
seed = 0
[design]
kind = "monte carlo"
members = {MEMBERS}
[uncertainties]
"Rate" = [0.1, 0.3]
"Loss" = [0.0, 0.9]
[outcomes]
"final level" = "FINAL(Level)"
[run]
chunk = {CHUNK}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "level.mdl").write_text(MODEL)
    (tmp_path / "spec.toml").write_text(SPEC)
    return tmp_path / "spec.toml"


def command(spec: Path, store: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "sdsim", "sweep", str(spec), "-o", str(store), *more]


def begun(
    spec: Path, store: Path, *what: dict[str, object], more: tuple[str, ...] = ("--jobs", "2")
) -> subprocess.CompletedProcess[str]:
    """The command with faults put in."""
    environment = {**os.environ, faults.VARIABLE: json.dumps(what)}
    return subprocess.run(
        command(spec, store, *more), env=environment, capture_output=True, text=True, timeout=600
    )


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of the same sweep when nothing stops it."""
    folder = tmp_path_factory.mktemp("never stopped")
    (folder / "level.mdl").write_text(MODEL)
    (folder / "spec.toml").write_text(SPEC)
    assert (
        main(["sweep", str(folder / "spec.toml"), "-o", str(folder / "store"), "--jobs", "1"]) == 0
    )
    return files_of(folder / "store")


Finished = Callable[[Path, Path], None]


@pytest.fixture
def finished(never_stopped: dict[str, str]) -> Finished:
    """(spec, store): `--resume` gives the bytes of a sweep that was never stopped."""

    def finish(spec: Path, store: Path) -> None:
        assert main(["sweep", str(spec), "-o", str(store), "--resume", "--jobs", "0"]) == 0
        assert files_of(store) == never_stopped

    return finish


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the system does not list its processes")
def test_killed_minus_nine_it_leaves_no_orphans_and_resumes(
    spec: Path, tmp_path: Path, within: Callable[[float], AbstractContextManager[None]],
    finished: Finished,
) -> None:  # fmt: skip
    store = tmp_path / "store"
    before = children()
    done = begun(spec, store, {"at": "entered", "number": 2, "do": "kill"})
    assert done.returncode == -signal.SIGKILL
    manifest = manifest_of(store)
    assert 2 in manifest.entries
    assert not manifest.complete
    with within(120):
        while workers_on(store):
            time.sleep(0.05)
    assert children() <= before
    with pytest.raises(ModelError, match="chunks are missing"):
        read_store(store)
    finished(spec, store)


def workers_on(store: Path) -> list[str]:
    """Processes that write to a store."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if "sdsim.sweeps.worker" in text and str(store) in text:
                found.append(text)
    return found


@pytest.mark.parametrize(
    ("what", "status", "line"), [("interrupt", 130, "interrupted"), ("stop", 143, "terminated")]
)
def test_told_to_stop_it_says_so_in_a_line_and_resumes(
    spec: Path, tmp_path: Path, what: str, status: int, line: str, finished: Finished
) -> None:
    done = begun(spec, tmp_path / "store", {"at": "entered", "number": 1, "do": what})
    assert done.returncode == status
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{line}; what is finished is kept")
    finished(spec, tmp_path / "store")


def test_a_full_disk_is_one_line_and_nothing_is_lost(
    spec: Path, tmp_path: Path, finished: Finished
) -> None:
    done = begun(spec, tmp_path / "store", {"at": "write", "number": 3, "do": "full"})
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "--resume" in done.stderr
    assert done.stderr.count("\n") == 1
    finished(spec, tmp_path / "store")


def test_a_worker_killed_between_chunk_and_manifest_changes_nothing(
    sweep: Sweep, whole: Path, tmp_path: Path, broken: Broken
) -> None:
    broken({"at": "written", "number": 1, "do": "kill", "once": str(tmp_path / "killed")})
    run_sweep(sweep, tmp_path / "store", jobs=2)
    assert files_of(tmp_path / "store") == files_of(whole)


# --- the store --------------------------------------------------------------------------------


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Path:
    """A finished store to spoil."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def chunk_file(store: Path) -> Path:
    return store / "outcomes" / "c" / "3" / "0"


def flipped(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[17] ^= 1
    path.write_bytes(bytes(body))


@pytest.mark.parametrize(
    ("spoil", "word"),
    [(flipped, "damaged"), (lambda p: p.write_bytes(p.read_bytes()[:-9]), "damaged"),
     (Path.unlink, "missing")],
    ids=["a flipped bit", "truncated", "deleted"],
)  # fmt: skip
def test_a_spoilt_chunk_is_named_and_computed_again(
    sweep: Sweep, whole: Path, store: Path, spoil: Callable[[Path], object], word: str
) -> None:
    spoil(chunk_file(store))
    with pytest.raises(ModelError, match=rf"chunk 3: outcomes/c/3/0 is {word}.*--resume"):
        read_store(store)
    run_sweep(sweep, store, resume=True, jobs=0)
    assert files_of(store) == files_of(whole)


def test_zarr_itself_notices_a_flipped_bit(store: Path) -> None:
    """Whoever reads the array without us is warned too."""
    import zarr

    flipped(chunk_file(store))
    with pytest.raises(ValueError, match=r"(?i)checksum|crc"):
        zarr.open_group(store, mode="r")["outcomes"][...]


def test_a_manifest_cut_short_costs_the_last_chunk(sweep: Sweep, whole: Path, store: Path) -> None:
    path = store / "manifest.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert not manifest_of(store).complete
    run_sweep(sweep, store, resume=True, jobs=0)
    assert files_of(store) == files_of(whole)


def test_two_writers(sweep: Sweep, tmp_path: Path) -> None:
    from sdsim.sweeps.manifest import locked

    store = tmp_path / "store"
    with (
        locked(store),
        pytest.raises(
            ModelError, match=rf"is being written by process {os.getpid()} on \S+ since 20\d\d"
        ),
    ):
        run_sweep(sweep, store, jobs=0)


def test_the_lock_of_a_dead_writer_is_taken_over(
    spec: Path, tmp_path: Path, finished: Finished
) -> None:
    store = tmp_path / "store"
    begun(spec, store, {"at": "entered", "number": 0, "do": "kill"})
    assert (store / ".holder").exists()
    finished(spec, store)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda s: replace(s, design=replace(s.design, seed=1)), "the design"),
        (lambda s: replace(s, seed=7), "the seed"),
        (lambda s: replace(s, chunk=32), "the chunk size"),
        (lambda s: replace(s, outcomes=s.outcomes[:1]), "the outcomes"),
        (
            lambda s: replace(s, params=sdsim.Overrides({"Start": 11.0})),
            "preset, constants or data",
        ),
        (lambda s: replace(s, save=()), "the saved series"),
        (lambda s: replace(s, method=sdsim.RK4()), "the method"),
    ],
)
def test_a_store_of_another_sweep_is_refused_and_says_why(
    sweep: Sweep, store: Path, change: Callable[[Sweep], Sweep], word: str
) -> None:
    before = files_of(store)
    with pytest.raises(ModelError, match=rf"belongs to another sweep: .*{word}"):
        run_sweep(change(sweep), store, resume=True)
    assert files_of(store) == before


def test_a_store_of_another_model_or_version_is_refused(
    sweep: Sweep, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "level.mdl"
    other.write_text(MODEL.replace("Rate * Level - Loss", "Rate * Level - 2 * Loss"))
    with pytest.raises(ModelError, match=r"the model[;,:]"):
        run_sweep(replace(sweep, system=sdsim.load(other)), store, resume=True)
    monkeypatch.setattr("sdsim.sweeps.sweep.versions", lambda: {"sdsim": "9.9"})
    with pytest.raises(ModelError, match=r"the versions \(.*sdsim .* -> 9\.9"):
        run_sweep(sweep, store, resume=True)


def test_an_existing_store_is_not_overwritten(sweep: Sweep, store: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="exists; --resume"):
        run_sweep(sweep, store)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(ModelError, match="is not a store of a sweep"):
        run_sweep(sweep, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
