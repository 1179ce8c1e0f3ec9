"""The virtual table: every list of the screen, of any length, one drawn line per visible row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from textwrap import wrap
from typing import ClassVar

from msgspec import Struct
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from batch_tui.domain.text import clip
from batch_tui.ui.commands.bindings import bindings
from batch_tui.ui.commands.registry import Scope
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.row_keys import RowKeys
from batch_tui.ui.widgets.table_painter import MARGIN, RowLook, TablePainter

RowProvider = Callable[[str], Sequence[Cell]]
"""Gives the cells of a row in sight, one for each column; the last of fewer runs over all the other columns."""

_NOTE_LIMIT = 1000
"""Characters of a note that are looked at: folding a megabyte of somebody's error message takes seconds."""
_CACHE_LIMIT = 2048


class _Row(Struct, frozen=True):
    """A row as it was drawn, and the state it was drawn in."""

    look: RowLook
    strip: Strip


class VirtualTable(RowKeys, can_focus=True):
    """A table over any number of rows, each known by an id.

    The table holds ids, never values: ``row_of`` is asked for the cells of the rows in sight. The cursor and
    the marks follow ids, so a new order, a filter or another size keep them. Only lines that look different
    are sent to the terminal; call :meth:`update_rows` as often as you like.

    Args:
        columns: What is shown, left to right.
        row_of: Cells of one row, one for each column.
        is_ascii: Whether only ASCII may be drawn.
        empty: What stands in a table without rows.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.TABLE)
    DEFAULT_CSS = """
    VirtualTable { width: 1fr; height: 1fr; }
    """

    @dataclass(eq=False)
    class CursorMoved(Message):
        """The cursor stands on another row (or on none)."""

        table: VirtualTable
        row_id: str | None

        @property
        def control(self) -> VirtualTable:
            """The table."""
            return self.table

    @dataclass(eq=False)
    class RowOpened(Message):
        """Enter was pressed on a row, or the cursor's row was clicked."""

        table: VirtualTable
        row_id: str

        @property
        def control(self) -> VirtualTable:
            """The table."""
            return self.table

    @dataclass(eq=False)
    class MarksChanged(Message):
        """Rows were marked or unmarked."""

        table: VirtualTable
        marks: frozenset[str]

        @property
        def control(self) -> VirtualTable:
            """The table."""
            return self.table

    @dataclass(eq=False)
    class TitleClicked(Message):
        """The title of a column was clicked."""

        table: VirtualTable
        column: Column

        @property
        def control(self) -> VirtualTable:
            """The table."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        row_of: RowProvider,
        *,
        is_ascii: bool = False,
        empty: str = "",
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._row_of = row_of
        self._painter = TablePainter(columns, self.look, is_ascii=is_ascii)
        self._empty = empty
        self._footnote = ""
        self._fresh: frozenset[str] = frozenset()
        self._drawn: dict[str, _Row] = {}

    def set_rows(self, ids: Sequence[str]) -> None:
        """Show these rows in this order. The cursor stays with its row, or where it was when that is gone."""
        with self._telling():
            self._rows.set_rows(ids)

    def update_rows(self, ids: Iterable[str] | None = None) -> None:
        """The cells of these rows (None: of any row) may be others now; what looks different is sent.

        Cells are asked for again only when their row is in sight.
        """
        if ids is None:
            self._drawn.clear()
        else:
            for row_id in ids:
                self._drawn.pop(row_id, None)
        self.repaint()

    def emphasize(self, ids: Iterable[str]) -> None:
        """These rows changed with the latest refresh: they are bold until this is called again."""
        self._fresh = frozenset(ids)
        self.repaint()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns; ``row_of`` must give cells for them from now on."""
        self._painter.set_columns(columns)
        self.drop_caches()
        self.repaint()

    def set_sort(self, column_id: str | None, *, is_descending: bool = False) -> None:
        """Show in the header by which column the rows are sorted (None: by none)."""
        if self._painter.set_sort(column_id, is_descending=is_descending):
            self.repaint()

    def set_titles(self, titles: Mapping[str, str]) -> None:
        """Show other titles over these columns, by id; the others keep their own."""
        self._painter.set_titles(titles)
        self.repaint()

    def set_empty(self, text: str) -> None:
        """What stands in the table when it has no rows; wrapped."""
        text, before = clip(text, _NOTE_LIMIT), self._empty
        self._empty = text
        if text != before:
            self.repaint()

    def set_footnote(self, text: str) -> None:
        """What stands below the last row, where there is room; wrapped."""
        self._footnote = clip(text, _NOTE_LIMIT)
        self.repaint()

    def action_columns(self, step: int) -> None:
        """Move columns out on the left (1), so that those that didn't fit come in, or back (-1)."""
        self._painter.shift(step)
        self.drop_caches()
        self.repaint()

    def action_open(self) -> None:
        """Look inside the row under the cursor."""
        if self._rows.cursor is not None:
            self.post_message(self.RowOpened(self, self._rows.cursor))

    def on_header_clicked(self, x: int) -> None:
        """Tell which column's title was clicked."""
        column = self._painter.column_at(x, self.size.width)
        if column is not None:
            self.post_message(self.TitleClicked(self, column))

    def on_rows_moved(self, cursor: str | None, marks: frozenset[str]) -> None:
        """Tell what changed."""
        if self._rows.cursor != cursor:
            self.post_message(self.CursorMoved(self, self._rows.cursor))
        if self._rows.marks != marks:
            self.post_message(self.MarksChanged(self, self._rows.marks))

    def sized(self, width: int, height: int) -> None:
        """Another size: the cursor stays in sight, on its row."""
        del width
        self._rows.resize(height - 1)

    def drop_caches(self) -> None:
        """Forget drawn rows."""
        self._drawn.clear()
        self._painter.forget()

    def draw(self, y: int, width: int) -> Strip:
        """The header, a row, or nothing below the last one."""
        if y == 0:
            return self._painter.header(width)
        place = self._rows.top + y - 1
        if place < len(self._rows.ids):
            return self._row(self._rows.ids[place], width)
        note, below = (self._footnote, place - len(self._rows.ids) - 1) if self._rows.ids else (self._empty, place)
        lines = _folded(note, max(1, width - 2 * MARGIN))
        if 0 <= below < len(lines):
            return self.compose_line((Piece(" " * MARGIN + lines[below], Tone.MUTED),), width)
        return Strip.blank(width, self.look(Tone.PLAIN))

    def _row(self, row_id: str, width: int) -> Strip:
        look = RowLook(self._cursor_look(row_id), row_id in self._rows.marks, row_id in self._fresh)
        row = self._drawn.get(row_id)
        if row is None or row.look != look:
            if len(self._drawn) >= _CACHE_LIMIT:
                self._drawn.clear()
            row = self._drawn[row_id] = _Row(look, self._painter.row(self._row_of(row_id), width, look))
        return row.strip

    def _cursor_look(self, row_id: str) -> str:
        if row_id != self._rows.cursor:
            return ""
        return "cursor" if self.has_focus else "cursor-blurred"


@lru_cache(maxsize=64)
def _folded(note: str, width: int) -> tuple[str, ...]:
    """A note in lines; asked for again by each line under the rows."""
    return tuple(wrap(note, width))
