"""Which rows a table shows, where its cursor stands and what is marked: the table without its looks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batch_tui.ui.widgets.picked import Picked


class RowModel:
    """Rows known by id, a cursor that follows its row, marks, and the part in sight.

    Attributes:
        ids: All rows, top to bottom.
        cursor: Id of the current row; None only without rows.
        top: Position of the first row in sight.
        page: Rows in sight, at least 1.
        marks: Marked ids, rows that are not shown now included.
        anchor: Where the range began, or None.
    """

    def __init__(self) -> None:
        self.ids: Sequence[str] = ()
        self.cursor: str | None = None
        self.top = 0
        self.page = 1
        self._has_page = False
        self.marks: frozenset[str] = frozenset()
        self.anchor: str | None = None
        self._place = 0
        self._marks_before_range: frozenset[str] = frozenset()
        self._every: tuple[Sequence[str], frozenset[str]] = ((), frozenset())

    @property
    def place(self) -> int:
        """Position of the cursor, 0 without rows."""
        return self._place

    @property
    def in_sight(self) -> tuple[str, ...]:
        """Ids of the rows in sight."""
        return tuple(self.ids[self.top : self.top + self.page])

    def __contains__(self, row_id: object) -> bool:
        return row_id in self.ids

    def set_rows(self, ids: Sequence[str]) -> None:
        """Other rows, or another order. The cursor keeps its row and its line on screen where it can.

        When its row is gone it stays at its position. A cursor on the first row with nothing above it stays
        in sight of what is new on top: the part in sight doesn't move with it.
        """
        before, offset, was_at_top = self.place, self.place - self.top, self.top == 0
        known, self.ids = self.ids, ids if isinstance(ids, Picked) else tuple(ids)
        if self.cursor is None or not _begins_with(self.ids, known):  # rows below leave those above alone
            self._follow(before)
        self.top = 0 if was_at_top else self.place - offset
        self.reveal()

    def resize(self, page: int) -> None:
        """Another number of rows in sight; the cursor stays in sight.

        Before the first one nothing is in sight: then the cursor is shown among the rows around it.
        """
        self.page = max(1, page)
        if not self._has_page:
            self._has_page = True
            self.top = self._clamped(self.place - self.page // 2) if self.place >= self.page else 0
        self.reveal()

    def move(self, place: int) -> None:
        """Put the cursor on a position, the nearest there is."""
        if not self.ids:
            return
        self._put(place)
        self.reveal()

    def move_to(self, row_id: str) -> bool:
        """Put the cursor on a row; False when it isn't shown."""
        place = self._find(row_id)
        if place is not None:
            self.move(place)
        return place is not None

    def page_by(self, rows: int) -> None:
        """Move sight and cursor together by this many rows."""
        place = self.place + rows
        self.top = self._clamped(self.top + rows)
        self.move(place)

    def wheel(self, rows: int) -> None:
        """Move the sight; the cursor goes along only when it would leave it."""
        self.top = self._clamped(self.top + rows)
        if self.ids:
            self._put(max(self.top, min(self.place, self.top + self.page - 1)))

    def reveal(self) -> None:
        """Bring the cursor in sight.

        Stepping over the edge moves the sight by half a page, not by one row: moving every line costs the
        bytes of a page, and a held key would pay that at each step.
        """
        place, jump = self.place, max(1, self.page // 2)
        if place < self.top:
            self.top = place if self.top - place > self.page else min(place, self.top - jump)
        elif place >= self.top + self.page:
            needed = place - self.page + 1
            self.top = needed if needed - self.top > self.page else max(needed, self.top + jump)
        self.top = self._clamped(self.top)

    def set_marks(self, ids: Iterable[str]) -> None:
        """Mark exactly these rows."""
        self.marks = frozenset(ids)

    def toggle_mark(self) -> None:
        """Mark or unmark the current row, and go one down."""
        if self.cursor is not None:
            self.anchor = None
            self.marks ^= {self.cursor}
            self.move(self.place + 1)

    def toggle_range(self) -> None:
        """Start a range here, or end the one that was started."""
        if self.anchor is not None or self.cursor is None:
            self.anchor = None
            return
        self.anchor = self.cursor
        self._marks_before_range = self.marks
        self._extend_range()

    def toggle_all(self) -> None:
        """Mark all rows shown, or unmark them when all are."""
        if self._every[0] is not self.ids:  # the set is kept: all may be unmarked again
            self._every = (self.ids, frozenset(self.ids))
        shown, self.anchor = self._every[1], None
        left = self.marks - shown if self.marks is not shown else frozenset[str]()
        if len(self.marks) - len(left) == len(shown):
            self.marks = left
        else:
            self.marks = self.marks | shown if left else shown

    def clear_marks(self) -> bool:
        """Unmark everything and end a range; False when there was nothing to do."""
        had_any = bool(self.marks) or self.anchor is not None
        self.marks, self.anchor = frozenset(), None
        return had_any

    def _find(self, row_id: str) -> int | None:
        """Where a row stands. It is looked for: a table of places takes longer to make than any one search."""
        try:
            return self.ids.index(row_id)
        except ValueError:
            return None

    def _follow(self, before: int) -> None:
        """Find the cursor's row among other rows; when it's gone, take the one at its position."""
        place = None if self.cursor is None else self._find(self.cursor)
        if place is None:
            place = max(0, min(before, len(self.ids) - 1))
            self.cursor, self.anchor = (self.ids[place] if self.ids else None), None
        self._place = place

    def _put(self, place: int) -> None:
        self._place = max(0, min(place, len(self.ids) - 1))
        self.cursor = self.ids[self._place]
        self._extend_range()

    def _extend_range(self) -> None:
        anchor = None if self.anchor is None else self._find(self.anchor)
        if anchor is not None:
            first, last = sorted((anchor, self.place))
            self.marks = self._marks_before_range.union(self.ids[first : last + 1])

    def _clamped(self, top: int) -> int:
        return max(0, min(top, len(self.ids) - self.page))


def _begins_with(ids: Sequence[str], known: Sequence[str]) -> bool:
    """True when the first of these rows are known to be those."""
    return isinstance(ids, tuple) and ids[: len(known)] == known
