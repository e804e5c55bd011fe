"""Outcomes that are missing in some members: how many, in what share of the space, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.base.numerals import shown
from sdsim.design import Crossed, Design, Morris, OneAtATime, Saltelli

Floats = NDArray[np.float64]
#: The fewest members with, and without, a value for which their location is reported.
FEWEST = 10
#: The most factor values that are compared for that.
ROOM = 20_000_000


@dataclass(frozen=True)
class Missing:
    """Members without a value of one outcome.

    members, of : how many lack a value, and how many members there are; ``failed`` of them failed,
        in the others the outcome does not exist (for example a level that is never reached).
    left : members with a value that are left out because they lack another outcome.
    used, blocks : how many ``unit`` the method can use, and how many there are: runs that a design
        groups count only if all of them have a value.
    where : the factor in which members with and without a value differ most, with its median among
        those without and among those with; empty if there are too few of either.
    """

    members: int
    of: int
    failed: int
    left: int
    used: int
    blocks: int
    unit: str
    where: tuple[str, float, float] | None = None

    @property
    def share(self) -> float:
        """The share of runs without a value. For a design that fills the space of its factors, this
        is the share of that space, weighted as the design weights it."""
        return self.members / self.of

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {**self.__dict__, "share": self.share}

    def sentence(self, outcome: str, design: str) -> str:
        """A sentence that a reader needs before any number."""
        space = "runs" if design in (OneAtATime.kind, Crossed.kind) else "space"
        out = f"{outcome} has no value in {self.members:,} of {self.of:,} members "
        out += f"({self.share:.1%} of the {space}), {self.failed:,} of them failed"
        if self.left:
            out += f"; {self.left:,} more are left out, where another outcome has none"
        out += f"; {self.used:,} of {self.blocks:,} {self.unit} are used"
        if self.where:
            factor, without, there = self.where
            out += (
                f"; they differ most in '{factor}': median {shown(without)} without a value, "
                f"{shown(there)} with one"
            )
        if design in (Saltelli.kind, Morris.kind) and self.used < self.blocks:
            out += (
                f"; whole {self.unit} are left out for single runs, so that what is left is no "
                "sample of the whole space nor of the part with values: read its numbers as rough"
            )
        return out


def in_common(y: Floats) -> NDArray[np.bool_]:
    """(n_member,) whether a member has a value for every outcome that any member has."""
    known = np.isfinite(y)
    return np.asarray(known[:, known.any(axis=0)].all(axis=1))


def missing_of(
    design: Design, outcomes: Sequence[str], y: Floats, used: Floats, failed: NDArray[np.bool_]
) -> Mapping[str, Missing]:
    """Missing values by outcome, for outcomes that lack values or lose members.

    y : (n_member, n_outcome).   used : the same, with unused values as NaN.
    failed : (n_member,).
    """
    known, kept = np.isfinite(y), np.isfinite(used)
    size, unit = _blocks(design)
    out = {}
    for k, name in enumerate(outcomes):
        if kept[:, k].all():
            continue
        whole = np.asarray(kept[:, k].reshape(-1, size).all(axis=1))
        out[name] = Missing(
            int((~known[:, k]).sum()), len(y), int((~known[:, k] & failed).sum()),
            int((known[:, k] & ~kept[:, k]).sum()), int(whole.sum()), len(whole), unit,
            _where(design, known[:, k]),
        )  # fmt: skip
    return out


def _blocks(design: Design) -> tuple[int, str]:
    """The size of a design's groups of runs, and what such a group is called."""
    if isinstance(design, Saltelli):
        return design.count // design.base, "base points"
    if isinstance(design, Morris):
        return design.count // design.trajectories, "trajectories"
    if isinstance(design, Crossed):
        return len(design.policies), "draws"
    return 1, "members"


def _where(design: Design, known: NDArray[np.bool_]) -> tuple[str, float, float] | None:
    """The factor whose distributions differ most between members with and without a value."""
    rest = int(known.sum())
    if min(rest, len(known) - rest) < FEWEST or len(known) * len(design.factors) > ROOM:
        return None
    x = design.values(0, design.count)
    apart = [_distance(v[~known], v[known]) for v in x.T]
    j = int(np.argmax(apart))
    without, there = float(np.median(x[~known, j])), float(np.median(x[known, j]))
    return design.factors[j].name, without, there


def _distance(a: Floats, b: Floats) -> float:
    """The largest distance between two empirical distributions (Kolmogorov-Smirnov)."""
    a, b = np.sort(a), np.sort(b)
    at = np.concatenate([a, b])
    shares = (np.searchsorted(v, at, side="right") / len(v) for v in (a, b))
    return float(np.abs(np.subtract(*shares)).max())
