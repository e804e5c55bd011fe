"""Distributions as plain data, as in specs, stores and manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from sdsim.base.errors import ModelError, nearest, said
from sdsim.design.distributions.base import Distribution
from sdsim.design.distributions.beta import Beta
from sdsim.design.distributions.discrete import Choice, Integer
from sdsim.design.distributions.empirical import Empirical
from sdsim.design.distributions.exponential import Exponential
from sdsim.design.distributions.gamma import Gamma
from sdsim.design.distributions.normal import HalfNormal, LogNormal, Normal
from sdsim.design.distributions.student import StudentT
from sdsim.design.distributions.triangular import Pert, Triangular
from sdsim.design.distributions.truncated import Shifted
from sdsim.design.distributions.uniform import LogUniform, Uniform
from sdsim.design.distributions.weibull import Weibull

_ALL: tuple[type[Any], ...] = (
    Uniform, LogUniform, Triangular, Pert, Normal, LogNormal, HalfNormal, StudentT, Choice, Integer,
    Exponential, Gamma, Weibull, Beta, Empirical,
)  # fmt: skip
#: Distributions by their keyword in specs.
KINDS: dict[str, type[Any]] = {d.kind: d for d in _ALL}


def to_data(distribution: Distribution) -> dict[str, Any]:
    """As plain data."""
    made: Any = distribution
    data = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(made).items()}
    return {"distribution": distribution.kind, **data}


def from_data(data: Mapping[str, Any]) -> Distribution:
    """The inverse of `to_data`; also reads the form used in specs.

    Raises
    ------
    ModelError : an unknown kind; settings that are missing, unknown or invalid.
    """
    data = dict(data)
    word = data.pop("distribution", "choice" if "values" in data else "uniform")
    if word not in KINDS:
        remedy = nearest(str(word), KINDS) or f"one of {', '.join(KINDS)}"
        raise ModelError(f"unknown distribution '{word}'", remedy=remedy)
    kind = KINDS[word]
    known = [f.name for f in fields(kind)]
    for key in data:
        if key not in known:
            remedy = nearest(key, known) or f"it has {', '.join(known)}"
            raise ModelError(f"{word} has no '{key}'", remedy=remedy)
    made = {key: _setting(word, key, value) for key, value in data.items()}
    if issubclass(kind, Shifted):
        made = kind.uncut(made)
    needed = [f.name for f in fields(kind) if f.name not in made and f.default is MISSING]
    if needed:
        raise ModelError(f"{word} needs {' and '.join(needed)}", remedy="write them")
    return kind(**made)  # type: ignore[no-any-return]


def _setting(word: str, key: str, value: object) -> float | tuple[float, ...]:
    """A number, or the list of them that values are."""
    if (word in (Choice.kind, Empirical.kind)) != isinstance(value, list | tuple):
        what = f"{word}: a list where a number is expected, or the other way round"
        raise ModelError(what, remedy="write values as a list, all else as numbers")
    if isinstance(value, list | tuple):
        return tuple(_number(v, f"{word}: {key}") for v in value)
    return _number(value, f"{word}: {key}")


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        what = f"{what}: expected a number, got {said(value)}"
        raise ModelError(what, remedy="write one such as 2.5")
    return float(value)
