"""Buffers in machine code; `sdsim.ir.program.Buffer` says what each kind means.

A buffer has rows of one double per lane in the thread's ``ring``, and words in ``lags``: one per
lane, then the number of the step (or of the next row to write), then a length.

A fixed delay keeps a ring of rows as long as the longest lag in the block; the row written at the
end of a step has already been read, if at all. Material and information have a row for each step
and one for what arrives too late, filled in advance; -0.0 marks an empty row and is never stored.
A belt has its head rows (`_HEADS`), then two rows per piece: its amount and its width.
"""

from __future__ import annotations

from collections.abc import Callable

from sdsim.backends.llvm.environment import word
from sdsim.backends.llvm.plan import Plan
from sdsim.backends.llvm.text import Body, Lanes, literal
from sdsim.ir.program import HALF, NEAR, ROWS, SCALED

#: Rows before a belt's pieces: its output, the common factor of the amounts, the number of the
#: first piece and its remaining width, the room still owed; pieces scaled once, and never.
_HEADS = ("out", "scale", "first", "left", "owed", "old", "young")


def kept_rows(plan: Plan, before: int) -> tuple[int, int]:
    """(rows per step, rows in addition) of the buffers in the first ``before`` places."""
    own = [ROWS[plan.program.buffers[k].kind] for k, row in plan.buffers.items() if row < before]
    return sum(each for each, _ in own), sum(more for _, more in own)


def given(b: Body, plan: Plan, number: int) -> str:
    """The current output of a buffer."""
    base, now = _base(b, plan, number), _word(b, plan, number, b.lanes.width)
    kind, f = plan.program.buffers[number].kind, b.lanes.floats
    if kind == "belt":
        return b.load(f, base)
    if kind != "fixed":
        return b.load(f, b.at(base, b.load("i64", now), f))
    width = b.lanes.width
    length = b.spread(b.load("i64", _word(b, plan, number, width + 1)), "i64")
    i = b.lanes.ints
    at = b.integer("sub", b.spread(b.load("i64", now), "i64"), b.load(i, _word(b, plan, number)))
    before = b.let(f"icmp slt {i} {at}, {b.whole(0)}")
    m = b.lanes.masks
    at = b.let(f"select {m} {before}, {i} {b.integer('add', at, length)}, {i} {at}")
    at = b.integer("mul", at, b.whole(width))
    picked = []
    for k in range(width):
        lane = b.let(f"add i64 {b.lane(at, k, 'i64')}, {k}")
        picked.append(b.load("double", b.at(base, lane, "double")))
    return b.gather(picked)


def begin(b: Body, plan: Plan, number: int, initial: str, more: str) -> None:
    """The code at the start of a march; ``more`` is the buffer's second value at the start."""
    base, f, i = _base(b, plan, number), b.lanes.floats, b.lanes.ints
    b.store("i64", "0", _word(b, plan, number, b.lanes.width))
    kind = plan.program.buffers[number].kind
    if kind == "belt":
        one, zero = b.number(1.0), b.number(0.0)
        heads = (initial, one, zero, b.sub(one, more), zero, zero, zero, zero, zero)
        for row, value in enumerate(heads):  # 0.0 and the integer 0 have the same bits
            b.store(f, value, b.at(base, str(row), f))
        return
    lags = _counted(b, more)
    if kind != "fixed":
        rows = b.let(f"add i64 {word(b, 'steps')}, 2")
        early = b.add(initial, b.number(0.0))
        b.declared["@early"] = ""
        b.do(f"call void @early(ptr {base}, i64 {rows}, {i} {lags}, {f} {early})")
        return
    b.store(i, lags, _word(b, plan, number))
    longest = b.lane(lags, 0, "i64")
    for k in range(1, b.lanes.width):
        x = b.lane(lags, k, "i64")
        longest = b.call("@llvm.smax.i64", "i64", [("i64", longest), ("i64", x)])
    b.store("i64", longest, _word(b, plan, number, b.lanes.width + 1))
    b.declared["@fill"] = ""
    b.do(f"call void @fill(ptr {base}, i64 {longest}, {f} {initial})")


def push(b: Body, plan: Plan, number: int, *values: str) -> None:
    """The code at the end of a step."""
    base, at = _base(b, plan, number), _word(b, plan, number, b.lanes.width)
    now = b.load("i64", at)
    after = b.let(f"add i64 {now}, 1")
    kind, f, width = plan.program.buffers[number].kind, b.lanes.floats, b.lanes.width
    if kind == "fixed":
        b.store(f, values[0], b.at(base, now, f))
        length = b.load("i64", _word(b, plan, number, width + 1))
        wrapped = b.let(f"icmp eq i64 {after}, {length}")
        after = b.let(f"select i1 {wrapped}, i64 0, i64 {after}")
    elif kind == "belt":
        b.declared["@belt"] = ""
        for k in range(width):
            lane = b.at(base, str(k), "double")
            doubles = "".join(f", double {b.lane(v, k)}" for v in values)
            b.do(f"call void @belt(ptr {lane}, i64 {after}{doubles})")
    else:
        _place(b, base, (now, after), kind == "material", values)
    b.store("i64", after, at)


def _place(
    b: Body, base: str, steps: tuple[str, str], material: bool, values: tuple[str, ...]
) -> None:
    """Store a value where it arrives; then make sure that the next step's row is not empty."""
    now, after = steps
    i, f, width = b.lanes.ints, b.lanes.floats, b.lanes.width
    beyond = b.let(f"add i64 {word(b, 'steps')}, 1")
    arrival = b.integer("add", b.spread(now, "i64"), _counted(b, values[1]))
    value = b.add(values[0], b.number(0.0))
    for k in range(width):
        row = b.lane(arrival, k, "i64")
        row = b.call("@llvm.smin.i64", "i64", [("i64", row), ("i64", beyond)])
        cell = b.let(f"mul i64 {row}, {width}")
        place = b.at(base, b.let(f"add i64 {cell}, {k}"), "double")
        lane = b.lane(value, k)
        if material:
            lane = b.let(f"fadd double {b.load('double', place)}, {lane}")
        b.store("double", lane, place)
    place = b.at(base, after, f)
    there = b.load(f, place)
    instead = values[2] if material else b.load(f, b.at(base, now, f))
    none = b.let(f"icmp eq {i} {b.to_bits(there)}, {b.whole(1 << 63)}")
    b.store(f, b.choose(none, instead, there), place)


def _counted(b: Body, steps: str) -> str:
    """Numbers of steps as integers from 1 to the total plus 1, halves rounded up; NaN is 1."""
    most = b.let(f"add i64 {word(b, 'steps')}, 1")
    top = b.spread(b.let(f"sitofp i64 {most} to double"))
    n = b.intrinsic("floor", b.add(steps, b.number(HALF)))
    n = b.choose(b.compare("oge", n, b.number(1.0)), n, b.number(1.0))
    n = b.choose(b.compare("olt", n, top), n, top)
    return b.let(f"fptosi {b.lanes.floats} {n} to {b.lanes.ints}")


def _word(b: Body, plan: Plan, number: int, k: int = 0) -> str:
    """The address of word ``k`` of a buffer."""
    offset = plan.buffers[number] * (b.lanes.width + 2) + k
    return b.at(word(b, "lags", "ptr"), str(offset), "i64")


def _base(b: Body, plan: Plan, number: int) -> str:
    """The address of a buffer's rows."""
    each, more = kept_rows(plan, plan.buffers[number])
    rows = b.let(f"mul i64 {word(b, 'steps')}, {each * b.lanes.width}")
    offset = b.let(f"add i64 {rows}, {more * b.lanes.width}")
    return b.at(word(b, "ring", "ptr"), offset, "double")


# --- functions ------------------------------------------------------------------------------------


def _fill(lanes: Lanes, attributes: str) -> str:
    """A function that stores the same value in a number of rows."""
    f = lanes.floats
    return f"""define internal void @fill(ptr %base, i64 %n, {f} %value) {attributes} {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %j, %loop ]
  %at = getelementptr inbounds {f}, ptr %base, i64 %i
  store {f} %value, ptr %at, align 8
  %j = add i64 %i, 1
  %more = icmp slt i64 %j, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


def _early(lanes: Lanes, attributes: str) -> str:
    """A function that stores a value in each lane's first rows, -0.0 in all others."""
    f, i = lanes.floats, lanes.ints
    body = Body(lanes, {})
    number = body.spread("%i", "i64")
    early = body.let(f"icmp slt {i} {number}, %lags")
    value = body.choose(early, "%value", body.number(-0.0))
    lines = "\n".join(body.lines)
    return f"""define internal void @early(ptr %base, i64 %n, {i} %lags, {f} %value) {attributes} {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %j, %loop ]
  %at = getelementptr inbounds {f}, ptr %base, i64 %i
{lines}
  store {f} {value}, ptr %at, align 8
  %j = add i64 %i, 1
  %more = icmp slt i64 %j, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


def _belt(lanes: Lanes, attributes: str) -> str:
    """A function that moves one lane's belt on by a step; ``last`` numbers the new piece."""
    row = 8 * lanes.width
    heads = "".join(
        f"  %{name}_at = getelementptr inbounds i8, ptr %belt, i64 {k * row}\n"
        for k, name in enumerate(_HEADS)
    )

    def piece(number: str, name: str, place: int = 0) -> str:
        """Lines that find the amount (place 0) or width (1) of a piece."""
        return f"""  %{name}_far = mul i64 {number}, {2 * row}
  %{name}_off = add i64 %{name}_far, {(len(_HEADS) + place) * row}
  %{name}_at = getelementptr inbounds i8, ptr %belt, i64 %{name}_off
"""

    return f"""define internal void @belt(ptr %belt, i64 %last, double %amount, double %width, \
double %room, double %keep) {attributes} {{
entry:
{heads}{piece("%last", "laid")}{piece("%last", "wide", 1)}\
  %scale_was = load double, ptr %scale_at, align 8
  %laid = fdiv double %amount, %scale_was
  store double %laid, ptr %laid_at, align 8
  store double %width, ptr %wide_at, align 8
  %first_was = load i64, ptr %first_at, align 8
  %bare = icmp eq i64 %first_was, %last
  %left_old = load double, ptr %left_at, align 8
  %left_was = select i1 %bare, double %width, double %left_old
  %scale_now = fmul double %scale_was, %keep
  %small = fcmp olt double %scale_now, {literal(SCALED)}
  br i1 %small, label %multiply, label %take
multiply:
  %old = load i64, ptr %old_at, align 8
  %young = load i64, ptr %young_at, align 8
  br label %each
each:
  %i = phi i64 [ %old, %multiply ], [ %j, %each ]
{piece("%i", "item")}\
  %was = load double, ptr %item_at, align 8
  %less = fmul double %was, %scale_now
  %gone = icmp slt i64 %i, %young
  %is = select i1 %gone, double {literal(0.0)}, double %less
  store double %is, ptr %item_at, align 8
  %j = add i64 %i, 1
  %on = icmp sle i64 %j, %last
  br i1 %on, label %each, label %multiplied
multiplied:
  %next = add i64 %last, 1
  store i64 %young, ptr %old_at, align 8
  store i64 %next, ptr %young_at, align 8
  br label %take
take:
  %scale = phi double [ %scale_now, %entry ], [ {literal(1.0)}, %multiplied ]
  store double %scale, ptr %scale_at, align 8
  %owed = load double, ptr %owed_at, align 8
  %need_was = fadd double %room, %owed
  %near = fmul double {literal(NEAR)}, %room
  %none = fcmp ole double %need_was, {literal(0.0)}
  br i1 %none, label %done, label %next_piece
next_piece:
  %first = phi i64 [ %first_was, %take ], [ %first_then, %all ]
  %left = phi double [ %left_was, %take ], [ %left_then, %all ]
  %need = phi double [ %need_was, %take ], [ %need_then, %all ]
  %got = phi double [ {literal(0.0)}, %take ], [ %got_then, %all ]
{piece("%first", "here")}\
  %there = load double, ptr %here_at, align 8
  %rest = fsub double %left, %need
  %whole = fcmp ole double %rest, %near
  br i1 %whole, label %all, label %part
all:
  %got_then = fadd double %got, %there
  %need_then = fsub double %need, %left
  %first_then = add i64 %first, 1
  %in = icmp sle i64 %first_then, %last
  %then = select i1 %in, i64 %first_then, i64 %last
{piece("%then", "then", 1)}\
  %left_then = load double, ptr %then_at, align 8
  %open = fcmp ogt double %need_then, %near
  %going = and i1 %open, %in
  br i1 %going, label %next_piece, label %done
part:
  %ratio = fdiv double %need, %left
  %share = fmul double %there, %ratio
  %got_part = fadd double %got, %share
  %stays = fsub double %there, %share
  store double %stays, ptr %here_at, align 8
  br label %done
done:
  %first_end = phi i64 [ %first_was, %take ], [ %first_then, %all ], [ %first, %part ]
  %left_end = phi double [ %left_was, %take ], [ %left_then, %all ], [ %rest, %part ]
  %owed_end = phi double [ %need_was, %take ], [ %need_then, %all ], [ {literal(0.0)}, %part ]
  %got_end = phi double [ {literal(0.0)}, %take ], [ %got_then, %all ], [ %got_part, %part ]
  %out = fmul double %scale, %got_end
  store double %out, ptr %out_at, align 8
  store i64 %first_end, ptr %first_at, align 8
  store double %left_end, ptr %left_at, align 8
  store double %owed_end, ptr %owed_at, align 8
  ret void
}}
"""


#: Functions that units call, written only if a unit uses them.
DEFINITIONS: dict[str, Callable[[Lanes, str], str]] = {
    "@fill": _fill,
    "@early": _early,
    "@belt": _belt,
}
