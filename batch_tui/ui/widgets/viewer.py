"""The viewer: text of any size, only the lines in sight are ever looked at."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from batch_tui.ui.commands.bindings import bindings
from batch_tui.ui.commands.registry import Scope
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.glyphs import ASCII, glyphs
from batch_tui.ui.text.json_tones import json_pieces
from batch_tui.ui.text.lines import LineSource
from batch_tui.ui.widgets.lines import LineWidget, LineWriter
from batch_tui.ui.widgets.reading import Matches, Reading, Row

_WHEEL = 3
_SIDEWAYS = 8
_TAB = " " * 4
_LONG = 20_000
"""Characters of a line up to which its beginning is read, to know whether what is in sight is inside a string."""


@dataclass(eq=False)
class MatchReached(Message):
    """The reader went on to another match."""

    place: int
    """Which one, from 1."""
    found: str
    """How many lines have one: ``24 lines``."""


class Viewer(LineWidget, can_focus=True):
    """Shows text line by line, with a cursor line, wrapping, sideways moves and a search.

    A line of a megabyte and a million lines cost no more than a screen of text: lines are asked for while they
    are in sight and clipped before anything is measured.

    Args:
        is_ascii: Whether only ASCII may be drawn.
        has_cursor: Whether the current line is shown in reverse.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.VIEWER)
    DEFAULT_CSS = """
    Viewer { width: 1fr; height: 1fr; }
    """

    @dataclass(eq=False)
    class LineReached(Message):
        """The cursor stands on another line."""

        viewer: Viewer
        line: int

        @property
        def control(self) -> Viewer:
            """The viewer."""
            return self.viewer

    @dataclass(eq=False)
    class LineOpened(Message):
        """Enter was pressed on a line, or the cursor's line was clicked."""

        viewer: Viewer
        line: int

        @property
        def control(self) -> Viewer:
            """The viewer."""
            return self.viewer

    def __init__(
        self,
        *,
        is_ascii: bool = False,
        has_cursor: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs(is_ascii=is_ascii)
        self._has_cursor = has_cursor
        self._reading = Reading()
        self._rows: tuple[Row, ...] | None = None
        self._strips: dict[tuple[Row, Tone | None], Strip] = {}

    @property
    def cursor_line(self) -> int:
        """The line under the cursor, from 0."""
        return self._reading.cursor.line

    @property
    def source(self) -> LineSource:
        """The text that is shown."""
        return self._reading.source

    @property
    def line_count(self) -> int:
        """How many lines the text has."""
        return self._reading.source.count

    @property
    def is_wrapped(self) -> bool:
        """True while long lines take several rows."""
        return self._reading.is_wrapped

    @property
    def matches(self) -> Matches:
        """What the search found."""
        return self._reading.matches

    @property
    def cursor_text(self) -> str:
        """The line under the cursor; empty without lines. As it came from the source: not safe to print."""
        reading = self._reading
        return reading.source.line(reading.cursor.line).text if reading.source.count else ""

    def show(self, source: LineSource, *, keep_place: bool = False) -> None:
        """Show another text.

        Args:
            source: Its lines.
            keep_place: Stay at the same line, for a newer version of the same text.
        """
        with self._telling():
            line, is_same = self._reading.cursor.line, keep_place
            top = self._reading.top
            self._reading.open(source)
            if is_same and source.count:
                self._reading.top = top
                self._reading.resize(self._reading.width, self._reading.height)
                self._reading.go_to(line)
            self._strips.clear()

    def search(self, needle: str) -> Matches:
        """Look for a text and go to the first match; an empty one ends the search."""
        with self._telling():
            self._strips.clear()
            return self._reading.search(needle)

    def go_to(self, line: int) -> None:
        """Put the cursor on a line, from 0."""
        with self._telling():
            self._reading.go_to(line)

    def action_cursor_down(self) -> None:
        """One row down."""
        with self._telling():
            self._reading.move(1)

    def action_cursor_up(self) -> None:
        """One row up."""
        with self._telling():
            self._reading.move(-1)

    def action_first(self) -> None:
        """To the first line."""
        self.go_to(0)

    def action_last(self) -> None:
        """To the last line."""
        self.go_to(self._reading.source.count - 1)

    def action_page(self, halves: int) -> None:
        """Move by half pages: 1 down, -1 up, 2 a whole page down."""
        with self._telling():
            self._reading.page_by(halves * max(1, self._reading.height // 2))

    def action_columns(self, step: int) -> None:
        """Move long lines sideways."""
        with self._telling():
            self._reading.shift(step * _SIDEWAYS)
            self._strips.clear()

    def action_wrap(self) -> None:
        """Wrap long lines, or don't."""
        with self._telling():
            self._reading.toggle_wrap()
            self._strips.clear()

    def action_match(self, step: int) -> None:
        """To the next (1) or the previous (-1) match."""
        left = self._reading.left
        with self._telling():
            line = self._reading.to_match(step)
            if self._reading.left != left:
                self._strips.clear()
        if line is not None:
            self.post_message(MatchReached(self.matches.lines.index(line) + 1, str(self.matches)))

    def action_open(self) -> None:
        """Look inside the line under the cursor."""
        if self._reading.source.count:
            self.post_message(self.LineOpened(self, self.cursor_line))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the text."""
        self._wheel(event, _WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the text."""
        self._wheel(event, -_WHEEL)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the cursor's line it opens it."""
        rows = self._in_sight()
        if 0 <= event.y < len(rows):
            row = rows[event.y]
            if row.line == self.cursor_line:
                self.action_open()
            else:
                self.go_to(row.line)

    def sized(self, width: int, height: int) -> None:
        """Another size: the cursor stays on its line, in sight."""
        self._reading.resize(width, height)

    def drop_caches(self) -> None:
        """Forget drawn lines."""
        self._strips.clear()
        self._rows = None

    def draw(self, y: int, width: int) -> Strip:
        """A row of the text, or nothing below its end."""
        rows = self._in_sight()
        if y >= len(rows):
            return Strip.blank(width, self.look(Tone.PLAIN))
        row = rows[y]
        key = (row, self._cursor_tone(row))
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) > 4 * self.size.height:
                self._strips.clear()
            strip = self._strips[key] = self._draw_row(row, width, key[1])
        return strip

    def _cursor_tone(self, row: Row) -> Tone | None:
        if not self._has_cursor or row != self._reading.cursor:
            return None
        return Tone.CURSOR if self.has_focus else Tone.CURSOR_BLURRED

    def _in_sight(self) -> tuple[Row, ...]:
        if self._rows is None:
            self._rows = self._reading.rows()
        return self._rows

    def _draw_row(self, row: Row, width: int, cursor: Tone | None) -> Strip:
        line = self._reading.source.line(row.line)
        start, text = self._reading.text_of(row, line.text)
        if line.is_json and len(line.text) <= _LONG:
            pieces = clipped(json_pieces(line.text[: start + len(text)]), start)
        else:
            pieces = (Piece(text, line.tone),)
        if self._reading.needle is not None:
            pieces = with_hits(pieces, self._reading.needle)
        writer = LineWriter(width, is_ascii=self._glyphs is ASCII)
        for piece in pieces:
            writer.add(piece.text.replace("\t", _TAB), self._style(piece.tone, cursor))
        return writer.strip(self._style(Tone.PLAIN, cursor))

    def _style(self, tone: Tone, cursor: Tone | None) -> Style:
        """A match stays to be seen on the cursor's line: that is where the search leads to."""
        style = self.look(tone)
        return style if cursor is None or tone is Tone.HIT else style + self.look(cursor)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        event.prevent_default()
        with self._telling():
            self._reading.wheel(rows)

    @contextmanager
    def _telling(self) -> Generator[None]:
        """Draw what changed inside the block, and tell when the cursor went to another line."""
        line = self._reading.cursor.line
        yield
        self._rows = None
        self.repaint()
        if self._reading.cursor.line != line:
            self.post_message(self.LineReached(self, self._reading.cursor.line))


def clipped(pieces: Cell, start: int) -> Cell:
    """Pieces without their first ``start`` characters."""
    kept: list[Piece] = []
    for piece in pieces:
        length = len(piece.text)
        if start < length:
            kept.append(Piece(piece.text[start:], piece.tone) if start > 0 else piece)
        start = max(0, start - length)
    return tuple(kept)


def with_hits(pieces: Cell, needle: re.Pattern[str]) -> Cell:
    """Pieces with every match of the search told apart, also where it goes over several pieces."""
    text = "".join(piece.text for piece in pieces)
    spans = [match.span() for match in needle.finditer(text)]
    if not spans:
        return pieces
    inside = bytearray(len(text))
    for first, last in spans:
        inside[first:last] = b"\1" * (last - first)
    found: list[Piece] = []
    offset = 0
    for piece in pieces:
        for run in re.finditer(rb"\x00+|\x01+", inside[offset : offset + len(piece.text)]):
            tone = Tone.HIT if run[0][0] else piece.tone
            found.append(Piece(piece.text[run.start() : run.end()], tone))
        offset += len(piece.text)
    return tuple(found)
