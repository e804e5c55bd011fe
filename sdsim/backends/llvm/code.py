"""Machine code of one program: compiled quickly on first use, optimised in the background later.

Its bits do not depend on the level of optimisation, so better code may take over at any time, even
in the middle of a march.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import NamedTuple

from sdsim.backends.llvm import compiler
from sdsim.backends.llvm.digest import digest, own_digest
from sdsim.backends.llvm.machine import Machine
from sdsim.backends.llvm.module import ModuleWriter, Sizes
from sdsim.backends.llvm.outputs import Outputs
from sdsim.backends.llvm.plan import for_march, for_points
from sdsim.backends.llvm.settings import LlvmSettings
from sdsim.backends.llvm.specialize import Known, pays, specialised
from sdsim.base import cache
from sdsim.base.garbage import no_collection
from sdsim.ir.program import Program

#: Steps of one member after which highly optimised code (`BEST`) has paid off. Both the cost of
#: compiling and the gain per step grow with the program, so its size hardly matters.
REPAID = 3_000_000
#: The room of the cache for machine code.
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

#: The most sets of known parameters for which special code and a count of work are kept.
MOST = 64


class Use(NamedTuple):
    """The purpose of some code.

    purpose : ``march1`` (Euler), ``march4`` (Runge-Kutta) or ``points``.   width : number of lanes.
    known : parameters built into the code; only `BEST` code has any.
    """

    purpose: str
    width: int
    known: Known = b""

    @property
    def general(self) -> Use:
        """The same use with any parameters."""
        return self._replace(known=b"")


@dataclass(frozen=True)
class Code:
    """One compiled module, ready to be called."""

    sizes: Sizes
    width: int
    level: int
    call: Mapping[str, Callable[..., None]]
    keep: object


class Codes:
    """All machine code of a program for one set of wanted values."""

    def __init__(
        self, program: Program, wanted: Sequence[int], outputs: Outputs, settings: LlvmSettings
    ) -> None:
        self.program, self.wanted, self.settings = program, tuple(wanted), settings
        self._outputs = outputs
        self._codes: dict[Use, Code] = {}
        self._work: dict[Use, int] = {}
        self._paying: dict[Use, bool] = {}
        self._makers: dict[Use, threading.Thread] = {}
        self._lock = threading.Lock()

    @cached_property
    def machine(self) -> Machine:
        """The processor the code is made for; this machine can run it."""
        return compiler.machine(self.settings.features)

    def __contains__(self, use: Use) -> bool:
        return use in self._codes

    def get(self, use: Use, work: int = 0) -> Code:
        """The best code available, compiled now if there is none.

        ``work`` steps of a member are about to run; after enough of them, better code is started.
        """
        level = self.settings.optimise
        if level is not None:
            with self._lock:
                use = use if level >= BEST and self._pays(use) else use.general
                if use not in self._codes:
                    self._codes[use] = self._made(use, level)
                return self._codes[use]
        with self._lock:
            for each in dict.fromkeys((use, use.general)):
                self._begin(each)
                self._work[each] += work
            if use.general not in self._codes and use not in self._codes:
                self._codes[use.general] = self._made(use.general, QUICK)
            for each in (use, use.general):
                if self._work[each] >= REPAID and self._pays(each):
                    self._better_begun(each)
                    break
            return self._best(use)

    def _begin(self, use: Use) -> None:
        """Start counting from 0, with the code in the cache if there is any."""
        if use in self._work:
            return
        special = [u for u in self._work if u.known]
        if len(special) >= MOST:
            for store in (self._work, self._codes, self._paying):
                store.pop(special[0], None)
        self._work[use] = 0
        kept = self._kept(use, BEST)
        if kept is not None:
            self._codes[use] = kept

    def _pays(self, use: Use) -> bool:
        """Whether special code is worth making."""
        if use not in self._paying:
            self._paying[use] = not use.known or pays(
                self.program, specialised(self.program, use.known), self.wanted
            )
        return self._paying[use]

    def _best(self, use: Use) -> Code:
        return self._codes.get(use) or self._codes[use.general]

    def _better_begun(self, use: Use) -> None:
        """Start making better code, unless it exists or has been started."""
        found = self._codes.get(use)
        if (found is None or found.level < BEST) and use not in self._makers:
            maker = threading.Thread(target=self._improve, args=(use,), daemon=True)
            self._makers[use] = maker
            maker.start()

    def better(self, use: Use, than: Code) -> Code | None:
        """The code to take over from this: itself if none will, None if it is not ready."""
        makers = (self._makers.get(use), self._makers.get(use.general))
        busy = any(m is not None and m.is_alive() for m in makers)
        if self.settings.optimise is not None:
            return than
        now = self._best(use)
        return None if busy and now is than else now

    def settled(self) -> None:
        """Wait until no code is being made."""
        for maker in list(self._makers.values()):
            maker.join()

    def _improve(self, use: Use) -> None:
        made = self._made(use, BEST)
        with self._lock:
            if use in self._work:
                self._codes[use] = made
            self._makers.pop(use, None)

    # --- making -------------------------------------------------------------------------------

    def written(self, use: Use, of: Machine | None = None) -> tuple[str, Sizes]:
        """The module as text, and the memory it needs; ``of``: a machine other than this one."""
        (purpose, width, known), chunk = use, self.settings.chunk
        machine = of or self.machine
        if purpose == "points":
            plan = for_points(self.program, self._outputs, chunk)
            writer = ModuleWriter(plan, width, machine)
            return writer.points(), writer.sizes
        stages = int(purpose.removeprefix("march"))
        program = specialised(self.program, known) if known else self.program
        plan = for_march(program, self._outputs, stages, chunk, self._watched if known else ())
        writer = ModuleWriter(plan, width, machine)
        return writer.march(stages), writer.sizes

    @cached_property
    def _watched(self) -> list[int]:
        """States that can stop a run, whatever parameters are known."""
        ops = self.program.ops
        needed = self.program.needed(self.wanted)
        return sorted({int(ops[v].data) for v in needed if ops[v].code == "state"})

    @cached_property
    def _digest(self) -> bytes:
        return digest(self.program)

    def _key(self, use: Use, level: int) -> str:
        settings = (compiler.target(), self.machine, *use, level, self.settings.chunk)
        known = own_digest() + self._digest + repr((settings, self.wanted)).encode()
        return hashlib.sha256(known).hexdigest()

    def _made(self, use: Use, level: int) -> Code:
        """Code at an optimisation level, from the cache if it is there."""
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
        """Code from the cache, if it is there."""
        entry = cache.load(ROOM, self._key(use, level)) if self.settings.cache else None
        if entry is None:
            return None
        header, _, binary = entry.partition(b"\n")
        return self._loaded(use, level, Sizes(**json.loads(header)), binary)

    def _loaded(self, use: Use, level: int, sizes: Sizes, binary: bytes) -> Code:
        names = _EXPORTS[use.purpose.rstrip("14")]
        loaded = compiler.load(binary, names)
        call = {name: _PROTOTYPES[name](loaded[name]) for name in names}
        return Code(sizes, use.width, level, call, loaded)
