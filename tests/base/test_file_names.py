"""Names of variables, groups and contestants as names of files."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdsim.base.files import named


@given(st.lists(st.text(), min_size=2, max_size=2, unique=True))
def test_other_names_have_other_files(pair: list[str]) -> None:
    assert named(pair[0]) != named(pair[1])


@given(st.text(min_size=1))
def test_any_name_is_one_plain_file(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", named(name))


@pytest.mark.parametrize(
    ("name", "file"), [("no caging", "no_caging"), ("a-b", "a-2d-b"), ("../x", "-2e--2e--2f-x")]
)
def test_what_is_plain_stays_readable(name: str, file: str) -> None:
    assert named(name) == file
