"""Which wanted values the machine code stores, and which are filled in afterwards.

A model's arrays often have the same value in thousands of elements, and its constants never change.
Code that stored each of them would take longer to make than to run, so NumPy copies them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdsim.backends.base import Floats, Ints
from sdsim.ir.program import Program


class Outputs:
    """The rows of the wanted values of one kernel.

    shown : (row, value) of those stored by the machine code: each value once, in its first row.
    """

    def __init__(self, program: Program, wanted: Sequence[int]) -> None:
        self.count = len(wanted)
        self.shown: list[tuple[int, int]] = []
        first: dict[int, int] = {}
        copies: list[tuple[int, int]] = []
        params: list[tuple[int, int]] = []
        consts: list[tuple[int, float]] = []
        for row, v in enumerate(wanted):
            code, _, data = program.ops[v]
            if code == "param":
                params.append((row, int(data)))
            elif code == "const":
                consts.append((row, data))
            elif v in first:
                copies.append((row, first[v]))
            else:
                first[v] = row
                self.shown.append((row, v))
        self._copies, self._sources = _columns(copies)
        self._given, self._params = _columns(params)
        watched = {k for (row, k) in params if wanted[row] not in program.gaps}
        self._watched = np.array(sorted(watched), dtype=np.intp)
        self._fixed = np.array([row for row, _ in consts], dtype=np.intp)
        self._consts = np.array([x for _, x in consts], dtype=np.float64)[:, None]

    def fill(self, values: Floats, params: Floats) -> None:
        """Fill the other rows of ``values``, (..., n_wanted, n_member), from the ``params``."""
        if self._copies.size:
            values[..., self._copies, :] = values[..., self._sources, :]
        if self._given.size:
            values[..., self._given, :] = params[self._params]
        if self._fixed.size:
            values[..., self._fixed, :] = self._consts

    def bad(self, params: Floats) -> NDArray[np.bool_]:
        """(n_member,) whether a wanted parameter that should be finite is not; constants are."""
        good = np.isfinite(params[self._watched]).all(axis=0)
        return np.asarray(~good, dtype=np.bool_)


def _columns(pairs: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()
