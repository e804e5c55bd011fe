"""Searches in lock-step: what many ask for at once is evaluated as one batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TypeVar

import numpy as np

from sdsim.inference.target import Floats

_T = TypeVar("_T")
#: What a search calls: (n, k) points in, a row of values for each out.
Ask = Callable[[Floats], Floats]


class _Stopped(BaseException):
    """Raised in the searches once one of them, or the evaluation, has failed."""


def lockstep(searches: Sequence[Callable[[Ask], _T]], evaluate: Ask) -> list[_T]:
    """Run sequential searches side by side, a thread each, with a batch for each step of all.

    When every search that still runs waits for values, their points are evaluated together, in the
    order of the searches; so what is found does not depend on how the threads are scheduled.

    Parameters
    ----------
    searches : each is called with a function that gives the values of points.
    evaluate : gives the values of the points of all; it is called in the caller's thread.

    Returns
    -------
    What each search returns, in order.
    """
    asked: SimpleQueue[tuple[int, Floats | None]] = SimpleQueue()
    answers: list[SimpleQueue[Floats | None]] = [SimpleQueue() for _ in searches]
    found: dict[int, _T] = {}
    failures: dict[int, BaseException] = {}

    def run(number: int) -> None:
        def ask(points: Floats) -> Floats:
            asked.put((number, points))
            answer = answers[number].get()
            if answer is None:
                raise _Stopped
            return answer

        try:
            found[number] = searches[number](ask)
        except _Stopped:
            pass
        except BaseException as failure:
            failures[number] = failure
        asked.put((number, None))

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(searches))]
    for thread in threads:
        thread.start()
    live = len(searches)
    try:
        while live and not failures:
            requests = sorted((asked.get() for _ in range(live)), key=lambda r: r[0])
            wanted = [(number, points) for number, points in requests if points is not None]
            live = len(wanted)
            if live and not failures:
                values = evaluate(np.concatenate([points for _, points in wanted]))
                ends = np.cumsum([len(points) for _, points in wanted])[:-1]
                for (number, _), part in zip(wanted, np.split(values, ends), strict=True):
                    answers[number].put(part)
    finally:
        for answer in answers:
            answer.put(None)
        for thread in threads:
            thread.join()
    if failures:
        raise failures[min(failures)]
    return [found[i] for i in range(len(searches))]
