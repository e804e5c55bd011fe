"""What a method of integration is: the base class, what a run of it leaves, and the list of all."""

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

    name : of the method's field.   kind : what makes the value of a text, `float` or `str`.
    help : what the command says of it.   choices : all that it may be, where that is a list.
    """

    name: str
    kind: type
    help: str
    choices: tuple[str, ...] = ()


class Stop(NamedTuple):
    """Where a single run stopped: the event time there, and the last state (n_state,)."""

    event: float
    state: Floats


class Marched(NamedTuple):
    """What runs leave.

    values : (n_saved, n_wanted, n_member), model units.   time : (n_saved,), model time.
    stopped : (n_member,) the time at which a member had no finite value any more, NaN for those
        that reached the end.
    kept : (n_member,) how many of the saved times came before that; the values at later ones mean
        nothing.
    stop : for a run of one member that stopped, what its method knows of the place; None where a
        run up to that time tells as much.
    """

    values: Floats
    time: Floats
    stopped: Floats
    kept: Ints
    stop: Stop | None = None

    @property
    def failed(self) -> NDArray[np.intp]:
        """The places in the batch of the members that stopped."""
        return np.flatnonzero(~np.isnan(self.stopped))


class Method(ABC):
    """How stocks are carried through time. Subclasses are `Euler`, `RK4` and `Adaptive`.

    To add a method write one file in this folder (or anywhere, if it is imported before it is asked
    for by name): a frozen dataclass with the decorator `register`. Its fields are its settings,
    each with a default.

    - A method with a fixed step: inherit from `sdsim.run.methods.fixed_step.FixedStep` and write
      ``step``, one formula; give ``name`` and ``stages``. Single runs, ensembles, sweeps, claims
      and ``--method`` have it then.
    - Any other: inherit from this class, and write ``integrate``.

    Attributes
    ----------
    name : as the command line and a file say it: lower case, unlike any other method's.
    on_grid : whether its steps are those of the model's TIME STEP (or its own ``dt``): it then
        saves at steps alone, and delays of whole steps have a meaning.
    batches : whether ``integrate`` takes many members at once, as ensembles, sweeps and claims ask.
    stages : evaluations of the model in a step; a run of too much work is refused by it.
    dt : its own step, model time, in place of TIME STEP; None takes that.
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
        system : the model; ``kernel`` is its kernel for the values that are wanted.
        members : one where the method does not run in batches.

        Raises
        ------
        UnsupportedError : the model holds what the method cannot carry.
        """

    def __str__(self) -> str:
        """How a result's attributes name it."""
        given = [f"{f.name}={v}" for f in fields(self) if (v := getattr(self, f.name)) != f.default]  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(given)})" if given else type(self).__name__

    def with_step(self, dt: float) -> Method:
        """The same method with a step of its own, model time.

        Raises
        ------
        UnsupportedError : it has no fixed step.
        """
        raise UnsupportedError(f"{self} has no fixed step", remedy=f"use {_batch_classes()}")

    @property
    def built_in(self) -> bool:
        """Whether every process that has the library knows it."""
        return type(self).__module__.startswith(f"{__package__}.")

    def settings_given(self) -> dict[str, Any]:
        """Its settings by name, as plain data; `method_named` makes the method again."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]


#: All methods by their names.
METHODS: dict[str, type[Method]] = {}

M = TypeVar("M", bound=type[Method])


def register(method: M) -> M:
    """A decorator: the class is known by its name from now on.

    Raises
    ------
    ModelError : another class has that name.
    """
    other = METHODS.setdefault(method.name, method)
    if other is not method:
        raise ModelError(
            f"two methods called '{method.name}': {other.__qualname__} and {method.__qualname__}",
            remedy="give one another name",
        )
    return method


def method_named(name: str, settings: Mapping[str, Any] | None = None) -> Method:
    """A method by the name that a file or a command gives it.

    Raises
    ------
    ModelError : no such method, or one without such a setting.
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
    """Names of the methods that run many members at once."""
    return tuple(name for name, kind in METHODS.items() if kind.batches)


def _batch_classes() -> str:
    *others, last = (METHODS[name].__name__ for name in batch_names())
    return f"{', '.join(others)} or {last}"


def in_batches(method: Method, who: str) -> Method:
    """``method`` where it runs many members at once.

    who : "an ensemble runs", for the message.

    Raises
    ------
    UnsupportedError : it does not.
    """
    if method.batches:
        return method
    raise UnsupportedError(f"{who} on a grid", remedy=f"use {_batch_classes()}")


def checked(method: object) -> Method:
    """``method`` where it is one, Euler's for None.

    Raises
    ------
    ModelError : a name or a class in place of an object.
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
    """Refuse a setting that is no number above 0.

    Raises
    ------
    ModelError : see above.
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 < float(value) < float("inf"):  # type: ignore[arg-type]
        raise ModelError(
            f"{name} must be a number above 0, got {said(value)}", remedy="write one such as 1e-6"
        )
