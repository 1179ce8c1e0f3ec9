"""Where a verb writes: stdout is data, stderr is talk."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from msgspec import Struct, field

from batch_tui.domain.files import Progress
from batch_tui.domain.formatting import percent, size
from batch_tui.domain.text import clip, printable, printable_body, printable_json


class Console(Struct):
    """Data out, talk out, questions in. Every outside string passes ``printable`` on its way."""

    is_json: bool = False
    """True when data goes out as one JSON object a line."""
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    _has_progress: bool = False

    def data(self, text: str) -> None:
        """One line of data on stdout."""
        self.clear_progress()
        print(printable(text), file=self.out, flush=True)

    def write(self, piece: bytes) -> None:
        """Bytes on stdout exactly as they are: for files in other formats, which no terminal is to read."""
        raw = getattr(self.out, "buffer", None)
        if raw is None:
            self.out.write(piece.decode(errors="replace"))
        elif self.out.isatty():
            self.out.write(printable_body(piece.decode(errors="replace")))
        else:
            raw.write(piece)

    def json(self, record: Mapping[str, object]) -> None:
        """One JSON object on stdout, in one line, harmless to a terminal."""
        self.clear_progress()
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        print(printable_json(text), file=self.out, flush=True)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Aligned columns on stdout; the last column is as wide as it likes."""
        clean = [[printable(cell) for cell in row] for row in (header, *rows)]
        widths = [max(len(row[i]) for row in clean) for i in range(len(header) - 1)]
        for row in clean:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.data("  ".join([*cells, row[-1]]).rstrip())

    def say(self, text: str) -> None:
        """One line of talk on stderr."""
        self.clear_progress()
        print(printable(text), file=self.err, flush=True)

    def progress(self, what: str) -> Callable[[Progress], None]:
        """A hook that shows how far something is, on stderr, only when that is a terminal."""

        def show(progress: Progress) -> None:
            if not self.err.isatty():
                return
            share = progress.fraction
            shown = f" {percent(share)}" if share is not None else ""
            line = clip(f"{what}{shown} {size(progress.done)}", 78)
            self.err.write(f"\r{printable(line):<78}")
            self.err.flush()
            self._has_progress = True

        return show

    def clear_progress(self) -> None:
        """Take the progress line away, if one stands."""
        if self._has_progress:
            self.err.write("\r" + " " * 78 + "\r")
            self._has_progress = False

    def ask(self, question: str, *, answer: str = "y") -> bool:
        """Ask on stderr; True only for exactly ``answer``. False when nobody is there to answer."""
        if not self.stdin.isatty():
            return False
        self.clear_progress()
        self.err.write(printable(question) + " ")
        self.err.flush()
        return self.stdin.readline().strip() == answer
