"""Lines of facts that scroll: overviews, verdicts, summaries."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from batch_tui.ui.commands.bindings import bindings
from batch_tui.ui.commands.registry import Scope
from batch_tui.ui.text.cells import Cell, Tone, cell_text
from batch_tui.ui.text.wrapping import wrapped
from batch_tui.ui.widgets.lines import LineWidget

if TYPE_CHECKING:
    from batch_tui.domain.lines import Cause
from batch_tui.ui.widgets.reading import Matches, needle_of
from batch_tui.ui.widgets.viewer import MatchReached, with_hits

Target: TypeAlias = "int | Cause"
"""Where a line leads: to a line of the input file, counted from 1, or to the requests of one cause."""
_WHEEL = 3


class FactsView(LineWidget, can_focus=True):
    """A text made of lines with meaning, folded to the width down to what is in sight, and no further.

    So a thousand errors cost no more at each poll than a screen of them. Only what looks different is sent.

    Lines may lead somewhere: then the cursor goes from one of these to the next, and enter follows it.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.VIEWER)
    DEFAULT_CSS = """
    FactsView { width: 1fr; height: 1fr; }
    """

    @dataclass(eq=False)
    class Followed(Message):
        """Enter was pressed on a line that leads somewhere."""

        target: Target

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: tuple[Cell, ...] = ()
        self._folded: list[tuple[int, Cell]] = []
        self._folded_lines = 0
        self._folded_width = 0
        self._top = 0
        self._targets: dict[int, Target] = {}
        self._cursor: int | None = None
        self._needle: re.Pattern[str] | None = None
        self._match: int | None = None

    @property
    def lines(self) -> tuple[Cell, ...]:
        """What it shows."""
        return self._lines

    @property
    def text(self) -> str:
        """The bare text, for copying."""
        return "\n".join(map(cell_text, self._lines))

    @property
    def target(self) -> Target | None:
        """Where the line under the cursor leads; None when no line leads anywhere."""
        return None if self._cursor is None else self._targets[self._cursor]

    @property
    def matches(self) -> Matches:
        """The lines the search found."""
        needle = self._needle
        if needle is None:
            return Matches()
        return Matches(tuple(n for n, content in enumerate(self._lines) if needle.search(cell_text(content))))

    def search(self, text: str) -> Matches:
        """Look for a text and bring the first match in sight; an empty one ends the search."""
        self._needle, self._match = needle_of(text), None
        found = self.matches
        self._bring(next(iter(found.lines), None))
        return found

    def action_match(self, step: int) -> None:
        """To the next (1) or the previous (-1) match."""
        found = self.matches
        self._bring(found.beside(-1 if self._match is None else self._match, step))
        if self._match is not None:
            self.post_message(MatchReached(found.lines.index(self._match) + 1, str(found)))

    def show(self, lines: Sequence[Cell], *, is_new: bool = False, targets: Sequence[Target | None] = ()) -> None:
        """Show other lines.

        Args:
            lines: The lines.
            is_new: Start at the top; else the place is kept.
            targets: For each line, where it leads, or None.
        """
        self._lines = tuple(lines)
        self._targets = {place: target for place, target in enumerate(targets) if target is not None}
        if is_new or self._cursor not in self._targets:
            self._cursor = next(iter(self._targets), None)
        self._fold(self.size.width)
        self._roll(0 if is_new else self._top)

    def draw(self, y: int, width: int) -> Strip:
        """One line."""
        if width != self._folded_width:
            self._fold(width)
        row = self._top + y
        if self._has_rows(row + 1):
            place, content = self._folded[row]
            if self._needle is not None:
                content = with_hits(content, self._needle)
            over = self.look(Tone.CURSOR) if place == self._cursor and self.has_focus else None
            return self.compose_line(content, width, over=over)
        return Strip.blank(width, self.look(Tone.PLAIN))

    def action_cursor_down(self) -> None:
        """One line down, or to the next line that leads somewhere."""
        self._step(1)

    def action_cursor_up(self) -> None:
        """One line up, or to the line before that leads somewhere."""
        self._step(-1)

    def action_open(self) -> None:
        """Follow the line under the cursor."""
        if self._cursor is not None:
            self.post_message(self.Followed(self._targets[self._cursor]))

    def action_first(self) -> None:
        """To the top."""
        self._step(-len(self._lines))

    def action_last(self) -> None:
        """To the bottom."""
        self._fold_lines(len(self._lines))
        self._step(len(self._folded))

    def action_page(self, halves: int) -> None:
        """By half pages."""
        self._roll(self._top + halves * max(1, self.size.height // 2))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self._roll(self._top + _WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self._roll(self._top - _WHEEL)

    def on_resize(self) -> None:
        """Another size: the end stays the end."""
        super().on_resize()
        self._roll(self._top)

    def on_focus(self) -> None:
        """The cursor's line shows itself."""
        self.repaint()

    def on_blur(self) -> None:
        """The cursor's line hides."""
        self.repaint()

    def _step(self, count: int) -> None:
        if self._cursor is None:
            self._roll(self._top + count)
            return
        places = list(self._targets)
        at = max(0, min(places.index(self._cursor) + count, len(places) - 1))
        self._cursor = places[at]
        # What stands under the line belongs to it: in sight too, where there is room.
        first = 0 if at == 0 else self._row_of(places[at])
        end = self._row_of(places[at + 1] if at + 1 < len(places) else len(self._lines))
        self._roll(min(max(self._top, end - max(1, self.size.height)), first))

    def _bring(self, line: int | None) -> None:
        """Bring a line with a match in sight, and the cursor with it when it leads somewhere."""
        self._match = line
        if line is None:
            self.repaint()
            return
        if line in self._targets:
            self._cursor = line
        height = max(1, self.size.height)
        row = self._row_of(line)
        self._roll(self._top if self._top <= row < self._top + height else row - height // 2)

    def _row_of(self, line: int) -> int:
        """The first row of a line; behind the last line, the number of rows."""
        self._fold_lines(line + 1)
        return bisect_left(self._folded, line, key=itemgetter(0))

    def _has_rows(self, count: int) -> bool:
        """Fold as many lines as give so many rows; False when all of them give fewer."""
        while len(self._folded) < count and self._folded_lines < len(self._lines):
            self._fold_lines(self._folded_lines + 1)
        return len(self._folded) >= count

    def _fold_lines(self, count: int) -> None:
        """Fold the first so many lines."""
        for place in range(self._folded_lines, min(count, len(self._lines))):
            self._folded += [(place, row) for row in wrapped(self._lines[place], self._folded_width)]
        self._folded_lines = max(self._folded_lines, min(count, len(self._lines)))

    def _fold(self, width: int) -> None:
        """Fold anew, to another width or other lines."""
        self._folded_width, self._folded_lines = width, 0
        self._folded.clear()

    def _roll(self, top: int) -> None:
        height = max(1, self.size.height)
        self._has_rows(top + height)
        self._top = max(0, min(top, len(self._folded) - height))
        self.repaint()
