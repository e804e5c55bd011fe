"""The one way to run: a prepared run, its members, what is wanted; what comes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sdsim.backends.base import Members
from sdsim.base.errors import ModelError
from sdsim.run.methods import Marched
from sdsim.run.prepared import Prepared


def march(
    run: Prepared, members: Members, wanted: Sequence[int], saved: Sequence[int] | None = None
) -> Marched:
    """Run members from start to end by the run's method.

    Parameters
    ----------
    members : (n_member,) such as `Prepared.member` and `Prepared.members` make.
    wanted : the values to keep, by their numbers in the program (`Prepared.wanted`).
    saved : numbers of the steps at which they are kept, increasing, in place of every SAVEPER; the
        run ends with the last.

    Raises
    ------
    ModelError : the method cannot run the model, or the model is too large for it.

    Examples
    --------
    The course of one variable in a single run::

        run = prepare(system, {"rate": 0.5})
        marched = march(run, run.member(), run.wanted(["population"]))
        marched.time, marched.values[:, 0, 0]
    """
    horizon = run.horizon if saved is None else run.horizon.saving(saved)
    try:
        return run.method.integrate(run.system, run.system.kernel(wanted), members, horizon)
    except ModelError as e:  # a back end knows no file
        raise e.at(file=run.system.model.file or None) from None


def at_once(run: Prepared, wanted: int, room: int) -> int:
    """How many members may run together so that what they keep is at most ``room`` numbers.

    wanted : how many values each keeps at each saved time.
    """
    return max(1, room // max(1, len(run.grid.saved) * wanted))


def march_in_blocks(
    run: Prepared, members: Members, wanted: Sequence[int], room: int,
    saved: Sequence[int] | None = None,
) -> Iterator[tuple[slice, Marched]]:  # fmt: skip
    """The same, some members after the others, so that little is kept at a time.

    Yields
    ------
    The places of some members in the batch, and what `march` says of them. No bit depends on
    ``room``.
    """
    if saved is not None:
        run, saved = replace(run, horizon=run.horizon.saving(saved)), None
    size = at_once(run, len(wanted), room)
    for first in range(0, members.count, size):
        some = slice(first, first + size)
        yield some, march(run, members.some(some), wanted)
