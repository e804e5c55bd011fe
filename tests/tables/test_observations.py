"""Observations: rows of figures with sources; what does not fit is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdsim import ModelError
from sdsim.tables.observations import read_observations

HEAD = "variable,stay_from,year,value,unit,source,confidence,use\n"


def test_rows_keep_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "targets.csv"
    path.write_text(
        HEAD + 'Fish,3,1990,2.5,kt,"Clark, 1990",CONFIDENT,fit\nFish,,1991,2,kt,x,y,z\n'
    )
    first, second = read_observations(path)
    assert (first.variable, first.year, first.value, first.unit) == ("Fish", 1990.0, 2.5, "kt")
    assert first.source == "Clark, 1990"
    assert (first.number("stay_from", 9), second.number("stay_from", 9)) == (3.0, 9.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("variable,year\n", "t.csv:1: has no column value; it needs variable, year"),
        (HEAD + "Fish,,19x0,1,,,,\n", "t.csv:2: column year: expected a number, got '19x0'"),
        (HEAD + "Fish,,1990,,,,,\n", "t.csv:2: column value: expected a number, got ''"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(ModelError) as error:
        read_observations(path)
    assert says in str(error.value)
