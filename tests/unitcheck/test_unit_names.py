"""Names of units that a file says are the same: of Vensim's settings, of XMILE's <model_units>."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsim.ir.model import UnitNames, from_json, to_json
from sdsim.readers import read
from sdsim.unitcheck import DIMENSIONLESS, Unit, check, parse_unit
from sdsim.unitcheck.book import UnitBook

SPACE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
#: (the file's definitions, one text, another, whether they are one unit).
XMILE = [
    ('<unit name="vehicle"><alias>car</alias></unit>', "car", "vehicles", True),
    ('<unit name="pace"><eqn>km/hour</eqn></unit>', "pace*hr", "km", True),
    ('<unit name="Square Miles"><eqn>Miles^2</eqn></unit>', "Square_Miles", "Miles*Miles", True),
    ('<unit name="a"><alias>b</alias></unit><unit name="b"><alias>c</alias></unit>',
     "c", "a", True),
    ('<unit name="b"><alias>c</alias></unit><unit name="a"><eqn>b</eqn></unit>', "a", "c", True),
    ('<unit name="watt"><eqn>joules/s</eqn><alias>W</alias></unit>', "W*second", "joule", True),
    ('<unit name="share"><alias>Dmnl</alias></unit>', "share", "1", True),
    ('<unit name="area"><alias>m^2</alias></unit>', "area", "m*m", True),
    ("", "People-Months", "people*months", True),
    ("", "m^2-s", "m^2*s", True),
    ("", "kg-(m/s)-day", "kg*m*day/s", True),
    ("", "1/person-year", "year/person", True),  # from left to right, as * and /
    ("", "m^-2", "1/m^2", True),
    ("", "m^(-2)", "1/m^2", True),
    ('<unit name="passenger-km"/><unit name="pkm"><eqn>passenger-km</eqn></unit>',
     "pkm", "passenger*km", False),  # an own name
    ('<unit name="CO2-eq"><alias>ceq</alias></unit>', "ceq/year", "CO2-eq/year", True),
    ('<unit name="CO2-eq"><alias>ceq</alias></unit>', "ceq", "CO2*eq", False),
    ('', '"CO2-eq"', "CO2*eq", False),
    *(("", f"per_{u}", f"1/{u}s", True)
      for u in ("second", "minute", "hour", "day", "week", "month", "quarter", "year")),
    *(("", a, b, True) for a, b in (("ns", "nanoseconds"), ("us", "microsecond"),
      ("ms", "milliseconds"), ("s", "second"), ("mo", "months"), ("qtr", "Quarters"))),
    ('<unit name="s"><eqn>siemens</eqn></unit>', "s", "second", False),
    ('<unit name="mo" disabled="true"/>', "mo", "month", False),
    ('<unit name="Joules" disabled="true"><alias>J</alias></unit>', "J", "joule", False),
]  # fmt: skip


def faults(path: Path) -> list[str]:
    return [str(f) for f in check(read(path)) if f.kind != "no units"]


@pytest.mark.parametrize(("defined", "one", "other", "same"), XMILE)
def test_xmile_says_which_units_are_the_same(
    tmp_path: Path, defined: str, one: str, other: str, same: bool
) -> None:
    path = tmp_path / "m.xmile"
    path.write_text(
        f'<xmile version="1.0" xmlns="{SPACE}"><sim_specs time_units="day"><start>0</start>'
        f"<stop>1</stop></sim_specs><model_units>{defined}</model_units><model><variables>"
        f'<aux name="a"><eqn>1</eqn><units>{one}</units></aux>'
        f'<aux name="b"><eqn>a</eqn><units>{other}</units></aux></variables></model></xmile>',
        encoding="utf-8",
    )
    assert len(faults(path)) == (not same)


def vensim(tmp_path: Path, one: str, other: str, *lines: str) -> Path:
    text = "{UTF-8}\n" + "".join(
        f"{name} = {value}\n\t~\t{unit}\n\t~\t|\n"
        for name, value, unit in (
            ("a", "1", one), ("b", "a", other), ("INITIAL TIME", "0", "Month"),
            ("FINAL TIME", "1", "Month"), ("TIME STEP", "1", "Month"), ("SAVEPER", "1", "Month"),
        )
    )  # fmt: skip
    text += "\\\\\\---/// Sketch\nV300\n///---\\\\\\\n:L<%^E!@\n15:0,0,0,0,0,0\n"
    path = tmp_path / "m.mdl"
    path.write_text(text + "".join(f"22:{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("one", "other", "lines", "same"),
    [
        ("m^3", "Meter^3", ["Meter,m"], True),
        ("m^3", "Meter^3", [], False),
        ("W/m", "watts/Meter", ["Meter,m", "W,Watt"], True),
        ("veh", "vehicle", ["vehicle, vehicles ,veh"], True),
        ("x", "z", ["y,z", "x,y"], True),
        ("x", "z", ["x,y", "y,z", "z,x"], True),
        ("x-y", "x*y", ["a,b"], False),  # in Vensim a name
    ],
)
def test_vensims_settings_say_which_units_are_the_same(
    tmp_path: Path, one: str, other: str, lines: list[str], same: bool
) -> None:
    assert len(faults(vensim(tmp_path, one, other, *lines))) == (not same)


def test_a_fault_names_the_units_as_the_file_spells_them(tmp_path: Path) -> None:
    (found,) = faults(vensim(tmp_path, "m", "s", "Meter,m"))
    assert found == (
        "m.mdl:5: 'b': right side is Meter, left side is s; multiply the right side by something "
        "in s/Meter, or correct the units"
    )


def test_definitions_that_go_round_or_cannot_be_read_are_told() -> None:
    book = UnitBook(UnitNames(meant=(("a", "b*x"), ("b", "a"), ("c", "3 (("))))
    assert book.parse("a") == parse_unit("a*x")
    assert book.parse("c/day") == parse_unit("c/day")
    assert [(name, what.split(":")[0]) for name, what, _ in book.faults] == [
        ("a", "the unit is defined by way of itself"), ("c", "cannot read the unit '3 (('")
    ]  # fmt: skip
    long = UnitBook(UnitNames(meant=tuple((f"u{k} x", f"u{k + 1} x") for k in range(5000))))
    assert long.parse("u0 x").powers
    assert long.faults


def test_units_keep_what_is_said_of_them_in_the_cache(tmp_path: Path) -> None:
    model = read(vensim(tmp_path, "m", "Meter", "Meter,m"), cache=False)
    assert model.unit_names == UnitNames((("Meter", "m"),))
    assert from_json(to_json(model)).unit_names == model.unit_names


NAME = st.sampled_from(["fish", "boat", "day", "kg", "$"])


@given(st.dictionaries(NAME, st.integers(-3, 3)), st.lists(st.tuples(NAME, NAME), max_size=6))
def test_equal_names_make_equal_units_and_keep_products(
    powers: dict[str, int], groups: list[tuple[str, str]]
) -> None:
    """What is called alike is one unit, and reading goes through products and powers."""
    book = UnitBook(UnitNames(tuple(groups)))
    assert all(book.parse(a) == book.parse(b) for a, b in groups)
    product = DIMENSIONLESS
    for name, power in powers.items():
        product = product * book.parse(name) ** power
    text = str(Unit.of(powers))
    assert book.parse(text) == product
