"""Machine code of one program: made quickly on first use, better behind the scenes if it repays.

Bits do not depend on how hard code was worked on, so that better code may take over at any time,
also in the middle of a march.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from sdsim import cache
from sdsim.backends.llvm import compiler
from sdsim.backends.llvm.digest import digest, own_digest
from sdsim.backends.llvm.machine import Machine
from sdsim.backends.llvm.module import ModuleWriter, Sizes
from sdsim.backends.llvm.outputs import Outputs
from sdsim.backends.llvm.plan import for_march, for_points
from sdsim.backends.llvm.settings import Settings
from sdsim.collecting import no_collection
from sdsim.program import Program

#: Steps of one member after which code that is worked on hard (`BEST`) has repaid its making; the
#: making and what each step gains both grow with the program, so that its size hardly matters.
REPAID = 3_000_000
#: The room of the cache that holds machine code.
ROOM = "code"
QUICK, BEST = 0, 2

_PROTOTYPES = {
    "march": ctypes.CFUNCTYPE(None, ctypes.c_void_p),
    "tape": ctypes.CFUNCTYPE(
        None, ctypes.c_double, ctypes.c_double, ctypes.c_int64, ctypes.c_void_p
    ),
    "start": ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3),
    "rates": ctypes.CFUNCTYPE(None, *[ctypes.c_double] * 3, *[ctypes.c_void_p] * 4),
}
_PROTOTYPES["observe"] = _PROTOTYPES["rates"]
_EXPORTS = {"march": ("march", "tape"), "points": ("start", "rates", "observe")}

#: What code is for, ``march1`` (Euler), ``march4`` (Runge-Kutta) or ``points``; and its lane width.
Use = tuple[str, int]


@dataclass(frozen=True)
class Code:
    """One compiled module, ready to be called."""

    sizes: Sizes
    width: int
    level: int
    call: Mapping[str, Callable[..., None]]
    keep: object


class Codes:
    """The code of a program for one set of wanted values."""

    def __init__(
        self, program: Program, wanted: Sequence[int], outputs: Outputs, settings: Settings
    ) -> None:
        self.program, self.wanted, self.settings = program, tuple(wanted), settings
        self._outputs = outputs
        self._codes: dict[Use, Code] = {}
        self._work: dict[Use, int] = {}
        self._makers: dict[Use, threading.Thread] = {}
        self._lock = threading.Lock()

    @property
    def machine(self) -> Machine:
        """The processor the code is made for."""
        return compiler.machine(self.settings.features)

    def __contains__(self, use: Use) -> bool:
        return use in self._codes

    def get(self, use: Use, work: int = 0) -> Code:
        """The code there is, made if there is none.

        ``work`` more steps of a member are to come; once they have added up, better code is begun.
        """
        with self._lock:
            self._work[use] = self._work.get(use, 0) + work
            level = self.settings.optimise
            if use not in self._codes:
                self._codes[use] = (
                    self._made(use, level)
                    if level is not None
                    else self._kept(use, BEST) or self._made(use, QUICK)
                )
            repaid = level is None and self._work[use] >= REPAID
            if repaid and self._codes[use].level < BEST and use not in self._makers:
                maker = threading.Thread(target=self._improve, args=(use,), daemon=True)
                self._makers[use] = maker
                maker.start()
            return self._codes[use]

    def better(self, use: Use, than: Code) -> Code | None:
        """What is to take over from a code: itself if nothing will, None if it is not ready."""
        maker = self._makers.get(use)
        busy = maker is not None and maker.is_alive()
        now = self._codes[use]
        return None if busy and now is than else now

    def settled(self) -> None:
        """Wait until no code is being made."""
        for maker in list(self._makers.values()):
            maker.join()

    def _improve(self, use: Use) -> None:
        self._codes[use] = self._made(use, BEST)

    # --- making -------------------------------------------------------------------------------

    def written(self, use: Use) -> tuple[str, Sizes]:
        """The module as text, and what memory it wants."""
        (purpose, width), chunk = use, self.settings.chunk
        if purpose == "points":
            plan = for_points(self.program, self._outputs, chunk)
            writer = ModuleWriter(plan, width, self.machine)
            return writer.points(), writer.sizes
        stages = int(purpose.removeprefix("march"))
        plan = for_march(self.program, self._outputs, stages, chunk)
        writer = ModuleWriter(plan, width, self.machine)
        return writer.march(stages), writer.sizes

    @cached_property
    def _digest(self) -> bytes:
        return digest(self.program)

    def _key(self, use: Use, level: int) -> str:
        settings = (compiler.version(), self.machine, *use, level, self.settings.chunk)
        known = own_digest() + self._digest + repr((settings, self.wanted)).encode()
        return hashlib.sha256(known).hexdigest()

    def _made(self, use: Use, level: int) -> Code:
        """Code of a level, from the cache if it is there."""
        kept = self._kept(use, level)
        if kept is not None:
            return kept
        with no_collection():
            ir, sizes = self.written(use)
        binary = compiler.compile_object(ir, self.machine, level)
        if self.settings.cache:
            header = json.dumps(asdict(sizes)).encode()
            cache.store(ROOM, self._key(use, level), header + b"\n" + binary)
        return self._loaded(use, level, sizes, binary)

    def _kept(self, use: Use, level: int) -> Code | None:
        """Code from the cache."""
        entry = cache.load(ROOM, self._key(use, level)) if self.settings.cache else None
        if entry is None:
            return None
        header, _, binary = entry.partition(b"\n")
        return self._loaded(use, level, Sizes(**json.loads(header)), binary)

    def _loaded(self, use: Use, level: int, sizes: Sizes, binary: bytes) -> Code:
        names = _EXPORTS[use[0].rstrip("14")]
        loaded = compiler.load(binary, names)
        call = {name: _PROTOTYPES[name](loaded[name]) for name in names}
        return Code(sizes, use[1], level, call, loaded)
