"""Claim files: what a claim says, what it runs and what must hold. Data, checked key by key."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sdsim.base import names
from sdsim.base.errors import ModelError, said, suggested, together
from sdsim.base.toml import Section, read_toml
from sdsim.overrides import Overrides
from sdsim.overrides.preset import TABLES, overrides_of

MAX_BYTES = 200_000  # of one file
MAX_FILES = 1000
MAX_EXPRESSIONS = 100  # of one claim
MAX_LENGTH = 4000  # characters of one expression
MAX_RUNS = 50  # of one claim; the same for its ablations
MAX_MADE = 500  # runs times ablations of one claim
MAX_MODELS = 100  # of these, the ones that change equations

KINDS = ("mechanism", "behaviour", "figure", "rival")
EXPECTED = ("supported", "not supported", "not testable")
DATA = ("supports", "refutes", "does not touch")
BASE = "base"


@dataclass(frozen=True)
class Changes:
    """The changes a run makes to the model.

    scale : factors of constants, applied to what is set or drawn.
    hold : links ``A -> B`` in which A keeps its value at the start.
    """

    overrides: Overrides = field(default_factory=Overrides)
    scale: Mapping[str, float] = field(default_factory=dict)
    hold: tuple[str, ...] = ()
    note: str = ""

    def __or__(self, other: Changes) -> Changes:
        """Both sets of changes; ``other`` wins, and a constant it sets is no longer scaled."""
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
        """A key that is equal for two runs with equal changes."""
        data = asdict(self) | {"note": ""}
        del data["overrides"]["places"]
        data["hold"] = sorted(map(names.canonical, self.hold))
        return json.dumps(data, sort_keys=True, default=str)


@dataclass(frozen=True)
class Claim:
    """A claim as stated in its file; see `README.md` in this folder.

    check : conditions that must all hold; empty if ``missing`` says why it cannot be tested.
    why : the outcome explained in words.
    base : put on every run of this claim.   file : its name, for messages.
    section : the file as read, in which the lines of its keys are looked up.
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
    section: Section | None = field(default=None, repr=False, compare=False)

    def placed(self, e: ModelError, *keys: str) -> ModelError:
        """An error about what stands under a key, with its place in the file.

        keys : from the top; the first may have a number, as those of `expressions` have.
        """
        section = self.section or Section({}, self.file, "")
        own = e.file == section.file  # a line of the model is not at fault
        variable = None if e.variable == ".".join(keys) else e.variable
        e = ModelError(
            e.what, remedy=e.remedy, variable=variable,
            file=e.file if own else None, line=e.line if own else None,
        )  # fmt: skip
        found = replace(section, keys=(keys[0].split(" ")[0], *keys[1:])).placed(e)
        return ModelError(
            found.what, remedy=found.remedy, file=found.file, line=found.line,
            variable=".".join(keys),
        )  # fmt: skip

    def expressions(self) -> dict[str, str]:
        """Every expression, by its key in the file."""
        many = len(self.check) > 1
        out = {f"check {i}" if many else "check": t for i, t in enumerate(self.check, start=1)}
        out |= {f"report.{label}": text for label, text in self.report.items()}
        return out | {f"plot {i}": text for i, text in enumerate(self.plot, start=1)}

    def settings(self, ablation: str | None = None) -> dict[str, Changes]:
        """All changes of each run, by canonical name, with an ablation applied on top."""
        last = Changes() if ablation is None else self.ablations[ablation]
        runs = {BASE: Changes(), **{names.canonical(k): v for k, v in self.runs.items()}}
        return {name: self.base | run | last for name, run in runs.items()}


def read_claims(folder: str | Path, ids: Collection[str] = ()) -> tuple[Claim, ...]:
    """The claims in ``folder``, sorted by file name.

    ids : read only these, if all are present; faults in other files are then ignored.

    Raises
    ------
    ModelError : no claims, or files that are not claims; the key is named. Those after the first
        are its notes.
    """
    files = sorted(Path(folder).glob("*.toml"))
    if not Path(folder).is_dir():
        raise ModelError(
            "there is no such folder of claims", file=str(folder),
            remedy="make it, with a .toml file for each claim; the pages 'Test claims about a "
            "model' and 'Files of claims' of the documentation say how to write one",
        )  # fmt: skip
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
        raise _missing(ids, [c.id for c in claims], faults) if ids else together(faults)
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


def _missing(ids: Collection[str], known: list[str], faults: list[ModelError]) -> ModelError:
    """The fault to name where chosen claims are missing and files cannot be read."""
    missing = [i for i in ids if i not in known]
    for fault in faults:
        if Path(fault.file or "").stem in missing:
            return fault
    near = suggested(missing[0], known)
    remedy = f"{near}; or it is in a file that cannot be read: {faults[0]}"
    return ModelError(f"no claim '{missing[0]}'", remedy=remedy)


def read_claim(path: str | Path) -> Claim:
    """Read one claim.

    Raises
    ------
    ModelError : no TOML, an unknown or missing key, a value of the wrong kind; the key is named.
    """
    path = Path(path)
    return _claim(read_toml(path, MAX_BYTES), path)


def inside(path: Path, folder: Path) -> Path:
    """The path, which must lie inside the folder even after links are followed.

    Raises
    ------
    ModelError : it lies elsewhere.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ModelError(
            "leads out of the folder", file=path.name, remedy="put the file itself there"
        )
    return path


# --- one function per kind of key -------------------------------------------------------------


def _text(section: Section, key: str) -> str:
    """A text that says something."""
    return _said(section, key, section.words(key))


def _line(section: Section, key: str) -> str:
    """A one-line text."""
    text = _text(section, key)
    if not text.isprintable():
        raise section.fault(f"{text!r} is not a name", key, "one line of text")
    return text


def _texts(section: Section, key: str) -> tuple[str, ...]:
    """A text, or a list of them."""
    return tuple(_said(section, key, text) for text in section.texts(key))


def _said(section: Section, key: str, text: str) -> str:
    if not text.strip():
        raise section.fault(f"expected text, got {said(text)}", key, "write it in quotes")
    return text.strip()


def _tables(section: Section, key: str) -> Section:
    """A table whose keys are names of runs, ablations or reported numbers: one line each."""
    own = section.section(key)
    for name in own.data:
        if not name.strip() or not name.isprintable():
            raise own.fault(f"{name!r} is not a name", remedy="one line of text")
    return own


def _tier(section: Section, key: str) -> int:
    tier = section.whole(key, least=1)
    if tier > 9:
        raise section.fault(f"expected at most 9, got {tier}", key, "write less")
    return tier


def _one_of(*choices: str) -> Callable[[Section, str], str]:
    return lambda section, key: section.choice(key, choices)


def _report(section: Section, key: str) -> dict[str, str]:
    own = _tables(section, key)
    return {name: _text(own, name) for name in own.data}


_KEYS: dict[str, Callable[[Section, str], Any]] = {
    "id": _line, "claim": _text, "seed": _text, "place": _text, "variables": _texts, "tier": _tier,
    "kind": _one_of(*KINDS), "expect": _one_of(*EXPECTED), "data": _one_of(*DATA),
    "data_note": _text, "changed": _text, "why": _text, "missing": _text, "conflicts": _texts,
    "check": _texts, "report": _report, "plot": _texts,
}  # fmt: skip
_REQUIRED = ("id", "claim", "seed", "tier", "kind", "expect", "data")


def _claim(top: Section, path: Path) -> Claim:
    top.only(*_KEYS, "base", "runs", "ablations")
    for key in _REQUIRED:
        top.value(key)
    plain = {k: take(top, k) for k, take in _KEYS.items() if top.has(k)}
    runs, ablations = _several(top, "runs", path), _several(top, "ablations", path)
    for name in runs:
        if names.canonical(name) == BASE:
            what = "'base' is the model as it is"
            raise top.section("runs").fault(what, name, "use [base]")
    for name, changes in ablations.items():
        if changes.key == Changes().key:
            remedy = "set, scale or hold something"
            raise top.section("ablations").fault("changes nothing", name, remedy)
    claim = Claim(
        **plain, runs=runs, ablations=ablations, base=_changes(top.section("base"), path),
        file=path.name, section=top,
    )  # fmt: skip
    testable = claim.expect != "not testable"
    if testable != bool(claim.check) or testable == bool(claim.missing):
        raise top.fault(
            f"is expected to be {claim.expect}", "expect",
            "give a check and nothing missing" if testable else "say what is missing; a claim with "
            "a check is testable",
        )  # fmt: skip
    found = claim.expressions()
    if len(found) > MAX_EXPRESSIONS:
        raise top.fault(f"more than {MAX_EXPRESSIONS} expressions", remedy="split the claim")
    for key, text in found.items():
        if len(text) > MAX_LENGTH:
            e = ModelError(f"longer than {MAX_LENGTH} characters", remedy="shorten it")
            raise claim.placed(e, *key.split(".", 1))
    return claim


def _several(top: Section, key: str, path: Path) -> dict[str, Changes]:
    own = _tables(top, key)
    if len(own.data) > MAX_RUNS:
        raise own.fault(f"more than {MAX_RUNS}", remedy="split the claim")
    if len({names.canonical(k) for k in own.data}) < len(own.data):
        raise own.fault("two of the same name", remedy="rename one")
    return {name: _changes(own.section(name), path) for name in own.data}


def _changes(own: Section, path: Path) -> Changes:
    own.only(*TABLES, "scale", "hold", "note")
    scale = own.section("scale")
    return Changes(
        overrides_of(own, path)[0],
        {name: scale.number(name) for name in scale.data},
        _texts(own, "hold") if own.has("hold") else (),
        own.words("note", ""),
    )
