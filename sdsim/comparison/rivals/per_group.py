"""A rival fitted to each group by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sdsim.base.errors import ModelError
from sdsim.comparison.panel import Panel
from sdsim.comparison.rivals.base import Fitted, Rival
from sdsim.comparison.rivals.predictive import Predictive, joined


@dataclass(frozen=True)
class PerGroup:
    """The same rival in each group, with nothing in common."""

    rival: Rival

    kind: ClassVar[str] = "per_group"

    @property
    def name(self) -> str:
        """See `Rival`."""
        return f"{self.rival.name}, each group by itself"

    def fit(self, train: Panel) -> FittedGroups:
        """See `Rival`."""
        at = train.places(train.names)
        each = {name: train.rows(at == place) for place, name in enumerate(train.names)}
        return FittedGroups(self.name, {n: self.rival.fit(part) for n, part in each.items()})


@dataclass(frozen=True)
class FittedGroups:
    """A fitted rival for each group."""

    name: str
    groups: dict[str, Fitted]

    @property
    def parameters(self) -> int:
        """See `Fitted`."""
        return sum(f.parameters for f in self.groups.values())

    @property
    def informed(self) -> float:
        """See `Fitted`."""
        return sum(f.informed for f in self.groups.values())

    def predict(self, test: Panel) -> Predictive:
        """See `Fitted`."""
        missing = [g for g in test.names if g not in self.groups]
        if missing:
            what = f"{self.name}: no data of group '{missing[0]}' to learn from"
            raise ModelError(what, remedy="hold out times, or fit all groups together")
        at = test.places(test.names)
        rows = [np.flatnonzero(at == place) for place in range(len(test.names))]
        parts = [
            self.groups[name].predict(test.rows(r))
            for name, r in zip(test.names, rows, strict=True)
        ]
        return joined(parts, rows)
