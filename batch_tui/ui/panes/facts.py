"""Lines of facts that scroll: overviews, verdicts, summaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.strip import Strip

from batch_tui.ui.bindings import bindings
from batch_tui.ui.cells import Cell, Tone, cell_text
from batch_tui.ui.commands import Scope
from batch_tui.ui.widgets.lines import LineWidget

_WHEEL = 3


class FactsView(LineWidget, can_focus=True):
    """A short text made of lines with meaning; only lines that look different are sent."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.VIEWER)
    DEFAULT_CSS = """
    FactsView { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: tuple[Cell, ...] = ()
        self._top = 0

    @property
    def lines(self) -> tuple[Cell, ...]:
        """What it shows."""
        return self._lines

    @property
    def text(self) -> str:
        """The bare text, for copying."""
        return "\n".join(map(cell_text, self._lines))

    def show(self, lines: Sequence[Cell], *, is_new: bool = False) -> None:
        """Show other lines; ``is_new`` starts at the top, else the place is kept."""
        self._lines = tuple(lines)
        self._roll(0 if is_new else self._top)

    def draw(self, y: int, width: int) -> Strip:
        """One line."""
        place = self._top + y
        if place < len(self._lines):
            return self.compose_line(self._lines[place], width)
        return Strip.blank(width, self.look(Tone.PLAIN))

    def action_cursor_down(self) -> None:
        """One line down."""
        self._roll(self._top + 1)

    def action_cursor_up(self) -> None:
        """One line up."""
        self._roll(self._top - 1)

    def action_first(self) -> None:
        """To the top."""
        self._roll(0)

    def action_last(self) -> None:
        """To the bottom."""
        self._roll(len(self._lines))

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

    def _roll(self, top: int) -> None:
        self._top = max(0, min(top, len(self._lines) - max(1, self.size.height)))
        self.repaint()
