"""What is added to a model cannot be spelt in a file: nothing there takes its place or reads it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sdsim
from sdsim.backends import Numpy
from sdsim.base import names
from sdsim.base.errors import ModelError
from sdsim.claims import run_realities
from sdsim.compile.expand import expand
from sdsim.readers.checks import unusable

Written = Callable[..., Path]
VENSIM = """:MACRO: sm(a)
sm = INTEG(a, 1) ~ ~ |
:END OF MACRO:
x = Time ~ ~ |
Level = INTEG(x, 2) ~ ~ |
Sm = SMOOTH3(x, 2) + SMOOTH(Level, 3) ~ ~ |
Late = DELAY1(x, 2) ~ ~ |
Called = sm(x) ~ ~ |
Many = DELAY N(x, 3, 0, 2) ~ ~ |
INITIAL TIME = 0 ~ ~ |
FINAL TIME = 4 ~ ~ |
TIME STEP = 1 ~ ~ |
SAVEPER = 1 ~ ~ |
"""
XMILE = """<?xml version="1.0"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs><start>0</start><stop>4</stop><dt>1</dt></sim_specs>
<model><variables>
<stock name="hares"><eqn>2</eqn><outflow>deaths</outflow><non_negative/></stock>
<flow name="deaths"><eqn>TIME</eqn></flow>
<aux name="Sm"><eqn>SMTH1(TIME, 2)</eqn></aux>
MORE
</variables></model></xmile>
"""


def model(folder: Path, text: str, suffix: str) -> Path:
    path = folder / f"model{suffix}"
    path.write_text(text, encoding="utf-8")
    return path


def vensim(folder: Path, more: str = "") -> Path:
    return model(
        folder, "{UTF-8}\n" + VENSIM.replace("INITIAL TIME", more + "INITIAL TIME", 1), ".mdl"
    )


def xmile(folder: Path, more: str = "") -> Path:
    return model(folder, XMILE.replace("MORE", more), ".xmile")


def added(path: Path) -> list[str]:
    """The names of all that is added to a model, by its reader and afterwards."""
    whole = expand(sdsim.read(path, cache=False))
    return [v.name for v in whole.variables.values() if v.hidden]


def values(path: Path, **how: object) -> dict[str, list[float]]:
    run = sdsim.simulate(sdsim.load(path, backend=Numpy(), cache=False), **how)  # type: ignore[arg-type]
    return {str(n): np.asarray(run[n].values).tolist() for n in run}


def test_no_added_name_can_be_defined_or_read_in_a_vensim_file(tmp_path: Path) -> None:
    found = added(vensim(tmp_path))
    assert len(found) > 8
    for name in found:
        assert unusable(name)
        for said in (f'"{name}" = 777 ~ ~ |\n', f'"{name.upper()}" = 777 ~ ~ |\n',
                     f'y = "{name}" ~ ~ |\n', f'y = 1 + "{name}"(2) ~ ~ |\n'):  # fmt: skip
            with pytest.raises(ModelError, match="a part that is added to a model") as e:
                sdsim.read(vensim(tmp_path, said), cache=False)
            assert e.value.line


def test_no_added_name_can_be_defined_or_read_in_an_xmile_file(tmp_path: Path) -> None:
    found = added(xmile(tmp_path))
    assert len(found) > 1
    for name in found:
        escaped = name.replace(">", "&gt;")
        for said in (f'<aux name="{escaped}"><eqn>777</eqn></aux>',
                     f'<aux name="y"><eqn>"{escaped}"</eqn></aux>'):  # fmt: skip
            with pytest.raises(ModelError, match=r"added to a model|undefined variable"):
                sdsim.read(xmile(tmp_path, said), cache=False)


@pytest.mark.parametrize(
    "name", ["Sm · 1", "Sm · 2", "Level · start", "Sm ·1", "x · own", "Sm_·_1"]
)
def test_a_name_with_a_dot_is_a_name_like_any_other(tmp_path: Path, name: str) -> None:
    """As it was written before: it takes nothing's place."""
    plain = values(vensim(tmp_path), initial={"Level": 5})
    mine = values(vensim(tmp_path, f'"{name}" = 777 ~ ~ |\n'), initial={"Level": 5})
    shown = names.display(name)
    assert mine.pop(shown) == [777.0] * 5
    assert mine == plain
    assert values(vensim(tmp_path, f'"{name}" = 7 ~ ~ |\n'), params={name: 3.0})[shown] == [3.0] * 5


def test_a_name_with_a_dot_in_xmile(tmp_path: Path) -> None:
    plain = values(xmile(tmp_path))
    mine = values(xmile(tmp_path, '<aux name="Sm · 1"><eqn>777</eqn></aux>'))
    assert mine.pop("Sm · 1") == [777.0] * 5
    assert mine == plain


def test_reality_checks_put_nothing_into_a_variable_of_the_model(tmp_path: Path) -> None:
    text = (
        '"x · own" = 777 ~ ~ |\n"reality check · 0 · 1" = 5 ~ ~ |\n'
        "high :THE CONDITION: x = 100 :IMPLIES: Level > 1 ~ ~ |\n"
        '"dots stay" :THE CONDITION: x = 100 :IMPLIES: "x · own" > 776 ~ ~ |\n'
    )
    system = sdsim.load(vensim(tmp_path, text), backend=Numpy(), cache=False)
    assert [(v.name, v.status) for v in run_realities(system)] == [
        ("high", "holds"), ("dots stay", "holds"),
    ]  # fmt: skip


@given(owner=st.text(min_size=1, max_size=8), what=st.text(max_size=8))
def test_no_reader_takes_the_name_of_a_part(owner: str, what: str) -> None:
    """Whatever a variable is called, and however the name of its part is spelt."""
    name = names.part(owner, what)
    for spelled in (name, f'"{name}"', name.upper(), name.replace("·", "\N{GREEK ANO TELEIA}")):
        assert unusable(spelled)


def test_a_random_draw_within_a_part_keeps_its_stream(tmp_path: Path) -> None:
    """Streams go by the names of parts, as these are shown."""
    more = "Noise = SMOOTH(RANDOM UNIFORM(0, 1, 0), 2) ~ ~ |\n"
    system = sdsim.load(vensim(tmp_path, more), backend=Numpy(), cache=False)
    streams = {op.data for op in system.program.ops if op.code == "random"}
    assert float(zlib.crc32("noise · 1[0]#1".encode())) in streams
