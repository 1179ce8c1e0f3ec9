"""Single lines and the first and last page of a file of any size, in milliseconds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import msgspec

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.text import printable
from batch_tui.jsonl.index import LineIndex
from batch_tui.jsonl.lines import open_input

PAGE_BYTES = 1024 * 1024
"""The most that is read for a page: lines that don't fit are cut."""
_STEP = 64 * 1024


class LineFile:
    """An open file of which single lines are read; closes itself as a context manager.

    Args:
        path: The file.

    Raises:
        InputFileError: The file can't be opened, and from every method when it can't be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = open_input(path)

    @classmethod
    def open(cls, path: Path) -> LineFile:
        """Open a file."""
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; reading ends here."""
        self._handle.close()

    @property
    def size(self) -> int:
        """Bytes of the file now."""
        return os.fstat(self._handle.fileno()).st_size

    def first_lines(self, count: int) -> tuple[bytes, ...]:
        """Up to ``count`` lines from the start, without newlines; no index is needed."""
        text = b""
        while text.count(b"\n") < count and len(text) < PAGE_BYTES:
            piece = self.read(len(text), _STEP)
            if not piece:
                break
            text += piece
        return tuple(_lines(text)[:count])

    def last_lines(self, count: int) -> tuple[bytes, ...]:
        """Up to ``count`` lines from the end, oldest first, without newlines; no index is needed."""
        start, text = self.size, b""
        while text.count(b"\n", 0, -1) < count and start > 0 and len(text) < PAGE_BYTES:
            step = min(_STEP, start)
            start -= step
            text = self.read(start, step) + text
        return tuple(_lines(text)[-count:]) if count > 0 else ()

    def line(self, n: int, index: LineIndex, *, limit: int | None = None) -> bytes:
        """Line ``n`` (from 0) without its newline, at most ``limit`` bytes of it.

        Raises:
            IndexError: The file has no such line.
            InputFileError: The file can't be read.
        """
        span = index.span(n)
        return self.read(span.start, span.length if limit is None else min(limit, span.length))

    def read(self, start: int, length: int) -> bytes:
        """Bytes at an offset: fewer at the end of the file."""
        try:
            return os.pread(self._handle.fileno(), length, start)
        except OSError as error:
            reason = printable(error.strerror or error, 200)
            raise InputFileError(f"{printable(self._path)} can't be read ({reason}).") from error


def _lines(text: bytes) -> list[bytes]:
    lines = text.split(b"\n")
    return lines[:-1] if not lines[-1] else lines


def pretty(line: bytes) -> str:
    """The line as indented JSON, its characters and numbers as they stand; the raw text when it isn't JSON."""
    try:
        return msgspec.json.format(line.strip(), indent=2).decode()
    except (ValueError, RecursionError):
        return line.decode(errors="replace")
