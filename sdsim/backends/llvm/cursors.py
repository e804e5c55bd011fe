"""Readings of given tables in machine code: tables whose points come with each member.

What is read changes little from step to step, so each reading keeps a cursor: for each lane the
piece of the table (`sdsim.backends.pieces`) that it used last. While all lanes stay inside their
pieces a reading is five loads, a product and a sum; otherwise `SEEK` finds the pieces of the lanes
that left. A cursor only remembers; it never changes a bit of what is read.
"""

from __future__ import annotations

from sdsim.backends.llvm.environment import word
from sdsim.backends.llvm.text import Body, Lanes
from sdsim.backends.pieces import EDGE, SLOPE, X, Y

#: Rows of a cursor: the ends of the piece, its line, and the value that is looked for.
LOW, HIGH, AT_X, AT_Y, RISE, VALUE = range(6)
ROWS = 6
#: The function that finds pieces.
SEEK = "@seek"


def read(b: Body, cursor: int, table: int, v: str, lasting: bool) -> str:
    """The given table at ``v``, by a cursor of the plan.

    lasting : whether the cursor may still know the piece from the step before.
    """
    base, f = _base(b, cursor), b.lanes.floats
    rows = [b.at(base, str(k), f) for k in range(ROWS)]
    search, found = (b.fresh(stem)[1:] for stem in ("seek", "found"))
    if lasting:
        above = b.compare("ole", b.load(f, rows[LOW]), v)
        below = b.compare("olt", v, b.load(f, rows[HIGH]))
        outside = b.both(b.both(above, below), b.lanes.whole(1, "i1"), "xor")
        b.do(f"br i1 {b.anywhere(outside)}, label %{search}, label %{found}")
    else:
        b.store(f, b.number(float("nan")), rows[LOW])
        b.do(f"br label %{search}")
    b.label(search)
    b.store(f, v, rows[VALUE])
    offset = b.let(f"mul i64 {word(b, 'stride')}, {table}")
    given = b.at(word(b, "given", "ptr"), offset)
    b.declared[SEEK] = ""
    b.do(f"call void {SEEK}(ptr {base}, ptr {given})")
    b.do(f"br label %{found}")
    b.label(found)
    x, y, slope = (b.load(f, rows[k]) for k in (AT_X, AT_Y, RISE))
    line = b.add(y, b.mul(slope, b.sub(v, x)))
    line = b.choose(b.compare("uno", x, x), y, line)
    return b.choose(b.compare("uno", v, v), v, line)


def forget(b: Body, cursor: int) -> None:
    """Let the next reading look for its pieces."""
    b.store(b.lanes.floats, b.number(float("nan")), _base(b, cursor))


def _base(b: Body, cursor: int) -> str:
    """The address of a cursor."""
    return b.at(word(b, "cursors", "ptr"), str(cursor * ROWS), b.lanes.floats)


def definition(lanes: Lanes, attributes: str) -> str:
    """The function `SEEK`: for each lane outside its piece, a binary search in its own table."""
    row = 8 * lanes.width
    rows = "".join(
        f"  %at_{name} = getelementptr inbounds i8, ptr %lane, i64 {k * row}\n"
        for name, k in (("low", LOW), ("high", HIGH), ("x", AT_X), ("y", AT_Y),
                        ("slope", RISE), ("v", VALUE))
    )  # fmt: skip
    columns = "".join(
        f"  %from_{name} = getelementptr inbounds double, ptr %edges, i64 %skip_{name}\n"
        f"  %in_{name} = getelementptr inbounds double, ptr %from_{name}, i64 %piece\n"
        f"  %is_{name} = load double, ptr %in_{name}, align 8\n"
        f"  store double %is_{name}, ptr %at_{name}, align 8\n"
        for name in ("x", "y", "slope")
    )
    skips = "".join(
        f"  %skip_{name} = mul i64 %columns, {k}\n"
        for name, k in (("x", X - EDGE), ("y", Y - EDGE), ("slope", SLOPE - EDGE))
    )
    return f"""define internal void {SEEK}(ptr %cursor, ptr %given) {attributes} {{
entry:
  br label %each
each:
  %k = phi i64 [ 0, %entry ], [ %k_next, %done ]
  %lane = getelementptr inbounds double, ptr %cursor, i64 %k
{rows}\
  %v = load double, ptr %at_v, align 8
  %low = load double, ptr %at_low, align 8
  %high = load double, ptr %at_high, align 8
  %above = fcmp ole double %low, %v
  %below = fcmp olt double %v, %high
  %inside = and i1 %above, %below
  br i1 %inside, label %done, label %search
search:
  %where = getelementptr inbounds ptr, ptr %given, i64 %k
  %table = load ptr, ptr %where, align 8
  %count = load double, ptr %table, align 8
  %pieces = fptosi double %count to i64
  %columns = add i64 %pieces, 1
  %edges = getelementptr inbounds i8, ptr %table, i64 8
  br label %narrow
narrow:
  %first = phi i64 [ 0, %search ], [ %first_next, %halve ]
  %size = phi i64 [ %pieces, %search ], [ %size_next, %halve ]
  %several = icmp sgt i64 %size, 1
  br i1 %several, label %halve, label %take
halve:
  %half = lshr i64 %size, 1
  %middle = add i64 %first, %half
  %edge_at = getelementptr inbounds double, ptr %edges, i64 %middle
  %edge = load double, ptr %edge_at, align 8
  %right = fcmp ole double %edge, %v
  %first_next = select i1 %right, i64 %middle, i64 %first
  %size_next = sub i64 %size, %half
  br label %narrow
take:
  %piece = add i64 %first, 0
{skips}{columns}\
  %low_at = getelementptr inbounds double, ptr %edges, i64 %piece
  %low_is = load double, ptr %low_at, align 8
  store double %low_is, ptr %at_low, align 8
  %high_at = getelementptr inbounds double, ptr %low_at, i64 1
  %high_is = load double, ptr %high_at, align 8
  store double %high_is, ptr %at_high, align 8
  br label %done
done:
  %k_next = add i64 %k, 1
  %more = icmp slt i64 %k_next, {lanes.width}
  br i1 %more, label %each, label %leave
leave:
  ret void
}}
"""
