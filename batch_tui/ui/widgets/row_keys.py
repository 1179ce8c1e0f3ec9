"""How keys and mouse move the cursor over rows and mark them, apart from how rows look."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from textual import events

from batch_tui.ui.widgets.lines import LineWidget
from batch_tui.ui.widgets.rows import RowModel

_WHEEL = 3


class RowKeys(LineWidget):
    """A list of rows with a cursor and marks. Children draw the rows and tell the world what moved."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._rows = RowModel()

    def on_rows_moved(self, cursor: str | None, marks: frozenset[str]) -> None:
        """Called after every change, with the cursor and the marks from before it."""
        raise NotImplementedError

    def on_header_clicked(self, x: int) -> None:
        """Called after a click on the line over the rows, with the cell it hit."""

    def action_open(self) -> None:
        """Look inside the row under the cursor."""
        raise NotImplementedError

    @property
    def row_ids(self) -> tuple[str, ...]:
        """Ids of all rows, top to bottom."""
        return tuple(self._rows.ids)

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._rows.ids)

    @property
    def cursor_id(self) -> str | None:
        """Id of the row under the cursor; None in an empty table."""
        return self._rows.cursor

    @property
    def cursor_row(self) -> int:
        """Position of the cursor among the rows; 0 in an empty table."""
        return self._rows.place

    @property
    def marks(self) -> frozenset[str]:
        """Ids of the marked rows, those that are not shown now included."""
        return self._rows.marks

    @property
    def is_ranging(self) -> bool:
        """True while moving the cursor marks a range."""
        return self._rows.anchor is not None

    @property
    def visible_ids(self) -> tuple[str, ...]:
        """Ids of the rows in sight."""
        return self._rows.in_sight

    def set_marks(self, ids: Iterable[str]) -> None:
        """Mark exactly these rows."""
        with self._telling():
            self._rows.set_marks(ids)

    def clear_marks(self) -> bool:
        """Unmark everything and end a range; False when there was nothing to do."""
        with self._telling():
            return self._rows.clear_marks()

    def move_to(self, row_id: str) -> bool:
        """Put the cursor on a row; False when it isn't shown."""
        with self._telling():
            return self._rows.move_to(row_id)

    def action_cursor_down(self) -> None:
        """One row down."""
        self._move(self._rows.place + 1)

    def action_cursor_up(self) -> None:
        """One row up."""
        self._move(self._rows.place - 1)

    def action_first(self) -> None:
        """To the first row."""
        self._move(0)

    def action_last(self) -> None:
        """To the last row."""
        self._move(len(self._rows.ids) - 1)

    def action_page(self, halves: int) -> None:
        """Move by half pages: 1 down, -1 up, 2 a whole page down."""
        with self._telling():
            self._rows.page_by(halves * max(1, self._rows.page // 2))

    def action_mark(self) -> None:
        """Mark or unmark the row under the cursor, and go one down."""
        with self._telling():
            self._rows.toggle_mark()

    def action_range(self) -> None:
        """Start a range at the cursor, or end the one that was started."""
        with self._telling():
            self._rows.toggle_range()

    def action_mark_all(self) -> None:
        """Mark every row shown; unmark them when all are marked."""
        with self._telling():
            self._rows.toggle_all()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the rows; the cursor goes along only when it would leave the sight."""
        self._wheel(event, _WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the rows; the cursor goes along only when it would leave the sight."""
        self._wheel(event, -_WHEEL)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the cursor's row it opens it."""
        place = self._rows.top + event.y - 1
        if event.y < 1:
            self.on_header_clicked(event.x)
        elif place >= len(self._rows.ids):
            return
        elif place == self._rows.place:
            self.action_open()
        else:
            self._move(place)

    def _move(self, place: int) -> None:
        with self._telling():
            self._rows.move(place)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        event.prevent_default()
        with self._telling():
            self._rows.wheel(rows)

    @contextmanager
    def _telling(self) -> Generator[None]:
        """Draw what changed inside the block, and tell about cursor and marks."""
        cursor, marks = self._rows.cursor, self._rows.marks
        yield
        self.repaint()
        self.on_rows_moved(cursor, marks)
