"""Reads Vensim's sensitivity control files (``.vsc``) as designs.

A first line ``simulations, method, seed, file, warnings``, then ``constant = DISTRIBUTION(least,
largest, ...)`` on a line each; the formats are those of Vensim's reference manual (Sensitivity
Control File; Sensitivity Distributions). Draws are our own: the same distributions, not the same
numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from sdsim.base import files, limits
from sdsim.base.errors import ModelError, nearest
from sdsim.design.base import Design
from sdsim.design.distributions import (
    Beta,
    Choice,
    Distribution,
    Exponential,
    Gamma,
    Normal,
    Triangular,
    Uniform,
    Weibull,
)
from sdsim.design.factors import Factor, Uncertainty
from sdsim.design.latin import LatinHypercube
from sdsim.design.levels import Grid
from sdsim.design.montecarlo import MonteCarlo
from sdsim.design.table import Table, read_rows

#: Its keyword in specs.
KIND = "vensim"
MEMBERS, SEED = 200, 1234
_LINE = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"(?:\[[^\]]*\])?|[^=]+?)\s*=\s*([A-Za-z_ ]+?)\s*\(([^()]*)\)'
)
_MOST_VALUES = 100_000


def _vector(low: float, high: float, step: float) -> Choice:
    if not step > 0 or not 0 <= (high - low) / step <= _MOST_VALUES:
        raise ModelError(
            f"VECTOR: no steps of {step:g} from {low:g} to {high:g}",
            remedy="let the step lead from one to the other",
        )
    return Choice(tuple(low + k * step for k in range(int((high - low) / step + 1e-9) + 1)))


def _triangular(low: float, high: float, start: float, peak: float, stop: float) -> Triangular:
    if low > start or high < stop:
        remedy = f"let least and largest be {start:g} and {stop:g}"
        raise ModelError("RANDOM TRIANGULAR that is cut off is not supported", remedy=remedy)
    return Triangular(start, peak, stop)


#: By name: the number of arguments, and the distribution used here.
_DISTRIBUTIONS: dict[str, tuple[int, Callable[..., Distribution]]] = {
    "random uniform": (2, Uniform),
    "random normal": (4, lambda low, high, mean, sd: Normal(mean, sd, low, high)),
    "random triangular": (5, _triangular),
    "random exponential": (4, lambda a, b, shift, stretch: Exponential(a, b, shift, stretch)),
    "random gamma": (5, lambda a, b, order, shift, st: Gamma(a, b, shift, st, order)),
    "random weibull": (5, lambda a, b, shape, shift, st: Weibull(a, b, shift, st, shape)),
    "random beta": (6, lambda a, b, p, q, shift, st: Beta(a, b, shift, st, p, q)),
    "vector": (3, _vector),
}


def read_vensim(path: Path) -> Design:
    """Read the design in a file.

    Raises
    ------
    ModelError : file, line, what was expected; a method or distribution that is not supported.
    """
    try:
        lines = files.read_text(path, limits.DATA_BYTES).splitlines()
    except ModelError as e:
        raise e.at(file=path.name) from None
    said = [(n, line.strip()) for n, line in enumerate(lines, start=1) if line.strip()]
    if not said:
        raise ModelError("is empty", remedy="200,M,1234", file=path.name)
    try:
        return _design(said[0][1], said[1:], path)
    except ModelError as e:
        raise e.at(file=path.name, line=said[0][0]) from None


def _design(head: str, rest: Sequence[tuple[int, str]], path: Path) -> Design:
    count, method, seed, file = _head(head)
    if method == "F":
        if not file or Path(file).name != file:
            raise ModelError(
                f"expected a file beside this one, got '{file}'", remedy="write its name alone"
            )
        return _table(path.parent / file)
    factors = tuple(_factor(line, number) for number, line in rest)
    if not factors:
        raise ModelError("no constants", remedy="NAME=RANDOM UNIFORM(least,largest)")
    if method == "M":
        return MonteCarlo(factors, count, seed)
    if method == "L":
        return LatinHypercube(factors, count, seed)
    return Grid(factors, count)


def _head(line: str) -> tuple[int, str, int, str]:
    parts = [p.strip() for p in line.split(",")] + [""] * 4
    method = parts[1].upper() or "M"
    if method == "U":
        remedy = 'use [design] kind = "one at a time"'
        raise ModelError("method U (univariate) is not supported", remedy=remedy)
    if method not in ("M", "L", "G", "F"):
        raise ModelError(
            f"expected method M, L, G or F, got '{parts[1]}'", remedy="write one of these"
        )
    try:
        count, seed = int(parts[0] or MEMBERS), int(parts[2] or SEED)
    except ValueError:
        what = f"expected simulations,method,seed, got '{line[:60]}'"
        raise ModelError(what, remedy="200,M,1234") from None
    if seed <= 0 and method in "ML":
        raise ModelError(f"seed {seed} is not supported", remedy="a seed above 0, as 1234")
    return count, method, seed, parts[3].strip('"')


def _factor(line: str, number: int) -> Factor:
    try:
        found = _LINE.fullmatch(line.rstrip("; \t"))
        if found is None:
            raise ModelError(
                f"expected NAME=DISTRIBUTION(...), got '{line[:60]}'",
                remedy="write rate=RANDOM_UNIFORM(0,1) or so",
            )
        word = " ".join(found[2].replace("_", " ").lower().split())
        if word not in _DISTRIBUTIONS:
            remedy = nearest(word, _DISTRIBUTIONS) or f"there are {', '.join(_DISTRIBUTIONS)}"
            raise ModelError(f"distribution {word.upper()} is not supported", remedy=remedy)
        wanted, make = _DISTRIBUTIONS[word]
        texts = [a.strip() for a in found[3].split(",")]
        if len(texts) != wanted:
            raise ModelError(
                f"{word.upper()} takes {wanted} numbers, got {len(texts)}",
                remedy="add what is missing, or delete the extra ones",
            )
        try:
            values = [float(a) for a in texts]
        except ValueError:
            raise ModelError(
                f"expected numbers, got '{found[3][:60]}'",
                remedy="write numbers with commas between them",
            ) from None
        return Uncertainty(found[1], make(*values), source="Vensim's sensitivity file")
    except ModelError as e:
        raise e.at(line=number) from None


def _table(path: Path) -> Table:
    """A tab-delimited sample; a missing value repeats the one above."""
    if not path.is_file():
        raise ModelError(f"no file '{path.name}'", remedy="put it beside this one")
    try:
        rows = read_rows(files.read_text(path, limits.TABLE_BYTES), "\t").ffill()
        return Table.of(rows.loc[:, [c for c in rows.columns if not str(c).startswith("Unnamed")]])
    except ModelError as e:
        raise e.at(file=path.name) from None
