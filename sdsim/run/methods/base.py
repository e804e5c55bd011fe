"""Integration methods: the base class, the result of a run, and the registry of methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields
from numbers import Real
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Floats, Ints, Kernel, Members
from sdsim.base.errors import ModelError, UnsupportedError, said, suggested
from sdsim.run.horizon import Horizon
from sdsim.run.system import System


class Setting(NamedTuple):
    """A setting of a method that the command line offers as ``--NAME``.

    name : of the method's field.   kind : converts text to the value, `float` or `str`.
    help : text for the command line.   choices : the allowed values, if they form a list.
    """

    name: str
    kind: type
    help: str
    choices: tuple[str, ...] = ()


class Stop(NamedTuple):
    """Where a single run stopped: the event time, and the last state (n_state,)."""

    event: float
    state: Floats


class Marched(NamedTuple):
    """The result of integrating some members.

    values : (n_saved, n_wanted, n_member), model units.   time : (n_saved,), model time.
    stopped : (n_member,) the time at which a member no longer had finite values; NaN if it reached
        the end.
    kept : (n_member,) the number of saved times before that; values at later times are
        meaningless.
    stop : for a run of one member that stopped, what the method knows about the place; None if a
        run up to that time tells as much.
    """

    values: Floats
    time: Floats
    stopped: Floats
    kept: Ints
    stop: Stop | None = None

    @property
    def failed(self) -> NDArray[np.intp]:
        """Positions in the batch of the members that stopped."""
        return np.flatnonzero(~np.isnan(self.stopped))


class Method(ABC):
    """How stocks are carried through time. Subclasses are `Euler`, `RK4` and `Adaptive`.

    To add a method, write one file in this folder (or anywhere that is imported before the method
    is used by name): a frozen dataclass with the decorator `register`. Its fields are its settings,
    each with a default.

    - A method with a fixed step: inherit from `sdsim.run.methods.fixed_step.FixedStep` and write
      ``step``, which is one formula; set ``name`` and ``stages``. It is then available to single
      runs, ensembles, sweeps, claims and ``--method``.
    - Any other method: inherit from this class and write ``integrate``.

    Attributes
    ----------
    name : as used on the command line and in files: lower case and unique.
    on_grid : whether its steps are those of the model's TIME STEP (or its own ``dt``). It then
        saves only at steps, and delays of whole steps are meaningful.
    batches : whether ``integrate`` accepts many members at once, as ensembles, sweeps and claims
        need.
    stages : evaluations of the model per step; used to refuse runs that are too much work.
    dt : its own step, model time, instead of TIME STEP; None uses TIME STEP.
    settings : what the command line offers for it.
    """

    name: ClassVar[str]
    on_grid: ClassVar[bool] = False
    batches: ClassVar[bool] = False
    stages: ClassVar[int] = 1
    settings: ClassVar[tuple[Setting, ...]] = ()
    dt: float | None = None

    @abstractmethod
    def integrate(
        self, system: System, kernel: Kernel, members: Members, horizon: Horizon
    ) -> Marched:
        """Run all members from start to end.

        Parameters
        ----------
        system : the model; ``kernel`` is its kernel for the wanted values.
        members : only one, unless the method runs batches.

        Raises
        ------
        UnsupportedError : the model contains something that the method cannot integrate.
        """

    def __str__(self) -> str:
        """The method as text, for a result's attributes."""
        given = [f"{f.name}={v}" for f in fields(self) if (v := getattr(self, f.name)) != f.default]  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(given)})" if given else type(self).__name__

    def with_step(self, dt: float) -> Method:
        """The same method with its own step, model time.

        Raises
        ------
        UnsupportedError : the method has no fixed step.
        """
        raise UnsupportedError(f"{self} has no fixed step", remedy=f"use {_batch_classes()}")

    @property
    def built_in(self) -> bool:
        """Whether the method is part of the library, so that every process knows it."""
        return type(self).__module__.startswith(f"{__package__}.")

    def settings_given(self) -> dict[str, Any]:
        """The method's settings by name, as plain data; `method_named` rebuilds it from them."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]


#: All methods by name.
METHODS: dict[str, type[Method]] = {}

M = TypeVar("M", bound=type[Method])


def register(method: M) -> M:
    """A class decorator that makes a method available by its name.

    Raises
    ------
    ModelError : another class already has that name.
    """
    other = METHODS.setdefault(method.name, method)
    if other is not method:
        raise ModelError(
            f"two methods called '{method.name}': {other.__qualname__} and {method.__qualname__}",
            remedy="give one another name",
        )
    return method


def method_named(name: str, settings: Mapping[str, Any] | None = None) -> Method:
    """A method by its name in a file or command.

    Raises
    ------
    ModelError : no such method, or it has no such setting.
    """
    if name not in METHODS:
        raise ModelError(f"no method '{name}'", remedy=suggested(name, list(METHODS)))
    kind = METHODS[name]
    known = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    for key in settings or {}:
        if key not in known:
            remedy = f"it has {', '.join(known)}" if known else "leave it out"
            raise ModelError(f"method '{name}' has no '{key}'", remedy=remedy)
    return kind(**(settings or {}))


def batch_names() -> tuple[str, ...]:
    """Names of the methods that can run many members at once."""
    return tuple(name for name, kind in METHODS.items() if kind.batches)


def _batch_classes() -> str:
    *others, last = (METHODS[name].__name__ for name in batch_names())
    return f"{', '.join(others)} or {last}"


def in_batches(method: Method, who: str) -> Method:
    """``method``, if it can run many members at once.

    who : the start of the message, such as "an ensemble runs".

    Raises
    ------
    UnsupportedError : it cannot.
    """
    if method.batches:
        return method
    raise UnsupportedError(f"{who} on a grid", remedy=f"use {_batch_classes()}")


def checked_method(method: object) -> Method:
    """``method``, if it is a `Method`; Euler for None.

    Raises
    ------
    ModelError : a name or a class was given instead of an object.
    """
    if method is None:
        return method_named("euler")
    if isinstance(method, Method):
        return method
    named = method.__name__ if isinstance(method, type) else str(method)
    known = {kind.__name__.casefold(): f"{kind.__name__}()" for kind in METHODS.values()}
    for kind in METHODS.values():
        for setting in kind.settings:
            made = f"{kind.__name__}({setting.name}='"
            known |= {choice.casefold(): f"{made}{choice}')" for choice in setting.choices}
    raise ModelError(
        f"expected a method, got {said(method)}",
        remedy=f"write sdsim.{known.get(named.casefold(), 'RK4()')}",
    )


def positive(name: str, value: object) -> None:
    """Refuse a setting that is not a number above 0.

    Raises
    ------
    ModelError : it is not.
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 < float(value) < float("inf"):  # type: ignore[arg-type]
        raise ModelError(
            f"{name} must be a number above 0, got {said(value)}", remedy="write one such as 1e-6"
        )
