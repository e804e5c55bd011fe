"""A program as WebAssembly: the kernel of the LLVM back end, for browsers and Node.

    Program -> module (IR) of the LLVM back end -> what other machines have (`own`) -> object code
    -> linker -> a WebAssembly module that needs nothing from outside

It exports ``memory``, ``march`` and ``tape``; its caller provides the same environment as
`sdsim.backends.llvm.memory` does, with addresses that are offsets into that memory.
"""

from __future__ import annotations

from sdsim.backends.wasm.emit import Emitted, emitted

__all__ = ["Emitted", "emitted"]
