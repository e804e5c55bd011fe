"""What is kept is found by all that it depends on: twins that differ in one thing share nothing.

Each pair is a model and its twin, which differs in one number, one word or one piece; the twin runs
after the model, from the same cache, and must give what it gives without one, bit for bit.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import model_of, ref, stock

import sdsim
from sdsim.backends import Numpy
from sdsim.backends.base import Grid, March, Members
from sdsim.backends.llvm import Llvm, available, compiler, specialize
from sdsim.backends.llvm import digest as llvm_digest
from sdsim.backends.llvm.code import Use
from sdsim.base import cache, limits
from sdsim.ir.expr import Binary, Call, Lookup, Num
from sdsim.ir.model import Model
from sdsim.ir.program import Buffer, Op, Program, State, Table
from sdsim.outcomes import formula
from sdsim.readers import cache as readers_cache
from sdsim.run import system as system_module
from sdsim.run.system import System
from sdsim.sweeps import sweep as sweep_module

ROOT = Path(sdsim.__file__).parent

# --- what code is found by ------------------------------------------------------------------------


def files_of(rooms: Iterable[str]) -> set[Path]:
    places = [ROOT / room for room in rooms]
    return {f for p in places for f in (p.rglob("*.py") if p.is_dir() else [p.with_suffix(".py")])}


def imported(file: Path) -> Iterator[Path]:
    """The files of the package that a file imports, at the top and within functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}", *(f"{node.module}.{a.name}" for a in node.names)]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        for name in names:
            package, *parts = name.split(".")
            place = ROOT.joinpath(*parts)
            if package == "sdsim" and parts:
                yield from (
                    p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()
                )


@pytest.mark.parametrize(
    ("makers", "rooms"),
    [
        (("backends",), llvm_digest.ROOMS),
        (("compile",), system_module.ROOMS),
        (("readers",), readers_cache.ROOMS),
        (("outcomes/formula", "readers"), (*formula.ROOMS, *readers_cache.ROOMS)),
        (("sweeps",), sweep_module.ROOMS),
    ],
    ids=["machine code", "programs", "models", "expressions", "sweeps"],
)
def test_a_name_covers_every_source_that_makes_the_entry(
    makers: Sequence[str], rooms: Sequence[str]
) -> None:
    seen: set[Path] = set()
    todo = list(files_of(makers))
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += imported(file)
    missing = sorted(str(f.relative_to(ROOT)) for f in seen - files_of(rooms))
    assert len(seen) > 5
    assert not missing


def test_lifted_limits_have_entries_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    own = cache.source_digest.__wrapped__("ir")
    monkeypatch.setattr(limits, "TIMES", limits.TIMES + 19)
    assert cache.source_digest.__wrapped__("ir") != own


# --- machine code: twins of programs --------------------------------------------------------------

GRID = Grid(0.0, 0.5, 12, (0, 3, 7, 12))
VALUES = (1.5, 0.0, 4.0)
#: Numbers that code may treat as no others.
ODD = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 2.0, 0.5, -3.0)


def base_program() -> Program:
    """A parameter that is zero under a division, a cap, a switch, a table, a draw and a delay."""
    ops = (
        Op("param", (), 0), Op("param", (), 1), Op("param", (), 2),  # 0 a, 1 b, 2 cap
        Op("const", (), 3.0), Op("const", (), 2.0), Op("const", (), 0.25),  # 3, 4, 5
        Op("state", (), 0), Op("state", (), 1), Op("time"), Op("step"),  # 6, 7, 8, 9
        Op("div", (0, 1)), Op("min", (2, 10)),  # 10, 11: no finite value, or the cap
        Op("select", (1, 2, 10)),  # 12: the cap, or what has no finite value
        Op("mul", (6, 5)), Op("table", (8,), 0), Op("add", (13, 14)),  # 15
        Op("random", (9,), 77), Op("add", (15, 16)),  # 17
        Op("delayed", (), 0), Op("add", (17, 18)),  # 19
        Op("pow", (0, 3)), Op("max", (20, 4)), Op("select", (3, 21, 12)),  # 22
        Op("min", (0, 12)),  # 23: finite where the first is
    )  # fmt: skip
    return Program(
        ops, ("a", "b", "cap"), VALUES, (State("s", 0, 19), State("h", 3, 22, True)), (),
        (Table((0.0, 1.0, 4.0), (1.0, 3.0, 2.0)), Table((0.0, 1.0), (1.0, 5.0))),
        (Buffer("d", (0, 3), (13,)),),
    )  # fmt: skip


WANTED = (6, 7, 12, 19, 22, 23, 2)


@st.composite
def twins(draw: st.DrawFn) -> tuple[Program, Program]:
    """Two programs that differ in one thing (or in none, by chance)."""
    p = base_program()
    if draw(st.booleans()):  # not always from the same place
        p = replace(p, defaults=(1.5, 0.0, draw(st.sampled_from(ODD))))
    kind = draw(st.sampled_from(
        (*("default",) * 12, "const", "kind", "point", "length", "state", "held", "buffer", "lag",
         "code", "args", "stream", "table")
    ))  # fmt: skip

    def op(i: int, new: Op) -> Program:
        return replace(p, ops=(*p.ops[:i], new, *p.ops[i + 1 :]))

    def pick(*of: Any) -> Any:
        return draw(st.sampled_from(of))

    first, second = p.tables
    match kind:
        case "default":
            k, x = pick(0, 1, 2, 2, 2), pick(math.inf, *ODD[:4])
            return p, replace(p, defaults=(*p.defaults[:k], x, *p.defaults[k + 1 :]))
        case "const":
            return p, op(pick(3, 4, 5), Op("const", (), pick(*ODD)))
        case "kind":
            how = pick("extrapolate", "hold_backward", "look_forward")
            return p, replace(p, tables=(first._replace(kind=how), second))
        case "point":
            y = (*first.y[:2], pick(*ODD[3:]))
            return p, replace(p, tables=(first._replace(y=y), second))
        case "length":
            return p, replace(p, tables=(Table(first.x[:2], first.y[:2]), second))
        case "state":
            changed = p.states[0]._replace(initial=pick(1, 2, 3, 4))
            return p, replace(p, states=(changed, p.states[1]))
        case "held":
            changed = p.states[1]._replace(held=False)
            return p, replace(p, states=(p.states[0], changed))
        case "buffer":
            other = Buffer("d", (0, 3), (13, 4), "information")
            return p, replace(p, buffers=(other,))
        case "lag":
            return p, replace(p, buffers=(p.buffers[0]._replace(start=(0, 4)),))
        case "code":
            return p, op(11, Op(pick("max", "add", "div", "lt"), (2, 10)))
        case "args":
            return p, op(13, Op("mul", (6, pick(0, 4, 7))))
        case "stream":
            return p, op(16, Op("random", (9,), 78))
    return p, op(14, Op("table", (8,), 1))


def marched(program: Program, moving: bool, stages: int, **settings: Any) -> March:
    kernel = Llvm(width=4, optimise=2 if moving else 0, **settings).compile(program, WANTED)
    matrix = np.repeat(np.array(program.defaults)[:, None], 5, axis=1)
    matrix[0] *= np.linspace(0.5, 1.5, 5)
    which = frozenset({0}) if moving else None
    return kernel.march(Members(matrix, np.arange(5), 11, which), GRID, stages)


def identical(got: March, want: March) -> None:
    np.testing.assert_array_equal(got.stopped, want.stopped)
    end = np.where(want.stopped < 0, GRID.saved[-1] + 1, want.stopped)
    counts = np.broadcast_to((np.array(GRID.saved)[:, None] < end)[:, None, :], want.values.shape)
    a, b = got.values[counts], want.values[counts]
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


@pytest.mark.skipif(not available(), reason="no LLVM")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pair=twins(), moving=st.booleans(), stages=st.sampled_from((1, 4)), turned=st.booleans())
def test_cached_code_gives_a_twin_its_own_answer(
    tmp_path_factory: pytest.TempPathFactory,
    pair: tuple[Program, Program], moving: bool, stages: int, turned: bool,
) -> None:  # fmt: skip
    first, twin = pair[::-1] if turned else pair
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.VARIABLE, str(tmp_path_factory.mktemp("code")))
        patch.setattr(specialize, "GAIN", -1.0)  # special code whether it pays or not
        marched(first, moving, stages)
        identical(marched(twin, moving, stages), marched(twin, False, stages, cache=False))


@pytest.mark.skipif(not available(), reason="no LLVM")
@pytest.mark.parametrize("cap", [math.inf, 4.0])
def test_an_infinite_default_does_not_excuse_its_twin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: float
) -> None:
    """The twin whose cap is a number stops at the division by zero, whoever ran before."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    ops = (Op("param", (), 0), Op("param", (), 1), Op("div", (0, 1)), Op("const", (), 1.0),
           Op("select", (3, 2, 0)))  # fmt: skip
    model = Program(ops, ("cap", "zero"), (cap, 0.0), (), ())
    for each in (model, replace(model, defaults=(1.0, 0.0))):
        kernel = Llvm(width=4).compile(each, [4])
        found = kernel.march(Members(np.array(each.defaults)[:, None], np.zeros(1, np.int64)),
                             GRID, 1)  # fmt: skip
        assert (found.stopped[0] < 0) == math.isinf(each.defaults[0])


@pytest.mark.skipif(not available(), reason="no LLVM")
def test_code_knows_the_compiler_and_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Llvm(width=4).compile(base_program(), WANTED)
    use = Use("march1", 4)
    own = kernel.codes._key(use, 0)
    for changed in ("0.1 20.1.8 x86_64-unknown-linux-gnu", "0.2 20.1.8 x86_64-apple-darwin"):
        monkeypatch.setattr(compiler, "target", lambda changed=changed: changed)
        assert kernel.codes._key(use, 0) != own


# --- programs and models: twins of models ---------------------------------------------------------

X = (0.0, 5.0, 10.0)


@st.composite
def made(draw: st.DrawFn) -> Model:
    """One of many models that are almost the same."""

    def pick(*of: Any) -> Any:
        return draw(st.sampled_from(of))

    flow = Binary(pick("*", "*", "/"), ref("s"), ref("rate"))
    table = Lookup(X, (0.1, pick(0.2, 0.3), 0.1), pick("interpolate", "hold_backward"))
    return model_of(
        {
            "Rate": pick(0.1, *ODD),
            "Read": Call("with lookup", (ref("time"), table)),
            "Chosen": Call("if then else", (ref("read"), ref("rate"), Num(pick(*ODD)))),
            "S": stock(flow, pick(1.0, 2.0, -0.0)),
        },
        step=pick(1.0, 0.5), stop=5.0,
    )  # fmt: skip


def saved(model: Model, cached: bool) -> tuple[str, dict[str, bytes]]:
    run = sdsim.simulate(System(model, Numpy(), cached))
    return run.message, {str(k): v.values.tobytes() for k, v in run.dataset.variables.items()}


@given(models=st.lists(made(), min_size=2, max_size=5))
def test_a_kept_program_is_that_of_its_own_model(
    tmp_path_factory: pytest.TempPathFactory, models: list[Model]
) -> None:
    """All models run from one cache, one after the other, then each from its own entry."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.VARIABLE, str(tmp_path_factory.mktemp("programs")))
        want = [saved(m, False) for m in models]
        assert [saved(m, True) for m in models] == want
        assert [saved(replace(m, name="again"), True) for m in models] == want


TEXT = """{UTF-8}
Cap = CAP ~ ~ |
Zero = 0 ~ ~ |
Ratio = MIN(Cap, 1 / Zero) ~ ~ |
Table((0,1),(10,LAST)) ~ ~ |
Read = Table(Time) ~ ~ |
Level = INTEG(Read, 1) ~ ~ |
INITIAL TIME = 0 ~ ~ |
FINAL TIME = 4 ~ ~ |
TIME STEP = 1 ~ ~ |
SAVEPER = 1 ~ ~ |
"""


def test_files_that_differ_in_a_word_have_entries_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    path, found = tmp_path / "model.mdl", []
    for cap, last in (("1", "2"), ("3", "2"), ("1", "4"), (":NA:", "2")):
        path.write_text(TEXT.replace("CAP", cap).replace("LAST", last), encoding="utf-8")
        found += [
            saved(sdsim.load(path, cache=kept, backend=Numpy()).model, kept)
            for kept in (True, True, False)
        ]
    assert all(found[k] == found[k + 2] == found[k + 1] for k in range(0, len(found), 3))
    assert len({repr(f) for f in found[::3]}) == 4
