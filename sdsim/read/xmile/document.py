"""The XML of a model file as plain elements with line numbers, read strictly.

By expat, the standard library's own parser: it stops at the first fault, and tells of a document
type before anything in it is looked at, so that it can be refused with all entities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from sdsim import limits
from sdsim.errors import ModelError


@dataclass
class Element:
    """One element; ``tag`` without its namespace, attributes as written.

    own : whether it is XMILE's, and not a vendor's.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    own: bool = True
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[Element]:
        """Its children of that name."""
        return (c for c in self.children if c.own and c.tag == tag)

    def first(self, tag: str) -> Element | None:
        """The first of them."""
        return next(self.all(tag), None)

    def get(self, name: str, default: str = "") -> str:
        """An attribute."""
        return self.attributes.get(name, default)

    def said(self, tag: str) -> str:
        """The text of the first child of that name, trimmed; empty where there is none."""
        found = self.first(tag)
        return found.text.strip() if found else ""

    def flag(self, tag: str) -> bool | None:
        """Whether an empty element is there that may also say true or false; None without it."""
        found = self.first(tag)
        return None if found is None else found.text.strip().lower() != "false"


def parse(data: bytes, file: str) -> Element:
    """The root element.

    Raises
    ------
    ModelError : no well-formed XML, a document type, too deep, too large.
    """
    return _Reader(file).read(data)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        self.ours: set[str] = set()
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.StartDoctypeDeclHandler = self.doctype

    def fault(self, what: str, remedy: str = "") -> ModelError:
        return ModelError(what, remedy=remedy, file=self.file, line=self.parser.CurrentLineNumber)

    def read(self, data: bytes) -> Element:
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as e:
            said = expat.ErrorString(e.code)
            within = f" within <{self.open[-1].tag}>" if self.open else ""
            raise ModelError(
                f"no well-formed XML: {said}{within}",
                file=self.file,
                line=e.lineno,
                remedy="save the model again; a file that was cut off cannot be read",
            ) from None
        except (ValueError, LookupError) as e:
            raise ModelError(f"no well-formed XML: {e}", file=self.file) from None
        assert self.root is not None
        return self.root

    def doctype(self, *_: object) -> None:
        raise self.fault("a document type (DOCTYPE) is not allowed", "remove it")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= limits.XML_DEPTH:
            raise self.fault(f"elements nested more than {limits.XML_DEPTH} deep")
        if self.count > limits.XML_ELEMENTS:
            raise self.fault(f"more than {limits.XML_ELEMENTS:,} elements")
        if len(attributes) > limits.XML_ATTRIBUTES:
            raise self.fault(f"more than {limits.XML_ATTRIBUTES:,} attributes", "leave some out")
        prefix, _, tag = name.rpartition(":")
        parent = self.open[-1] if self.open else None
        for key, space in attributes.items():
            # Prefixes that nobody declared are common in files of Stella's, so that expat is not
            # asked about them; one may also be XMILE's own.
            if key.startswith("xmlns:") and "isee" not in space.casefold():
                self.ours |= {key.removeprefix("xmlns:")} if "xmile" in space.casefold() else set()
        own = not prefix or prefix in self.ours
        made = Element(tag, attributes, self.parser.CurrentLineNumber, own)
        if parent is None:
            self.root = made
        else:
            parent.children.append(made)
        self.open.append(made)

    def end(self, _: str) -> None:
        self.open.pop()

    def text(self, said: str) -> None:
        at = self.open[-1]
        if len(at.text) + len(said) > limits.XML_TEXT:
            raise self.fault(f"more than {limits.XML_TEXT:,} characters in <{at.tag}>")
        at.text += said
