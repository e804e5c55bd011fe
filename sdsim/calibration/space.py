"""The space that is searched: an axis for every free number, in working units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sdsim.calibration.parameter import Parameter
from sdsim.calibration.scales import SCALES, Scale
from sdsim.design.distributions import Distribution, Normal

Floats = NDArray[np.float64]

#: The prior of a group's effect, in units of the spread between groups.
EFFECT = Normal(0.0, 1.0, -10.0, 10.0)
#: Probabilities at which a prior is searched for its peak; the ends may lie at infinity.
_EDGE = 1e-9


@dataclass(frozen=True)
class Axis:
    """One free number.

    name : of the parameter, with the group in round brackets if it has a value for each.
    prior : in model units.
    parameter : its position in the list of parameters.
    group : its position in the list of groups; -1 for all.
    role : ``value``, ``centre`` or ``spread`` of a pooled parameter, or a group's ``effect``.
    """

    name: str
    parameter: int
    role: str = "value"
    group: int = -1
    prior: Distribution = EFFECT
    scale: str = "none"

    @property
    def _scale(self) -> Scale:
        return SCALES[self.scale]

    @property
    def ends(self) -> tuple[float, float]:
        """Its ends in working units."""
        low, high = self.prior.low, self.prior.high
        first, last = self._scale.onto(np.array([low, high]), low, high).tolist()
        return first, last

    def working(self, x: Floats) -> Floats:
        """Values in working units."""
        return self._scale.onto(x, self.prior.low, self.prior.high)

    def natural(self, z: Floats) -> Floats:
        """Values in model units."""
        return self._scale.back(z, self.prior.low, self.prior.high)

    def log_prior(self, z: Floats) -> Floats:
        """(n,) logarithm of the prior density in working units."""
        low, high = self.prior.low, self.prior.high
        slope = self._scale.log_slope(z, low, high)
        return np.asarray(self.prior.log_density(self._scale.back(z, low, high)) + slope)

    def drawn(self, u: Floats) -> Floats:
        """Values in working units at probabilities ``u`` of the prior."""
        return self.working(self.prior.ppf(np.clip(u, _EDGE, 1 - _EDGE)))

    @cached_property
    def _peak(self) -> tuple[float, float]:
        """Where the prior density is highest in working units, and its logarithm there."""
        grid = np.unique(self.drawn(np.linspace(0, 1, 2001)))
        for _ in range(6):  # each look closer by a factor of 1,000
            height = self.log_prior(grid)
            k = int(np.argmax(height))
            near = grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)]
            grid = np.unique([*np.linspace(*near, 2001), grid[k]])
        height = self.log_prior(grid)
        k = int(np.argmax(height))
        return float(grid[k]), float(height[k])

    def residual(self, z: Floats) -> Floats:
        """(n,) r with log prior = constant - r^2 / 2; NaN outside the prior."""
        at, most = self._peak
        with np.errstate(invalid="ignore"):
            fall = np.maximum(2 * (most - self.log_prior(z)), 0.0)
            return np.where(np.isfinite(fall), np.sign(z - at) * np.sqrt(fall), np.nan)


@dataclass(frozen=True)
class Space:
    """All axes.

    parameters : as given.   groups : names of the groups; one nameless group if there are none.
    """

    parameters: tuple[Parameter, ...]
    groups: tuple[str, ...] = ("",)

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The free numbers in order: parameter by parameter, within them group by group."""
        out: list[Axis] = []
        for k, p in enumerate(self.parameters):
            label = p.label
            if not p.per:
                out.append(Axis(label, k, prior=p.prior, scale=p.scale))
            elif p.pooled is None:
                out += [
                    Axis(f"{label} ({g})", k, "value", i, p.prior, p.scale)
                    for i, g in enumerate(self.groups)
                ]
            else:
                out.append(Axis(f"{label} (centre)", k, "centre", prior=p.prior, scale=p.scale))
                out.append(Axis(f"{label} (spread)", k, "spread", prior=p.pooled))
                out += [
                    Axis(f"{label} ({g}, effect)", k, "effect", i)
                    for i, g in enumerate(self.groups)
                ]
        return tuple(out)

    @property
    def names(self) -> tuple[str, ...]:
        """(k,) names of the axes."""
        return tuple(a.name for a in self.axes)

    @cached_property
    def low(self) -> Floats:
        """(k,) lower ends, working units."""
        return np.array([a.ends[0] for a in self.axes])

    @cached_property
    def high(self) -> Floats:
        """(k,) upper ends, working units."""
        return np.array([a.ends[1] for a in self.axes])

    def drawn(self, u: Floats) -> Floats:
        """(n, k) points of the prior at points ``u`` of the unit cube."""
        columns = [a.drawn(u[:, i]) for i, a in enumerate(self.axes)]
        return np.stack(columns, axis=1) if columns else np.empty((len(u), 0))

    def log_prior(self, points: Floats) -> Floats:
        """(n,) logarithm of the prior density at points in working units."""
        return np.asarray(sum((a.log_prior(points[:, i]) for i, a in enumerate(self.axes)), 0.0))

    def prior_residuals(self, points: Floats) -> Floats:
        """(n, k) r with log prior = constant - sum r^2 / 2."""
        return np.stack([a.residual(points[:, i]) for i, a in enumerate(self.axes)], axis=1)

    def natural(self, points: Floats) -> Floats:
        """(n, k) points in model units; a group's effect stays a standard normal number."""
        return np.stack([a.natural(points[:, i]) for i, a in enumerate(self.axes)], axis=1)

    def values(self, points: Floats) -> Mapping[str, Floats]:
        """(n, n_group) for each parameter, by its label: its value in each group, model units."""
        return {
            p.label: np.broadcast_to(self._of(k, points), (len(points), len(self.groups)))
            for k, p in enumerate(self.parameters)
        }

    def _of(self, k: int, points: Floats) -> Floats:
        mine = [(i, a) for i, a in enumerate(self.axes) if a.parameter == k]
        p = self.parameters[k]
        if p.pooled is None:
            return np.stack([a.natural(points[:, i]) for i, a in mine], axis=1)
        (centre, _), (spread, axis), *effects = mine
        at = [i for i, _ in effects]
        z = points[:, [centre]] + axis.natural(points[:, [spread]]) * points[:, at]
        return SCALES[p.scale].back(z, p.prior.low, p.prior.high)

    def point(self, values: Sequence[float]) -> Floats:
        """(k,) a point in working units from numbers in model units, in the order of the axes."""
        return np.array([
            float(a.working(np.array([v]))[0]) for a, v in zip(self.axes, values, strict=True)
        ])  # fmt: skip
