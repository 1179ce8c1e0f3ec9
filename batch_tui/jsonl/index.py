"""Where each line of a file starts: eight bytes a line, made in one pass at the speed of the reading."""

from __future__ import annotations

import io
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.lines import Span
from batch_tui.domain.text import printable
from batch_tui.jsonl.lines import BLOCK_BYTES, MAX_LINE_BYTES, ProgressHook, ProgressMeter, open_input

_GLANCE = 4096


class LineIndex:
    """The offsets of a file's lines; n counts from 0.

    Args:
        offsets: The start of every line, then the end of the file.
        is_open: True when the last line lacks its newline.
    """

    __slots__ = ("_is_open", "_offsets")

    def __init__(self, offsets: array[int], *, is_open: bool) -> None:
        self._offsets = offsets
        self._is_open = is_open

    @classmethod
    def build(cls, path: Path, *, on_progress: ProgressHook | None = None) -> LineIndex:
        """Read the whole file once.

        Raises:
            InputFileError: The file can't be opened or read, or has a line that no memory should hold.
        """
        with _Watched(path, on_progress) as raw, io.BufferedReader(raw, BLOCK_BYTES) as lines:
            try:
                offsets = _sums(lines)
            except OSError as error:
                name = printable(path)
                raise InputFileError(f"{name} can't be read to its end ({error.strerror or error}).") from error
            end = offsets[-1]
            is_open = end > 0 and os.pread(raw.fileno(), 1, end - 1) != b"\n"
            raw.finish(end)
        return cls(offsets, is_open=is_open)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @property
    def size(self) -> int:
        """Bytes of the file when it was read."""
        return self._offsets[-1]

    def span(self, n: int) -> Span:
        """Where line ``n`` stands, without its newline; raises ``IndexError`` outside the file."""
        if not 0 <= n < len(self):
            raise IndexError(n)
        start, end = self._offsets[n], self._offsets[n + 1]
        has_newline = n + 1 < len(self) or not self._is_open
        return Span(start, end - start - has_newline)

    def line_at(self, offset: int) -> int:
        """The line that holds a byte, the last one for offsets behind the end."""
        return max(0, min(bisect_right(self._offsets, offset), len(self)) - 1)

    def to_bytes(self) -> bytes:
        """The index as raw bytes, for the way between processes of one machine."""
        return self._offsets.tobytes() + (b"\1" if self._is_open else b"\0")

    @classmethod
    def from_bytes(cls, raw: bytes) -> LineIndex:
        """Read what :meth:`to_bytes` gave."""
        offsets = array("Q")
        with memoryview(raw) as view, view[:-1] as numbers:
            offsets.frombytes(numbers)
        return cls(offsets, is_open=raw[-1] == 1)


def _sums(lines: Iterable[bytes]) -> array[int]:
    return array("Q", accumulate(map(len, lines), initial=0))


class _Watched(io.FileIO):
    """The file under the buffer: counts what is read, and stops where a line never ends."""

    def __init__(self, path: Path, on_progress: ProgressHook | None) -> None:
        with open_input(path) as checked:
            super().__init__(os.dup(checked.fileno()))
        self._path = path
        self._done = 0
        self._open = 0
        self._meter = ProgressMeter(on_progress, os.fstat(self.fileno()).st_size)

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Read a block, with the accounting."""
        count = super().readinto(buffer)
        self._done += count
        self._meter.at(self._done)
        # Nearly every block has a newline near its start; only then is the rest not looked at.
        if b"\n" in bytes(buffer[: min(count, _GLANCE)]) or b"\n" in bytes(buffer[:count]):
            self._open = 0
        else:
            self._open += count
        if self._open > MAX_LINE_BYTES:
            name = printable(self._path)
            raise InputFileError(f"{name} has a line of more than {MAX_LINE_BYTES:,} bytes; is it a JSONL file?")
        return count

    def finish(self, done: int) -> None:
        """Say that all is read."""
        self._meter.end(done)
