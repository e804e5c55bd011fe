"""Tables as data: pieces with an equation each, so that one reading serves every kind of table.

A piece is a straight line ``y + slope * (v - x)`` or, where ``x`` is NaN, the number ``y``. It
holds from its edge (inclusive) up to the edge of the next piece. All kinds of
`sdsim.ir.program.Table` become such pieces, with the bits of `sdsim.backends.numpy.read_table`: an
end that belongs to the piece on its left moves that edge to the next double.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sdsim.backends.base import Floats, Tables
from sdsim.ir.program import Table

#: The rows of the pieces of one table.
EDGE, X, Y, SLOPE = range(4)


def pieces_of(table: Table) -> Floats:
    """(1 + 4 * (n + 1),) the number of pieces n, then `EDGE`, `X`, `Y` and `SLOPE` of each piece.

    The first edge is -inf. After the last piece stands a copy of it with the edge inf, so that each
    piece has a next edge.
    """
    x, y = np.asarray(table.x, dtype=np.float64), np.asarray(table.y, dtype=np.float64)
    with np.errstate(all="ignore"):
        slope = np.diff(y) / np.diff(x)
    after = np.nextafter(x, np.inf)
    none = np.full(len(x), np.nan)
    if len(x) == 1:
        rows = [[-np.inf], none, y, [0.0]]
    elif table.kind == "extrapolate":
        rows = [[-np.inf, *x[1:-1]], x[:-1], y[:-1], slope]
    elif table.kind == "hold_backward":
        rows = [[-np.inf, *x[1:]], none, y, np.zeros(len(x))]
    elif table.kind == "look_forward":
        rows = [[-np.inf, *after[:-1]], none, y, np.zeros(len(x))]
    else:
        rows = [
            [-np.inf, after[0], *x[1:]], [np.nan, *x[:-1], np.nan],
            [y[0], *y[:-1], y[-1]], [0.0, *slope, 0.0],
        ]  # fmt: skip
    pieces = np.array(rows, dtype=np.float64)
    closed = np.concatenate([pieces, pieces[:, -1:]], axis=1)
    closed[EDGE, -1] = np.inf
    return np.concatenate([[float(pieces.shape[1])], closed.ravel()])


def read_given(tables: Tables, number: int, v: Floats) -> Floats:
    """The ``number``-th given table at ``v``, (any, n_member)."""
    used, own = np.unique(tables.of[number], return_inverse=True)
    columns = _side_by_side([tables.points[k].reshape(-1) for k in used.tolist()])
    edges = columns[own, EDGE, 1:]
    out = np.empty_like(v)
    for row, at in zip(out, v, strict=True):
        piece = (edges <= at[:, None]).sum(axis=1)
        x, y, slope = (columns[own, k, piece] for k in (X, Y, SLOPE))
        line = np.where(np.isnan(x), y, y + slope * (at - x))
        row[:] = np.where(np.isnan(at), at, line)
    return out


def _side_by_side(points: Sequence[Floats]) -> Floats:
    """(n_table, 4, n_piece) the pieces of several tables, the last of each repeated."""
    most = max(int(p[0]) for p in points) + 1
    own = [p[1:].reshape(4, -1) for p in points]
    return np.stack([np.pad(p, ((0, 0), (0, most - p.shape[1])), mode="edge") for p in own])
