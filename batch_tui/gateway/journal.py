"""The results of a running batch on disk: appended as they come, so that a restart goes on after them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from batch_tui.gateway import disk
from batch_tui.gateway.answers import UNRUN_CODES, Answered, NotRun, result_line, usage_of
from batch_tui.gateway.feed import read_requests
from batch_tui.gateway.records import UsageObject


@dataclass(slots=True)
class Tally:
    """What the results on disk add up to."""

    completed: int = 0
    failed: int = 0
    usage: UsageObject = field(default_factory=UsageObject)

    def count(self, answer: Answered | NotRun) -> None:
        """Add one result."""
        match answer:
            case Answered() if answer.is_success:
                self.completed += 1
                self.usage += usage_of(answer.body)
            case NotRun(code) if code in UNRUN_CODES:
                pass
            case _:
                self.failed += 1


class _Response(msgspec.Struct):
    status_code: int
    body: msgspec.Raw


class _Error(msgspec.Struct):
    code: str
    message: str


class _Line(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: _Error | None = None


class ResultJournal:
    """Output and error lines of one batch, in the order in which they came.

    Args:
        directory: Where the two parts stand; made when it isn't there.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.tally = Tally()
        """Of what is on disk: never ahead of it."""
        self.done: set[str] = set()
        """custom_ids that need no run any more."""
        self._waiting: list[tuple[str, Answered | NotRun]] = []
        self._writing = asyncio.Lock()

    @property
    def output(self) -> Path:
        """Successes so far."""
        return self.directory / "output.part"

    @property
    def errors(self) -> Path:
        """Failures so far."""
        return self.directory / "errors.part"

    @property
    def input(self) -> Path:
        """The batch's own hold on its input: the file may be deleted while the batch runs."""
        return self.directory / "input.jsonl"

    def hold_input(self, source: Path) -> None:
        """Take hold of the input; blocks.

        Raises:
            FileNotFoundError: It was deleted before the batch ran.
        """
        disk.hold(source, self.input)

    def recover(self) -> None:
        """Read what an earlier run left, cutting off a line that was torn; blocks."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for path in (self.output, self.errors):
            if path.exists():
                for custom_id, answer in _whole_lines(path):
                    self.done.add(custom_id)
                    self.tally.count(answer)

    async def add(self, custom_id: str, answer: Answered | NotRun) -> None:
        """Keep a result; returns when it's on disk, even when it is cancelled: the thread can't be stopped."""
        self._waiting.append((custom_id, answer))
        async with self._writing:
            batch, self._waiting = self._waiting, []
            if batch:
                writing = asyncio.ensure_future(asyncio.to_thread(self._append, batch))
                try:
                    await asyncio.shield(writing)
                finally:
                    await asyncio.wait((writing,))

    def write_unrun(self, reason: NotRun) -> None:
        """Give every request without a result an error line; blocks."""
        with self.errors.open("ab") as errors:
            for request in read_requests(self.input, self.done):
                errors.write(result_line(request.custom_id, reason))

    def _append(self, batch: list[tuple[str, Answered | NotRun]]) -> None:
        output: list[bytes] = []
        errors: list[bytes] = []
        for custom_id, answer in batch:
            place = output if isinstance(answer, Answered) and answer.goes_to_output else errors
            place.append(result_line(custom_id, answer))
        for path, lines in ((self.output, output), (self.errors, errors)):
            if lines:
                with path.open("ab") as sink:
                    sink.write(b"".join(lines))
        for custom_id, answer in batch:
            self.done.add(custom_id)
            self.tally.count(answer)


def _whole_lines(path: Path) -> Iterator[tuple[str, Answered | NotRun]]:
    end = 0
    with path.open("r+b") as lines:
        for raw in lines:
            if not raw.endswith(b"\n"):
                break
            end += len(raw)
            line = msgspec.json.decode(raw, type=_Line)
            if line.response is not None:
                yield line.custom_id, Answered(line.response.status_code, bytes(line.response.body))
            elif line.error is not None:
                yield line.custom_id, NotRun(line.error.code, line.error.message)
        lines.truncate(end)


def shuffle_lines(source: Path, destination: Path, seed: str) -> int:
    """Copy a file's lines in another order, always the same one for a seed; gives the bytes written; blocks."""
    spans: list[tuple[int, int]] = []
    start = 0
    with source.open("rb") as lines, destination.open("wb") as sink:
        for line in lines:
            spans.append((start, len(line)))
            start += len(line)
        random.Random(seed).shuffle(spans)  # noqa: S311 - an order, not a secret
        for place, length in spans:
            lines.seek(place)
            sink.write(lines.read(length))
    return start
