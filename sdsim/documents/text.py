"""Text of strangers, made harmless: what does not show is written out, markup is only text."""

from __future__ import annotations

import html
import re
import unicodedata

#: Characters that turn the text after them round, or break lines where none is seen.
_TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0x2028, 0x2029}
_TURNING |= {0xFEFF, *range(0xFFF9, 0xFFFC)}
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&:@$^=\"'])")


def visible(text: str) -> str:
    """The text with its line ends and tabs; other control characters, marks of direction and what
    is no character are written as their numbers, such as ``<U+202E>``."""
    return "".join(
        c
        if c in "\n\t" or not (ord(c) in _TURNING or unicodedata.category(c) in ("Cc", "Cs"))
        else f"<U+{ord(c):04X}>"
        for c in text.replace("\r\n", "\n").replace("\r", "\n")
    )


def line(text: str) -> str:
    """The same in one line."""
    return " ".join(visible(text).split())


def escaped(text: str) -> str:
    """One line as HTML."""
    return html.escape(line(text), quote=True)


def block(text: str) -> str:
    """Lines as HTML, for an element that keeps them."""
    return html.escape(visible(text).strip(), quote=True)


def marked(text: str) -> str:
    """One line as Markdown in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", line(text))


def fenced(text: str) -> str:
    """Lines as a block of code in Markdown."""
    body = visible(text).strip("\n")
    longest = max((len(m) for m in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{body}\n{fence}"
