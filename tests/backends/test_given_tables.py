"""Tables that come with the members: the bits of the same tables in the program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llvm_programs import Draft, assert_same
from test_llvm_tables import GRIDS, KINDS, places

from sdsim.backends.base import Grid, March, Members, Tables
from sdsim.backends.llvm import Llvm, available
from sdsim.backends.numpy import Numpy, read_table
from sdsim.backends.pieces import pieces_of, read_given
from sdsim.ir.program import Op, Program, State, Table

needs_llvm = pytest.mark.skipif(not available(), reason="no compiler")


def _heights(x: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(np.random.default_rng(1).normal(size=len(x)).round(2).tolist())


ALL = [Table(x, _heights(x), kind) for x in GRIDS.values() for kind in KINDS]
ALL += [Table((1.5,), (3.0,), kind) for kind in KINDS]
ALL += [Table((0.0, 1.0), y) for y in ((-0.0, -0.0), (-1e308, 1e308), (1.0, np.inf))]
GRID = Grid(-3.0, 0.25, 60, tuple(range(0, 61, 4)))


def program() -> Program:
    """Tables read at the time, at a parameter, at a product of both and at a state."""
    d = Draft()
    v, t, s = d("param"), d("time"), d("state")
    begun = d("given", v, data=0)
    d("given", t, data=1)
    d("given", d("mul", v, t), data=1)
    d.states.append(State("s", begun, d("mul", d("given", s, data=0), d.const(0.1))))
    return replace(d.program(1), given=2)


def batch(count: int, seed: int = 0) -> Members:
    """Members whose tables are any of a few tables of modest size."""
    rng = np.random.default_rng(seed)
    few = [t for t in ALL if max(map(abs, (*t.x, *t.y))) < 1e4]
    tables = Tables(tuple(map(pieces_of, few)), rng.integers(0, len(few), size=(2, count)))
    return Members(rng.normal(0, 5, size=(1, count)), np.arange(count), tables=tables)


def alone(p: Program, members: Members, k: int) -> tuple[Program, Members]:
    """One member, with its tables in the program."""
    few = [t for t in ALL if max(map(abs, (*t.x, *t.y))) < 1e4]
    assert members.tables is not None
    own = tuple(few[i] for i in members.tables.of[:, k])
    ops = tuple(Op("table", op.args, op.data) if op.code == "given" else op for op in p.ops)
    one = members.some(slice(k, k + 1))
    return replace(p, ops=ops, tables=own, given=0), replace(one, tables=None)


@pytest.mark.parametrize("table", ALL, ids=lambda t: f"{t.kind} {len(t.x)}")
def test_pieces_are_read_as_the_table_is(table: Table) -> None:
    v = places(table.x)
    tables = Tables((pieces_of(table),), np.zeros((1, v.size), dtype=np.int64))
    with np.errstate(all="ignore"):
        want, got = read_table(table, v), read_given(tables, 0, v[None])[0]
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(np.signbit(got[~np.isnan(got)]), np.signbit(want[~np.isnan(got)]))


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9, unique=True),
    st.data(),
    st.sampled_from(KINDS),
)
@settings(max_examples=200)
def test_any_points_are_read_as_the_table_is(
    x: list[float], data: st.DataObject, kind: str
) -> None:
    x.sort()
    number = st.floats(-1e9, 1e9)
    y = data.draw(st.lists(number, min_size=len(x), max_size=len(x)))
    v = np.array([*data.draw(st.lists(st.floats(allow_nan=True), max_size=5)), *x])
    table = Table(tuple(x), tuple(y), kind)
    tables = Tables((pieces_of(table),), np.zeros((1, v.size), dtype=np.int64))
    with np.errstate(all="ignore"):
        want, got = read_table(table, v), read_given(tables, 0, v[None])[0]
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("stages", [1, 4])
def test_each_member_as_with_its_tables_in_the_program(stages: int) -> None:
    p, members = program(), batch(13)
    wanted = range(len(p.ops))
    both = Numpy().compile(p, wanted).march(members, GRID, stages)
    for k in range(members.count):
        code, one = alone(p, members, k)
        mine = Numpy().compile(code, wanted).march(one, GRID, stages)
        part = March(both.values[..., k : k + 1], both.stopped[k : k + 1])
        assert_same(part, mine, GRID.saved)


@needs_llvm
@pytest.mark.parametrize(
    ("stages", "optimise", "width"), [(1, 2, 1), (4, 0, 1), (4, 2, 8), (1, 0, 64), (4, 2, 64)]
)
def test_machine_code_gives_the_bits_of_numpy(stages: int, optimise: int, width: int) -> None:
    p, members = program(), batch(83)
    wanted = range(len(p.ops))
    want = Numpy().compile(p, wanted).march(members, GRID, stages)
    got = Llvm(width=width, optimise=optimise).compile(p, wanted).march(members, GRID, stages)
    assert_same(got, want, GRID.saved)


@needs_llvm
def test_single_evaluations_in_any_order_of_times() -> None:
    p, members = program(), batch(21)
    wanted = range(len(p.ops))
    kernels = Numpy().compile(p, wanted), Llvm(width=8).compile(p, wanted)
    for time in (4.0, -3.0, 0.5, 1e9, -1e9):
        found = []
        for kernel in kernels:
            states, fixed = kernel.start(members)
            found.append(kernel.observe(time, time, 0, states, fixed, members))
            found.append(kernel.rates(time, time, 0, states, fixed, members))
        np.testing.assert_array_equal(found[0], found[2])
        np.testing.assert_array_equal(found[1], found[3])


@needs_llvm
def test_the_code_does_not_depend_on_the_points() -> None:
    """Members with other tables run the same code; a second march begins with fresh cursors."""
    p = program()
    kernel = Llvm(optimise=2, threads=1).compile(p, range(len(p.ops)))
    for seed in range(4):
        members = batch(30, seed)
        want = Numpy().compile(p, range(len(p.ops))).march(members, GRID, 1)
        assert_same(kernel.march(members, GRID, 1), want, GRID.saved)
    assert len(kernel.codes._codes) == 1


def test_members_without_tables_are_refused() -> None:
    members = replace(batch(2), tables=None)
    backends = [Numpy(), *([Llvm()] if available() else [])]
    for backend in backends:
        with pytest.raises(ValueError, match="the members have none"):
            backend.compile(program(), [3]).march(members, GRID, 1)
