"""Expressions through the child process: texts in, rows or faults out, in the same order."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdsim.base import limits
from sdsim.base.errors import ModelError
from sdsim.readers import worker
from sdsim.readers.scan import mask

SHARE = 400  # expressions: with more of them the work is shared by
CHILDREN = 8  # processes, or as many as the machine runs at once

_WORDS = re.compile(r":\s*(AND|OR|NOT|NA)\s*:", re.IGNORECASE)
_FIXED = re.compile(r"\b(WITH|TABBED)[\s_]+(LOOKUP|ARRAY)(?=\s*\()", re.IGNORECASE)
#: The child's processor time is limited where the system can; how much longer it may take then,
#: on a machine that does other things besides.
PATIENCE = 10 if importlib.util.find_spec("resource") else 1


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an expression cannot be read, and the text from there on (may be empty)."""

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
    with ThreadPoolExecutor(max(len(shares), 1)) as pool:
        return [answer for answers in pool.map(_ask, shares) for answer in answers]


def _ask(texts: Sequence[str]) -> list[worker.Rows | Fault]:
    """What one child says."""
    seconds = limits.READ_SECONDS + limits.READ_SECONDS_EACH * len(texts)
    request = json.dumps({"texts": [normalised(t) for t in texts], "seconds": int(seconds) + 1})
    environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment |= {k: os.environ[k] for k in ("SYSTEMROOT", "PATH") if k in os.environ}
    command = [sys.executable, "-I", "-B", str(Path(worker.__file__).resolve())]
    try:
        done = subprocess.run(
            command,
            input=request.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds * PATIENCE,
            cwd=Path(sys.executable).anchor or None,
            env=environment,
            check=False,
        )
        out, why = done.stdout, "needs too much memory or time"
    except subprocess.TimeoutExpired as error:
        out, why = error.stdout or b"", f"took longer than {seconds * PATIENCE:.0f} s to read"
    return _answers(out, len(texts), why)


def _answers(out: bytes, count: int, why: str) -> list[worker.Rows | Fault]:
    """What the child wrote; the expression at which it stopped gets the blame."""
    lines: list[Any] = []
    for line in out.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    if not lines or "ready" not in lines[0]:
        said = lines[0].get("fatal", "") if lines else f"it {why}"
        remedy = f"install pysd=={worker.PYSD}"
        raise ModelError(f"the reader of Vensim files cannot start: {said}", remedy=remedy)
    answers = [Fault(*fault) if rows is None else rows for rows, fault in lines[1:]]
    return answers + [Fault(f"the equation {why}")] * (count - len(answers))


def normalised(text: str) -> str:
    """Words that PySD's grammar knows in one spelling only, in that spelling."""
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
