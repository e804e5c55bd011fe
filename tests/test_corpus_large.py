"""Input too large to keep in the corpus: it is refused, and memory stays bounded.

Sizes are such that work which grows like their square would meet the guard against hanging.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from making import mdl
from wording import well_said

MEGABYTES = 1100.0  # of the largest process
GUARD = 600  # seconds
NS = 'xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"'


def xmile(body: str, before: str = "", more: str = "") -> str:
    return (
        f"{before}<xmile {NS}><sim_specs><start>0</start><stop>4</stop></sim_specs>{more}"
        f"<model><variables>{body}</variables></model></xmile>"
    )


LARGE: list[tuple[str, Callable[[], str], str]] = [
    ("name.mdl", lambda: mdl("x" * 100_000 + " = 1"), "name too long"),
    ("name.xmile", lambda: xmile(f'<aux name="{"x" * 100_000}"><eqn>1</eqn></aux>'), "too long"),
    ("text.mdl", lambda: "x" * 33 * 2**20, "at most 33.55 MB are read"),
    ("text.xmile", lambda: xmile(f"<doc>{'x' * 5_000_000}</doc>"), "characters in <doc>"),
    ("many.mdl", lambda: "".join(f"v{i} = {i} ~ ~ |\n" for i in range(200_000)), "equations"),
    ("many.xmile", lambda: xmile("".join(f'<aux name="v{i}"><eqn>1</eqn></aux>'
                                         for i in range(60_000))), "variables and modules"),
    ("long.mdl", lambda: mdl("y = " + "1+" * 60_000 + "1"), "equation too long"),
    ("long.xmile", lambda: xmile(f'<aux name="y"><eqn>{"1+" * 60_000}1</eqn></aux>'), "equation"),
    ("deep.xmile", lambda: xmile("<a>" * 100_000), "nested more than 100 deep"),
    ("attributes.xmile", lambda: xmile("<aux " + " ".join(f'a{i}=""' for i in range(90_000))
                                       + "/>"), "attributes"),
    ("quadratic.xmile", lambda: xmile("<doc>" + "&a;" * 50_000 + "</doc>", before=(
        f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>')), "DOCTYPE"),
    ("points.xmile", lambda: xmile(
        '<aux name="g"><eqn>TIME</eqn><gf><xscale min="0" max="1"/><ypts>'
        + "1," * 1_500_000 + "1</ypts></gf></aux>"), "points"),
    ("dimensions.xmile", lambda: xmile('<aux name="a"><dimensions>' + '<dim name="D"/>' * 9
     + "</dimensions><eqn>1</eqn></aux>",
     more='<dimensions><dim name="D" size="900"/></dimensions>'), "elements"),
    ("elements.mdl", lambda: mdl("d: (a1-a90000)\nx[d] = Time\ny[d] = x[d]"), "elements in all"),
    ("sum.mdl", lambda: mdl("d: (a1-a900)\nx[d] = Time\ny[d] = SUM(x[d!]) * SUM(x[d!] * x[d])"),
     "operations"),
    ("steps.mdl", lambda: mdl("y = Time", stop=1e9, step=1), "time steps"),
    ("saves.mdl", lambda: mdl("y = Time", stop=2e6, step=1), "saves at"),
    ("work.mdl", lambda: mdl("d: (a1-a900)\nx[d] = INTEG(SIN(x[d]), 1)", stop=4e7, step=1,
                             saveper=4e6), "operations in all"),
]  # fmt: skip


#: Runs a command and tells its exit status and memory: a child counts the memory of who starts it,
#: and the tests' own process is large.
LAUNCHER = """
import json, resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([status, used.ru_maxrss]))
"""


@pytest.mark.skipif(find_spec("resource") is None, reason="a child's memory cannot be asked here")
@pytest.mark.parametrize(("name", "text", "says"), LARGE, ids=[name for name, _, _ in LARGE])
def test_what_is_too_large_is_refused_soon(
    name: str, text: Callable[[], str], says: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text())
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, sys.executable, "-m", "sdsim", "run", name],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=GUARD,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    status, memory = json.loads(done.stdout)
    message = done.stderr
    assert status == 2, message
    assert says in message
    assert message.startswith(name)
    well_said(message.removesuffix("\n"))
    unit = 2**20 if sys.platform == "darwin" else 2**10
    assert memory / unit < MEGABYTES
