"""Scenarios under shared uncertainty: settings of a model, each run as set and once per draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sdsim.base.errors import ModelError, nearest
from sdsim.base.names import canonical
from sdsim.claims.draws import Drawn
from sdsim.overrides import Overrides, parameter_vector
from sdsim.run.ensemble import simulated_many
from sdsim.run.methods import Method
from sdsim.run.system import System

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scenarios:
    """The runs of several scenarios. Draw k uses the same drawn constants in every scenario, so
    that differences between scenarios are paired.

    runs : variables over time and member; each scenario's members are contiguous, first the run
        as set, then its draws.
    labels : the scenarios, in order.   draws : per scenario.   uncertain : drawn constants.
    """

    runs: xr.Dataset
    labels: tuple[str, ...]
    draws: int
    uncertain: int

    @property
    def time(self) -> Floats:
        """(n_saved,) times, in the model's unit."""
        return np.asarray(self.runs["time"].values, dtype=np.float64)

    def series(self, label: str, name: str, **at: str) -> Floats:
        """(n_saved,) a variable in a scenario as set, in the variable's units.

        at : an element for each subscript range, by the range's name in any spelling.
        """
        return self._members(label, name, at)[..., 0]

    def drawn(self, label: str, name: str, **at: str) -> Floats:
        """(n_saved, draws) the same for the scenario's draws."""
        return self._members(label, name, at)[..., 1:]

    def band(
        self, label: str, name: str, low: float = 0.1, high: float = 0.9, **at: str
    ) -> tuple[Floats, Floats]:
        """Two quantiles over the draws, each (n_saved,)."""
        between = np.nanquantile(self.drawn(label, name, **at), [low, high], axis=1)
        return between[0], between[1]

    def final(self, label: str, name: str, **at: str) -> Floats:
        """(1 + draws,) final values: as set, then the draws."""
        last: Floats = self._members(label, name, at)[-1]
        return last

    def _members(self, label: str, name: str, at: Mapping[str, str]) -> Floats:
        if label not in self.labels:
            what = f"no scenario '{label}'"
            raise ModelError(what, remedy=nearest(label, self.labels) or "name one that was run")
        array = self.runs[name]
        ranges = {str(d).casefold(): d for d in array.dims}
        picked = array.sel({ranges[k.casefold()]: v for k, v in at.items()})
        first = self.labels.index(label) * (1 + self.draws)
        return np.asarray(picked.values[..., first : first + 1 + self.draws], dtype=np.float64)


def run_scenarios(
    system: System,
    settings: Mapping[str, Mapping[str, float]],
    overrides: Overrides,
    chosen: Drawn,
    draws: int,
    spread: float,
    *,
    method: Method | None = None,
    save: Iterable[str] | None = None,
    seed: int = 0,
) -> Scenarios:
    """Run every scenario ``1 + draws`` times, in one batch.

    Parameters
    ----------
    settings : for each scenario, new values of scalar constants; empty for the model as it is.
    overrides : the same for all scenarios, for example from a preset.
    chosen : the constants to draw; see `sdsim.claims.draws.choose`. A constant that a scenario
        sets is not drawn.
    spread : each constant is drawn within 1 ± spread of its value and within its declared range.
    seed : of the draws and of the model's random functions.

    Raises
    ------
    ModelError : a setting that is not a constant of the model.
    """
    drawn = chosen.draws(draws, spread, seed=seed).values
    changed = sorted({name for setting in settings.values() for name in setting})
    as_is = _as_is(system, overrides, changed)
    columns: dict[str, list[float]] = {}
    for setting in settings.values():
        for name in changed:
            columns.setdefault(name, []).extend([setting.get(name, as_is[name])] * (1 + draws))
        for name, value, row in zip(chosen.names, chosen.values, drawn, strict=True):
            if name not in as_is:
                columns.setdefault(name, []).extend([value, *row.tolist()])
    runs = simulated_many(system, columns, overrides, method, save=save, seed=seed)
    return Scenarios(runs, tuple(settings), draws, len(chosen.cells))


def _as_is(system: System, overrides: Overrides, wanted: Iterable[str]) -> dict[str, float]:
    """The values of scalar constants in scenarios that do not set them."""
    ready, parameters = system.overridden(overrides)
    vector = parameter_vector(ready.program, parameters)
    at = {key: float(vector[i]) for i, (key, _) in enumerate(ready.program.param_cells)}
    out = {}
    for name in wanted:
        variable = system.model.find(name)
        key = canonical(variable.name)
        if variable.dims or key not in at:
            what = "is not a constant without subscripts"
            raise ModelError(what, variable=variable.name, remedy="set such constants in scenarios")
        out[name] = at[key]
    return out
