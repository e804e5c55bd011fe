"""Matrix inversion, and vectors read as tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from sdsim.base import names
from sdsim.base.errors import ModelError, UnsupportedError
from sdsim.functions.base import Builder, Function, Maker, Stateful
from sdsim.ir.expr import Binary, Call, Expr, Num, Ref, joined

VENSIM = "Vensim Reference Manual, Functions"
#: The largest matrix that is inverted, by number of rows; the work grows with their cube.
MOST_ROWS = 48
#: The longest vector that can be read as a table.
MOST = 100
Args = tuple[Expr, ...]


# --- INVERT MATRIX -----------------------------------------------------------------------------


def _inverse(b: Builder, n: int, cells: Sequence[int]) -> list[int]:
    """The inverse of a matrix, row by row: Gauss-Jordan elimination with partial pivoting."""
    zero, one = b.const(0.0), b.const(1.0)
    rows = [
        [*cells[i * n : (i + 1) * n], *(one if i == j else zero for j in range(n))]
        for i in range(n)
    ]
    for k in range(n):
        for r in range(k + 1, n):
            larger = b.op("gt", b.op("abs", rows[r][k]), b.op("abs", rows[k][k]))
            for j in range(k, 2 * n):
                up, down = rows[k][j], rows[r][j]
                if up != down:
                    rows[k][j] = b.op("select", larger, down, up)
                    rows[r][j] = b.op("select", larger, up, down)
        pivot = rows[k][k]
        rows[k] = [x if j < k or x == zero else b.op("div", x, pivot)
                   for j, x in enumerate(rows[k])]  # fmt: skip
        for i in range(n):
            factor = rows[i][k]
            for j in range(k + 1, 2 * n) if i != k else ():
                if rows[k][j] != zero:
                    rows[i][j] = b.op("sub", rows[i][j], b.op("mul", factor, rows[k][j]))
    return [x for row in rows for x in row[n:]]


def _element(n: int, b: Builder, a: Sequence[int]) -> int:
    """The element of the inverse at a row and column, counted from 0."""
    row, column = b.known(a[0]), b.known(a[1])
    if row is None or column is None:
        raise ModelError(
            "INVERT MATRIX: the subscripts on the left must be ranges",
            remedy="write INVERT MATRIX for whole ranges",
        )
    cells = tuple(a[2:])
    inverse = b.once(("inverse", cells), lambda: _inverse(b, n, cells))
    b.inverted(cells, inverse)
    return inverse[int(row) * n + int(column)]


def _word(n: int) -> str:
    """The internal name of a call for this matrix size; no file can contain it."""
    return f"{names.PART} inverse of {n}"


def _invert(m: Maker, a: Args) -> Expr:
    matrix, what = a[0], "INVERT MATRIX"
    if not isinstance(matrix, Ref) or len(matrix.subs) < 2:
        raise ModelError(
            f"{what} expects a variable with two subscripts", remedy="give it rows and columns"
        )
    down, across = m.elements(matrix, 2, what), m.elements(matrix, 1, what)
    n = len(down)
    if n != len(across):
        raise ModelError(f"{what}: {n} rows and {len(across)} columns", remedy="it must be square")
    if n > MOST_ROWS:
        raise UnsupportedError(
            f"{what} of {n} rows; the limit is {MOST_ROWS}", remedy="use a coarser range"
        )
    if m.number(a[1], "size of the matrix") != n:
        raise ModelError(f"{what}: the size does not fit the {n} rows", remedy=f"give {n}")
    head = matrix.subs[:-2]
    cells = [Ref(matrix.name, (*head, i, j)) for i in down for j in across]
    return Call(_word(n), (_place(m.own(2, what)), _place(m.own(1, what)), *cells))


def _place(own: Sequence[Expr]) -> Expr:
    """The position, from 0, of the element that the equation is for."""
    return joined("+", [Binary("*", Num(float(k)), o) for k, o in enumerate(own)])


# --- VECTOR LOOKUP -----------------------------------------------------------------------------


def _vector_lookup(m: Maker, a: Args) -> Expr:
    """A table with equal steps: read along straight lines (mode 0), its area from the left end (1),
    the point before (2), straight lines that extrapolate (3), the point after (4)."""
    values, _ = m.along(a[0], "VECTOR LOOKUP")
    last = len(values) - 1
    if not 1 <= last < MOST:
        raise ModelError(
            f"VECTOR LOOKUP over {last + 1} elements; 2 to {MOST} are read",
            remedy="use another range",
        )
    _, x, low, high, mode = a
    if isinstance(mode, Num) and mode.value not in range(5):
        raise UnsupportedError(
            f"VECTOR LOOKUP in mode {mode.value:g} is not supported in this version",
            remedy="use 0 to 4",
        )
    span = m.add(Binary("-", high, low))
    at = m.add(
        Binary("*", Binary("/", Binary("-", x, low), span), Num(float(last)))
    )  # fmt: skip

    def cut(v: Expr, least: float, most: float) -> Expr:
        return Call("max", (Num(least), Call("min", (Num(most), v))))

    inside = m.add(cut(at, 0.0, float(last)))
    rises = [m.add(Binary("-", q, p)) for p, q in pairwise(values)]
    along = [cut(Binary("-", inside, Num(float(k))), 0.0, 1.0) for k in range(last)]
    pairs = list(zip(values, rises, along, strict=False))
    straight = m.add(joined("+", [values[0], *(Binary("*", r, u) for _, r, u in pairs)]))
    before = Binary("*", Call("min", (at, Num(0.0))), rises[0])
    after = Binary(
        "*", Call("max", (Binary("-", at, Num(float(last))), Num(0.0))), rises[-1]
    )  # fmt: skip
    half = Num(0.5)
    area = joined("+", [
        Binary("*", u, Binary("+", v, Binary("*", half, Binary("*", r, u)))) for v, r, u in pairs
    ])  # fmt: skip
    down = m.add(Call("int", (inside,)))
    up = Binary("-", Num(0.0), Call("int", (Binary("-", Num(0.0), inside),)))
    ways: list[Expr] = [
        straight,
        Binary("*", area, Binary("/", span, Num(float(last)))),
        _picked(values, down),
        joined("+", [straight, before, after]),
        _picked(values, m.add(up)),
    ]
    return ways[int(mode.value)] if isinstance(mode, Num) else _picked(ways, mode)


def _picked(values: Sequence[Expr], place: Expr) -> Expr:
    """The value at a position from 0; NaN outside."""
    out: Expr = Binary("/", Num(0.0), Num(0.0))
    for k, v in enumerate(values):
        out = Call("if then else", (Binary("=", place, Num(float(k))), v, out))
    return out


ROWS = tuple(
    Function(_word(n), (2 + n * n, 2 + n * n), partial(_element, n), "any", VENSIM)
    for n in range(1, MOST_ROWS + 1)
)
WRITTEN_OUT = (
    Stateful("invert matrix", (2, 2), _invert, "any", VENSIM),
    Stateful("vector lookup", (5, 5), _vector_lookup, "any", VENSIM),
)
