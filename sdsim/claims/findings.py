"""The results of deciding claims, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdsim.claims.claims import Claim
from sdsim.claims.draws import SPREADS, Share
from sdsim.outcomes.evaluate import EQUAL


@dataclass(frozen=True)
class Side:
    """One comparison in a check: the two sides, with their values where both are numbers."""

    text: str
    margin: float | None
    left: float | None = None
    right: float | None = None


@dataclass(frozen=True)
class Ablation:
    """The result of the check under an ablation.

    breaks : None if it does not count, because the check is not supported or the run failed.
    """

    name: str
    breaks: bool | None
    margin: float | None
    reason: str = ""


@dataclass(frozen=True)
class Robust:
    """A check under draws within 1 ± ``spread``, or of a posterior if that is None; reported
    numbers as 5, 50 and 95 % quantiles."""

    spread: float | None
    share: Share
    reported: Mapping[str, Share | tuple[float, float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """The result of a claim.

    margin : for equal values ±5e-324, positive if the comparison holds; 0 in ``to_data``.
    status : ``supported``, ``not supported``, ``not testable`` or ``ERROR``; ``reason`` explains
        any but the first.
    toy : whether the toy model passes; None if it lacks an output.
    closed, open : the declared loops that are, and are not, closed in the runs of the check.
    held : whether the check passes with all closed loops held; None if none is closed.
    felt : closed loops that change the margin when held one at a time.
    needs : closed loops that make the check fail when held one at a time.
    reported : the reported values in the base run.
    curves : the plotted curves: (times, values) by expression.
    notes : one-line warnings that do not affect the status: runs that nothing reads, constants
        set outside their declared ranges.
    """

    claim: Claim
    status: str
    margin: float | None = None
    reason: str = ""
    sides: tuple[Side, ...] = ()
    reported: Mapping[str, float | bool | None] = field(default_factory=dict)
    curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = field(
        default_factory=dict
    )
    ablations: tuple[Ablation, ...] = ()
    toy: bool | None = None
    held: bool | None = None
    needs: tuple[str, ...] | None = None
    closed: tuple[str, ...] | None = None
    open: tuple[str, ...] | None = None
    felt: tuple[str, ...] | None = None
    robust: tuple[Robust, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def as_expected(self) -> bool:
        """Whether the status is the one the claim expects."""
        return self.status == self.claim.expect

    @property
    def definitional(self) -> bool | None:
        """Whether a null model passes as well; None if there was no null model."""
        asked = [x for x in (self.toy, self.held) if x is not None]
        return any(asked) if asked else None

    @property
    def evidence(self) -> bool | None:
        """Whether a supported claim fails in every null model; None if the claim is not supported
        (passing then means nothing) or there was no null model."""
        if self.status != "supported" or self.definitional is None:
            return None
        return not self.definitional

    @property
    def ablation_breaks(self) -> bool | None:
        """Whether every ablation that counts breaks the check; None if none counts."""
        counted = [a.breaks for a in self.ablations if a.breaks is not None]
        return all(counted) if counted else None

    def share(self, spread: float | None) -> Share | None:
        """The share of draws in which the check holds; of a posterior's, if ``spread`` is None."""
        return next((r.share for r in self.robust if r.spread == spread), None)

    def to_data(self) -> dict[str, Any]:
        """Everything except the curves, as plain data."""
        c = self.claim
        return {
            "id": c.id, "claim": c.claim, "seed": c.seed, "place": c.place, "tier": c.tier,
            "kind": c.kind, "expect": c.expect, "status": self.status,
            "as_expected": self.as_expected, "reason": self.reason,
            "margin": plain_margin(self.margin),
            "checks": [plain_row(s) for s in self.sides],
            "ablation_breaks": self.ablation_breaks,
            "ablations": [plain_row(a) for a in self.ablations],
            "definitional": self.definitional, "evidence": self.evidence,
            "toy": self.toy, "held": self.held,
            **{k: _listed(getattr(self, k)) for k in ("closed", "open", "felt", "needs")},
            **{f"share_{_key(s)}": _share(self.share(s)) for s in spreads_of([self])},
            **{f"interval_{_key(s)}": _interval(self.share(s)) for s in spreads_of([self])},
            "failed_draws": {_key(r.spread): r.share.failed for r in self.robust},
            "data": c.data, "data_note": c.data_note, "changed": c.changed, "why": c.why,
            "missing": c.missing, "notes": list(self.notes),
            "conflicts": list(c.conflicts), "reported": dict(self.reported),
            "reported_draws": {
                _key(r.spread): {
                    k: _share(v) if isinstance(v, Share) else list(v)
                    for k, v in r.reported.items()
                }
                for r in self.robust
            },
        }  # fmt: skip


def plain_row(row: Side | Ablation) -> dict[str, Any]:
    """A row as plain data."""
    data = {k: getattr(row, k) for k in row.__dataclass_fields__}
    return data | {"margin": plain_margin(row.margin)}


def plain_margin(margin: float | None) -> float | None:
    """A margin; 0 for equal values."""
    return 0.0 if margin is not None and abs(margin) <= EQUAL else margin


def spreads_of(results: Sequence[Result]) -> tuple[float | None, ...]:
    """The draws that results are under: within two distances, or of a posterior (None)."""
    posterior = any(r.spread is None for result in results for r in result.robust)
    return (None,) if posterior else SPREADS


def within(spread: float | None) -> str:
    """What draws are under, as a heading: ``±25 %``."""
    return "posterior" if spread is None else f"±{100 * spread:.0f} %"


def _key(spread: float | None) -> str:
    return "posterior" if spread is None else f"{100 * spread:.0f}"


def _listed(found: tuple[str, ...] | None) -> list[str] | None:
    return None if found is None else list(found)


def _share(share: Share | None) -> float | None:
    return None if share is None else share.share


def _interval(share: Share | None) -> list[float] | None:
    return None if share is None else list(share.interval)
