"""Rounds on disk: every batch of runs that was asked for, so that nothing is run twice.

Searches and samplers are functions of a seed and of what the target answers. A store keeps the
answers in order; work that was stopped begins again, is answered from the store as far as that
goes, and then runs on: the same bytes as without the stop.

STORE/manifest.jsonl        what was asked, and the digest of each round
STORE/rounds/N.npy          the answer to the Nth batch: (n,) log likelihoods or (n, m) residuals
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdsim.base.errors import ModelError
from sdsim.inference.target import Target
from sdsim.sweeps.manifest import Entry, Manifest
from sdsim.sweeps.store import write

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class State:
    """The progress of a calibration: batches and runs so far, of them answered from the store, and
    seconds since it began.

    stage : what is being done, in words.
    """

    rounds: int
    runs: int
    recalled: int
    seconds: float
    stage: str = ""


Progress = Callable[[State], None]


class Rounds:
    """A target whose answers are kept in a store, and taken from it where they are there.

    manifest : None keeps nothing.   told : called after each batch.
    """

    def __init__(
        self, target: Target, manifest: Manifest | None = None, told: Progress | None = None
    ) -> None:
        self.target, self._manifest, self._told = target, manifest, told
        self.names, self.low, self.high = target.names, target.low, target.high
        self.prior_draws, self.log_prior = target.prior_draws, target.log_prior
        self.rounds = self.runs = self.recalled = 0
        self.stage = ""
        self._began = time.monotonic()

    def log_likelihood(self, points: Floats) -> Floats:
        """See `sdsim.inference.target.Target`."""
        return self._answer("likelihood", self.target.log_likelihood, points)

    def residuals(self, points: Floats) -> Floats:
        """See `sdsim.inference.target.Target`."""
        return self._answer("residuals", self.target.residuals, points)

    def entering(self, stage: str) -> None:
        """Say what is being done from here on."""
        self.stage = stage

    def _answer(self, kind: str, ask: Callable[[Floats], Floats], points: Floats) -> Floats:
        asked = _digest(kind.encode(), np.ascontiguousarray(points).tobytes())
        found = self._recalled(asked)
        if found is None:
            found = ask(points)
            self._keep(asked, found)
        else:
            self.recalled += 1
        self.rounds += 1
        self.runs += len(points)
        if self._told is not None:
            seconds = time.monotonic() - self._began
            self._told(State(self.rounds, self.runs, self.recalled, seconds, self.stage))
        return found

    def _recalled(self, asked: str) -> Floats | None:
        """The answer in the store to this batch, if it is there and unharmed.

        Raises
        ------
        ModelError : the store answers another question there.
        """
        if self._manifest is None or self.rounds not in self._manifest.entries:
            return None
        (path, digest), *_ = self._manifest.entries[self.rounds].files.items()
        if not path.endswith(f"-{asked[:12]}.npy"):
            what = f"round {self.rounds} asked for other runs than now"
            remedy = "write a new store: the searches of this version go another way"
            raise ModelError(what, file=str(self._manifest.path), remedy=remedy)
        try:
            body = (self._manifest.root / path).read_bytes()
        except OSError:
            return None
        if _digest(body) != digest:
            return None
        answer: Floats = np.load(io.BytesIO(body), allow_pickle=False)
        return answer

    def _keep(self, asked: str, answer: Floats) -> None:
        if self._manifest is None:
            return
        stream = io.BytesIO()
        np.save(stream, answer, allow_pickle=False)
        body = stream.getvalue()
        path = f"rounds/{self.rounds:05d}-{asked[:12]}.npy"
        write(Path(self._manifest.root) / path, body)
        self._manifest.enter(Entry(self.rounds, {path: _digest(body)}, {}))


def _digest(*parts: bytes) -> str:
    out = hashlib.sha256()
    for part in parts:
        out.update(part)
    return out.hexdigest()
