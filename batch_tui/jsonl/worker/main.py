"""The worker process: does whatever takes longer than a frame, one call after the other, at low priority.

It imports next to nothing, so it's up in a few hundredths of a second; a call's module is imported when it's first
asked for. It ends when its input ends, which is when the program that started it ends.

The wire, all JSON lines: a call ``{"name": …, "call": {…}}`` comes in; out go any number of
``{"progress": [done, total]}`` and ``{"items": […]}``, then ``{"value": …, "columns": [length, …]}`` followed by
the columns' raw bytes, or ``{"error": class, "message": sentence}``. What is no error of ours is a bug: the
process ends with its traceback.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NoReturn, Protocol

import msgspec

from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import Progress

NICENESS = 10
"""Added to the process's niceness: a niced worker leaves the keys as fast as an idle machine does."""
MODULES: Mapping[str, str] = {
    "check": "batch_tui.jsonl.worker.procedures",
    "index": "batch_tui.jsonl.worker.procedures",
    "wrap": "batch_tui.jsonl.worker.procedures",
    "cure": "batch_tui.jsonl.worker.procedures",
    "split": "batch_tui.jsonl.worker.procedures",
    "join": "batch_tui.jsonl.worker.procedures_results",
    "compare": "batch_tui.jsonl.worker.procedures_results",
    "retry_set": "batch_tui.jsonl.worker.procedures_results",
    "merge": "batch_tui.jsonl.worker.procedures_results",
    "export": "batch_tui.jsonl.worker.procedures_results",
    "search": "batch_tui.jsonl.worker.procedures_search",
    "edit": "batch_tui.jsonl.worker.procedures_results",
    "demand": "batch_tui.jsonl.worker.procedures_demand",
}
"""Which module's ``PROCEDURES`` holds the procedure of each name."""


class Request(msgspec.Struct):
    """A call as it comes in."""

    name: str
    call: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Answer:
    """What a procedure gives back."""

    value: object
    """Anything msgspec can write as JSON."""
    columns: Sequence[bytes] = ()
    """Raw bytes that go beside it, too large for JSON."""


class Reply:
    """The way back to the caller while a procedure runs."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def progress(self, progress: Progress) -> None:
        """Say how far it is; a :data:`~batch_tui.jsonl.lines.ProgressHook`."""
        self.send({"progress": (progress.done, progress.total)})

    def items(self, items: Sequence[object]) -> None:
        """Give parts of the answer while the rest is being found."""
        self.send({"items": items})

    def send(self, message: object, columns: Sequence[bytes] = ()) -> None:
        """Write one line and what goes with it."""
        self._out.write(msgspec.json.encode(message))
        self._out.write(b"\n")
        for column in columns:
            self._out.write(column)
        self._out.flush()


class Procedure(Protocol):
    """One thing the worker can do: reads its own call, reports on the way, gives an answer."""

    def __call__(self, call: msgspec.Raw, reply: Reply, /) -> Answer:
        """Carry it out; raises ``BatchTuiError`` for what the user can mend."""
        ...


def find_procedure(name: str) -> Procedure:
    """The procedure of a name, its module imported now."""
    table: Mapping[str, Procedure] = importlib.import_module(MODULES[name]).PROCEDURES
    return table[name]


def serve(calls: BinaryIO, out: BinaryIO, find: Callable[[str], Procedure] = find_procedure) -> None:
    """Answer calls until there are no more."""
    reply = Reply(out)
    for line in calls:
        request = msgspec.json.decode(line, type=Request)
        try:
            answer = find(request.name)(request.call, reply)
        except BatchTuiError as error:
            reply.send({"error": type(error).__name__, "message": str(error)})
        else:
            lengths = [len(column) for column in answer.columns]
            reply.send({"value": answer.value, "columns": lengths}, answer.columns)


def _leave(_number: int, _frame: object) -> NoReturn:
    """End by an exception, so that half-written files are removed on the way."""
    raise SystemExit(0)


def main() -> None:
    """Run the process: calls on standard input, answers on standard output."""
    # Ctrl-C belongs to the program in front, which ends this process by closing its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    os.nice(NICENESS)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, out)
    except BrokenPipeError:
        # Nobody is left to answer. The interpreter must not flush into the broken pipe once more.
        os._exit(1)


if __name__ == "__main__":
    main()
