"""The file of a claim: what it says, what it runs, what must hold. Data, checked key by key."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sdsim.base import names
from sdsim.base.errors import ModelError, nearest, said
from sdsim.base.toml import read_toml
from sdsim.overrides import Overrides, number
from sdsim.overrides.preset import preset_of

MAX_BYTES = 200_000  # of one file
MAX_FILES = 1000
MAX_EXPRESSIONS = 100  # of one claim
MAX_LENGTH = 4000  # characters of one expression
MAX_RUNS = 50  # of one claim; ablations as well
MAX_MADE = 500  # runs times ablations of one claim, and
MAX_MODELS = 100  # those of them that change equations

KINDS = ("mechanism", "behaviour", "figure", "rival")
EXPECTED = ("supported", "not supported", "not testable")
DATA = ("supports", "refutes", "does not touch")
BASE = "base"


@dataclass(frozen=True)
class Changes:
    """What a run changes.

    scale : factors of constants, applied to what is set or drawn.
    hold : links ``A -> B`` in which A keeps its value at the start.
    """

    overrides: Overrides = field(default_factory=Overrides)
    scale: Mapping[str, float] = field(default_factory=dict)
    hold: tuple[str, ...] = ()
    note: str = ""

    def __or__(self, other: Changes) -> Changes:
        """Both; where they meet, ``other`` holds. A constant set anew is no longer scaled."""
        anew = {names.canonical(k) for k in other.overrides.constants}
        kept = {k: v for k, v in self.scale.items() if names.canonical(k) not in anew}
        return Changes(
            self.overrides | other.overrides,
            {**kept, **other.scale},
            tuple(dict.fromkeys((*self.hold, *other.hold))),
            other.note or self.note,
        )

    @cached_property
    def key(self) -> str:
        """The same for two runs that change the same."""
        data = asdict(self) | {"note": ""}
        data["hold"] = sorted(map(names.canonical, self.hold))
        return json.dumps(data, sort_keys=True, default=str)


@dataclass(frozen=True)
class Claim:
    """A claim as its file states it; see the README of this room.

    check : all must hold; empty where ``missing`` says why the claim cannot be tested.
    why : the outcome explained in words.
    base : put on every run of this claim.   file : its name, for messages.
    """

    id: str
    claim: str
    seed: str
    tier: int
    kind: str
    expect: str
    data: str
    place: str = ""
    variables: tuple[str, ...] = ()
    data_note: str = ""
    changed: str = ""
    why: str = ""
    missing: str = ""
    conflicts: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    report: Mapping[str, str] = field(default_factory=dict)
    plot: tuple[str, ...] = ()
    base: Changes = field(default_factory=Changes)
    runs: Mapping[str, Changes] = field(default_factory=dict)
    ablations: Mapping[str, Changes] = field(default_factory=dict)
    file: str = ""

    def expressions(self) -> dict[str, str]:
        """Every expression by the key it stands under."""
        many = len(self.check) > 1
        out = {f"check {i}" if many else "check": t for i, t in enumerate(self.check, start=1)}
        out |= {f"report.{label}": text for label, text in self.report.items()}
        return out | {f"plot {i}": text for i, text in enumerate(self.plot, start=1)}

    def settings(self, ablation: str | None = None) -> dict[str, Changes]:
        """What each run changes in all, by canonical name, with an ablation put on it."""
        last = Changes() if ablation is None else self.ablations[ablation]
        runs = {BASE: Changes(), **{names.canonical(k): v for k, v in self.runs.items()}}
        return {name: self.base | run | last for name, run in runs.items()}


def read_claims(folder: str | Path, ids: Collection[str] = ()) -> tuple[Claim, ...]:
    """The claims in ``folder``, by name of the file.

    ids : if all of them are there, these alone; what is wrong with others does not matter then.

    Raises
    ------
    ModelError : no claims, or a file that is none; the key is named.
    """
    files = sorted(Path(folder).glob("*.toml"))
    if not files:
        raise ModelError("holds no claims", remedy="a claim is a .toml file", file=str(folder))
    if len(files) > MAX_FILES:
        raise ModelError(
            f"more than {MAX_FILES} claims",
            file=str(folder),
            remedy="put them into folders of their own",
        )
    claims, faults = [], []
    for file in files:
        try:
            claims.append(read_claim(inside(file, Path(folder))))
        except ModelError as e:
            faults.append(e)
    found = bool(ids) and set(ids) <= {c.id for c in claims}
    if faults and not found:
        raise faults[0]
    claims = [c for c in claims if not found or c.id in ids]
    seen: dict[str, str] = {}
    for c in claims:
        if c.id in seen:
            raise ModelError(
                f"the id '{c.id}' is taken by {seen[c.id]}",
                file=c.file,
                remedy="give each claim its own",
            )
        seen[c.id] = c.file
    return tuple(claims)


def read_claim(path: str | Path) -> Claim:
    """One claim.

    Raises
    ------
    ModelError : no TOML, an unknown or missing key, a value of the wrong kind; the key is named.
    """
    path = Path(path)
    data = toml_of(path, MAX_BYTES)
    try:
        return _claim(data, path)
    except ModelError as e:
        raise e.at(file=path.name) from None


def toml_of(path: Path, limit: int) -> dict[str, Any]:
    """A TOML file of at most ``limit`` bytes."""
    return dict(read_toml(path, limit).data)


def inside(path: Path, folder: Path) -> Path:
    """The path, which must lie in the folder also when links are followed.

    Raises
    ------
    ModelError : it lies elsewhere.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ModelError(
            "leads out of the folder", file=path.name, remedy="put the file itself there"
        )
    return path


def only(data: Mapping[str, Any], known: Sequence[str], key: str = "") -> None:
    """Refuse keys that are not known."""
    for k in data:
        if k not in known:
            remedy = nearest(k, known) or f"one of {', '.join(known)}"
            raise ModelError(f"unknown key '{k}'", remedy=remedy, variable=key or None)


# --- one key each -----------------------------------------------------------------------------


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ModelError(
            f"expected text, got {said(value)}", variable=key, remedy="write it in quotes"
        )
    return _printable(value.strip(), key)


def _printable(text: str, key: str) -> str:
    """The text, which may be printed on a terminal as it is."""
    for c in text:
        if not c.isprintable() and c not in "\n\t":
            raise ModelError(f"holds the control character {c!r}", variable=key, remedy="delete it")
    return text


def _label(text: str, key: str) -> str:
    """The name of a run, an ablation or a reported number: one line of text."""
    if not text.strip() or not text.isprintable():
        raise ModelError(f"{text!r} is no name", remedy="one line of text", variable=key)
    return text


def _line(value: Any, key: str) -> str:
    """A text of one line."""
    return _label(_text(value, key), key)


def texts(value: Any, key: str) -> tuple[str, ...]:
    """A text, or a list of them."""
    if isinstance(value, list):
        return tuple(_text(v, key) for v in value)
    return (_text(value, key),)


def _tier(value: Any, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 9:
        raise ModelError(
            f"expected a whole number from 1, got {said(value)}",
            variable=key,
            remedy="write one such as 1",
        )
    return value


def _one_of(choices: Sequence[str]) -> Callable[[Any, str], str]:
    def take(value: Any, key: str) -> str:
        if value not in choices:
            raise ModelError(
                f"is {said(value)}",
                remedy=nearest(str(value), choices) or f"one of {', '.join(choices)}",
                variable=key,
            )
        return str(value)

    return take


def _report(value: Any, key: str) -> dict[str, str]:
    return {_label(k, key): _text(v, f"{key}.{k}") for k, v in table(value, key).items()}


def table(value: Any, key: str) -> dict[str, Any]:
    """A table."""
    if not isinstance(value, dict):
        raise ModelError(
            f"expected a table, got {said(value)}",
            variable=key,
            remedy="write key = value lines under [its name]",
        )
    return value


_OVERRIDES = ("constants", "lookups", "series", "initial")
_KEYS: dict[str, Callable[[Any, str], Any]] = {
    "id": _line, "claim": _text, "seed": _text, "place": _text, "variables": texts, "tier": _tier,
    "kind": _one_of(KINDS), "expect": _one_of(EXPECTED), "data": _one_of(DATA),
    "data_note": _text, "changed": _text, "why": _text, "missing": _text, "conflicts": texts,
    "check": texts, "report": _report, "plot": texts,
}  # fmt: skip
_REQUIRED = ("id", "claim", "seed", "tier", "kind", "expect", "data")


def _claim(data: Mapping[str, Any], path: Path) -> Claim:
    only(data, (*_KEYS, "base", "runs", "ablations"))
    for key in _REQUIRED:
        if key not in data:
            raise ModelError(f"has no '{key}'", remedy="every claim needs one")
    plain = {k: take(data[k], k) for k, take in _KEYS.items() if k in data}
    runs = {k: _several(data.get(k, {}), k, path) for k in ("runs", "ablations")}
    if any(names.canonical(k) == BASE for k in runs["runs"]):
        raise ModelError("'base' is the model as it is", remedy="use [base]", variable="runs")
    base = _changes(data.get("base", {}), "base", path)
    claim = Claim(
        **plain, runs=runs["runs"], ablations=runs["ablations"], base=base, file=path.name
    )
    testable = claim.expect != "not testable"
    if testable != bool(claim.check) or testable == bool(claim.missing):
        raise ModelError(
            f"is expected to be {claim.expect}",
            remedy="give a check and nothing missing" if testable else "say what is missing; a "
            "claim with a check is testable",
            variable="expect",
        )  # fmt: skip
    found = claim.expressions()
    if len(found) > MAX_EXPRESSIONS:
        raise ModelError(f"more than {MAX_EXPRESSIONS} expressions", remedy="split the claim")
    for key, text in found.items():
        if len(text) > MAX_LENGTH:
            raise ModelError(
                f"longer than {MAX_LENGTH} characters", variable=key, remedy="shorten it"
            )
    return claim


def _several(value: Any, key: str, path: Path) -> dict[str, Changes]:
    found = table(value, key)
    if len(found) > MAX_RUNS:
        raise ModelError(f"more than {MAX_RUNS}", variable=key, remedy="split the claim")
    if len({names.canonical(k) for k in found}) < len(found):
        raise ModelError("two of the same name", variable=key, remedy="rename one")
    made = {_label(k, key): _changes(v, f"{key}.{k}", path) for k, v in found.items()}
    for name, changes in made.items() if key == "ablations" else ():
        if changes.key == Changes().key:
            raise ModelError("changes nothing", remedy="set, scale or hold something",
                             variable=f"{key}.{name}")  # fmt: skip
    return made


def _changes(value: Any, key: str, path: Path) -> Changes:
    data = table(value, key)
    only(data, (*_OVERRIDES, "scale", "hold", "note"), key)
    try:
        overrides = preset_of({k: data[k] for k in _OVERRIDES if k in data}, path).overrides
    except ModelError as e:
        raise ModelError(
            f"'{e.variable}': {e.what}" if e.variable else e.what, remedy=e.remedy, variable=key
        ) from None
    scale = {
        str(k): number(v, f"{key}.scale.{k}")
        for k, v in table(data.get("scale", {}), f"{key}.scale").items()
    }
    hold = texts(data["hold"], f"{key}.hold") if "hold" in data else ()
    return Changes(overrides, scale, hold, str(data.get("note", "")))
