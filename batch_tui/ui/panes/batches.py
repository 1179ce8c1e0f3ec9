"""Batches: the list everything starts from, filtered and sorted while it is live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from batch_tui.domain.batch import Batch
from batch_tui.domain.formatting import grouped
from batch_tui.domain.queueing import QueueEntry
from batch_tui.engine.monitoring.store import Changes
from batch_tui.ui.commands.bindings import asking
from batch_tui.ui.commands.pending_submit import PendingSubmit
from batch_tui.ui.commands.registry import Naming, usual_keys
from batch_tui.ui.commands.selection import Scope, Selection
from batch_tui.ui.panes.base import Pane
from batch_tui.ui.panes.batch_rows import BatchRows
from batch_tui.ui.panes.columns import DEFAULT_COLUMNS, BatchFacts, View, batch_cells, batch_columns
from batch_tui.ui.panes.lineup import Lineup
from batch_tui.ui.panes.narrowing import Narrowing
from batch_tui.ui.panes.ordering import Order
from batch_tui.ui.text.cells import Cell
from batch_tui.ui.text.glyphs import glyphs
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.table import VirtualTable

if TYPE_CHECKING:
    from batch_tui.ui.panes.filter_language import Filter

_NAME = 16
"""Cells a name gets before another column does."""


class BatchesPane(Pane):
    """The list of batches.

    Args:
        facts_of: What is known about a batch now.
        view: How facts are written now.
        columns: Ids of the columns to show; empty for the usual ones.
        is_ascii: Whether only ASCII may be drawn.
        name_keys: Names the user's keys.
    """

    TITLE = "Batches"
    KEY = "batches"
    BINDINGS: ClassVar[list[BindingType]] = asking(Scope.BATCHES)

    @dataclass(eq=False)
    class Highlighted(Message):
        """The cursor stands on another batch, or on none."""

        batch_id: str | None

    @dataclass(eq=False)
    class Opened(Message):
        """A batch was opened."""

        batch_id: str

    def __init__(
        self,
        facts_of: Callable[[Batch], BatchFacts],
        view: Callable[[], View],
        *,
        columns: Sequence[str] = (),
        is_ascii: bool = False,
        name_keys: Naming = usual_keys,
    ) -> None:
        super().__init__(is_ascii=is_ascii, name_keys=name_keys)
        self._facts_of = facts_of
        self._view = view
        self._glyphs = glyphs(is_ascii=is_ascii)
        self._columns = _columns(columns or DEFAULT_COLUMNS)
        self.rows = BatchRows()
        """The batches, groups and queue entries, and in which rows they stand."""
        self._pending: dict[str, PendingSubmit] = {}
        self._shown: Sequence[Batch] | None = None
        self._narrowing = Narrowing()
        self.lineup = Lineup(self.rows, facts_of, (column.id for column in self._columns if column.title))
        """Which rows are shown, and in which order."""
        self._alarmed: frozenset[str] = frozenset()
        self._order = Order()
        self.table = VirtualTable(
            self._columns, self._row, is_ascii=is_ascii, empty="Asking the service…", id="batches-table"
        )
        self._describe()

    def compose_body(self) -> ComposeResult:
        """The list."""
        yield self.table

    @property
    def focus_target(self) -> VirtualTable:
        """The list."""
        return self.table

    @property
    def order(self) -> Order:
        """How the rows are sorted."""
        return self._order

    @property
    def is_filtered(self) -> bool:
        """True while some rows may be hidden."""
        return self._narrowing.is_on

    @property
    def filter_text(self) -> str:
        """The filter as it was typed."""
        return self._narrowing.text

    @property
    def selection(self) -> Selection:
        """What is under the cursor, what is marked, what is shown."""
        cursor, rows = self.table.cursor_id, self.rows
        return Selection(
            Scope.BATCHES,
            batch=rows.get(cursor),
            queued=rows.queued.get(cursor or ""),
            groups=rows.groups,
            pending=self.pending_under_cursor,
            text=self.pending_under_cursor.operation.path if self.pending_under_cursor else "",
            marked=rows.marked(self.table.marks),
            shown=self._all_shown(),
        )

    def show(self, batches: Sequence[Batch], changes: Changes) -> None:
        """Show these batches, newest first; what looks the same is not sent.

        Args:
            batches: All of them.
            changes: What is different from the last time.
        """
        if not changes and len(self.rows):
            return
        self.rows.set_batches(batches, (*changes.added, *changes.updated, *changes.removed))
        self._shown = None
        self.lineup.forget((*changes.added, *changes.updated))
        if changes.added or changes.removed or self.is_filtered or not self._order.is_usual:
            self.refill()
        updated = self.rows.with_groups((*changes.added, *changes.updated)) - set(changes.added)
        self.table.update_rows(updated)
        self.table.emphasize(updated)

    def show_queue(self, entries: Sequence[QueueEntry]) -> None:
        """Show what waits: by itself over the batches, or among the parts of its group."""
        before = self.rows.queued
        self.rows.set_queue(entries)
        if before != self.rows.queued:
            self.refill()
            self.table.update_rows((*before, *self.rows.queued, *self.rows.groups))

    def fold(self, *, is_open: bool) -> bool:
        """Open the group under the cursor, or close the one it stands in; False when there is nothing to do."""
        group_id = self.rows.fold(self.table.cursor_id, is_open=is_open)
        if group_id is None:
            return False
        self.refill()
        self.table.update_rows((group_id,))
        self.table.move_to(group_id)
        return True

    @property
    def pending_under_cursor(self) -> PendingSubmit | None:
        """The submit without a batch that the cursor stands on."""
        return self._pending.get(self.table.cursor_id or "")

    def show_pending(self, submits: Sequence[PendingSubmit]) -> None:
        """Show these submits without a batch over everything else, whatever the filter and the order are."""
        rows = {pending.row_id: pending for pending in submits}
        changed = [row_id for row_id, pending in rows.items() if self._pending.get(row_id) != pending]
        is_same_set = list(rows) == list(self._pending)
        self._pending = rows
        if not is_same_set:
            self.refill()
        if changed:
            self.table.update_rows(changed)

    def redraw_rows(self, ids: Sequence[str] | None = None) -> None:
        """Rows say something else now: notes, ages."""
        self.lineup.forget(ids or ())
        self.table.update_rows(None if ids is None else self.rows.with_groups(ids))

    def set_alarmed(self, ids: frozenset[str]) -> None:
        """These batches break a rule of the guard: they stand on top, whatever the order."""
        if ids != self._alarmed:
            changed, self._alarmed = ids ^ self._alarmed, ids
            self.lineup.forget(changed)
            self.refill()
            self.table.update_rows(self.rows.with_groups(changed))

    def set_filter(self, text: str, wanted: Filter | None) -> int:
        """Show only what a filter keeps (None: everything); gives how many rows that are."""
        self._narrowing.text, self._narrowing.filter = text, wanted
        self.refill()
        if wanted is not None and self.pending_under_cursor is not None:
            self.table.move_to(next(iter(self.table.row_ids[len(self._pending) :]), ""))  # what was looked for
        return self.table.row_count

    def clear_filter(self) -> bool:
        """Show everything; False when everything is shown."""
        if not self.is_filtered:
            return False
        self._narrowing.clear()
        self.refill()
        return True

    def toggle_active(self) -> None:
        """Active batches only, or all again."""
        self._narrowing.is_active_only ^= True
        self.refill()

    def toggle_problems(self) -> None:
        """Problems only, or all again."""
        self._narrowing.is_problems_only ^= True
        self.refill()

    def set_order(self, order: Order) -> None:
        """Sort."""
        if order.column in {column.id for column in self._columns}:
            self._order = order
            self.refill()

    def step_sort(self) -> None:
        """Sort by the next column; one that only stands in for another is left out."""
        self.set_order(self._order.next_of(self._columns))

    def reverse_sort(self) -> None:
        """Turn the order round."""
        self.set_order(self._order.reversed())

    def refill(self) -> None:
        """Filter and sort anew."""
        shown = self.lineup.shown(self._order, self._narrowing, self._alarmed, self._view().now)
        if self.is_filtered or len(self.rows):
            self.table.set_empty(self.name_keys("No batch matches: ⟦back⟧ shows all.") if self.is_filtered else "")
        self._shown = shown.batches
        self.table.set_rows((*self._pending, *shown.ids) if self._pending else shown.ids)
        self._describe()

    def _all_shown(self) -> Sequence[Batch]:
        """What the filter shows; remembered, for every step of the cursor asks for it."""
        if self._shown is None:
            self._shown = self.rows.batches_of(self.table.row_ids)
        return self._shown

    def _describe(self) -> None:
        words = self._narrowing.words
        what = f"{words} {grouped(len(self._all_shown()))} of {grouped(len(self.rows))}" if words else "all"
        self.title_bar.set_note(f"{what} {self._glyphs.separator} sort {self._order.told(self._glyphs)}")
        self.table.set_sort(self._order.column, is_descending=self._order.is_descending)

    @on(VirtualTable.TitleClicked)
    def _title_clicked(self, event: VirtualTable.TitleClicked) -> None:
        event.stop()
        self.set_order(self._order.by(event.column))

    @on(VirtualTable.CursorMoved)
    def _tell_highlight(self, event: VirtualTable.CursorMoved) -> None:
        event.stop()
        self.post_message(self.Highlighted(event.row_id))

    @on(VirtualTable.RowOpened)
    def _tell_open(self, event: VirtualTable.RowOpened) -> None:
        event.stop()
        self.post_message(self.Opened(event.row_id))

    def _row(self, row_id: str) -> tuple[Cell, ...]:
        pending, queued = self._pending.get(row_id), self.rows.queued.get(row_id)
        batch, title = self.rows.get(row_id), self.rows.title(row_id)
        if pending is not None:
            from batch_tui.ui.panes.pending import pending_cells  # noqa: PLC0415 - few starts have any

            return pending_cells(pending, self._view().now, is_ascii=self.is_ascii, name_keys=self.name_keys)
        if queued is not None:
            from batch_tui.ui.panes.queued import queued_cells  # noqa: PLC0415 - few starts have any

            return queued_cells(queued, title, is_ascii=self.is_ascii, name_keys=self.name_keys)
        if batch is None:
            return ((),) * len(self._columns)
        facts = self._facts_of(batch)
        return batch_cells(replace(facts, title=title) if title else facts, self._columns, self._view())


def _columns(chosen: Sequence[str]) -> tuple[Column, ...]:
    """The chosen columns, with room for a name in a group."""
    return tuple(
        replace(column, width=_NAME) if column.id == "name" else column for column in batch_columns(chosen)
    )
