"""Checks of the values a user gives: numbers, tables of points, values by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sdsim.base.errors import ModelError, said

_KINDS = ("interpolate", "hold_backward", "look_forward", "extrapolate")


@dataclass(frozen=True)
class Points:
    """A table of points: x and y of a lookup, or times and values of a time series.

    x, y : equally many numbers in any sequence (list, array, pandas Series); x strictly
        increasing, model units (for a series: model time). They are stored as tuples of floats.
    kind : ``interpolate`` (straight lines), ``hold_backward`` (the last value holds),
        ``look_forward`` (the next value), ``extrapolate`` (the end slopes continue).

    Raises
    ------
    ModelError : no points, different lengths, values that are not finite, x not increasing.

    Examples
    --------
    >>> Points([2000, 2010], [1.5, 2])
    Points(x=(2000.0, 2010.0), y=(1.5, 2.0), kind='interpolate')
    >>> outside = sdsim.Points((0, 15, 30), (70, 50, 40))
    >>> run = sdsim.simulate(sdsim.load("teacup.mdl"), {"Room Temperature": outside})
    >>> run["Room Temperature"].sel(time=[0, 7.5, 30]).values.tolist()
    [70.0, 60.0, 40.0]
    """

    x: Sequence[float] | NDArray[Any]
    y: Sequence[float] | NDArray[Any]
    kind: str = "interpolate"

    def __post_init__(self) -> None:
        xs, ys = _row(self.x, "x"), _row(self.y, "y")
        if len(xs) != len(ys) or not xs:
            raise ModelError(
                f"{len(xs)} x and {len(ys)} y values, expected as many of each, and at least one",
                remedy="give each x its y",
            )
        for a, b in pairwise(xs):
            if b <= a:
                raise ModelError(
                    f"x must increase, got {b:.12g} after {a:.12g}",
                    remedy="sort the points and keep each x once",
                )
        if self.kind not in _KINDS:
            raise ModelError(f"unknown kind '{self.kind}'", remedy=f"one of {', '.join(_KINDS)}")
        object.__setattr__(self, "x", xs)
        object.__setattr__(self, "y", ys)

    @classmethod
    def of(
        cls, x: Sequence[float], y: Sequence[float], what: str, kind: str = "interpolate"
    ) -> Points:
        """The points of the variable ``what``, which errors name.

        Raises
        ------
        ModelError : see the class.
        """
        try:
            return cls(x, y, kind)
        except ModelError as e:
            raise e.at(variable=what) from None


def _row(values: Any, what: str) -> tuple[float, ...]:
    """One side of a table as floats."""
    ordered = isinstance(values, Iterable) and not isinstance(
        values, str | bytes | Mapping | set | frozenset | pd.DataFrame
    )
    if not ordered or getattr(values, "ndim", 1) != 1:
        got = f"{values.ndim} dimensions" if getattr(values, "ndim", 0) > 1 else said(values)
        raise ModelError(f"{what}: expected numbers in a row, got {got}", remedy="write [1, 2, 3]")
    return tuple(number(v, "") for v in values)


def number(value: Any, what: str) -> float:
    """``value`` as a finite float.

    Raises
    ------
    ModelError : it is not a finite number.
    """
    wrong = isinstance(value, bool | str | bytes | complex | np.complexfloating) or value is None
    try:
        out = math.nan if wrong else float(value)
    except (TypeError, ValueError):
        wrong = True
    except OverflowError:
        out = math.inf
    if wrong:
        what_is = f"expected a number, got {said(value)}"
        raise ModelError(what_is, remedy="write one such as 2.5", variable=what)
    if not math.isfinite(out):
        remedy = "write one between -1.8e308 and 1.8e308"
        raise ModelError(
            f"expected a finite number, got {said(value)}", remedy=remedy, variable=what
        )
    return out


def checked_seed(seed: object) -> int:
    """``seed``, if it is a whole number.

    Raises
    ------
    ModelError : it is not.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        what = f"the seed must be a whole number, got {said(seed)}"
        raise ModelError(what, remedy="give one such as 0")
    return int(seed)


def many_numbers(values: Sequence[float], what: str) -> NDArray[np.float64]:
    """(n,) finite floats; refuses the same values as `number`, but faster for arrays."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and values.ndim == 1:
        if np.isfinite(values).all():
            return values
        values = values[~np.isfinite(values)][:1]
    return np.array([number(v, what) for v in values], dtype=np.float64)


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """``value`` as values by name; a pandas Series or DataFrame gives its labels.

    Raises
    ------
    ModelError : it is something else, or a name is not text.
    """
    found = value
    if isinstance(value, pd.DataFrame):
        found = {c: value[c].to_numpy() for c in value.columns}
        if len(found) != value.shape[1]:
            raise ModelError(f"{what}: two columns of one name", remedy="rename one")
    elif isinstance(value, pd.Series):
        found = value.to_dict()
    if not isinstance(found, Mapping):
        remedy = "read_preset(path).overrides" if isinstance(value, str | Path) else ""
        if hasattr(value, "overrides"):
            remedy = "give its .overrides"
        raise ModelError(
            f"{what}: expected values by name, got {said(value)}",
            remedy=remedy or "write {'Name': value}",
        )
    for name in found:
        if not isinstance(name, str):
            raise ModelError(
                f"{what}: expected a name, got {said(name)}", remedy="write names as text"
            )
    return found
