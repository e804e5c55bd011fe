"""Files that nobody wrote: models built by a grammar, and good files damaged at random.

    python tests/fuzzing.py [--seconds N] [--seed N] [TARGET ...]

goes on until it is stopped (`make fuzz`), shrinks what it finds and keeps it in tests/corpus/found.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import guard
import numpy as np
from growing import xmile_models, xmile_of
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from making import mdl
from wording import well_said

import sdsim
from sdsim.backends import Numpy
from sdsim.base.errors import ModelError
from sdsim.sweeps import read_sweep

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
SECONDS = 120.0  # a file that takes longer would never end, or nearly

# --- damage -----------------------------------------------------------------------------------

#: What a damaged file may suddenly hold: signs with a meaning, and values at the edge of something.
TOKENS = [
    *rb"""| ~ { } " ' ( ) [ ] (((( )))) ,, ; \ : := == <-> -> ! = ^ ^^ - -- * /0 1e999 -1e308
    5e-324 nan inf -inf 007 1e9 99999999999999999999 0 -1 :END_OF_MACRO: :EXCEPT: :NA: :NOT: :RAW:
    INTEG( DELAY_FIXED( DELAY_N( SMOOTH( WITH_LOOKUP( SUM( GET_DIRECT_DATA('../x.csv',',','A','B2')
    Time TIME_STEP [d!] (0,0) [(0,0)-(1,1)] < > </ /> & &#0; &#x202e; &x; <!-- --> <![CDATA[ ]]>
    <!DOCTYPE_x> <gf> <eqn> </eqn> <conveyor/> <non_negative/> xmlns='' ]] [[ {a= \'\'\' true
    1979-05-27 a.b.c.d=1""".split(),
    *(t.encode() for t in (
        "~ ~ |\n", "\\\n", "\t", "\r", "\0", "\x1a", "\x1b[31m", "\u202e", "\u200b", "\ufeff", "é",
        "人口", "🙂", ":MACRO: m(a)\n", "FINAL TIME = 1e300 ~ ~ |\n", "d: (a1-a99999999) ~ ~ |\n",
        '<dim name="D" size="99999999"/>', '"""', "\n[", "= 1\n", "[constants]\n",
    )),
]  # fmt: skip

XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><vendor>v</vendor><product version="1">p</product></header>
<sim_specs method="RK4" time_units="Month"><start>0</start><stop>8</stop><dt>0.5</dt></sim_specs>
<dimensions><dim name="Age"><elem name="young"/><elem name="old"/></dim><dim name="N" size="3"/>
</dimensions>
<model><variables>
<stock name="People"><dimensions><dim name="Age"/></dimensions>
<element subscript="young"><eqn>10</eqn></element><element subscript="old"><eqn>5</eqn></element>
<inflow>births</inflow><outflow>deaths</outflow><non_negative/></stock>
<flow name="births"><dimensions><dim name="Age"/></dimensions><eqn>rate * People</eqn></flow>
<flow name="deaths"><dimensions><dim name="Age"/></dimensions><eqn>SMTH1(People, 3)</eqn></flow>
<aux name="rate"><eqn>IF TIME &gt; 3 THEN effect ELSE 0.1</eqn><units>1/Month</units></aux>
<aux name="effect"><eqn>SUM(People) / 30</eqn><gf><xscale min="0" max="2"/>
<ypts>0.2,0.1,0.05</ypts></gf></aux>
<module name="shop"/>
</variables></model>
<model name="shop"><variables><stock name="goods"><eqn>3</eqn><inflow>made</inflow></stock>
<flow name="made"><eqn>STEP(1, 2) + PULSE(1, 1, 3)</eqn></flow></variables></model>
</xmile>
"""
VENSIM = mdl(
    """Age: young, old
    People[Age] = INTEG(births[Age] - deaths[Age], start[Age])
    start[Age] = 10, 5
    births[Age] = rate * People[Age]
    deaths[Age] = SMOOTH3(People[Age], 3) / 20
    table([(0,0)-(2,1)],(0,0.2),(1,0.1),(2,0.05))
    rate = IF THEN ELSE(Time > 3 :AND: :NOT: total = 0, table(total / 30), 0.1)
    total = SUM(People[Age!])
    late = DELAY FIXED(total, 2, 0) + PULSE(1, 2) * STEP(1, 3) + RANDOM UNIFORM(0, 1, 3)
    "odd "" name" = MAX(late, -2^2) + INITIAL(total) + WITH LOOKUP(Time, ((0,1),(8,2)))""".replace(
        'odd "" name', 'odd \\" name'
    ),
    stop=8, step=0.5,
)  # fmt: skip
PRESET = """title = "one"
[about]
by = "somebody"
[constants]
k = 2.5
"TIME STEP" = 0.5
[lookups]
t = {x = [0, 1, 4], y = [0, 2, 3], source = "somewhere"}
[series]
d = {file = "d.csv", time = "year", column = "people", where = {state = "A"}, scale = 2}
e = {time = [0, 1.5, 4], values = [1, 2, 4]}
[initial]
s = 7
"""
SPEC = """model = "m.mdl"
preset = "p.toml"
method = "euler"
seed = 0
[constants]
"FINAL TIME" = 3
[design]
kind = "monte carlo"
members = 8
[uncertainties]
k = {low = 0.5, high = 1.5}
[outcomes]
End = "final(s)"
[save]
variables = ["s"]
times = [0, 3]
[run]
chunk = 4
"""
BESIDE = {
    "m.mdl": mdl("s = INTEG(k*d, 1)\nk = 1\nt((0,0),(1,1))\nd\ne\ny = t(Time) + e", stop=4),
    "d.csv": "year,people,state\n0,1,A\n4,2,A\n4,3,B\n", "p.toml": PRESET,
}  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, *good: str) -> bytes:
    """One of the texts after one to eight cuts, copies, swaps and insertions."""
    data = draw(st.sampled_from(good)).encode()
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(0, 40))
        what = draw(st.sampled_from(("token", "token", "replace", "cut", "copy", "byte", "repeat")))
        token = draw(st.sampled_from(TOKENS))
        if what == "token":
            data = data[:at] + token + data[at:]
        elif what == "replace":
            data = data[:at] + token + data[at + size :]
        elif what == "cut":
            data = data[:at] + data[at + size :]
        elif what == "copy":
            to = draw(st.integers(0, len(data)))
            data = data[:to] + data[at : at + size] + data[to:]
        elif what == "repeat":
            data = data[:at] + data[at : at + size] * draw(st.integers(2, 300)) + data[at:]
        else:
            data = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
    return data


# --- grammar ----------------------------------------------------------------------------------

_NUMBERS = st.sampled_from(("0", "1", "2.5", "-3", "0.125", "1e3", "007", ".5"))
_LEAVES = st.one_of(_NUMBERS, st.sampled_from(("Time", "s", "r", "k", "a1", "a2")))


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        two.map(lambda t: f"MAX({t[0]}, {t[1]})"),
        two.map(lambda t: f"MIN({t[0]}, {t[1]})"),
        inner.map(lambda x: f"ABS({x})"),
        inner.map(lambda x: f"(-({x}))"),
        inner.map(lambda x: f"SQRT(ABS({x}))"),
        inner.map(lambda x: f"SIN({x})"),
        st.tuples(inner, st.sampled_from(("<", ">", "<=", ">=")), inner, inner, inner),
        st.tuples(_NUMBERS, st.integers(0, 9)).map(lambda t: f"STEP({t[0]}, {t[1]})"),
        st.integers(0, 9).map(lambda k: f"PULSE({k}, 2)"),
    )  # fmt: skip


def _said(part: Any) -> str:
    if isinstance(part, str):
        return part
    a, sign, b, c, d = part
    return f"IF THEN ELSE({a} {sign} {b}, {c}, {d})"


def equations() -> st.SearchStrategy[tuple[str, str, str, str]]:
    """The equations of a1, a2, r and the start of s."""

    def grown(inner: Any) -> Any:
        return _grown(inner).map(_said)

    def over(names: Sequence[str]) -> Any:
        return st.recursive(st.one_of(_NUMBERS, st.sampled_from(names)), grown, max_leaves=12)

    return st.tuples(over(("Time", "s", "k")), over(("Time", "s", "k", "a1")),
                     over(("Time", "s", "a1", "a2")), over(("k", "3")))  # fmt: skip


def vensim_of(parts: Sequence[str]) -> str:
    """A Vensim model of them; what a stock takes in is smoothed, delayed and bounded."""
    a1, a2, r, s = parts
    return mdl(
        f"""a1 = {a1}\na2 = {a2}\nr = {r}\nk = 1.5
        s = INTEG(MAX(-10, MIN(10, r)), {s})
        z = SMOOTH(MIN(10, a1), 2) + DELAY FIXED(a2, 2, 0)""",
        stop=8, step=0.5,
    )  # fmt: skip


# --- what must hold ---------------------------------------------------------------------------


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    with warnings.catch_warnings(), guard.within(SECONDS):
        warnings.simplefilter("ignore")
        yield


def _refused_well(error: ModelError) -> None:
    well_said(str(error))
    assert error.file, error


def _run(path: Path) -> None:
    """A model loads and runs ten steps, or is refused in one line."""
    with _bounded():
        try:
            system = sdsim.load(path, backend=Numpy(), cache=False)
            begin = float(sdsim.simulate(system).dataset["time"].values[0])
            assert np.isfinite(begin)
        except ModelError as e:
            _refused_well(e)


def vensim(data: bytes) -> None:
    """A damaged .mdl."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.mdl")
        path.write_bytes(data)
        _run(path)
        assert [p.name for p in Path(folder).iterdir()] == ["m.mdl"]


def xmile(data: bytes) -> None:
    """A damaged .xmile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.xmile")
        path.write_bytes(data)
        _run(path)
        assert [p.name for p in Path(folder).iterdir()] == ["m.xmile"]


def _beside(folder: str, data: bytes) -> Path:
    for name, text in BESIDE.items():
        Path(folder, name).write_text(text)
    path = Path(folder, "x.toml")
    path.write_bytes(data)
    return path


def preset(data: bytes) -> None:
    """A damaged preset."""
    with tempfile.TemporaryDirectory() as folder, _bounded():
        path = _beside(folder, data)
        try:
            system = sdsim.load(path.with_name("m.mdl"), backend=Numpy())
            sdsim.simulate(system, sdsim.read_preset(path).overrides)
        except ModelError as e:
            _refused_well(e)


def spec(data: bytes) -> None:
    """A damaged sweep spec: read, and its first members drawn; not run."""
    with tempfile.TemporaryDirectory() as folder, _bounded():
        path = _beside(folder, data)
        try:
            sweep = read_sweep(path)
            sweep.design.values(0, min(sweep.design.count, 8))
        except ModelError as e:
            _refused_well(e)


def differential(parts: Sequence[str]) -> None:
    """Both back ends say the same of a model, as far as it is finite."""
    from sdsim.backends import Llvm

    with tempfile.TemporaryDirectory() as folder, _bounded():
        path = Path(folder, "m.mdl")
        path.write_text(vensim_of(parts))
        try:
            runs = [
                sdsim.simulate(sdsim.load(path, backend=b, cache=False)) for b in (Numpy(), Llvm())
            ]
        except ModelError as e:
            _refused_well(e)
            return
        _agree(*runs)


def _agree(*runs: sdsim.Run) -> None:
    """Two runs say the same, as far as they are finite."""
    first, second = (r.dataset for r in runs)
    assert runs[0].status == runs[1].status
    np.testing.assert_array_equal(first["time"].values, second["time"].values)
    for name in {*first.data_vars} & {*second.data_vars}:
        a, b = first[name].values, second[name].values
        size = float(np.nanmax(np.abs(a[np.isfinite(a)]), initial=1.0))
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * size, err_msg=str(name))


def grown(text: str) -> None:
    """An XMILE model that a grammar made is read without a word, and both back ends agree on it."""
    from sdsim.backends import Llvm

    with tempfile.TemporaryDirectory() as folder, _bounded():
        path = Path(folder, "m.xmile")
        path.write_text(text, encoding="utf-8")
        system = sdsim.load(path, backend=Numpy(), cache=False)
        assert system.model.notes == ()
        _agree(sdsim.simulate(system), sdsim.simulate(sdsim.System(system.model, Llvm())))
        assert [p.name for p in Path(folder).iterdir()] == ["m.xmile"]


def formats(parts: Sequence[str]) -> None:
    """A model says the same as Vensim text and as XMILE, which two parsers read."""
    with tempfile.TemporaryDirectory() as folder, _bounded():
        runs = []
        for name, text in (("m.mdl", vensim_of(parts)), ("m.xmile", xmile_of(parts))):
            path = Path(folder, name)
            path.write_text(text)
            try:
                runs.append(sdsim.simulate(sdsim.load(path, backend=Numpy(), cache=False)))
            except ModelError as e:
                _refused_well(e)
        assert len(runs) != 1, "one is read, the other is not"
        if runs:
            _agree(*runs)


Target = tuple[Callable[[Any], None], st.SearchStrategy[Any], str]

TARGETS: dict[str, Target] = {
    "vensim": (vensim, damaged(VENSIM, BESIDE["m.mdl"]), "mdl"),
    "xmile": (xmile, damaged(XMILE), "xmile"),
    "preset": (preset, damaged(PRESET), "toml"),
    "spec": (spec, damaged(SPEC), "toml"),
    "differential": (differential, equations(), "txt"),
    "grown": (grown, xmile_models(), "xmile"),
    "formats": (formats, equations(), "txt"),
}


def attempt(name: str, examples: int, start: int) -> None:
    """Run one target on so many files; what fails is shrunk, kept and raised."""
    action, strategy, suffix = TARGETS[name]
    last: list[Any] = []

    def one(data: Any) -> None:
        try:
            action(data)
        except Exception:
            last[:] = [data]
            raise

    run = settings(
        max_examples=examples, deadline=None, database=None, derandomize=False,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )(seed(start)(given(strategy)(one)))  # fmt: skip
    try:
        run()
    except BaseException:
        if last:
            kept = last[0] if isinstance(last[0], str | bytes) else repr(last[0])
            data = kept.encode() if isinstance(kept, str) else kept
            found = CORPUS / "found" / f"{name}_{hashlib.sha256(data).hexdigest()[:12]}.{suffix}"
            found.parent.mkdir(exist_ok=True)
            found.write_bytes(data)
            print(f"kept as {found}", file=sys.stderr)
        raise


def main(argv: Sequence[str] | None = None) -> int:
    """Go on until stopped, or until something is found."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args(argv)
    end = time.monotonic() + args.seconds
    done = 0
    for start, name in zip(itertools.count(args.seed), itertools.cycle(args.targets or TARGETS)):
        if time.monotonic() > end:
            break
        attempt(name, 50, start)
        done += 50
        print(f"{done} files, seed {start}: {name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
