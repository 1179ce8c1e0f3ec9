"""Where a reader stands in a text: cursor, sight, wrapping and matches. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from msgspec import Struct

from batch_tui.ui.text.lines import Lines, LineSource, TextLine

_SEARCH_LINES = 200_000
_SEARCH_CHARS = 4_000_000
"""How much of a text a search goes through at once, so that a key never waits long."""

_FIRST_WIDE = "\u1100"
"""No character below it takes two cells."""
_BROKEN_AT_WORDS = 20_000
"""Characters of a line up to which it is broken between words; a longer one after every so many characters."""
_LEAST_FILLED = 3
"""A row is broken inside a word rather than left emptier than one in so many."""


class Row(Struct, frozen=True, order=True):
    """One row of the screen: a line, and which part of it when it is wrapped."""

    line: int
    part: int = 0


class Matches(Struct, frozen=True):
    """What a search found."""

    lines: tuple[int, ...] = ()
    """Lines with at least one match, in order."""
    is_complete: bool = True
    """False when the text was too long to be searched to its end."""

    def __str__(self) -> str:
        """How many: ``1 line``, ``24+ lines`` of a text that was too long."""
        more = "" if self.is_complete else "+"
        return f"{len(self.lines):,}{more} {'line' if len(self.lines) == 1 else 'lines'}"

    def beside(self, here: int, step: int) -> int | None:
        """The next (1) or previous (-1) line with a match, round the ends; None without any."""
        if not self.lines:
            return None
        if step > 0:
            return next((line for line in self.lines if line > here), self.lines[0])
        return next((line for line in reversed(self.lines) if line < here), self.lines[-1])


class Reading:
    """A text, a cursor in it and the part in sight.

    Attributes:
        source: The lines.
        width: Cells of a row; wrapped lines go on in the next one, after a blank where there is one.
        height: Rows in sight.
        is_wrapped: Whether long lines take several rows.
        left: Characters moved out on the left; 0 while wrapped.
        top: First row in sight.
        cursor: The current row.
        needle: What is searched for, or None.
        matches: Where it was found.
    """

    def __init__(self) -> None:
        self.source: LineSource = Lines()
        self.width = 1
        self.height = 1
        self.is_wrapped = False
        self.left = 0
        self.top = Row(0)
        self.cursor = Row(0)
        self.needle: re.Pattern[str] | None = None
        self.matches = Matches()
        self._starts: dict[int, Sequence[int]] = {}

    def open(self, source: LineSource) -> None:
        """Another text, from its top."""
        self.source = source
        self.top = self.cursor = Row(0)
        self.left = 0
        self.needle, self.matches = None, Matches()
        self._starts.clear()

    def resize(self, width: int, height: int) -> None:
        """Another size; the cursor stays on its line, in sight."""
        self.width, self.height = max(1, width), max(1, height)
        self._starts.clear()
        self.top, self.cursor = self._existing(self.top), self._existing(self.cursor)
        self.reveal()

    def toggle_wrap(self) -> None:
        """Wrap long lines, or don't."""
        self.is_wrapped = not self.is_wrapped
        self.left = 0
        self.top, self.cursor = Row(self.top.line), Row(self.cursor.line)
        self.reveal()

    def shift(self, characters: int) -> None:
        """Move long lines sideways; does nothing while they are wrapped."""
        if not self.is_wrapped:
            longest = max((len(self.source.line(row.line).text) for row in self.rows()), default=0)
            self.left = max(0, min(self.left + characters, max(self.left, longest - 1)))

    def rows(self) -> tuple[Row, ...]:
        """The rows in sight, top to bottom."""
        found: list[Row] = []
        row: Row | None = self.top
        while row is not None and row.line < self.source.count and len(found) < self.height:
            found.append(row)
            row = self.after(row)
        return tuple(found)

    def span_of(self, row: Row) -> tuple[int, int]:
        """Where a row of a wrapped line begins and ends in it; the rows of a line leave nothing out."""
        starts = self._row_starts(row.line)
        is_last = row.part + 1 >= len(starts)
        return starts[row.part], len(self.source.line(row.line).text) if is_last else starts[row.part + 1]

    def text_of(self, row: Row, line: str) -> tuple[int, str]:
        """Where a row's text begins in its line, and at most four characters for each cell of it."""
        if self.is_wrapped:
            start, end = self.span_of(row)
            text = line[start:end]
            # The blank between two rows hangs over the edge.
            return start, text[:-1] if text.endswith(" ") and len(text) > self._room(line) else text
        return self.left, line[self.left : self.left + self.width * 4]

    def after(self, row: Row) -> Row | None:
        """The row below; None below the last."""
        if row.part + 1 < self._parts(row.line):
            return Row(row.line, row.part + 1)
        return Row(row.line + 1) if row.line + 1 < self.source.count else None

    def before(self, row: Row) -> Row | None:
        """The row above; None above the first."""
        if row.part:
            return Row(row.line, row.part - 1)
        return Row(row.line - 1, self._parts(row.line - 1) - 1) if row.line else None

    def move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self.cursor = self._walk(self.cursor, rows)
        self.reveal()

    def page_by(self, rows: int) -> None:
        """Move cursor and sight together."""
        self.cursor = self._walk(self.cursor, rows)
        self.top = self._walk(self.top, rows)
        self.reveal()

    def wheel(self, rows: int) -> None:
        """Move the sight; the cursor goes along only when it would leave it."""
        self.top = min(self._walk(self.top, rows), self._lowest_top())
        self.cursor = max(self.top, min(self.cursor, self._walk(self.top, self.height - 1)))

    def go_to(self, line: int) -> None:
        """Put the cursor on a line, the nearest there is."""
        self.cursor = Row(max(0, min(line, self.source.count - 1)))
        self.reveal()

    def reveal(self) -> None:
        """Bring the cursor in sight, half a page at a time, as in tables."""
        jump = max(1, self.height // 2)
        last = self._walk(self.top, self.height - 1)
        middle = self._walk(self.cursor, -min(jump, self.height - 1))
        if self.cursor < self.top:
            near = self._walk(self.top, -jump)
            self.top = near if near <= self.cursor else middle
        elif self.cursor > last:
            near = self._walk(self.top, jump)
            is_near = self.cursor <= self._walk(near, self.height - 1)
            self.top = near if is_near else middle
        self.top = max(Row(0), min(self.top, self._lowest_top()))

    def search(self, needle: str) -> Matches:
        """Look for a text, ignoring case unless it has capitals; an empty one ends the search.

        The cursor goes to the first match from where it stands.
        """
        self.needle, self.matches = needle_of(needle), Matches()
        if self.needle is None:
            return self.matches
        self.matches = self._find(self.needle)
        ahead = (line for line in self.matches.lines if line >= self.cursor.line)
        first = next(ahead, self.matches.lines[0] if self.matches.lines else None)
        if first is not None:
            self._show_match(first)
        return self.matches

    def to_match(self, step: int) -> int | None:
        """The cursor on the next (1) or previous (-1) line with a match, round the ends; None without any."""
        target = self.matches.beside(self.cursor.line, step)
        if target is not None:
            self._show_match(target)
        return target

    def _show_match(self, line: int) -> None:
        found = self.needle.search(self.source.line(line).text) if self.needle else None
        start = found.start() if found else 0
        if self.is_wrapped:
            self.cursor = Row(line, bisect_right(self._row_starts(line), start) - 1)
        else:
            self.cursor = Row(line)
            if not self.left <= start < self.left + self.width:
                self.left = max(0, start - self.width // 2) if start >= self.width else 0
        self.reveal()

    def _find(self, needle: re.Pattern[str]) -> Matches:
        found: list[int] = []
        seen = 0
        for number in range(min(self.source.count, _SEARCH_LINES)):
            text = self.source.line(number).text
            if needle.search(text):
                found.append(number)
            seen += len(text)
            if seen > _SEARCH_CHARS:
                return Matches(tuple(found), is_complete=number + 1 >= self.source.count)
        return Matches(tuple(found), is_complete=self.source.count <= _SEARCH_LINES)

    def _parts(self, line: int) -> int:
        return len(self._row_starts(line)) if self.is_wrapped and line < self.source.count else 1

    def _row_starts(self, number: int) -> Sequence[int]:
        """Where the rows of a wrapped line begin in it; never empty."""
        starts = self._starts.get(number)
        if starts is None:
            line = self.source.line(number)
            room = self._room(line.text)
            is_short = len(line.text) <= _BROKEN_AT_WORDS
            starts = breaks(line, room) if is_short else range(0, len(line.text), room)
            self._starts[number] = starts
        return starts

    def _room(self, text: str) -> int:
        """Characters in a row of a wrapped line: half as many where some take two cells."""
        has_wide = not text.isascii() and max(text) >= _FIRST_WIDE
        return max(1, self.width // 2) if has_wide else self.width

    def _walk(self, row: Row, rows: int) -> Row:
        step = self.after if rows > 0 else self.before
        for _ in range(abs(rows)):
            following = step(row)
            if following is None:
                break
            row = following
        return row

    def _lowest_top(self) -> Row:
        last = self.source.count - 1
        if last < 0:
            return Row(0)
        return self._walk(Row(last, self._parts(last) - 1), 1 - self.height)

    def _existing(self, row: Row) -> Row:
        line = max(0, min(row.line, self.source.count - 1))
        if not self.source.count:
            return Row(0)
        return Row(line, max(0, min(row.part, self._parts(line) - 1)))


def needle_of(text: str) -> re.Pattern[str] | None:
    """What a search looks for: the text itself, ignoring case unless it has capitals; None for an empty one."""
    if not text:
        return None
    return re.compile(re.escape(text), re.NOFLAG if any(char.isupper() for char in text) else re.IGNORECASE)


def breaks(line: TextLine, room: int) -> list[int]:
    """Where the rows of a wrapped line begin: behind a blank, in JSON also behind a comma, else where it is full.

    Args:
        line: The line.
        room: Characters of a row; a blank behind them hangs over the edge.
    """
    text, ends = line.text, " ,:" if line.is_json else " "
    starts, start = [0], 0
    while len(text) - start > room:
        least = start + room // _LEAST_FILLED
        full = start + room + (text[start + room] == " ")
        start = next((at for at in range(full, least, -1) if text[at - 1] in ends), start + room)
        starts.append(start)
    return starts if len(starts) == 1 or starts[-1] < len(text) else starts[:-1]
