"""A model is a value: found, hashed, stored, never changed in place."""

from __future__ import annotations

import dataclasses
import json

import pytest
from making import model_of, ref, stock

from sdsim.base.errors import ModelError, nearest, one_line
from sdsim.ir.expr import Array, Binary, Call, Lookup, Num, Unary
from sdsim.ir.model import Dimension, Equation, Model, Variable, from_json, to_json

PLAIN = model_of({"Heat": stock(Unary("-", ref("loss")), 180.0), "loss": 3.0})

RICH = Model(
    "rich",
    {
        "people": Variable(
            "People",
            (
                Equation(Array((1.0, 2.0), (2,)), ("d",), (("a",),), 7),
                Equation(Call("integ", (ref("people", "b"), Num(1.0))), ("b",), (), 9),
            ),
            "person", "How many.", (0.0, None), ("d",), "Group", "equation", False,
        ),
        "table": Variable(
            "Table", (Equation(Lookup((0.0, 1.0), (2.0, 3.0))),), role="lookup", hidden=True
        ),
    },
    {"d": Dimension("D", ("a", "b"), ("A", "B"), {"e": (("x", "y"), ("z",))})},
    "rich.mdl",
    "abc",
    ("a note",),
)  # fmt: skip


@pytest.mark.parametrize("model", [PLAIN, RICH], ids=["plain", "rich"])
def test_a_model_goes_through_json_and_back(model: Model) -> None:
    assert from_json(json.loads(json.dumps(to_json(model)))) == model


def test_a_model_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLAIN.name = "other"  # type: ignore[misc]
    before = dict(PLAIN.variables)
    other = PLAIN.replacing({"loss": Variable("loss", (Equation(Num(4.0)),))})
    assert dict(PLAIN.variables) == before
    assert other.variables["loss"].equations[0].expr == Num(4.0)


@pytest.mark.parametrize("name", ["HEAT", " heat ", "Heat"])
def test_a_variable_is_found_however_it_is_spelled(name: str) -> None:
    assert PLAIN.find(name).name == "Heat"


def test_an_unknown_name_brings_the_nearest() -> None:
    with pytest.raises(ModelError) as e:
        RICH.find("Peeple")
    assert str(e.value) == "rich.mdl: no variable called 'Peeple'; did you mean 'People'?"


def test_a_hidden_variable_is_never_proposed() -> None:
    with pytest.raises(ModelError) as e:
        RICH.find("Tabel")
    assert "Table" not in str(e.value)


def test_the_hash_is_of_what_the_model_says_and_not_of_where_it_stands() -> None:
    moved = dataclasses.replace(RICH, file="elsewhere.mdl", name="x", digest="y", notes=())
    assert moved.hash == RICH.hash
    people = RICH.variables["people"]
    for change in (
        {"units": "people"},
        {"equations": people.equations[:1]},
        {"equations": (people.equations[1], people.equations[0])},
        {"dims": ()},
    ):
        other = RICH.replacing({"people": dataclasses.replace(people, **change)})
        assert other.hash != RICH.hash, change
    dimension = dataclasses.replace(RICH.dimensions["d"], elements=("b", "a"))
    assert dataclasses.replace(RICH, dimensions={"d": dimension}).hash != RICH.hash


def test_equal_trees_in_other_objects_have_one_hash() -> None:
    def made() -> Model:
        return model_of({"a": Binary("+", Num(1.0), ref("b")), "b": 2.0})

    assert made().hash == made().hash


# --- errors -----------------------------------------------------------------------------------


def test_an_error_is_one_line_with_place_fault_and_remedy() -> None:
    e = ModelError("no such thing.", remedy="do that", file="m.mdl", line=12, variable="Heat")
    assert str(e) == "m.mdl:12: 'Heat': no such thing; do that"
    assert str(ModelError("bad", line=3)) == "line 3: bad"
    assert str(ModelError("bad")) == "bad"


def test_at_fills_in_what_is_unknown_and_nothing_else() -> None:
    e = ModelError("bad", file="a.mdl").at(file="b.mdl", line=4, variable="x")
    assert str(e) == "a.mdl:4: 'x': bad"
    assert str(e.at(line=9, variable="y")) == "a.mdl:4: 'x': bad"


def test_an_error_never_has_two_lines_nor_control_characters() -> None:
    text = str(ModelError("a\nb\r\x1b[31m\x07c", variable="x\ny"))
    assert text.isprintable()
    assert text == "'x y': a b [31m c"
    assert len(one_line("x" * 5000)) == 600


def test_nearest_needs_likeness() -> None:
    assert nearest("rom temp", ["Room Temp", "Loss"]) == "did you mean 'Room Temp'?"
    assert nearest("ROOM TEMP", ["Room Temp"]) == "did you mean 'Room Temp'?"
    assert nearest("zzz", ["Room Temp"]) == ""
    assert nearest("x", []) == ""
