"""A worker process that runs chunks and writes them: `python -m sdsim.sweeps.worker STORE`.

It reads lines of JSON from standard input: first the task, then an order for each chunk. It
answers with lines of JSON: ``ready``, ``at`` (the members about to run), ``done`` or ``error``. It
exits at once when its input ends, so no worker outlives the process that started it.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import warnings
from pathlib import Path
from typing import Any, TextIO

from sdsim.base import host
from sdsim.base.errors import ModelError, one_line
from sdsim.sweeps import faults
from sdsim.sweeps.store import put
from sdsim.sweeps.task import Task, checked_task


def main() -> None:
    """Run chunks until the input ends."""
    host.ignore_interrupts()  # the parent process decides when to stop
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()
    warnings.simplefilter("ignore")
    task = checked_task(Task.from_json(orders.get(), threads=1))  # this also compiles its code
    _say(answers, {"ready": os.getpid()})
    while True:
        _say(answers, _obeyed(Path(sys.argv[1]), task, json.loads(orders.get()), answers))


def _listen(orders: queue.Queue[str]) -> None:
    for line in sys.stdin:
        orders.put(line)
    os._exit(0)


def _obeyed(root: Path, task: Task, order: dict[str, Any], answers: TextIO) -> dict[str, Any]:
    chunk = order["chunk"]
    skip = {int(m): text for m, text in order["skip"]}

    def told(first: int, stop: int) -> None:
        _say(answers, {"at": [first, stop]})

    try:
        part = task.part(*task.bounds(chunk), skip=skip, singly=tuple(order["singly"]), told=told)
        files = put(root, task, chunk, part)
    except OSError as e:
        return {"error": f"{e.filename or root}: cannot be written: {e.strerror or e}"}
    except ModelError as e:
        return {"error": str(e)}
    except MemoryError:
        return {"error": "a chunk does not fit into this machine's memory"}
    except Exception as e:
        return {"error": one_line(f"a fault of sdsim itself: {type(e).__name__}: {e}")}
    faults.chunk("written", chunk)
    return {"done": chunk, "files": files, "failed": sorted(part.failed.items())}


def _say(answers: TextIO, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
