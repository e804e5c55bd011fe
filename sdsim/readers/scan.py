"""Splits the text of a Vensim model into entries: left side, right side, and line number.

An entry is ``equation ~ units ~ comment |``. The equation part may hold quoted names, strings and
``{comments}``; units and comments are plain text in which a single quote mark means nothing.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sdsim.base import limits, names
from sdsim.base.errors import ModelError, one_line
from sdsim.ir.model import Reality

_QUOTED = r'"(?:\\"|[^"])*"'
_NAME = rf"{_QUOTED}|(?:\w|[^\x00-\x7f])(?:[\w$'\s]|[^\x00-\x7f])*"
_STRING = re.compile(r"'[^'\n]*'")
_LIST = rf'\[(?:[^\]"]|{_QUOTED})*\]'
_LEFT = re.compile(
    rf"""\s*(?P<name>{_NAME})
    \s*(?P<subs>{_LIST})?
    \s*(?P<excepts>:\s*EXCEPT\s*:\s*{_LIST}(?:\s*,\s*{_LIST})*)?
    \s*(?::\s*(?P<keyword>INTERPOLATE|RAW|HOLD[ _]BACKWARD|LOOK[ _]FORWARD)\s*:)?
    \s*(?P<sign>:\s*(?:THE\ ?CONDITION|TEST\ ?INPUT|IS)\s*:|:=|==|=|<->|\(|:|$)""",
    re.VERBOSE | re.IGNORECASE,
)
_ITEM = re.compile(rf"\s*({_QUOTED}|[^,\"]+?)\s*(?:,|$)")
_GROUP = re.compile(r"\*{3,}+(?P<name>[^~|]*?)\*{3,}+\s*~[^|]*\|")
_MACRO = re.compile(
    rf"""(?s::\s*MACRO\s*:\s*(?P<name>{_NAME}))
    \(\s*(?P<inputs>[^:()~|]*)(?::(?P<outputs>[^:()~|]*))?\)""",
    re.VERBOSE | re.IGNORECASE,
)
_END_OF_MACRO = re.compile(r":\s*END\s+OF\s+MACRO\s*:", re.IGNORECASE)
_IMPLIES = re.compile(r":\s*IMPLIES\s*:", re.IGNORECASE)
_MARK = re.compile(r"""["'{~|]""")
_JOIN = re.compile(r"\\[ \t]*\n\s*")
_BRACE = re.compile(r"[{}]")
_BLANK = re.compile(r"[\s\x1a\ufeff]*")
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2064\ufeff]")
#: The line of an entry swallowed by the one before; and of one without a sign (data or a range).
_NEXT = re.compile(rf"\s*(?:{_NAME})\s*(?:{_LIST})?[^=~|]*?(?::=|==?|<->)|\*{{3,}}")
_BARE = re.compile(rf"\s*(?:{_NAME})\s*(?:{_LIST})?\s*(?::|\(|$)")
_KINDS = {"=": "equation", "==": "constant", ":=": "data", "": "data", "(": "lookup",
          ":": "range", "<->": "copy"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the file; names and subscripts as written, including quotes.

    kind : ``equation``, ``constant`` (``==``), ``data`` (``:=`` or nothing), ``lookup``,
        ``range`` (a subscript range) or ``copy`` (``<->``).
    keyword : the interpolation of data, as in `sdsim.ir.expr.Lookup`.
    text : the right-hand side on one line, without comments.
    group : its ``.Group`` heading.   line : of its first character.
    hidden : made from a macro.   outputs : names that receive the further results of the macro
        ``called`` in it.
    """

    name: str
    kind: str
    text: str
    subs: tuple[str, ...] = ()
    excepts: tuple[tuple[str, ...], ...] = ()
    keyword: str = "interpolate"
    units: str = ""
    doc: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    group: str = ""
    line: int = 0
    hidden: bool = False
    outputs: tuple[str, ...] = ()
    called: str = ""

    @property
    def key(self) -> str:
        """The canonical name."""
        return names.canonical(self.name)

    @property
    def label(self) -> str:
        """The name as a person writes it."""
        return names.display(self.name)


@dataclass(frozen=True, slots=True)
class Macro:
    """``:MACRO: name(inputs : outputs)`` with the entries of its body."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    entries: tuple[Entry, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Scan:
    """A whole file: the entries of the main model, the macros, and notes for the user."""

    entries: tuple[Entry, ...]
    macros: tuple[Macro, ...] = ()
    notes: tuple[str, ...] = ()
    reality: tuple[Reality, ...] = ()


def scan_text(text: str, file: str) -> Scan:
    """The entries and macros of ``text``, in file order.

    Raises
    ------
    ModelError : an unterminated entry, quote, comment or macro; an unreadable left side; a
        text-direction override in a name or equation; no entry at all.
    """
    return _Scanner(text, file).run()


def items(text: str) -> list[str]:
    """The comma-separated items of a list; quoted names stay whole."""
    return [item for item in _ITEM.findall(text) if item.strip()]


def mask(text: str) -> str:
    """``text`` with quoted names and strings blanked out; positions do not change."""
    return re.sub(rf"{_QUOTED}|(?<=[(,])\s*'[^']*'", lambda m: "\0" * len(m.group()), text)


class _Scanner:
    """A scan of one text: `at` is the current position, `closing` the last mark met."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file, self.at, self.closing = text, file, 0, ""
        self.breaks = [m.start() for m in re.finditer("\n", text)]
        self.group = ""
        self.notes: list[str] = []
        self.reality: list[Reality] = []
        self.inside = False  # whether inside a macro

    def line(self, at: int) -> int:
        return bisect.bisect_left(self.breaks, at) + 1

    def error(self, what: str, remedy: str, at: int, name: str = "") -> ModelError:
        return ModelError(
            what, remedy=remedy, file=self.file, line=self.line(at), variable=name[:80] or None
        )

    def run(self) -> Scan:
        main: list[Entry] = []
        macros: list[Macro] = []
        body = main
        while self.skip_blank():
            start = self.at
            if head := _GROUP.match(self.text, start):
                self.group = one_line(head["name"].strip().lstrip("."))
                self.at = head.end()
            elif head := _MACRO.match(self.text, start):
                if body is not main:
                    raise self.error("a macro inside a macro", "end the first one", start)
                body = []
                inputs, outputs = (
                    tuple(items(" ".join(_JOIN.sub(" ", head[part] or "").split())))
                    for part in ("inputs", "outputs")
                )
                macros.append(Macro(head["name"].strip(), inputs, outputs, (), self.line(start)))
                self.at = head.end()
            elif head := _END_OF_MACRO.match(self.text, start):
                if body is main:
                    raise self.error("':END OF MACRO:' without ':MACRO:'", "delete it", start)
                macros[-1] = replace(macros[-1], entries=tuple(body))
                body = main
                self.at = head.end()
            else:
                self.inside = body is not main
                body.extend(self.entry())
                if len(body) + len(self.reality) > limits.EQUATIONS:
                    raise self.error(
                        f"more than {limits.EQUATIONS:,} equations",
                        f"split the model, {limits.TRUSTED}",
                        start,
                    )
        if body is not main:
            name = names.display(macros[-1].name)
            raise self.error(f"macro '{name}' does not end", "add ':END OF MACRO:'", len(self.text))
        if not main:
            raise ModelError(
                "not a Vensim text model: no 'name = equation ~ units ~ comment |' in it",
                remedy="save the model as .mdl (text) in Vensim",
                file=self.file,
            )
        return Scan(tuple(main), tuple(macros), tuple(self.notes), tuple(self.reality))

    def skip_blank(self) -> bool:
        """Move past blanks and comments to the next entry; false at the end."""
        while True:
            blank = _BLANK.match(self.text, self.at)
            self.at = blank.end() if blank else self.at
            if not self.text.startswith("{", self.at):
                return self.at < len(self.text)
            self.at = self.comment(self.at)

    def comment(self, at: int) -> int:
        """The end of the comment that begins at ``at``; comments nest."""
        depth = 0
        for brace in _BRACE.finditer(self.text, at):
            depth += 1 if brace.group() == "{" else -1
            if depth == 0:
                return brace.end()
        raise self.error("the comment '{' does not end", "add '}'", at)

    def entry(self) -> Iterator[Entry]:
        start = self.at
        equation = self.equation()
        parts: list[str] = []
        begin: list[int] = []
        while self.closing == "~":
            begin.append(self.at)
            parts.append(self.plain())
        head = one_line(BIDI.sub("", equation), 40)
        self.one_entry(parts, begin, start, head)
        if self.closing != "|":
            raise self.error("the entry does not end", "add '~ units ~ comment |'", start, head)
        if not parts:
            raise self.error("an entry without '~'", "write '~ units ~ comment |'", start, head)
        if bidi := BIDI.search(equation + parts[0]):
            code = f"U+{ord(bidi.group()):04X}"
            what = f"a character that reverses the direction of text ({code})"
            raise self.error(what, "delete it", start, head)
        if hidden := _INVISIBLE.search(equation):
            self.notes.append(
                f"line {self.line(start)}: '{head}': a character that cannot be seen "
                f"(U+{ord(hidden.group()):04X}) makes this another name"
            )
        yield from self.parsed(equation, parts, start)

    def one_entry(self, parts: list[str], begin: list[int], start: int, head: str) -> None:
        """Refuse an entry whose units or comment contain the next entry: only a mark such as
        ``:SUPPLEMENTARY`` may follow a comment."""
        more = [part.strip() for part in parts[2:]]
        if not more or (len(more) == 1 and more[0].startswith(":")):
            return
        several = len(more) > 1
        for part, at in list(zip(parts, begin, strict=True))[:-1]:
            lines = [(m[0][:200], m.start()) for m in re.finditer(r"(?m)^.+$", part)]
            found = [(t, k) for t, k in lines if (k or several) and _NEXT.match(t)][:1]
            found += [(t, k) for t, k in lines if k and several and _BARE.match(t)][-1:]
            if found:
                text, where = one_line(found[0][0], 40), self.line(at + found[0][1])
                what = f"a '|' is missing before '{text}' in line {where}"
                raise self.error(what, "end the entry with '|'", start, head)

    def equation(self) -> str:
        """The equation part on one line."""
        out: list[str] = []
        tail = ""
        while True:
            mark = _MARK.search(self.text, self.at)
            piece = self.text[self.at : mark.start() if mark else len(self.text)]
            out.append(" ".join(_JOIN.sub(" ", f".{piece}.").split())[1:-1])
            tail = (piece.rstrip() or tail)[-1:]
            if mark is None:
                self.at, self.closing = len(self.text), ""
                break
            at, sign = mark.start(), mark.group()
            self.at = at + 1
            if sign in "~|":
                self.closing = sign
                break
            if sign == "{":
                self.at = self.comment(at)
                out.append(" ")
            elif sign == '"':
                out.append(self.quoted(at))
                tail = '"'
            elif tail in ("(", ",") and (string := _STRING.match(self.text, at)):
                out.append(string.group())
                self.at, tail = string.end(), "'"
            else:
                out.append(sign)
                tail = sign
        return "".join(out).strip()

    def quoted(self, at: int) -> str:
        match = re.compile(_QUOTED).match(self.text, at)
        name = " ".join(_JOIN.sub(" ", match.group()).split("\n")) if match else ""
        # A name may span lines; one that contains a mark is unterminated.
        if match is None or ("\n" in match.group() and re.search("[~|]", name)):
            raise self.error("the quote '\"' does not end", "add the second '\"'", at)
        self.at = match.end()
        return name

    def plain(self) -> str:
        """The text up to the next ``~`` or ``|``."""
        match = re.compile(r"[^~|]*").match(self.text, self.at)
        end = match.end() if match else self.at
        text, self.closing = self.text[self.at : end], self.text[end : end + 1]
        self.at = end + 1
        return text

    def parsed(self, equation: str, parts: list[str], start: int) -> Iterator[Entry]:
        left = _LEFT.match(equation)
        if not equation:
            raise self.error("an entry without a name", "delete it or write 'name = ...'", start)
        if left is None:
            remedy = "names with other characters than letters, digits, blanks need double quotes"
            raise self.error(f"cannot be read near '{one_line(equation, 40)}'", remedy, start)
        label = names.display(left["name"])
        sign = "".join(left["sign"].upper().split(" ")) if left["sign"] else ""
        if sign in (":THECONDITION:", ":TESTINPUT:"):
            said = self.real(left, equation[left.end() :].strip(), sign == ":THECONDITION:", start)
            if said:
                doc = self.doc(parts[1] if len(parts) > 1 else "", start, label)
                self.reality.append(replace(said, doc=doc, group=self.group))
            return
        if sign == ":IS:":
            self.notes.append(f"'{label}': string variables (:IS:) are not read")
            return
        kind = _KINDS[sign]
        if kind in ("range", "copy") and (left["subs"] or left["excepts"] or left["keyword"]):
            raise self.error(
                f"cannot be read near '{one_line(equation[left.end() - 1 :], 40)}'",
                "write 'name[subscripts] = expression'",
                start,
                label,
            )
        units, limits = _limits(" ".join(_JOIN.sub(" ", parts[0]).split()))
        yield Entry(
            name=left["name"].strip(),
            kind=kind,
            text=equation[left.start("sign") if kind == "lookup" else left.end() :].strip(),
            subs=_subscripts(left["subs"]),
            excepts=tuple(_subscripts(group) for group in re.findall(_LIST, left["excepts"] or "")),
            keyword=(left["keyword"] or "interpolate").lower().replace(" ", "_"),
            units=units,
            doc=self.doc(parts[1] if len(parts) > 1 else "", start, label),
            limits=limits,
            group=self.group,
            line=self.line(start),
        )

    def real(self, left: re.Match[str], text: str, constraint: bool, start: int) -> Reality | None:
        """A reality check as text; `sdsim.claims` parses it when it is needed."""
        if self.inside:
            label = one_line(names.display(left["name"]), 80)
            self.notes.append(
                f"line {self.line(start)}: '{label}': a reality check in a macro is not evaluated"
            )
            return None
        implies = None
        if constraint:
            found = _IMPLIES.search(mask(text))
            cut = found.span() if found else (len(text), len(text))
            text, implies = text[: cut[0]].strip(), text[cut[1] :].strip()
        subs = _subscripts(left["subs"])
        return Reality(left["name"].strip(), subs, text, implies, self.line(start))

    def doc(self, text: str, start: int, label: str) -> str:
        if BIDI.search(text):
            text = BIDI.sub("", text)
            self.notes.append(
                f"line {self.line(start)}: '{one_line(label, 80)}': direction marks taken out of "
                "the comment"
            )
        lines = (" ".join(line.split()) for line in _JOIN.sub(" ", text).split("\n"))
        return "\n".join(lines).strip()


def _subscripts(text: str | None) -> tuple[str, ...]:
    return tuple(items(text[1:-1])) if text else ()


def _limits(units: str) -> tuple[str, tuple[float | None, float | None]]:
    """Split ``units [low,high]`` or ``units [low,high,step]``; ``?`` and infinities are open."""
    match = re.fullmatch(r"(.*?)\s*\[([^\[\],]*),([^\[\],]*)(?:,[^\[\],]*)?\]", units)
    if match is None:
        return units, (None, None)
    ends: list[float | None] = []
    for word in match.group(2, 3):
        if word.strip() in ("", "?"):
            ends.append(None)
            continue
        try:
            value = float(word)
        except ValueError:
            return units, (None, None)
        ends.append(value if math.isfinite(value) else None)
    return match.group(1), (ends[0], ends[1])
