"""Split an input file into parts that fit: put together again, they are the file to the byte."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Self

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.limits import OPENAI_LIMITS
from batch_tui.domain.text import printable
from batch_tui.jsonl.atomic import new_file, write_all
from batch_tui.jsonl.lines import BlockReader, ProgressHook

_BYTES_PER_TOKEN = 4
"""The estimate used everywhere for tokens."""

_TRIED_LINES = 16
_SHORT_LINE = 512


@dataclass(frozen=True, slots=True)
class Part:
    """One of the files a split made."""

    path: Path
    requests: int
    """Lines in it."""
    bytes: int
    """Its size."""


def split_file(
    source: Path,
    directory: Path,
    *,
    max_requests: int = OPENAI_LIMITS.max_requests,
    max_bytes: int = OPENAI_LIMITS.max_bytes,
    max_tokens: int | None = None,
    on_progress: ProgressHook | None = None,
) -> tuple[Part, ...]:
    """Write the lines of a file, in order, into as many files as they need: ``NAME.part-001.jsonl`` and on.

    All parts are made, or none.

    Args:
        source: The input file.
        directory: Where the parts go; it must exist.
        max_requests: Lines a part may have.
        max_bytes: Bytes a part may have.
        max_tokens: Input tokens a part may have, estimated at four bytes each; None for no such limit.
        on_progress: Told how far the reading is.

    Raises:
        InputFileError: The file can't be read or is empty, or one line alone is over a limit.
        OutputFileError: A part exists already, or can't be written.
    """
    room = max_bytes if max_tokens is None else min(max_bytes, max_tokens * _BYTES_PER_TOKEN)
    with (
        BlockReader(source, on_progress=on_progress) as blocks,
        _Splitter(source, directory, max_requests, room) as splitter,
    ):
        while blocks.advance():
            if blocks.cut:
                raise splitter.too_long(blocks.cut)
            splitter.take_block(blocks.buffer, blocks.end)
        return splitter.finish()


class _Splitter:
    """Writes blocks into parts; leaves nothing behind when it ends before ``finish``."""

    def __init__(self, source: Path, directory: Path, max_requests: int, max_bytes: int) -> None:
        self._source = source
        self._directory = directory
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._parts: list[Part] = []
        self._requests = 0
        self._bytes = 0
        self._open = contextlib.ExitStack()
        self._out: FileIO | None = None
        self._is_finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if not self._is_finished:
            with contextlib.suppress(_AbandonedError), self._open:
                raise _AbandonedError
            for part in self._parts:
                part.path.unlink(missing_ok=True)

    def take_block(self, buffer: bytearray, end: int) -> None:
        """Write a block of whole lines, which stands at the buffer's start."""
        with memoryview(buffer) as view:
            start = 0
            while start < end:
                lines = _newlines(buffer, start, end) + (buffer[end - 1] != ord("\n"))
                if self._requests + lines <= self._max_requests and self._bytes + end - start <= self._max_bytes:
                    stop = end
                else:
                    stop, lines = self._fitting(buffer, start, end)
                if stop > start:
                    self._write(view[start:stop], lines)
                start = stop

    def finish(self) -> tuple[Part, ...]:
        """Complete the last part."""
        if not self._parts and self._out is None:
            raise InputFileError(f"{printable(self._source)} is empty; there is nothing to split.")
        self._complete()
        self._is_finished = True
        return tuple(self._parts)

    def too_long(self, length: int) -> InputFileError:
        """The error for a line that no part can hold."""
        line = sum(part.requests for part in self._parts) + self._requests + 1
        return InputFileError(
            f"Line {line} of {printable(self._source)} has {length:,} bytes, more than a part may have "
            f"({self._max_bytes:,}). Nothing was written."
        )

    def _fitting(self, buffer: bytearray, start: int, end: int) -> tuple[int, int]:
        """Where the lines end that the open part can still take, and how many they are; a new part if none."""
        stop, lines = start, 0
        while self._requests + lines < self._max_requests and stop < end:
            newline = buffer.find(b"\n", stop, end)
            after = end if newline < 0 else newline + 1
            if self._bytes + after - start > self._max_bytes:
                break
            stop, lines = after, lines + 1
        if stop == start:
            if not self._requests:
                newline = buffer.find(b"\n", start, end)
                raise self.too_long((end if newline < 0 else newline + 1) - start)
            self._complete()
        return stop, lines

    def _write(self, lines: memoryview, count: int) -> None:
        with lines:
            if self._out is None:
                self._out = self._open.enter_context(new_file(self._path(), is_synced=False))
            write_all(self._out, lines)
            self._requests += count
            self._bytes += len(lines)

    def _path(self) -> Path:
        return self._directory / f"{self._source.stem}.part-{len(self._parts) + 1:03}{self._source.suffix}"

    def _complete(self) -> None:
        """Give the open part its name."""
        if self._out is None:
            return
        path = self._path()
        self._open.close()
        self._parts.append(Part(path, self._requests, self._bytes))
        self._requests = self._bytes = 0
        self._out = None


def _newlines(buffer: bytearray, start: int, end: int) -> int:
    """Count newlines: going from one to the next is faster than counting bytes, unless lines are short."""
    count, at, find = 0, start, buffer.find
    while at := find(b"\n", at, end) + 1:
        count += 1
        if count == _TRIED_LINES and at - start < count * _SHORT_LINE:
            return count + buffer.count(b"\n", at, end)
    return count


class _AbandonedError(Exception):
    """Makes the open part vanish."""
