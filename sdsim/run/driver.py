"""The driver of all runs: it runs the members of a prepared run and returns the wanted values."""

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
    """Run members from start to end with the run's method.

    Parameters
    ----------
    members : (n_member,) as made by `Prepared.member` or `Prepared.members`.
    wanted : the values to save, by their numbers in the program (`Prepared.wanted`).
    saved : increasing step numbers at which to save, instead of every SAVEPER; the run ends with
        the last one.

    Raises
    ------
    ModelError : the method cannot run the model, or the model is too large for it.

    Examples
    --------
    The time path of one variable in a single run::

        run = prepare(system, {"rate": 0.5})
        marched = march(run, run.member(), run.wanted(["population"]))
        marched.time, marched.values[:, 0, 0]
    """
    horizon = run.horizon if saved is None else run.horizon.saving(saved)
    try:
        return run.method.integrate(run.system, run.system.kernel(wanted), members, horizon)
    except ModelError as e:  # back ends do not know the file
        raise e.at(file=run.system.model.file or None) from None


def at_once(run: Prepared, wanted: int, room: int) -> int:
    """How many members may run together and save at most ``room`` numbers in all.

    wanted : how many values each member saves at each saved time.
    """
    return max(1, room // max(1, len(run.grid.saved) * wanted))


def march_in_blocks(
    run: Prepared, members: Members, wanted: Sequence[int], room: int,
    saved: Sequence[int] | None = None,
) -> Iterator[tuple[slice, Marched]]:  # fmt: skip
    """The same, but in blocks of members, so that little is held in memory at once.

    Yields
    ------
    A slice of the members, and the result of `march` for them. The block size does not change
    a single bit of the results.
    """
    if saved is not None:
        run, saved = replace(run, horizon=run.horizon.saving(saved)), None
    size = at_once(run, len(wanted), room)
    for first in range(0, members.count, size):
        some = slice(first, first + size)
        yield some, march(run, members.some(some), wanted)
