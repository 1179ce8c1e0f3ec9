"""A new file filled piece by piece, with progress; it appears whole when the block ends."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from io import FileIO
from pathlib import Path

from batch_tui.jsonl.atomic import new_file, write_all
from batch_tui.jsonl.lines import BLOCK_BYTES, ProgressHook, ProgressMeter


class Output:
    """Collects small writes into large ones."""

    def __init__(self, handle: FileIO) -> None:
        self._handle = handle
        self._block = bytearray()

    def write(self, piece: bytes) -> None:
        """Add bytes to the file."""
        self._block += piece
        if len(self._block) >= BLOCK_BYTES:
            self.flush()

    def write_line(self, line: bytes) -> None:
        """Add a line; it gets its newline here."""
        self._block += line
        self.write(b"\n")

    def flush(self) -> None:
        """Hand everything to the system."""
        write_all(self._handle, self._block)
        self._block.clear()


@contextlib.contextmanager
def new_output(destination: Path, *, overwrite: bool = False) -> Generator[Output, None, None]:
    """Give an output whose bytes become ``destination`` when the block ends without an error.

    Raises:
        OutputFileError: The destination can't be written.
    """
    with new_file(destination, overwrite=overwrite) as handle:
        output = Output(handle)
        yield output
        output.flush()


class RowMeter:
    """Progress of a walk over rows, told in bytes of what is read for them."""

    def __init__(self, hook: ProgressHook | None, total: int) -> None:
        self._meter = ProgressMeter(hook, total)
        self._done = self._told = 0

    def add(self, count: int) -> None:
        """Say that ``count`` more bytes are behind."""
        self._done += count
        # The clock is asked once a block, not once a row.
        if self._done - self._told >= BLOCK_BYTES:
            self._told = self._done
            self._meter.at(self._done)

    def end(self) -> None:
        """Say that it's over."""
        self._meter.end(self._done)
