"""How time grows with members, equations and saved points; the curves on a page."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bench_models
import numpy as np
from bench_engines import Ensemble
from bench_timing import timed

import sdsim
from sdsim.backends.llvm import Llvm
from sdsim.ir.model import Model
from sdsim.plots.figures import Panel, panels
from sdsim.plots.marks import Line
from sdsim.plots.page import Section, write_page


@dataclass(frozen=True)
class Curve:
    """Seconds against a size."""

    what: str
    model: str
    sizes: Sequence[int]
    seconds: Sequence[float]

    def slope(self) -> float:
        """Of the logarithm of time over that of size, between the last and the middle point."""
        m = len(self.sizes) // 2
        rise = np.log(self.seconds[-1] / self.seconds[m])
        return float(rise / np.log(self.sizes[-1] / self.sizes[m]))

    def told(self) -> str:
        """The curve in one line."""
        points = ", ".join(
            f"{n:,}: {s:.3g} s" for n, s in zip(self.sizes, self.seconds, strict=True)
        )
        return f"{self.what} ({self.model}): {points}; slope {self.slope():.2f}"


def of_members(ensemble: Ensemble) -> Curve:
    """A small model on all cores."""
    kernel = ensemble.kernel(Llvm(optimise=2))
    sizes = (1_000, 10_000, 100_000, 1_000_000)
    ensemble.march(kernel, ensemble.members(64))
    seconds = []
    for n in sizes:
        members = ensemble.members(n)
        repeats = max(1, min(9, 100_000 // n))
        seconds.append(
            statistics.median(
                timed(lambda m=members: ensemble.march(kernel, m)) for _ in range(repeats)
            )
        )
    return Curve("members", "12 EXP, 12 powers, all cores", sizes, seconds)


def of_equations(folder: Path) -> Curve:
    """One thread, 64 members, per run of all."""
    sizes, seconds = [], []
    for count in (4, 15, 50, 150, 390):
        sizes.append(len(parsed(folder, count).variables))
        seconds.append(_of_sectors(folder, count))
    return Curve("variables in the model", "64 members, one core", sizes, seconds)


def _of_sectors(folder: Path, count: int) -> float:
    ensemble = Ensemble(folder / f"sectors{count}.mdl", ["Normal gain 0"], every(count))
    kernel, members = ensemble.kernel(Llvm(threads=1, optimise=2)), ensemble.members(64)
    ensemble.march(kernel, members)
    return statistics.median(timed(lambda: ensemble.march(kernel, members)) for _ in range(7))


def of_saved(ensemble: Ensemble) -> Curve:
    """World3's size, 4096 members, more of the steps saved."""
    kernel = ensemble.kernel(Llvm(threads=1, optimise=2))
    members, grid = ensemble.members(4096), ensemble.ready.grid
    sizes, seconds = (1, 5, 26, 101, 401), []
    for n in sizes:
        saved = tuple(int(k) for k in np.linspace(0, grid.steps, n)) if n > 1 else (grid.steps,)
        own = replace(grid, saved=saved)
        seconds.append(
            statistics.median(timed(lambda g=own: kernel.march(members, g, 1)) for _ in range(5))
        )
    return Curve(
        "saved points", "World3's size, 4096 members, 6 outcomes, one core", sizes, seconds
    )


def every(count: int) -> list[str]:
    """Outcomes that all equations of a model of sectors stand behind."""
    return [f"{what} {k}" for k in range(count) for what in ("welfare", "balance")]


def parsed(folder: Path, count: int) -> Model:
    """The model of so many sectors, from its file."""
    path = folder / f"sectors{count}.mdl"
    if not path.exists():
        path.write_text(bench_models.sectors(count))
    return sdsim.load(path).model


@dataclass(frozen=True)
class First:
    """From a parsed model to a first result, in seconds: wall, this process, the program."""

    wall: float
    own: float
    program: float

    def __str__(self) -> str:
        parts = f"{self.own:.2f} s of processor, {self.program:.2f} s to the program"
        return f"{self.wall:.2f} s ({parts})"


def first_result(model: Model, outcomes: Sequence[str], cached: bool) -> First:
    """One run of a system made anew; ``cached``: with program and code from the cache."""
    began, busy = time.perf_counter(), time.process_time()
    system = sdsim.System(model, Llvm(cache=cached), cached)
    system.program  # noqa: B018
    lowered = time.perf_counter() - began
    sdsim.simulate(system, save=outcomes)
    return First(time.perf_counter() - began, time.process_time() - busy, lowered)


def page(curves: Sequence[Curve], path: Path) -> Path:
    """The curves on logarithmic axes, each beside a straight line of slope 1."""
    items = []
    for c in curves:
        straight = [c.seconds[-1] * n / c.sizes[-1] for n in c.sizes]
        items.append(
            Panel(
                f"{c.what}: {c.model}",
                (Line("measured", c.sizes, c.seconds, "s", x_unit=c.what),
                 Line("in proportion", c.sizes, straight, "s", colour=1, dash=1, x_unit=c.what)),
                c.what, "seconds",
            )
        )  # fmt: skip
    figure = panels(items, columns=1, height=340)
    figure.update_xaxes(type="log")
    figure.update_yaxes(type="log", rangemode="normal")
    table = [("against", "model", "size", "seconds")]
    table += [
        (c.what, c.model, f"{n:,}", f"{s:.4g}")
        for c in curves for n, s in zip(c.sizes, c.seconds, strict=True)
    ]  # fmt: skip
    section = Section(
        "Growth", figure, "Time of one march of the kernel against its size.", table=table
    )
    return write_page(path, "Benchmarks of the kernel", [section])
