"""A model file is data: what tries to run, to fill the machine, or to get out of the child."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from counting import calls

from sdsim.base import limits
from sdsim.base.errors import ModelError
from sdsim.ir.model import Model
from sdsim.readers import read, worker

Reading = Callable[..., Model]
Within = Callable[[float], AbstractContextManager[None]]

resource = pytest.importorskip("resource", reason="the system limits no process")

ROOT = str(Path(__file__).parents[2])
HERE = f"import sys, os, socket, subprocess; sys.path.insert(0, {ROOT!r})\n"

EVIL = "__import__('os').system('touch {canary}')"


def complaint(action: Callable[[], object]) -> str:
    """What an action says when it refuses, empty when it does not."""
    try:
        action()
    except ModelError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "text",
    [
        "t([(0,0)-(1,{evil})],(0,0),(1,1)) ~ ~ |\ny = t(Time) ~ ~ |",
        "t((0,0),(1,{evil})) ~ ~ |\ny = t(Time) ~ ~ |",
        "y = WITH LOOKUP(Time, ([(0,0)-(1,{evil})],(0,0),(1,1))) ~ ~ |",
        "y = WITH LOOKUP(Time, ((0,0),(1,{evil}))) ~ ~ |",
        "y = f('a' + {evil}) ~ ~ |",
        "y = {evil} ~ ~ |",
        "y = 1, {evil} ~ ~ |",
        "y = TABBED ARRAY(1 {evil}) ~ ~ |",
        "y = GET DIRECT CONSTANTS('{evil}', ',', 'B2') ~ ~ |",
        "\"'+{evil}+'\" = 1 ~ ~ |\ny = \"'+{evil}+'\" ~ {evil} [{evil},{evil}] ~ {evil} |",
        "d: \"A'+{evil}+'\", B ~ ~ |\ny[\"A'+{evil}+'\"] = 1 ~ ~ |",
        "d: GET DIRECT SUBSCRIPT('{evil}', ',', 'A1', 'A2', '{evil}') ~ ~ |\ny = 1 ~ ~ |",
        ":MACRO: m(a)\nm = {evil} ~ ~ |\n:END OF MACRO:\ny = m(1) ~ ~ |",
    ],
)
def test_nothing_is_executed(text: str, reading: Reading, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    evil = EVIL.replace("{canary}", str(canary))
    said = complaint(lambda: reading(text.replace("{evil}", evil)))
    assert said.startswith("model.mdl:") or not said
    assert "\n" not in said
    assert [p.name for p in tmp_path.iterdir()] == ["model.mdl"]


def test_eval_is_replaced_and_unknown_builds_are_refused() -> None:
    program = (
        HERE + "from sdsim.readers import worker\n"
        "worker.{change}\n"
        "try:\n"
        "    worker.load()\n"
        "    from pysd.translators.vensim import vensim_element\n"
        "    print(vensim_element.eval is worker.number, 'pysd.pysd' in sys.modules)\n"
        "except worker.Unreadable as error:\n"
        "    print(error)\n"
    )

    def run(change: str) -> str:
        text = program.replace("{change}", change)
        command = [sys.executable, "-I", "-c", text]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert run("PYSD") == "True False", "the builder and runtime of PySD are never loaded"
    assert run("PYSD = '9.9'") == f"PySD is version {worker.PYSD}; it must be 9.9"
    added = "_functions = lambda module: [('EquationVisitor.visit_new', {'eval'})]"
    assert run(added) == "PySD's translator is not built as expected"


@pytest.mark.parametrize(
    "action",
    [
        "open({there!r})", "open({canary!r}, 'w')", "__import__('os').system('true')",
        "__import__('socket').socket()", "exec('1')", "__import__('this')",
        "__import__('os').fork() or 1/0",
        "__import__('subprocess').Popen(['true'])", "__import__('os').remove({there!r})",
    ],
)  # fmt: skip
def test_a_sealed_process_can_do_nothing(action: str, tmp_path: Path) -> None:
    there, canary = tmp_path / "there", tmp_path / "canary"
    there.write_text("x")
    program = (
        f"{HERE}"
        "from sdsim.readers import worker\n"
        "worker.seal()\n"
        "try:\n"
        f"    {action.format(there=str(there), canary=str(canary))}\n"
        "except PermissionError: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "refused", done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["there"]


def test_limits_hold_in_the_child() -> None:
    program = (
        f"{HERE}import resource\n"
        "from sdsim.readers import worker\n"
        "worker.limit(7)\n"
        "print([resource.getrlimit(r)[0] for r in (resource.RLIMIT_AS, resource.RLIMIT_CPU,"
        " resource.RLIMIT_FSIZE)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [worker.MEMORY, 7, 0]
    assert resource.getrlimit(resource.RLIMIT_CPU)[0] != 7, "only the child is limited"


def test_large_but_legal(reading: Reading, within: Within) -> None:
    depth = limits.NESTING
    with within(300):
        model = reading(
            f"r = 0.1 ~ ~ |\nsum = {'+'.join(['r'] * 5000)} ~ ~ |\n"
            f"deep = {'(' * depth}r{')' * depth} ~ ~ |\n"
            f"calls = {'MAX(r,' * (depth - 1)}1{')' * (depth - 1)} ~ ~ |\n"
            f"minus = {'-(' * depth}r{')' * depth} ~ ~ |\n"
            "tower = 9^9^9 ~ ~ |\nbig = 10^400 ~ ~ |\n"
            f"wide: (e1-e100000) ~ ~ |\nw[wide] = 1 ~ ~ |\n"
        )
    assert len(model.dimensions["wide"].elements) == 100_000
    assert len(model.variables) == 12


@pytest.mark.parametrize(
    ("before", "again", "after"),
    [("", '"', ""), ("", "{", ""), ("", "~|", ""), ("", "a[", ""), ("", "(", "~ ~ |"),
     ("a = 1 ~ ~ |\n", "*", ""), (":MACRO: m(", "a,", ""), ("", "a ", ""),
     ("a[", "b,", "] = 1 ~ ~ |"), ("x :EXCEPT: ", "[a],", "= 1 ~ ~ |"), ("d: ", "(", " ~ ~ |"),
     ("a = ", "'(", " ~ ~ |"), ("a = 1 ~ [", "1,", "] ~ |"), ("d: a -> ", "(b: c),", " ~ ~ |"),
     ("a = ", "\\\n", " ~ ~ |"), ("", " ", "a = 1 ~ ~ |"), ("", "\n", ""),
     ("t(", "(0,0)", ") ~ ~ |"), ("a = ", "1-", "1 ~ ~ |"), ("a = ", "1,", "1 ~ ~ |"),
     ("a = ", ":NOT:", " b ~ ~ |")],
)  # fmt: skip
def test_work_to_refuse_a_text_grows_like_the_text(
    before: str, again: str, after: str, reading: Reading, within: Within
) -> None:
    """Eightfold text makes eightfold calls; what is worse within a call meets the guard."""

    def refused(size: int) -> None:
        text = before + again * (size // len(again)) + after
        assert len(complaint(lambda: reading(text))) <= 600

    with within(300):
        assert calls(lambda: refused(80_000)) < 12 * calls(lambda: refused(10_000))
        refused(400_000)


def test_reading_leaves_the_folder_as_it_was(write: Callable[..., Path]) -> None:
    path = write(":MACRO: mymac(a)\nmymac = a*2 ~ ~ |\n:END OF MACRO:\ny = mymac(Time) ~ ~ |")
    read(path, cache=False)
    assert [p.name for p in path.parent.iterdir()] == ["model.mdl"]
