"""Parses expressions in the child process: texts in, rows or faults out, in the same order."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any

from sdsim.base import host, limits
from sdsim.base.errors import ModelError
from sdsim.readers import standing, worker
from sdsim.readers.scan import mask
from sdsim.readers.standing import Reader

SHARE = 400  # expressions; with more, the work is split among
CHILDREN = 8  # processes, or as many as the machine runs at once

_WORDS = re.compile(r":\s*(AND|OR|NOT|NA)\s*:", re.IGNORECASE)
_FIXED = re.compile(r"\b(WITH|TABBED)[\s_]+(LOOKUP|ARRAY)(?=\s*\()", re.IGNORECASE)
#: The child's processor time is limited where the system allows it; how many times longer it may
#: take by the clock, on a busy machine.
PATIENCE = 10 if host.limits_time() else 1


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an expression cannot be read, and the text from that point on (may be empty)."""

    what: str
    near: str = ""


def parse(texts: Sequence[str]) -> list[worker.Rows | Fault]:
    """Each expression as rows of `sdsim.ir.expr.to_data`, names as written.

    Raises
    ------
    ModelError : PySD is missing or of the wrong version.
    """
    share = -(-len(texts) // min(os.cpu_count() or 1, CHILDREN)) if len(texts) > SHARE else SHARE
    shares = [texts[i : i + share] for i in range(0, len(texts), share)]
    asked: list[Reader] = []
    stop = Event()
    with ThreadPoolExecutor(max(len(shares), 1)) as pool:
        try:
            return [a for answers in pool.map(partial(_ask, asked, stop), shares) for a in answers]
        except BaseException:  # including Ctrl-C: the threads are waiting for their readers
            stop.set()
            for reader in list(asked):
                reader.kill()
            raise


def _ask(asked: list[Reader], stop: Event, texts: Sequence[str]) -> list[worker.Rows | Fault]:
    """The answers of one reader; it is listed in ``asked`` meanwhile and ends on ``stop``."""
    seconds = limits.READ_SECONDS + limits.READ_SECONDS_EACH * len(texts)
    request = json.dumps([normalised(t) for t in texts]).encode()
    while True:
        reader = standing.take()
        asked.append(reader)
        if stop.is_set():
            reader.kill()
        lines = reader.ask(request, int(seconds) + 1, seconds * PATIENCE)
        asked.remove(reader)
        standing.give_back(reader)
        if lines or reader.killed or not reader.idle:  # otherwise it was gone before the request
            break
    late = f"took longer than {seconds * PATIENCE:.0f} s to read"
    return _answers(lines, len(texts), late if reader.killed else "needs too much memory or time")


def _answers(lines: Sequence[Any], count: int, why: str) -> list[worker.Rows | Fault]:
    """The child's answers; the expression at which it stopped gets the blame."""
    if not lines or "ready" not in lines[0]:
        said = lines[0].get("fatal", "") if lines else f"it {why}"
        remedy = f"install pysd=={worker.PYSD}"
        raise ModelError(f"the reader of Vensim files cannot start: {said}", remedy=remedy)
    answers = [Fault(*fault) if rows is None else rows for rows, fault in lines[1:]]
    return answers + [Fault(f"the equation {why}")] * (count - len(answers))


def normalised(text: str) -> str:
    """The text with keywords in the only spelling that PySD's grammar accepts."""
    hidden = mask(text)
    for pattern, joint in ((_WORDS, ""), (_FIXED, " ")):
        for match in reversed(list(pattern.finditer(hidden))):
            word = joint.join(g.upper() for g in match.groups())
            word = f":{word}:" if pattern is _WORDS else word
            text = text[: match.start()] + word + text[match.end() :]
        hidden = mask(text)
    if text.startswith("TABBED ARRAY"):
        text = re.sub(r"\\[tn]", " ", text)
    return text
