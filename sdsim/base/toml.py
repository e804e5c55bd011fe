"""TOML files read key by key: errors name the key and the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sdsim.base import files, names
from sdsim.base.errors import ModelError, nearest, said

_TOKEN = re.compile(
    r""""{3}(?:\\.|[^\\])*?"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\])*+"|'[^'\n]*+'"""
    r"""|\#[^\n]*+|[\w+-]++|[^\w\s]|\n""",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(r"'([^']+)'")
_DOTTED = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){49}""", re.ASCII
)
_AT = re.compile(r"\s*\(at line (\d+), column \d+\)")
_LONG = re.compile(r"[0-9][0-9_]{4299}")
_MISSING = object()
_MOST = 2**1024  # beyond the range of a float


@dataclass(frozen=True)
class Section:
    """A table in a TOML file, or one of plain data that is read in the same way.

    file, text : its name and whole text; empty for plain data.   keys : its keys from the top.
    """

    data: Mapping[str, Any]
    file: str = ""
    text: str = ""
    keys: tuple[str, ...] = ()

    def fault(self, what: str, key: str | None = None, remedy: str = "") -> ModelError:
        """An error that names file, line and key."""
        keys = self.keys if key is None else (*self.keys, key)
        return ModelError(
            what, remedy=remedy, file=self.file, line=line_of(self.text, keys),
            variable=".".join(keys) or None,
        )  # fmt: skip

    def placed(self, e: ModelError, key: str | None = None) -> ModelError:
        """A lower-level error, with its place in this file added unless it is one in this table."""
        if e.file == self.file and self.keys and _within(e.variable, ".".join(self.keys)):
            return e
        what = self._what(e)
        keys = self.keys if key is None else (*self.keys, key)
        if e.variable and e.variable not in (".".join(keys), *keys):
            what = f"'{e.variable}': {what}"
        found = self.fault(what, key, e.remedy)
        return found.instead(e.file, e.line) if e.line and e.file == self.file else found

    def traced(self, e: ModelError) -> ModelError:
        """A lower-level error about something the file names: with the line of the key or value
        that is its variable or that it quotes, or with the file alone."""
        keys = self._keys_about({w for w in (e.variable, *_QUOTED.findall(e.what)) if w})
        if keys is not None:
            return replace(self, keys=keys).placed(e)
        return ModelError(self._what(e), remedy=e.remedy, file=self.file, variable=e.variable)

    def place_of(self, name: str) -> tuple[str, int | None]:
        """The file and the line of the first key or value that is this name."""
        keys = self._keys_about({name})
        return self.file, None if keys is None else line_of(self.text, keys)

    def _keys_about(self, about: set[str]) -> tuple[str, ...] | None:
        """The keys from the top of the first key that is one of these names or has it as value."""
        for keys, value in _leaves(self.data, ()):
            if about.intersection(_said_by(keys[-1], value)):
                return (*self.keys, *keys)
        return None

    def _what(self, e: ModelError) -> str:
        """The message of an error, with its place if that is in another file."""
        line = "" if e.line is None else f":{e.line}"
        return f"{e.file}{line}: {e.what}" if e.file and e.file != self.file else e.what

    def only(self, *known: str) -> None:
        """Refuse unknown keys."""
        for k in self.data:
            if k not in known:
                remedy = nearest(k, known) or f"one of {', '.join(known)}"
                raise self.fault("unknown key", k, remedy)

    def unique(self) -> None:
        """Refuse two keys that are spellings of the same name."""
        given: dict[str, str] = {}
        for key in self.data:
            if (earlier := given.setdefault(names.canonical(key), key)) is not key:
                raise self.fault(f"given twice, first as '{earlier}'", key, "delete one")

    def without(self, *keys: str) -> Section:
        """The table without some of its keys."""
        return replace(self, data={k: v for k, v in self.data.items() if k not in keys})

    def filled(self, **defaults: Any) -> Section:
        """The table with defaults for keys that it lacks."""
        return replace(self, data={**defaults, **self.data})

    def has(self, key: str) -> bool:
        """Whether the key is present."""
        return key in self.data

    def section(self, key: str, remedy: str = "") -> Section:
        """The table under a key; empty if there is none.

        remedy : how to write such a table; by default, as lines below a header.
        """
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            header = ".".join(map(_spelled, (*self.keys, key)))
            remedy = remedy or f"write [{header}], and lines key = value below it"
            raise self.fault(f"expected a table, got {said(value)}", key, remedy)
        return Section(value, self.file, self.text, (*self.keys, key))

    def rows(self, key: str, most: int) -> tuple[Section, ...]:
        """The ``[[key]]`` tables, possibly none; the row number is part of a table's keys.

        Raises
        ------
        ModelError : the key holds something else, or more than ``most`` tables.
        """
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self.fault(
                f"expected [[{key}]] tables, got {said(value)}", key, f"write [[{key}]] above each"
            )
        if len(value) > most:
            raise self.fault(f"more than {most}", key, "leave some out")
        return tuple(
            Section(v, self.file, self.text, (*self.keys, key, str(n)))
            for n, v in enumerate(value, start=1)
        )

    @contextmanager
    def placing(self, key: str | None = None) -> Iterator[None]:
        """Give lower-level errors their place in this file; see `placed`."""
        try:
            yield
        except ModelError as e:
            raise self.placed(e, key) from None

    def value(self, key: str) -> Any:
        """The value of a key, of any type.

        Raises
        ------
        ModelError : the key is missing.
        """
        if key not in self.data:
            raise self.fault(f"'{key}' is missing", remedy="write it")
        return self.data[key]

    def _take(self, key: str, default: Any) -> Any:
        return self.data.get(key, default) if default is not _MISSING else self.value(key)

    def words(self, key: str, default: Any = _MISSING) -> str:
        """The value of a key as text that is safe to print on a terminal."""
        value = self._take(key, default)
        if not isinstance(value, str):
            raise self.fault(f"expected text, got {said(value)}", key, "write it in quotes")
        self._printable(key, value)
        return value

    def _printable(self, key: str, *texts: str) -> None:
        for c in "".join(texts):
            if not c.isprintable() and c not in "\n\t":
                raise self.fault(f"holds the control character {c!r}", key, "delete it")

    def choice(self, key: str, known: Sequence[str], default: Any = _MISSING) -> str:
        """The value of a key that must be one of a list of words."""
        value = self.words(key, default)
        if value not in known:
            remedy = nearest(value, known) or f"one of {', '.join(known)}"
            raise self.fault(f"'{value}' is not known", key, remedy)
        return value

    def number(self, key: str, default: Any = _MISSING) -> float:
        """The value of a key as a finite number."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(f"expected a number, got {said(value)}", key, "write one such as 2.5")
        if not abs(value) < _MOST:
            raise self.fault(
                f"expected a finite number, got {said(value)}", key, "write one such as 1e30"
            )
        return float(value)

    def whole(self, key: str, default: Any = _MISSING, least: int | None = None) -> int:
        """The value of a key as a whole number."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fault(
                f"expected a whole number, got {said(value)}", key, "write one such as 3"
            )
        if least is not None and value < least:
            raise self.fault(f"expected at least {least}, got {said(value)}", key, "write more")
        return value

    def flag(self, key: str, default: Any = _MISSING) -> bool:
        """The value of a key as true or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self.fault(f"expected true or false, got {said(value)}", key, "write one of them")
        return value

    def items(self, key: str) -> Sequence[Any]:
        """The value of a key as a list, of anything."""
        return self._listed(self.value(key), key, "values", lambda v: True, "write [1, 2, 3] or so")

    def texts(self, key: str, default: Any = _MISSING) -> tuple[str, ...]:
        """The value of a key as a text or a list of texts."""
        value = self._take(key, default)
        value = [value] if isinstance(value, str) else value
        value = self._listed(value, key, "texts", _is_text, 'write ["a", "b"]')
        self._printable(key, *value)
        return tuple(value)

    def numbers(self, key: str, default: Any = _MISSING) -> tuple[float, ...]:
        """The value of a key as a list of numbers."""
        value = self._take(key, default)
        value = self._listed(value, key, "numbers", _is_number, "write [1, 2.5]")
        for v in value:
            if not abs(v) < _MOST:
                raise self.fault(
                    f"expected finite numbers, got {said(v)}", key, "write ones such as 1e30"
                )
        return tuple(float(v) for v in value)

    def _listed(
        self, value: Any, key: str, what: str, fits: Callable[[Any], bool], remedy: str
    ) -> Sequence[Any]:
        """``value`` if it is a list whose items all pass ``fits``; otherwise raises an error."""
        if not isinstance(value, list | tuple):
            raise self.fault(f"expected a list of {what}, got {said(value)}", key, remedy)
        for v in value:
            if not fits(v):
                got = f"expected a list of {what}, got one with {said(v)} in it"
                raise self.fault(got, key, remedy)
        return value


def _within(name: str | None, table: str) -> bool:
    """Whether a name is that of a table or of something in it."""
    return name is not None and (name == table or name.startswith(f"{table}."))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_toml(path: Path, limit: int) -> Section:
    """Read a TOML file of at most ``limit`` bytes.

    Raises
    ------
    ModelError : it cannot be read, is too large, or is not TOML.
    """
    try:
        text = files.read_text(path, limit)
        return Section(parse_toml(text), path.name, text)
    except ModelError as e:
        raise e.at(file=str(path) if e.what == "no such file" else path.name) from None


def parse_toml(text: str) -> dict[str, Any]:
    """The tables in a TOML text.

    Raises
    ------
    ModelError : it is not TOML, or is nested too deeply; the line is named.
    """
    if long := _DOTTED.search(text):  # tomllib walks a key once for each of its parts
        line = text.count("\n", 0, long.start()) + 1
        raise ModelError(
            "not valid TOML: a key of 50 parts or more", line=line, remedy="use tables"
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        at = _AT.search(str(e))
        what = f"not valid TOML: {_AT.sub('', str(e)).strip()}"
        raise ModelError(what, line=int(at[1]) if at else None, remedy="correct it") from None
    except RecursionError:
        raise ModelError("not valid TOML: nested too deeply", remedy="use tables") from None
    except ValueError:
        digits = _LONG.search(text)
        place = text.count("\n", 0, digits.start()) + 1 if digits else None
        what = "not valid TOML: a whole number of thousands of digits"
        raise ModelError(what, line=place, remedy="write a smaller number") from None


def _leaves(data: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(keys, value) of every key, outermost first."""
    for key, value in data.items():
        yield (*at, key), value
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*at, key))


def _said_by(key: str, value: Any) -> list[str]:
    """A key and its value as texts, where they are text."""
    values = value if isinstance(value, list) else [value]
    return [key, *(v for v in values if isinstance(v, str))]


def line_of(text: str, keys: Sequence[str]) -> int | None:
    """The line of a key, as far as a scan of the lines can tell; or that of the nearest table
    above it."""
    best: tuple[int, int] | None = None
    for n, at in _places(text):
        shared = 0
        while shared < min(len(at), len(keys)) and at[shared] == keys[shared]:
            shared += 1
        inside = shared == len(keys)  # a table inside the one asked for
        if shared and (shared == len(at) or inside) and (best is None or shared > best[0]):
            best = (shared, n)
    return best[1] if best else None


@lru_cache(maxsize=2)  # called once for each run of a claim
def lines_of(text: str) -> Mapping[tuple[str, ...], int]:
    """The line of every key and table that begins a line, by its keys from the top."""
    out: dict[tuple[str, ...], int] = {}
    for n, at in _places(text):
        out.setdefault(at, n)
    return out


def _places(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line, keys from the top) of every header and key that begins a statement.

    A row of an array of tables has its number, from 1, as a key.
    """
    table: tuple[str, ...] = ()
    rows: dict[tuple[str, ...], int] = {}
    for n, statement in _statements(text):
        brackets = 1 + (statement[:2] == ["[", "["]) if statement[0] == "[" else 0
        parts = tuple(_part(t) for t in statement[brackets:] if t not in ".]")
        if not brackets:
            yield n, (*table, *parts)
            continue
        table = ()
        for i, part in enumerate(parts, start=1):
            table = (*table, part)
            if brackets == 2 and i == len(parts):
                rows[table] = rows.get(table, 0) + 1
            if table in rows:
                table = (*table, str(rows[table]))
        yield n, table


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, tokens) of the text before each ``=``, and of every header."""
    n, begun, depth = 1, 1, 0
    head: list[str] | None = []  # None inside a value
    for match in _TOKEN.finditer(text):
        token = match[0]
        if head is None:
            depth += (token in "[{") - (token in "]}")
            head = [] if token == "\n" and depth == 0 else None
        elif token in "=\n":
            if head:
                yield begun, head
            head = None if token == "=" else []
        elif token[0] != "#":
            begun = begun if head else n
            head.append(token)
        n += token.count("\n")
    if head:
        yield begun, head


def _spelled(key: str) -> str:
    """A key as it is written in a file."""
    return key if _BARE.fullmatch(key) else f'"{key}"'


def _part(token: str) -> str:
    """A key without its quotes."""
    if token[0] not in "'\"":
        return token
    return str(tomllib.loads(f"key = {token}")["key"]) if "\\" in token else token[1:-1]
