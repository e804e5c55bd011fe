"""The text of an ES module: the script, the model's data and its code.

Nothing of a model becomes part of the script: its names and texts are inside one string of JSON, in
ASCII and without ``<``, so that the text is safe in a page, too.
"""

from __future__ import annotations

import base64
import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from sdsim.base.version import __version__
from sdsim.exports.contents import Contents

_HERE = Path(__file__).parent


@cache
def script() -> str:
    """The script that runs any model; it defines ``loaded(about, code)``."""
    parts = ("kernel.js", "model.js")
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in parts)


def quoted(value: Any) -> str:
    """Plain data as an expression of JavaScript that reads it from JSON."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return f"JSON.parse({_literal(text)})"


def packed(code: bytes) -> str:
    """A WebAssembly module as text: compressed, then base64."""
    return base64.b64encode(zlib.compress(code, 9)).decode()


def module(contents: Contents) -> str:
    """The text of the module."""
    return (
        f"// Made by sdsim {__version__}. It has no dependencies and needs no network.\n"
        f"{script()}\n"
        f"const ABOUT = {quoted(contents.about)};\n"
        f'const CODE = "{packed(contents.code)}";\n\n'
        "/** The model, ready to run. */\n"
        "export const load = () => loaded(ABOUT, CODE);\nexport default load;\n"
    )


def declarations(contents: Contents) -> str:
    """The module's TypeScript declarations; the names of its levers are known to editors."""
    about = contents.about
    fixed = set(about["fixed"])
    names = {name for row, name in enumerate(about["levers"]) if name and row not in fixed}
    names |= {
        v["name"] for v in about["variables"]
        if "parameters" in v and fixed.isdisjoint(v["parameters"])
    }  # fmt: skip
    levers = "".join(f"\n  | {_literal(name)}" for name in sorted(names)) or " never"
    common = (_HERE / "model.d.ts").read_text(encoding="utf-8")
    return f"/** Constants that a run may change. */\nexport type Lever ={levers};\n\n{common}"


def _literal(text: str) -> str:
    """A string of JavaScript in ASCII, without ``<``."""
    return json.dumps(text).replace("<", "\\u003c")
