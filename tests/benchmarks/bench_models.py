"""Models for the benchmarks, made up and written as Vensim text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

#: Steps of every model here.
STEPS = 400


def text_of(equations: Iterable[str], saveper: float = STEPS / 4) -> str:
    """A Vensim file: equations with the control variables behind them."""
    control = (
        "INITIAL TIME = 0", f"FINAL TIME = {STEPS / 4}", "TIME STEP = 0.25", f"SAVEPER = {saveper}"
    )  # fmt: skip
    return "{UTF-8}\n" + "".join(f"{e}\n\t~\t\n\t~\t\n\t|\n\n" for e in (*equations, *control))


def _table(name: str, x: Iterable[float], y: Iterable[float]) -> str:
    points = ",".join(f"({a:.6g},{b:.6g})" for a, b in zip(x, y, strict=True))
    return f"{name}({points})"


def _sector(k: int, sectors: int, rng: np.random.Generator) -> list[str]:
    """A stock that grows, crowds itself, is fed by one neighbour and burdened by another."""
    near, far = (k + 1) % sectors, (k + max(sectors // 3, 2)) % sectors
    points = int(rng.integers(5, 12))
    even = np.linspace(0, 2, points)
    odd = np.cumsum(np.r_[0, rng.uniform(0.1, 0.5, points - 1)])
    out = [
        f"Pool {k} = INTEG(Gain {k} - Loss {k} - Moved {k}, Pool at start {k})",
        f"Pool at start {k} = {rng.uniform(50, 150):.3f}",
        f"Room {k} = {rng.uniform(150, 300):.3f}",
        f"Normal gain {k} = {rng.uniform(0.03, 0.06):.4f}",
        f"Normal life {k} = {rng.uniform(20, 40):.3f}",
        f"Density {k} = Pool {k} / Room {k}",
        f"Relative pool {k} = Pool {k} / Pool at start {k}",
        f"Crowding {k} = Crowding table {k}(Density {k})",
        _table(f"Crowding table {k}", even, rng.uniform(1.4, 1.6) / (1 + even**2)),
        f"Supply {k} = Pool {near} / Pool {k}",
        f"Food {k} = Food table {k}(Supply {k})",
        _table(f"Food table {k}", odd, rng.uniform(0.3, 0.5) + 1.2 * odd / (1 + odd)),
        f"Burden {k} = 0.3 * Relative pool {far} + 0.7 * Density {k}",
        f"Harm {k} = Harm table {k}(Burden {k} * Care {k})",
        _table(f"Harm table {k}", even * 2, rng.uniform(1.1, 1.3) - 0.2 * even),
        f"Care {k} = MAX(0.2, MIN(2, Effort {k} / (0.5 + Burden {k})))",
        f"Share {k} = Pool {k} / (Pool {k} + Pool {near} + Pool {far})",
        f"Effort {k} = 0.2 + 0.5 * Share {k} + 0.3 * Crowding {k}",
        f"Life {k} = Normal life {k} * Food {k} * Harm {k}",
        f"Gain {k} = Pool {k} * Normal gain {k} * Crowding {k} * Food {k}",
        f"Loss {k} = Pool {k} / MAX(Life {k}, 2)",
        f"Pressure {k} = IF THEN ELSE(Density {k} > 0.8, Density {k} - 0.8, 0)",
        f"Moved {k} = 0.02 * Pressure {k} * Pool {k} * (1 - Share {k})",
        f"Balance {k} = (Gain {k} - Loss {k} - Moved {k}) / Pool {k}",
        f"Welfare {k} = (Food {k} * Life {k} / Normal life {k} + Care {k}) / (1 + Density {k})",
    ]
    if k % 3 == 0:
        out += [
            f"Policy {k} = Policy table {k}(Time)",
            _table(f"Policy table {k}", (0, 20, 30, 60, 100), (1, 1.1, 1.3, 1.2, 0.9)),
        ]
        out[out.index(f"Life {k} = Normal life {k} * Food {k} * Harm {k}")] += f" * Policy {k}"
    return out


def sectors(count: int) -> str:
    """``count`` sectors of about 20 equations, with three lookups and one stock in each."""
    rng = np.random.default_rng(20)
    return text_of(e for k in range(count) for e in _sector(k, count, rng))


def _world(k: int, count: int, rng: np.random.Generator) -> list[str]:
    """A stock with switches, tables and, in most sectors, a perception that lags."""
    near, far = (k + 1) % count, (k + count // 3) % count
    points = [int(n) for n in rng.choice((5, 6, 6, 9, 9, 11, 11), 4)]
    x = [np.linspace(0, 2, n) for n in points]
    out = [
        f"Pool {k} = INTEG(Gain {k} - Loss {k} - Moved {k}, Pool at start {k})",
        f"Pool at start {k} = {rng.uniform(50, 150):.3f}",
        f"Room {k} = {rng.uniform(150, 300):.3f}",
        f"Normal gain {k} = {rng.uniform(0.03, 0.06):.4f}",
        f"Normal life {k} = {rng.uniform(20, 40):.3f}",
        f"Policy year {k} = {int(rng.integers(30, 70))}",
        f"Density {k} = Pool {k} / Room {k}",
        f"Crowding {k} = Crowding table {k}(Density {k})",
        _table(f"Crowding table {k}", x[0], rng.uniform(1.4, 1.6) / (1 + x[0] ** 2)),
        f"Supply {k} = Seen {near} / Pool {k}",
        f"Food {k} = Food table {k}(Supply {k})",
        _table(f"Food table {k}", x[1], rng.uniform(0.3, 0.5) + 1.2 * x[1] / (1 + x[1])),
        f"Burden {k} = Seen {far} / Pool at start {far}",
        f"Harm {k} = Harm table {k}(Burden {k} - Relief {k})",
        _table(f"Harm table {k}", x[2] * 2, rng.uniform(1.1, 1.3) - 0.2 * x[2]),
        f"Relief {k} = IF THEN ELSE(Time >= Policy year {k}, Food {k}, 0)",
        f"Effort {k} = IF THEN ELSE(Time >= Policy year {k}, Share {k}, Crowding {k})",
        f"Share {k} = Pool {k} / (Pool {k} + Pool {near})",
        f"Life {k} = Normal life {k} * Food {k} * Harm {k} * Order {k}",
        f"Loss {k} = Pool {k} / Life {k}",
        f"Moved {k} = Normal gain {k} * (Density {k} - Density {near})",
        f"Welfare {k} = Food {k} * Life {k} / (1 + Density {k})",
    ]
    if k % 4 != 3:
        out += [
            f"Seen {k} = SMOOTH3(Pool {k}, {rng.uniform(3, 9):.2f})",
            f"Strain {k} = Density {far} * Share {k}",
            f"Support {k} = IF THEN ELSE(Time >= Policy year {k}, Order {k}, 1)",
            f"Gain {k} = Pool {k} * Normal gain {k} * Effort {k} * Support {k}",
        ]
    else:
        out += [
            f"Seen {k} = Pool {k} * Crowding {k}",
            f"Strain {k} = Seen {far} / Room {far}",
            f"Gain {k} = Pool {k} * Normal gain {k} * Effort {k}",
        ]
    out += [
        f"Order {k} = Order table {k}(Strain {k})",
        _table(f"Order table {k}", x[3], 0.9 + 0.1 * x[3]),
    ]
    return out


#: Operations of World3-03 at each step that this file's model of its size repeats, by code.
WORLD3S = {"mul": 96, "div": 93, "select": 33}


def large() -> str:
    """World3's size: about 300 equations, 48 tables at even distances, 39 stocks.

    What World3-03 computes each step (Meadows et al. 2004) was counted in its lowered program, for
    six outcomes: 70 tables, all even, of 2 to 26 points, mostly 6 to 11; 41 stocks; `WORLD3S`. This
    one has the same, but for 90 sums, 48 tables and 39 stocks.
    """
    rng = np.random.default_rng(20)
    return text_of(e for k in range(12) for e in _world(k, 12, rng))


def uneven() -> str:
    """A harder one of that size: a third of its tables uneven, twice the arithmetic."""
    return sectors(15)


def functions() -> str:
    """Four stocks with 12 EXP and 12 powers that are not whole."""
    out = []
    for k in range(4):
        near = (k + 1) % 4
        out += [
            f"Stock {k} = INTEG(Growth {k} - Decay {k}, Start {k})",
            f"Start {k} = {1 + 0.2 * k}",
            f"Bend {k} = {0.6 + 0.05 * k}",
            f"Scarcity {k} = EXP(-0.3 * Stock {k})",
            f"Warmth {k} = EXP(-0.1 * Output {k})",
            f"Haste {k} = EXP(0.05 * (Stock {near} - Stock {k}))",
            f"Output {k} = Stock {k} ^ Bend {k} * Stock {near} ^ (1 - Bend {k})",
            f"Growth {k} = 0.2 * Output {k} * Scarcity {k} * Warmth {k}",
            f"Decay {k} = 0.02 * Stock {k} ^ 1.3 * Haste {k}",
        ]
    return text_of(out)
