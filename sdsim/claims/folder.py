"""What a model's folder brings beside the model: claims, their conflicts, a toy, loops, a choice of
draws."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sdsim.claims.claims import Claim, inside, read_claims
from sdsim.claims.conflicts import Conflict, read_conflicts
from sdsim.claims.draws import Choice, read_choice
from sdsim.claims.loops import Loop, read_loops
from sdsim.claims.null import Null
from sdsim.run.system import System, load

CLAIMS, TOY, LOOPS, DRAWS = "claims", "null.mdl", "loops.toml", "draws.toml"
CONFLICTS = "conflicts.toml"


@dataclass(frozen=True)
class Folder:
    """A model's folder."""

    path: Path

    @classmethod
    def of(cls, model: str | Path) -> Folder:
        """The folder that contains a model file."""
        return cls(Path(model).resolve().parent)

    def claims(self, ids: Collection[str] = ()) -> tuple[Claim, ...]:
        """See `sdsim.claims.claims.read_claims`."""
        return read_claims(self._own(CLAIMS), ids)

    def has_claims(self) -> bool:
        """Whether there is a claims folder."""
        return self._own(CLAIMS).exists()

    def conflicts(self) -> tuple[Conflict, ...]:
        """Where claims contradict each other or others; none where there is no file."""
        file = self._own(CONFLICTS)
        return read_conflicts(file) if file.exists() else ()

    def loops(self) -> tuple[Loop, ...]:
        """The declared loops; none if there is no such file."""
        file = self._own(LOOPS)
        return read_loops(file) if file.exists() else ()

    def null(self, system: System) -> Null:
        """The null models in the folder; the toy runs on the same back end as ``system``."""
        file = self._own(TOY)
        toy = load(file, backend=system.backend, cache=system.cached) if file.exists() else None
        return Null(toy, self.loops())

    def choice(self) -> Choice:
        """The choice of draws; the default if there is no such file."""
        file = self._own(DRAWS)
        return read_choice(file) if file.exists() else Choice()

    def _own(self, name: str) -> Path:
        """A path that stays inside the folder even if it is a link."""
        return inside(self.path / name, self.path)
