"""What every refusal must be, whoever makes it."""

from __future__ import annotations

import re

#: What a modeller should never have to read.
PYTHON = re.compile(
    r"datetime\.|codecs?\b|sys\.|\b[A-Z]\w*Error\b|object at 0x|\bNoneType|shape \(|"
    r"\b(?:list|tuple|dict) index\b|"
    r"\bgot (?:int|float|str|dict|list|tuple|bool|date|None|True|False)\b"
)


def well_said(text: str) -> None:
    """One line of moderate length, with a remedy, in the words of modellers."""
    assert text.isprintable(), text
    assert 0 < len(text) <= 600, text
    assert "; " in text, f"no word on what to do: {text}"
    assert not PYTHON.search(text), f"words of Python's: {text}"
