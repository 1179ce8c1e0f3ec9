r"""Reading local files line by line: on ``b"\n"`` only, in flat memory, whatever the file holds.

``str.splitlines`` would also break at U+2028 and U+0085, which are legal inside JSON strings.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from functools import cache
from io import FileIO
from pathlib import Path
from typing import Self

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.files import Progress
from batch_tui.domain.text import printable

ProgressHook = Callable[[Progress], None]
"""Called while a file is read, at most ten times a second and once at the end."""

BLOCK_BYTES = 256 * 1024
"""Read size: larger ones fall out of the second-level cache."""
MAX_LINE_BYTES = 64 * 1024 * 1024
"""Longest line the readers keep in memory unless told otherwise."""
_READ_BYTES = 512 * 1024
"""What is read at a time where whole blocks are worked on: half as many blocks are a fiftieth of the work."""
_PROGRESS_SECONDS = 0.1
_KEPT_BYTES = 4 * 1024 * 1024


def open_input(path: Path) -> FileIO:
    """Open a regular file for reading, unbuffered.

    Raises:
        InputFileError: It's missing, a directory, a pipe or device, or may not be read.
    """
    name = printable(path)
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        handle = FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except FileNotFoundError:
        raise InputFileError(f"{name} does not exist; check the path.") from None
    except PermissionError:
        raise InputFileError(f"{name} may not be read; check its permissions.") from None
    except (OSError, ValueError) as error:
        raise InputFileError(f"{name} can't be opened ({_reason(error)}); check the path.") from error
    mode = os.fstat(handle.fileno()).st_mode
    if stat.S_ISREG(mode):
        return handle
    handle.close()
    kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
    raise InputFileError(f"{name} is {kind}; name a .jsonl file instead.")


def _reason(error: OSError | ValueError) -> str:
    text = error.strerror if isinstance(error, OSError) else str(error)
    return printable(text or type(error).__name__, 200)


@cache
def _keep_freed_memory() -> None:
    """Have the C library keep what is freed, for the next block.

    Blocks above 128 kB it would give back to the system each time, and take them again zeroed page by page: a
    fifth of a check. Having seen a larger one come and go, it stops, for good: a second one it would keep.
    """
    bytearray(_KEPT_BYTES)


class ProgressMeter:
    """Passes progress on, at most ten times a second.

    Args:
        hook: Who wants to know, or None for nobody.
        total: Bytes in all, or None when nobody knows.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        hook: ProgressHook | None,
        total: int | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hook = hook
        self._total = total
        self._clock = clock
        self._next = clock() + _PROGRESS_SECONDS

    def at(self, done: int) -> None:
        """Say that ``done`` bytes are behind; cheap, to be called once a block."""
        if self._hook is not None and (now := self._clock()) >= self._next:
            self._next = now + _PROGRESS_SECONDS
            self._hook(Progress(done, self._total))

    def end(self, done: int) -> None:
        """Say that it's over; always passed on."""
        if self._hook is not None:
            self._hook(Progress(done, self._total))


class BlockReader:
    """Reads a file in blocks of whole lines, into one buffer that is used again and again.

    ``buffer[:end]`` is the block after each :meth:`advance` that gave True. Fresh ``bytes`` for every read
    would cost twice the time, and a memory map would count as resident memory.

    Args:
        path: The file.
        on_progress: Told how far the reading is.
        max_line: Bytes a line may have; a longer one is cut (see ``cut``) instead of filling the memory.

    Raises:
        InputFileError: The file can't be opened or read.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_progress: ProgressHook | None = None,
        max_line: int = MAX_LINE_BYTES,
    ) -> None:
        self._path = path
        self._handle = open_input(path)
        _keep_freed_memory()
        self._max_line = max_line
        self._filled = 0
        self._meter = ProgressMeter(on_progress, os.fstat(self._handle.fileno()).st_size)
        self.on_read: Callable[[memoryview], None] | None = None
        """Called with each piece as it's read, in order: for a hash of the very bytes that are looked at."""
        self.buffer = bytearray(_READ_BYTES)
        """The block stands at its start."""
        self.end: int = 0
        """Where the block ends in the buffer: after the last newline, or at the end of the file."""
        self.cut = 0
        """Bytes the block's only line has in all when it was too long and only its start was kept, else 0."""
        self.bytes_read = 0
        """Bytes read from the file so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._handle.close()
        self.buffer = bytearray()

    def advance(self) -> bool:
        """Bring the next block into the buffer; False at the end of the file."""
        rest = self._filled - self.end
        if self.end:
            self.buffer[:rest] = self.buffer[self.end : self._filled]
        self._filled, self.end, self.cut = rest, 0, 0
        while True:
            start = self._filled
            if not self._read():
                self.end = self._filled
                self._meter.end(self.bytes_read)
                return self.end > 0
            self.end = self.buffer.rfind(b"\n", start, self._filled) + 1
            if self.end:
                return True
            if self._filled > self._max_line:
                self._cut_line()
                return True

    def _read(self) -> int:
        if self._filled == len(self.buffer):
            # Room for the longest line and one read beyond it, never double of what is needed.
            self.buffer.extend(bytes(max(_READ_BYTES, min(self._filled, self._max_line - self._filled))))
        with memoryview(self.buffer) as view, view[self._filled : self._filled + _READ_BYTES] as room:
            try:
                count = self._handle.readinto(room) or 0
            except OSError as error:
                name = printable(self._path)
                raise InputFileError(f"{name} can't be read to its end ({_reason(error)}).") from error
            if self.on_read is not None and count:
                with room[:count] as piece:
                    self.on_read(piece)
        self._filled += count
        self.bytes_read += count
        self._meter.at(self.bytes_read)
        return count

    def _cut_line(self) -> None:
        """Keep the start of an overlong line, skip to its end."""
        kept, length = self._max_line, self._filled
        self._filled = kept
        while self._read():
            newline = self.buffer.find(b"\n", kept, self._filled)
            if newline >= 0:
                length += newline + 1 - kept
                rest = self._filled - newline - 1
                self.buffer[kept : kept + rest] = self.buffer[newline + 1 : self._filled]
                self._filled = kept + rest
                break
            length += self._filled - kept
            self._filled = kept
        self.end, self.cut = kept, length


class LineReader:
    r"""Iterates over the lines of a file as ``bytes``, each with its ``b"\n"`` (the last may lack it).

    Args:
        path: The file.
        on_progress: Told how far the reading is.
        max_line: Bytes a line may have.

    Raises:
        InputFileError: The file can't be opened or read, or a line is longer than ``max_line``.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_progress: ProgressHook | None = None,
        max_line: int = MAX_LINE_BYTES,
    ) -> None:
        self._path = path
        self._blocks = BlockReader(path, on_progress=on_progress, max_line=max_line)
        self._max_line = max_line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._blocks.__exit__(*error)

    def __iter__(self) -> Iterator[bytes]:
        blocks = self._blocks
        while blocks.advance():
            if blocks.cut:
                name = printable(self._path)
                raise InputFileError(
                    f"{name} has a line of {blocks.cut:,} bytes (at most {self._max_line:,} are read); "
                    "check that its lines end with a newline.",
                )
            with memoryview(blocks.buffer) as view:
                start, find, end = 0, blocks.buffer.find, blocks.end
                while (newline := find(b"\n", start, end)) >= 0:
                    yield bytes(view[start : newline + 1])
                    start = newline + 1
                if start < end:
                    yield bytes(view[start:end])
