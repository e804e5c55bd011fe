"""Draws from a posterior as a design: what a calibration learnt, put into any other run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sdsim.base import files, limits
from sdsim.base.errors import ModelError, one_line, some, suggested
from sdsim.base.toml import Section
from sdsim.design.base import DESIGNS, Floats, check_factors, check_members
from sdsim.design.bits import key_of, unit, words
from sdsim.design.distributions import Empirical
from sdsim.design.factors import Factor, Uncertainty
from sdsim.design.table import numbers_in, read_rows

#: The file of a posterior's store that holds its draws: a column for each constant.
DRAWS = "draws.csv"


@dataclass(frozen=True)
class Posterior:
    """A design whose members are draws from a posterior, with the dependence among parameters that
    the data left; all draws are equally likely.

    factors : an uncertainty for each parameter; its distribution is that of the draws, in the order
        of the members.   store : the name of the store they come from.

    Raises
    ------
    ModelError : a factor without draws, or not as many of one as of another.

    Examples
    --------
    >>> posterior = sdsim.Posterior.read("flu.posterior", 3)
    >>> posterior.factors[1].name, posterior.values(0, 3).shape
    ('Duration', (3, 2))
    """

    kind: ClassVar[str] = "posterior"
    alike: ClassVar[int] = 1
    factors: tuple[Factor, ...]
    store: str = ""

    def __post_init__(self) -> None:
        check_factors(self.factors, 1)
        counts = set()
        for f in self.factors:
            if not isinstance(f.distribution, Empirical):
                what, remedy = "has no draws", 'read them: sdsim.Posterior.read("STORE")'
                raise ModelError(what, variable=f.name, remedy=remedy)
            counts.add(len(f.distribution.values))
        if len(counts) > 1:
            what = f"from {min(counts):,} to {max(counts):,} draws of a parameter"
            raise ModelError(what, remedy="give as many of each")

    @classmethod
    def read(
        cls, store: str | Path, members: int | None = None, seed: int = 0, *, replace: bool = False
    ) -> Posterior:
        """The draws in a posterior's store.

        Parameters
        ----------
        store : a folder with ``draws.csv``: a line of names as the model spells them, and a line of
            values for each draw. ``STORE:GROUP`` takes the draws of one group of a calibration.
        members : how many draws to take, at random; all of them, in their order, by default. Fewer
            are the first of more.
        seed : of the choice of draws.
        replace : whether a draw may be taken more than once, so that there can be more members than
            draws.

        Raises
        ------
        ModelError : no such store, or one whose draws cannot be read; fewer draws than members.
        """
        store = Path(store)
        known, rows = read_draws(store)
        return cls.of(known, rows[taken(len(rows), members, seed, replace=replace)], store.name)

    @classmethod
    def of(cls, parameters: Sequence[str], rows: Floats, store: str = "") -> Posterior:
        """A design of draws.

        parameters : names of constants.   rows : (n_draw, n_parameter), model units.
        """
        source = f"posterior {store}" if store else "posterior"
        return cls(tuple(
            Uncertainty(name, Empirical(tuple(column.tolist())), source)
            for name, column in zip(parameters, rows.T, strict=True)
        ), store)  # fmt: skip

    @cached_property
    def _rows(self) -> Floats:
        """(n_member, n_factor) values, model units."""
        columns = [f.distribution.values for f in self.factors]  # type: ignore[attr-defined]
        return np.array(columns, dtype=np.float64).T

    @property
    def count(self) -> int:
        """How many members."""
        return len(self._rows)

    def unit(self, first: int, stop: int) -> Floats:
        """The middle of the probabilities that lead to each value."""
        x = self._rows[first:stop]
        out = np.empty(x.shape)
        for k, f in enumerate(self.factors):
            share = np.exp(f.distribution.log_density(x[:, k]))
            out[:, k] = f.distribution.cdf(x[:, k]) - 0.5 * share
        return out

    def values(self, first: int, stop: int) -> Floats:
        """See `sdsim.design.base.Design`."""
        return self._rows[first:stop]

    def settings(self) -> dict[str, Any]:
        """See `sdsim.design.base.Design`."""
        return {"store": self.store}


def draws_file(group: str = "") -> str:
    """The path in a posterior's store of its draws, or of those of one of its groups."""
    plain = re.sub(r"[^\w.-]", "-", group)
    return f"draws/{plain}.csv" if group else DRAWS


def store_and_group(store: Path) -> tuple[Path, str]:
    """The folder and the group that ``STORE:GROUP`` names; a folder of that very name is itself."""
    name, colon, group = store.name.partition(":")
    return (store, "") if store.is_dir() or not colon else (store.with_name(name), group)


def read_draws(store: Path) -> tuple[tuple[str, ...], Floats]:
    """The names of the parameters in a posterior's store, and (n_draw, n_parameter) draws.

    store : a folder, or ``STORE:GROUP``.

    Raises
    ------
    ModelError : no such store or group, or a group to be named; a table with anything but numbers;
        a name that comes up twice.
    """
    root, group = store_and_group(store)
    inside = draws_file(group)
    if not (root / inside).is_file():
        raise _no_draws(root, group)
    try:
        frame = read_rows(files.read_text(root / inside, limits.TABLE_BYTES), ",")
        known, rows = tuple(str(name) for name in frame.columns), numbers_in(frame)
        Posterior.of(known, rows[:1])
    except ModelError as e:
        raise e.at(file=f"{root.name}/{inside}") from None
    return known, rows


def _no_draws(root: Path, group: str) -> ModelError:
    """Why a store has no draws, or none of a group."""
    groups = sorted(p.stem for p in (root / "draws").glob("*.csv"))
    if not groups:
        what = f"'{root.name}' is no posterior's store: it has no {draws_file(group)}"
        return ModelError(what, remedy="name the folder of a calibration")
    if group:
        what = f"'{root.name}' has no group '{one_line(group, 60)}'"
        return ModelError(what, remedy=suggested(group, groups))
    what = f"'{root.name}' has draws of groups: {some(groups)}"
    return ModelError(what, remedy=f'name one, such as "{root.name}:{groups[0]}"')


def taken(
    draws: int, members: int | None = None, seed: int = 0, *, replace: bool = False
) -> NDArray[np.int64]:
    """(n_member,) which draws are taken; see `Posterior.read`."""
    if members is None:
        return np.arange(draws)
    check_members(members, seed)
    key = key_of(seed, Posterior.kind)
    if replace:
        at = unit(words(key, np.arange(members, dtype=np.uint64))) * draws
        return np.minimum(at.astype(np.int64), draws - 1)
    if members > draws:
        what = f"{members:,} members of {draws:,} draws"
        raise ModelError(what, remedy="take fewer, or set replace = true")
    order = np.argsort(words(key, np.arange(draws, dtype=np.uint64)), kind="stable")
    return np.asarray(order[:members], dtype=np.int64)


def posterior_of(s: Section, folder: Path) -> Posterior:
    """The design that a spec's table describes; its store is looked up from ``folder``."""
    s.only("kind", "store", "members", "seed", "replace")
    members = s.whole("members", least=1) if s.has("members") else None
    seed, replace = s.whole("seed", 0, least=0), s.flag("replace", False)
    store = folder / s.words("store")
    with s.placing("store"):
        known, rows = read_draws(store)
    with s.placing("members"):
        rows = rows[taken(len(rows), members, seed, replace=replace)]
    return Posterior.of(known, rows, store.name)


def _made(factors: tuple[Factor, ...], s: Section) -> Posterior:
    s.only("store")
    return Posterior(factors, s.words("store", ""))


DESIGNS[Posterior.kind] = _made
