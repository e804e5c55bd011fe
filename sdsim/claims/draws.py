"""Random draws of constants: which ones, their values, and shares of draws with an interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdsim.base import names
from sdsim.base.errors import ModelError, suggested
from sdsim.base.toml import Section, read_toml
from sdsim.claims.claim_runs import Draws
from sdsim.design import Posterior, fit
from sdsim.design.posterior import read_draws, taken
from sdsim.ir.model import shape_of
from sdsim.ir.provenance import doubt_of
from sdsim.outcomes.meaning import Cell
from sdsim.overrides import Overrides, locate, parameter_vector
from sdsim.run.system import System

MAX_BYTES = 1_000_000
#: Half-widths of the draws, as shares of the constants' values.
SPREADS = (0.25, 0.5)


@dataclass(frozen=True)
class Choice:
    """A model folder's choice of the constants to draw.

    fixed, drawn : names; ``*`` matches anything.   fixed_groups : groups in the model file.
    limits : ranges that replace those declared in the model.
    posterior : the folder of a posterior whose draws are taken instead; it says itself which
        constants.
    section : the file as read, in which the lines of names are looked up.
    """

    fixed: tuple[str, ...] = ()
    fixed_groups: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    posterior: Path | None = None
    section: Section | None = field(default=None, repr=False, compare=False)

    def traced(self, e: ModelError) -> ModelError:
        """An error about a name in the file, with its line."""
        return self.section.traced(e) if self.section else e.at(file="draws.toml")


def read_choice(path: str | Path) -> Choice:
    """Read a ``draws.toml``.

    Raises
    ------
    ModelError : no TOML, an unknown key, a value of the wrong kind; the key is named.
    """
    top = read_toml(Path(path), MAX_BYTES)
    top.only("fixed", "fixed_groups", "drawn", "limits", "posterior")
    if top.has("posterior"):
        for key in top.data:
            if key != "posterior":
                raise top.fault("the posterior says what is drawn", key, "leave one out")
        return Choice(posterior=Path(path).parent / top.words("posterior"), section=top)
    section = top.section("limits")
    limits = {}
    for name in section.data:
        pair = section.numbers(name)
        if len(pair) != 2:
            raise section.fault("expected [low, high]", name, "write two numbers")
        low, high = pair
        if low > high:
            raise section.fault(f"{low:g} is above {high:g}", name, "swap them")
        limits[name] = (low, high)
    fixed, groups, drawn = (top.texts(k, ()) for k in ("fixed", "fixed_groups", "drawn"))
    return Choice(fixed, groups, drawn, limits, section=top)


@dataclass(frozen=True)
class Drawn:
    """The drawn constants, one entry per element: places, values as set, limits.

    posterior : (n_draw, n_element) values that are drawn together, in place of the limits.
    """

    cells: tuple[Cell, ...]
    names: tuple[str, ...]
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    posterior: NDArray[np.float64] | None = field(default=None, compare=False, repr=False)

    @property
    def spreads(self) -> tuple[float | None, ...]:
        """The half-widths to draw within; None for a posterior, which has its own."""
        return SPREADS if self.posterior is None else (None,)

    def most(self, count: int) -> int:
        """``count``, or the number of a posterior's draws if there are fewer."""
        return count if self.posterior is None else min(count, len(self.posterior))

    def draws(self, count: int, spread: float | None, first: int = 0, seed: int = 0) -> Draws:
        """Members ``first`` to ``first + count - 1``: values times factors in 1 ± ``spread``, or
        draws of the posterior, each at most once.

        A member's draw depends only on its number and the seed; every spread uses the same factors,
        stretched.
        """
        if self.posterior is not None:
            order = taken(len(self.posterior), len(self.posterior), seed)
            return Draws(self.cells, self.posterior[order[first : first + count]].T)
        assert spread is not None
        n = len(self.cells)
        unit = np.empty((count, n))
        for i in range(count):
            unit[i] = np.random.default_rng((seed, first + i)).uniform(-1.0, 1.0, n)
        drawn = np.asarray(self.values)[:, None] * (1 + spread * unit.T)
        low, high = (np.asarray(v)[:, None] for v in (self.low, self.high))
        return Draws(self.cells, np.clip(drawn, low, high))


def choose(
    system: System, overrides: Overrides | None = None, choice: Choice | None = None
) -> Drawn:
    """Choose the constants to draw, with the values that ``overrides`` give them.

    The default is every non-zero constant that has limits at both ends and whose documentation
    calls it assumed, an analogy or from the literature. Control variables are never drawn.

    Raises
    ------
    ModelError : a name in ``choice`` that matches no constant.
    """
    choice = choice or Choice()
    if choice.posterior is not None:
        return _from_posterior(system, overrides or Overrides(), choice, choice.posterior)
    _check(system, choice)
    limits = {names.canonical(k): v for k, v in choice.limits.items()}
    ready, parameters = system.overridden(overrides or Overrides())
    vector = parameter_vector(ready.program, parameters)
    rows: list[tuple[Cell, str, float, float, float]] = []
    for where, label, value in zip(
        ready.program.param_cells, ready.program.params, vector, strict=True
    ):
        v = ready.model.variables.get(where[0])
        if v is None or v.hidden or where[0] in names.CONTROL or value == 0:
            continue
        low, high = limits.get(where[0], v.limits)
        named = _among(v.name, choice.drawn)
        doubted = doubt_of(v.doc) is not None and v.group not in choice.fixed_groups
        if not named and (not doubted or _among(v.name, choice.fixed)):
            continue
        if low is None or high is None:
            if named:
                what = "is to be drawn and has no limits"
                remedy = "give some under [limits]"
                raise choice.traced(ModelError(what, remedy=remedy, variable=v.name))
            continue
        low, high = min(low, float(value)), max(high, float(value))
        rows.append((where, label, float(value), low, high))
    cells, labels, values, lows, highs = zip(*rows, strict=True) if rows else [()] * 5
    return Drawn(cells, labels, values, lows, highs)


def _from_posterior(system: System, overrides: Overrides, choice: Choice, store: Path) -> Drawn:
    """Every element of a posterior's constants, with its draws."""
    try:
        known, rows = read_draws(store)
        fit(Posterior.of(known, rows[:1]).factors, system.model)
    except ModelError as e:
        raise choice.section.placed(e, "posterior") if choice.section else e from None
    ready, parameters = system.overridden(overrides)
    vector = parameter_vector(ready.program, parameters)
    columns: dict[Cell, int] = {}
    for k, name in enumerate(known):
        variable, cells = locate(system.model, name)
        size = math.prod(shape_of(system.model, variable))
        key = names.canonical(variable.name)
        columns |= {(key, c): k for c in (range(size) if cells is None else cells)}
    params = zip(ready.program.param_cells, ready.program.params, vector.tolist(), strict=True)
    found = [(where, label, v) for where, label, v in params if where in columns]
    table = rows[:, [columns[where] for where, _, _ in found]]
    low, high = tuple(table.min(axis=0).tolist()), tuple(table.max(axis=0).tolist())
    places, labels, values = zip(*found, strict=True)
    return Drawn(places, labels, values, low, high, table)


def _among(name: str, patterns: tuple[str, ...]) -> bool:
    key = names.canonical(name)
    return any(fnmatchcase(key, names.canonical(p)) for p in patterns)


def _check(system: System, choice: Choice) -> None:
    constants = [v.name for k, v in system.model.variables.items() if system.kinds[k] == "constant"]
    for pattern in (*choice.fixed, *choice.drawn, *choice.limits):
        if not any(_among(name, (pattern,)) for name in constants):
            remedy = suggested(pattern, constants)
            raise choice.traced(ModelError(f"'{pattern}' is not a constant", remedy=remedy))
    groups = {v.group for v in system.model.variables.values()}
    for group in choice.fixed_groups:
        if group not in groups:
            remedy = suggested(group, sorted(groups))
            raise choice.traced(ModelError(f"no group '{group}'", remedy=remedy))


@dataclass(frozen=True)
class Share:
    """A share of draws: how many hold, of how many; failed ones count as not holding."""

    holding: int
    of: int
    failed: int = 0

    @property
    def share(self) -> float:
        """The share."""
        return self.holding / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval (Wilson 1927)."""
        z, n, p = 1.959963984540054, self.of, self.share
        middle = p + z * z / (2 * n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        below = 1 + z * z / n
        return max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)
