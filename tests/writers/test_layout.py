"""Every variable is drawn once, every influence is shown, and names do not cover each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import model_of, ref, stock

from sdsim.ir.expr import Binary, Expr, Num, Unary
from sdsim.ir.model import Model
from sdsim.writers import layout
from sdsim.writers.causes import pages
from sdsim.writers.drawing import Node, View
from sdsim.writers.layout import views

NAMES = [
    f"{word} {k}" for k in range(5) for word in ("a", "longer name", "the longest name of all")
]


def summed(names: list[str], signs: list[bool]) -> Expr:
    out: Expr = Num(0.0)
    for name, plus in zip(names, signs, strict=False):
        out = Binary("+" if plus else "-", out, ref(name))
    return out


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Any graph of up to 15 variables, some of them stocks, in up to three groups."""
    chosen = NAMES[: draw(st.integers(1, len(NAMES)))]
    some = st.lists(st.sampled_from(chosen), max_size=5, unique=True)
    made: dict[str, Expr | float] = {}
    for name in chosen:
        reads = [n for n in draw(some) if n != name]
        expr = summed(reads, draw(st.lists(st.booleans(), min_size=5, max_size=5)))
        made[name] = stock(expr, 1.0) if draw(st.booleans()) else expr
    model = model_of(made)
    groups = {n: draw(st.sampled_from(["", "One", "Two"])) for n in chosen}
    return model.replacing({n: replace(model.find(n), group=groups[n]) for n in chosen})


def shown(view: View) -> set[tuple[str, str]]:
    """(cause, effect) by arrow, or as a flow and its stock by pipe."""
    at = {n.id: n for n in view.nodes}
    found = {(at[a.start].key, at[a.end].key) for a in view.arrows}
    for pipe in view.pipes:
        found |= {(at[pipe.valve].key, at[e].key) for e in (pipe.start, pipe.end) if at[e].key}
    return found


def box(node: Node) -> tuple[float, float, float, float]:
    half, high = (max(node.width / 2, 45), 20.0) if node.kind == "stock" else (node.width / 2, 9.0)
    down = 18.0 if node.kind == "valve" else 0.0
    return node.x - half, node.y - high + down, node.x + half, node.y + high + down


@settings(max_examples=150, deadline=None)
@given(models())
def test_all_is_shown_once_and_nothing_is_covered(model: Model) -> None:
    made, asked = views(model), pages(model)
    at_home = [n.key for v in made for n in v.nodes if n.key and n.kind != "shadow"]
    assert sorted(at_home) == sorted(n for n in NAMES if n in model.variables)
    for view, page in zip(made, asked, strict=True):
        assert view.name == page.name
        wanted = {(c, e) for e, causes in page.causes.items() for c in causes}
        wanted |= {(f, s) for f, ends in page.flows.items() for s in ends if s is not None}
        assert shown(view) == wanted
        for n in view.nodes:
            assert n.x - n.width / 2 >= 0 <= n.y
        named = [n for n in view.nodes if n.kind != "cloud"]
        for one, other in combinations(named, 2):
            (a, b, c, d), (e, f, g, h) = box(one), box(other)
            assert c <= e or g <= a or d <= f or h <= b, (one, other)


def only(model: Model) -> View:
    (view,) = views(model)
    return view


def test_a_chain_stands_in_a_row_between_clouds() -> None:
    view = only(model_of({
        "young": stock(Binary("-", ref("births"), ref("ageing")), 1.0),
        "old": stock(Binary("-", ref("ageing"), ref("deaths")), 1.0),
        "births": 1.0, "ageing": Binary("*", ref("young"), ref("rate")), "deaths": 2.0,
        "rate": 0.1,
    }))  # fmt: skip
    row = [n for n in view.nodes if n.kind in ("stock", "valve", "cloud")]
    assert len({n.y for n in row}) == 1
    keys = [n.key or "cloud" for n in sorted(row, key=lambda n: n.x)]
    assert keys == ["cloud", "births", "young", "ageing", "old", "deaths", "cloud"]
    assert len(view.pipes) == 3


def test_a_stock_and_its_flow_in_another_group_share_a_view() -> None:
    model = model_of({"s": stock(Unary("-", ref("f")), 1.0), "f": ref("x"), "x": 1.0})
    model = model.replacing({
        "s": replace(model.find("s"), group="One"), "f": replace(model.find("f"), group="Two"),
        "x": replace(model.find("x"), group="Two"),
    })  # fmt: skip
    one, two = views(model)
    assert [(n.kind, n.key) for n in one.nodes if n.key] == [
        ("stock", "s"), ("valve", "f"), ("shadow", "x")]  # fmt: skip
    assert [(n.kind, n.key) for n in two.nodes] == [("variable", "x")]


def test_long_ways_become_shadows() -> None:
    """A constant that thirty variables read is not joined to all of them."""
    made = {f"v{k}": Binary("+", ref("shared"), ref(f"own {k}")) for k in range(30)}
    view = only(model_of({**made, **{f"own {k}": 1.0 for k in range(30)}, "shared": 1.0}))
    shadows = [n for n in view.nodes if n.kind == "shadow"]
    assert 10 < len(shadows) < 30
    at = {n.id: n for n in view.nodes}
    assert all(abs(at[a.start].x - at[a.end].x) < 450 for a in view.arrows)


def test_a_stock_that_reads_no_flow_has_no_pipe() -> None:
    made = stock(Binary("/", Binary("-", ref("goal"), ref("level")), Num(2.0)), 0.0)
    view = only(model_of({"level": made, "goal": 5.0}))
    assert not view.pipes
    assert shown(view) == {("goal", "level")}


@pytest.mark.parametrize("count", [1, 3])
def test_very_many_variables_are_not_drawn(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(layout, "MAX_DRAWN", 5)
    assert bool(views(model_of({f"x{k}": 1.0 for k in range(count)}))) == (count == 1)
