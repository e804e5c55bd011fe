"""Modules run in Node, and what they give."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdsim.backends.base import Grid, March, Members
from sdsim.backends.llvm import available, why_not
from sdsim.backends.wasm import emitted
from sdsim.exports.contents import kernel_of
from sdsim.exports.module import packed, script
from sdsim.ir.program import Program

NODE = shutil.which("node") or shutil.which("nodejs")
OLDEST = 20


def missing() -> str:
    """Why modules cannot be made or run here; empty if they can."""
    if not available():
        return why_not()
    if NODE is None:
        return "there is no Node"
    said = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"v(\d+)", said)
    return "" if found and int(found[1]) >= OLDEST else f"Node is {said.strip()}"


needs_node = pytest.mark.skipif(bool(missing()), reason=missing() or "-")

MARCHES = """
import { readFileSync } from "node:fs";
const out = [];
for (const each of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const { instance } = await WebAssembly.instantiate(await unpacked(each.code), {});
  const kernel = new Kernel(each.about, instance);
  const values = each.values.map((row) => row.map(Number));
  const { value, stopped } = kernel.march(values, each.numbers, BigInt(each.seed));
  const { saved, shown } = each.about;
  const flat = new Float64Array(saved.length * shown * values.length);
  let next = 0;
  for (let t = 0; t < saved.length; t++)
    for (let row = 0; row < shown; row++)
      for (let m = 0; m < values.length; m++) flat[next++] = value(t, row, m);
  out.push({ values: Buffer.from(flat.buffer).toString("base64"), stopped });
}
console.log(JSON.stringify(out));
"""


def in_node(text: str, folder: Path, *args: object) -> Any:
    """What a script prints, read as JSON."""
    path = folder / "script.mjs"
    path.write_text(text, encoding="utf-8")
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(path), *map(str, args)], capture_output=True, encoding="utf-8", text=True,
        cwd=folder, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def spelled(x: float) -> str:
    """A number as JavaScript reads it."""
    return repr(x).replace("inf", "Infinity").replace("nan", "NaN")


def made(program: Program) -> list[int]:
    """The values that code computes."""
    return [v for v, op in enumerate(program.ops) if op.code not in ("param", "const")]


def marches(
    cases: list[tuple[Program, list[int], Members, Grid, int]], folder: Path, *, exact: bool
) -> list[March]:
    """Each program marched by its module: (program, wanted, members, grid, stages)."""
    asked = []
    for program, wanted, who, grid, stages in cases:
        code = emitted(program, wanted, stages, exact=exact)
        asked.append({
            "about": kernel_of(code, grid, len(wanted)), "code": packed(code.binary),
            "values": [[spelled(x) for x in row] for row in who.params.T.tolist()],
            "numbers": who.numbers.tolist(), "seed": str(who.seed),
        })  # fmt: skip
    (folder / "cases.json").write_text(json.dumps(asked), encoding="utf-8")
    out = []
    said = in_node(script() + MARCHES, folder, "cases.json")
    for (_, wanted, who, grid, _), got in zip(cases, said, strict=True):
        flat = np.frombuffer(base64.b64decode(got["values"]), dtype=np.float64)
        shape = (len(grid.saved), len(wanted), who.count)
        out.append(March(flat.reshape(shape), np.array(got["stopped"], dtype=np.int64)))
    return out
