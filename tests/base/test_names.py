"""One normaliser: which spellings are one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsim.base.names import canonical, display, element_label


@pytest.mark.parametrize(
    "spelling",
    [
        "Tie Intensity",
        "tie_intensity",
        "TIE INTENSITY",
        "  Tie   Intensity ",
        "Tie__Intensity",
        "Tie\tIntensity",
        "Tie\nIntensity",
        "Tie\\nIntensity",
        '"Tie Intensity"',
        "Tie\u00a0Intensity",
    ],
)
def test_spellings_of_one_name(spelling: str) -> None:
    assert canonical(spelling) == "tie intensity"


@pytest.mark.parametrize(("a", "b"), [("ab", "a b"), ("a-b", "a b"), ("a1", "a 1"), ("É", "E")])
def test_different_names_stay_different(a: str, b: str) -> None:
    assert canonical(a) != canonical(b)


def test_letters_beyond_ascii_have_one_case() -> None:
    assert canonical("ÉMIGRÉS Straße") == canonical("émigrés STRASSE")


def test_display_keeps_case_and_inner_quotes() -> None:
    assert display('"Rate \\"A\\" (%)"') == 'Rate "A" (%)'
    assert display("  Some_Name ") == "Some Name"


@given(st.text())
def test_canonical_is_settled_after_one_pass_or_two(name: str) -> None:
    """Quotes inside quotes come off one pair at a time; nothing else may move."""
    once = canonical(name)
    if not (once.startswith('"') and once.endswith('"')) and "\\" not in once:
        assert canonical(once) == once


@given(st.text())
def test_display_and_name_have_the_same_canonical_form(name: str) -> None:
    if '"' not in name and "\\" not in name:
        assert canonical(display(name)) == canonical(name)


def test_element_label() -> None:
    assert element_label("Pop", ("a", "b")) == "Pop[a,b]"
    assert element_label("Pop", ()) == "Pop"
