"""Parses expressions of claims: text -> tree, in the same sandboxed reader as equations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sdsim.base import cache, names
from sdsim.base.errors import ModelError, one_line
from sdsim.ir.expr import Call, Expr, Ref, fold, from_data, rewrite
from sdsim.readers import child
from sdsim.readers.cache import versions

MAX_NESTING = 50  # parentheses within parentheses
MAX_DEPTH = 150  # of the tree: a sum of 150 terms

#: Code that reads an expression, besides `sdsim.readers`.
ROOMS = ("outcomes",)

Place = tuple[str, str]


def parse_expressions(texts: Mapping[Place, str]) -> dict[Place, Expr]:
    """The trees of expressions by (file, key); all are read by one child process.

    Raises
    ------
    ModelError : an expression that cannot be read; file and key are named.
    """
    trees: dict[Place, Expr] = {}
    for place, tree in parse_each(texts).items():
        if isinstance(tree, ModelError):
            raise tree
        trees[place] = tree
    return trees


def parse_each(texts: Mapping[Place, str]) -> dict[Place, Expr | ModelError]:
    """As `parse_expressions`, but one that cannot be read gives its error instead of a tree."""
    out: dict[Place, Expr | ModelError] = {}
    short = {place: text for place, text in texts.items() if _nesting(text) <= MAX_NESTING}
    unique = list(dict.fromkeys(short.values()))
    answers = dict(zip(unique, _answers(unique), strict=True))
    for (file, key), text in texts.items():
        if (file, key) not in short:
            what = f"more than {MAX_NESTING} parentheses within parentheses"
            out[file, key] = ModelError(
                what, file=file, variable=key, remedy="check operators, commas and parentheses"
            )
            continue
        try:
            out[file, key] = _tree(answers[text], file, key)
        except ModelError as error:
            out[file, key] = error
    return out


def _answers(texts: list[str]) -> list[Any]:
    """The child's answers: rows, or ``{what, near}``; from the cache if there."""
    asked = json.dumps([cache.source_digest(*ROOMS), versions(), texts]).encode()
    name = hashlib.sha256(asked).hexdigest()
    kept = cache.load("claims", name)
    if kept is not None:
        with suppress(ValueError):
            answers = json.loads(kept)
            if isinstance(answers, list) and len(answers) == len(texts):
                return answers
    answers = [
        {"what": a.what, "near": a.near} if isinstance(a, child.Fault) else a
        for a in (child.parse(texts) if texts else [])
    ]
    cache.store("claims", name, json.dumps(answers).encode())
    return answers


def _tree(answer: Any, file: str, key: str) -> Expr:
    if isinstance(answer, dict):
        near = one_line(answer["near"], 40)
        what = answer["what"] or (
            f"cannot be read near '{near}'" if near else "the expression ends too early"
        )
        raise ModelError(
            what, remedy="check operators, commas and parentheses", file=file, variable=key
        )
    tree = from_data(answer)
    if fold(tree, lambda _, parts: 1 + max(parts, default=0)) > MAX_DEPTH:
        raise ModelError(
            f"more than {MAX_DEPTH} operations deep", file=file, variable=key, remedy="split it"
        )
    return rewrite(tree, _canonical)


def _canonical(node: Expr) -> Expr:
    if isinstance(node, Ref):
        return Ref(names.canonical(node.name), tuple(map(_subscript, node.subs)))
    if isinstance(node, Call):
        return Call(names.canonical(node.name), node.args, tuple(map(_subscript, node.subs)))
    return node


def _subscript(name: str) -> str:
    return names.canonical(name.removesuffix("!")) + ("!" if name.endswith("!") else "")


def _nesting(text: str) -> int:
    depth = most = 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        most = max(most, depth)
    return most
