"""Batches: the list everything starts from, filtered and sorted while it is live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from batch_tui.domain.batch import Batch
from batch_tui.domain.formatting import grouped
from batch_tui.engine.store import Changes
from batch_tui.ui.commands.bindings import asking
from batch_tui.ui.commands.pending_submit import PendingSubmit
from batch_tui.ui.commands.selection import Scope, Selection
from batch_tui.ui.panes.base import Pane
from batch_tui.ui.panes.columns import DEFAULT_COLUMNS, BatchFacts, View, batch_cells, batch_columns, sort_value
from batch_tui.ui.panes.pending import pending_cells
from batch_tui.ui.text.cells import Cell
from batch_tui.ui.text.glyphs import glyphs
from batch_tui.ui.widgets.table import VirtualTable

Keeps = Callable[[BatchFacts], bool]
"""Whether a filter keeps a batch."""
_BY_AGE = "age"
_NAME = 16
"""Cells a name gets before another column does."""


@dataclass(frozen=True, slots=True)
class Order:
    """How the rows are sorted."""

    column: str = _BY_AGE
    is_descending: bool = True
    """For ``age``: the newest first."""

    @classmethod
    def parse(cls, text: str) -> Order:
        """The order of a stored session: ``-age``, ``name``; the default for an empty text."""
        return cls(text.removeprefix("-"), text.startswith("-")) if text else cls()

    def __str__(self) -> str:
        return ("-" if self.is_descending else "") + self.column

    def value(self, facts: BatchFacts) -> tuple[float, str]:
        """What a row is sorted by."""
        number, text = sort_value(self.column, facts)
        return (-number if self.column == _BY_AGE else number), text


class BatchesPane(Pane):
    """The list of batches.

    Args:
        facts_of: What is known about a batch now.
        view: How facts are written now.
        columns: Ids of the columns to show; empty for the usual ones.
        is_ascii: Whether only ASCII may be drawn.
    """

    NUMBER = 2
    TITLE = "Batches"
    KEY = "batches"
    BINDINGS: ClassVar[list[BindingType]] = asking(Scope.BATCHES)

    @dataclass
    class Highlighted(Message):
        """The cursor stands on another batch, or on none."""

        batch_id: str | None

    @dataclass
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
    ) -> None:
        super().__init__(is_ascii=is_ascii)
        self._facts_of = facts_of
        self._view = view
        self._glyphs = glyphs(is_ascii=is_ascii)
        self._columns = tuple(
            replace(column, width=_NAME) if column.id == "name" else column
            for column in batch_columns(columns or DEFAULT_COLUMNS)
        )
        self._batches: dict[str, Batch] = {}
        self._pending: dict[str, PendingSubmit] = {}
        self._shown: tuple[Batch, ...] | None = None
        self._keeps: Keeps | None = None
        self._alarmed: frozenset[str] = frozenset()
        self._order = Order()
        self._is_active_only = False
        self._is_problems_only = False
        self.filter_text = ""
        """The filter as it was typed."""
        self.table = VirtualTable(
            self._columns, self._row, is_ascii=is_ascii, empty="Asking the service…", id="batches-table"
        )

    def compose_body(self) -> ComposeResult:
        """The list."""
        yield self.table

    def on_mount(self) -> None:
        """Say how the rows are sorted."""
        self._describe()

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
        return self._keeps is not None or self._is_active_only or self._is_problems_only

    @property
    def selection(self) -> Selection:
        """What is under the cursor, what is marked, what is shown."""
        known = self._batches
        return Selection(
            Scope.BATCHES,
            batch=known.get(self.table.cursor_id or ""),
            pending=self.pending_under_cursor,
            text=self.pending_under_cursor.operation.path if self.pending_under_cursor else "",
            marked=tuple(known[row] for row in sorted(self.table.marks) if row in known),
            shown=self._all_shown(),
        )

    def show(self, batches: Sequence[Batch], changes: Changes) -> None:
        """Show these batches, newest first; what looks the same is not sent.

        Args:
            batches: All of them.
            changes: What is different from the last time.
        """
        if not changes and self._batches:
            return
        is_same_set = not changes.added and not changes.removed
        self._batches = {batch.id: batch for batch in batches}
        self._shown = None
        if not (is_same_set and not self.is_filtered and self._order == Order()):
            self.refill()
        self.table.update_rows(changes.updated)
        self.table.emphasize(changes.updated)

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
        self.table.update_rows(ids)

    def set_alarmed(self, ids: frozenset[str]) -> None:
        """These batches break a rule of the guard: they stand on top, whatever the order."""
        if ids != self._alarmed:
            changed, self._alarmed = ids ^ self._alarmed, ids
            self.refill()
            self.table.update_rows(changed)

    def set_empty(self, text: str) -> None:
        """What is said without rows."""
        self.table.set_empty(text)

    def set_filter(self, text: str, keeps: Keeps | None) -> int:
        """Show only what a filter keeps (None: everything); gives how many that are."""
        self.filter_text, self._keeps = text, keeps
        self.refill()
        return len(self.table.row_ids)

    def clear_filter(self) -> bool:
        """Show everything; False when everything is shown."""
        if not self.is_filtered:
            return False
        self._is_active_only = self._is_problems_only = False
        self.set_filter("", None)
        return True

    def toggle_active(self) -> None:
        """Active batches only, or all again."""
        self._is_active_only = not self._is_active_only
        self.refill()

    def toggle_problems(self) -> None:
        """Problems only, or all again."""
        self._is_problems_only = not self._is_problems_only
        self.refill()

    def set_order(self, order: Order) -> None:
        """Sort."""
        if order.column in {column.id for column in self._columns}:
            self._order = order
            self.refill()

    def step_sort(self) -> None:
        """Sort by the next column."""
        ids = [column.id for column in self._columns if column.title]
        place = ids.index(self._order.column) if self._order.column in ids else -1
        self.set_order(Order(ids[(place + 1) % len(ids)], is_descending=True))

    def reverse_sort(self) -> None:
        """Turn the order round."""
        self.set_order(Order(self._order.column, not self._order.is_descending))

    def refill(self) -> None:
        """Filter and sort anew."""
        shown = [batch for batch in self._batches.values() if self._is_kept(batch)]
        if self._order != Order():
            value, facts_of = self._order.value, self._facts_of
            shown.sort(key=lambda batch: value(facts_of(batch)), reverse=self._order.is_descending)
        if self._alarmed:
            shown.sort(key=lambda batch: batch.id not in self._alarmed)
        if self.is_filtered or self._batches:
            self.table.set_empty("No batch matches: esc shows all." if self.is_filtered else "")
        self._shown = None
        self.table.set_rows([*self._pending, *(batch.id for batch in shown)])
        self._describe()

    def _all_shown(self) -> tuple[Batch, ...]:
        """What the filter shows; remembered, for every step of the cursor asks for it."""
        if self._shown is None:
            known = self._batches
            self._shown = tuple(known[row] for row in self.table.row_ids if row in known)
        return self._shown

    def _is_kept(self, batch: Batch) -> bool:
        if self._is_active_only and batch.is_terminal:
            return False
        if self._is_problems_only and not batch.has_failures:
            return False
        return self._keeps is None or self._keeps(self._facts_of(batch))

    def _describe(self) -> None:
        words = [
            word
            for word, is_on in (("active", self._is_active_only), ("problems", self._is_problems_only))
            if is_on
        ]
        if self.filter_text:
            words.append(f"/{self.filter_text}")
        shown, known = len(self.table.row_ids) - len(self._pending), len(self._batches)
        what = " ".join(words) + f" {grouped(shown)} of {grouped(known)}" if words else "all"
        arrow = self._glyphs.down if self._order.is_descending else self._glyphs.up
        self.title_bar.set_note(f"{what} {self._glyphs.separator} sort {self._order.column}{arrow}")
        self.table.set_sort(self._order.column, is_descending=self._order.is_descending)

    @on(VirtualTable.CursorMoved)
    def _tell_highlight(self, event: VirtualTable.CursorMoved) -> None:
        event.stop()
        self.post_message(self.Highlighted(event.row_id))

    @on(VirtualTable.RowOpened)
    def _tell_open(self, event: VirtualTable.RowOpened) -> None:
        event.stop()
        self.post_message(self.Opened(event.row_id))

    def _row(self, row_id: str) -> tuple[Cell, ...]:
        batch, pending = self._batches.get(row_id), self._pending.get(row_id)
        if pending is not None:
            return pending_cells(pending, self._view().now, is_ascii=self.is_ascii)
        if batch is None:
            return ((),) * len(self._columns)
        return batch_cells(self._facts_of(batch), self._columns, self._view())
