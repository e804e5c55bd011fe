"""British and American spellings find each other; other words do not become equal."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdsim
from sdsim.base.errors import nearest
from sdsim.base.spelling import neutral

PAIRS = """behaviour behavior, centre center, labour labor, organise organize,
fertiliser fertilizer, colour color, neighbour neighbor, metre meter, litre liter,
fibre fiber, theatre theater,
organisation organization, analyse analyze, catalogue catalog, programme program, licence license,
defence defense, travelled traveled, modelling modeling, fulfil fulfill, enrolment enrollment,
aluminium aluminum, sulphur sulfur, anaemia anemia, oestrogen estrogen, ageing aging,
judgement judgment, grey gray, plough plow, tyre tire, cheque check, mould mold, draught draft,
manoeuvre maneuver, sceptic skeptic, naturalisation naturalization, practise practice,
centred centered, calibre caliber"""


@pytest.mark.parametrize("pair", [p.split() for p in PAIRS.split(",")], ids=lambda p: p[0])
def test_both_spellings_find_each_other_at_any_cutoff(pair: list[str]) -> None:
    british, american = (f"Rate of {word} now" for word in pair)
    near = ["Rate of now", "Rate of other now"]
    assert nearest(british.upper(), [*near, american], 1.0) == f"did you mean '{american}'?"
    assert nearest(american, [*near, british], 1.0) == f"did you mean '{british}'?"


def test_the_spelling_comes_before_a_name_that_looks_alike() -> None:
    assert nearest("labour", ["labou", "labor"]) == "did you mean 'labor'?"


def test_different_words_stay_different() -> None:
    words = "stock flow rate birth death price cost labor leisure water food land capital income"
    words += " energy demand supply output input tax wage work time delay factor table effect"
    assert len({neutral(w) for w in words.split()}) == len(words.split())


def test_a_model_proposes_it(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    text = (Path(sdsim.__file__).parent.parent / "models/teacup/teacup.mdl").read_text()
    path.write_text(text.replace("Room Temperature", "Centre Labour Colour"))
    with pytest.raises(sdsim.ModelError, match="did you mean 'Centre Labour Colour'"):
        sdsim.simulate(sdsim.load(path), {"Center labor color": 3})
