"""The XML of a model file as plain elements with line numbers, read strictly.

Uses expat, the standard library's parser: it stops at the first fault and reports a document type
before anything in it is processed, so that it can be refused with all its entities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from xml.parsers import expat

from sdsim.base import limits
from sdsim.base.errors import ModelError, one_line
from sdsim.readers.source import known_encoding

_DECLARED = re.compile(
    rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([^\"'>]*)[\"']", re.DOTALL
)


@dataclass
class Element:
    """One element; ``tag`` without its namespace, attributes as written.

    own : whether it is XMILE's rather than a vendor's.
    space : for the root, its namespace; None if it has none.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    own: bool = True
    text: str = ""
    children: list[Element] = field(default_factory=list)
    space: str | None = None

    def all(self, tag: str) -> Iterator[Element]:
        """Its children with this name."""
        return (c for c in self.children if c.own and c.tag == tag)

    def first(self, tag: str) -> Element | None:
        """The first child with this name."""
        return self._firsts.get(tag)

    @cached_property
    def _firsts(self) -> dict[str, Element]:
        """The first child of each name, found once: an array may have a thousand children."""
        return {c.tag: c for c in reversed(self.children) if c.own}

    def get(self, name: str, default: str = "") -> str:
        """The value of an attribute."""
        return self.attributes.get(name, default)

    def said(self, tag: str) -> str:
        """The trimmed text of the first child with this name; empty if there is none."""
        found = self.first(tag)
        return found.text.strip() if found else ""

    def flag(self, tag: str) -> bool | None:
        """A flag: an empty element, or one that says true or false; None if it is missing."""
        found = self.first(tag)
        return None if found is None else found.text.strip().lower() != "false"


def parse_document(data: bytes, file: str) -> Element:
    """The root element.

    Raises
    ------
    ModelError : XML that is not well formed, a document type, too deep, too large.
    """
    return _Reader(file).read(data)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        self.ours: set[str] = set()
        self.plain: list[bool] = []  # per open element: whether names without a prefix are XMILE's
        self.start_parser("")

    def start_parser(self, encoding: str) -> None:
        """A parser for bytes in their declared encoding, or in another."""
        self.parser = expat.ParserCreate(encoding or None)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.StartDoctypeDeclHandler = self.doctype

    def fault(self, what: str, remedy: str) -> ModelError:
        return ModelError(what, remedy=remedy, file=self.file, line=self.parser.CurrentLineNumber)

    def read(self, data: bytes) -> Element:
        body = self.decoded(data)
        try:
            self.parser.Parse(body, True)
        except expat.ExpatError as e:
            said = expat.ErrorString(e.code)
            within = f" within <{self.open[-1].tag}>" if self.open else ""
            raise ModelError(
                f"not well-formed XML: {said}{within}",
                file=self.file,
                line=e.lineno,
                remedy="save the file as UTF-8"
                if "encoding" in said
                else "save the model again; a file that was cut off cannot be read",
            ) from None
        except ModelError:
            raise
        except (ValueError, LookupError):  # a bad encoding that is only noticed here
            what = "the encoding that the file declares cannot be read"
            raise ModelError(what, remedy="save it as UTF-8", file=self.file, line=1) from None
        assert self.root is not None
        return self.root

    def decoded(self, data: bytes) -> bytes:
        """The data, converted to UTF-8 if the file declares an encoding unknown to the parser.

        Raises
        ------
        ModelError : an unknown encoding, or one that does not fit.
        """
        found = _DECLARED.match(data)
        said = found[1].decode("ascii", "replace") if found else "utf-8"
        codec = known_encoding(said)
        if codec is None:
            raise ModelError(
                f"unknown encoding '{one_line(said, 40)}'", file=self.file, line=1,
                remedy='save the file as UTF-8 with encoding="utf-8"',
            )  # fmt: skip
        if codec.startswith(("utf", "ascii")):
            return data
        try:
            text = data.decode(codec)
        except UnicodeDecodeError as e:
            line = data.count(b"\n", 0, e.start) + 1
            what = f"not valid {said}, as the file declares"
            raise ModelError(
                what, remedy="save the file as UTF-8", file=self.file, line=line
            ) from None
        self.start_parser("utf-8")
        return text.encode()

    def doctype(self, *_: object) -> None:
        raise self.fault("a document type (DOCTYPE) is not allowed", "remove it")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= limits.XML_DEPTH:
            what = f"elements nested more than {limits.XML_DEPTH} deep"
            raise self.fault(what, "save the model again; those of a model lie some 10 deep")
        if self.count > limits.XML_ELEMENTS:
            what = f"more than {limits.XML_ELEMENTS:,} elements"
            raise self.fault(what, f"split the model, {limits.TRUSTED}")
        if len(attributes) > limits.XML_ATTRIBUTES:
            raise self.fault(f"more than {limits.XML_ATTRIBUTES:,} attributes", "leave some out")
        prefix, _, tag = name.rpartition(":")
        parent = self.open[-1] if self.open else None
        for key, space in attributes.items():
            # Undeclared prefixes are common in Stella's files, so expat is not asked to resolve
            # them; one may also be XMILE's own.
            if key.startswith("xmlns:") and "isee" not in space.casefold():
                self.ours |= {key.removeprefix("xmlns:")} if "xmile" in space.casefold() else set()
        default = attributes.get("xmlns")
        self.plain.append(
            (self.plain[-1] if self.plain else True) if default is None or parent is None
            else "xmile" in default.casefold() and "isee" not in default.casefold()
        )  # fmt: skip
        own = prefix in self.ours if prefix else self.plain[-1]
        made = Element(tag, attributes, self.parser.CurrentLineNumber, own)
        if parent is None:
            self.root = made
            made.space = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns") or None
        else:
            parent.children.append(made)
        self.open.append(made)

    def end(self, _: str) -> None:
        self.open.pop()
        self.plain.pop()

    def text(self, said: str) -> None:
        at = self.open[-1]
        if len(at.text) + len(said) > limits.XML_TEXT:
            what = f"more than {limits.XML_TEXT:,} characters in <{at.tag}>"
            raise self.fault(what, "shorten it")
        at.text += said
