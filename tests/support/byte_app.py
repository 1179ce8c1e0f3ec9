"""A small screen in a real terminal: performs events by name and marks the end of each (see terminal.py)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from batch_tui.domain.batch import Batch, RequestCounts, Timestamps
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.commands.registry import Selection, hints_for
from batch_tui.ui.panes.columns import BatchFacts, View, batch_cells, batch_columns
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.text.lines import Lines
from batch_tui.ui.widgets.dock import Dock
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.quiet_screen import QuietScreen
from batch_tui.ui.widgets.table import VirtualTable
from batch_tui.ui.widgets.viewer import Viewer
from tests.support.terminal import mark_of

NOW = 1_800_000_000.0
QUESTION = (
    Piece("Cancel nightly-eval?  ", Tone.STRONG),
    Piece("31,204/50,000 done (kept, billed)  ~$25 not spent"),
)


def make_batch(number: int) -> Batch:
    """One of the batches, running, with a few failures in every third."""
    return Batch(
        id=f"batch_{number:08d}",
        status=BatchStatus.IN_PROGRESS if number % 4 else BatchStatus.COMPLETED,
        counts=RequestCounts(50_000, 31_000 + number % 1000, number % 3 * 6),
        times=Timestamps(created=int(NOW) - 60 * (number % 1200), expires=int(NOW) + 70_000),
        metadata={"name": f"nightly-eval-{number:05d}"},
        model="gpt-5-mini",
    )


class ByteApp(App[None]):
    """Files left, Batches over Inspect right: the shape of the screen at 120x36."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #files { width: 34; }
    #batches { height: 32; }
    """
    BINDINGS = [Binding("f9", "next_event", priority=True), Binding("x", "cancel")]  # noqa: RUF012 - Textual's own form

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._batches = {batch.id: batch for batch in map(make_batch, range(rows))}
        self._columns = batch_columns()
        self._event = ""
        self._view = View(NOW)

    def compose(self) -> ComposeResult:
        """The widgets."""
        with Horizontal():
            yield VirtualTable([Column("name", "name", 20, is_flexible=True)], lambda _: (), id="files")
            with Vertical():
                yield VirtualTable(self._columns, self._cells, id="batches")
                yield Viewer(id="inspect")
        yield Dock()

    def on_mount(self) -> None:
        """Fill it, and tell when it stands."""
        self.table.set_rows(tuple(self._batches))
        self.query_one(Viewer).show(Lines.of('{"id": "batch_1",\n "status": "in_progress"}', is_json=True))
        self.query_one(Dock).set_hints(hints_for(Selection(batch=make_batch(1))))
        self.table.focus()
        self.mark_later("ready")

    def get_default_screen(self) -> QuietScreen:
        """As the product's screen."""
        return QuietScreen()

    @property
    def table(self) -> VirtualTable:
        """The table of batches."""
        return self.query_one("#batches", VirtualTable)

    def mark_later(self, word: str) -> None:
        """Write a mark behind everything that the current event makes the screen send."""
        self.call_after_refresh(self.call_after_refresh, self._mark, word)

    def _mark(self, word: str) -> None:
        driver = self._driver
        if driver is not None:
            driver.write(mark_of(word))
            driver.flush()

    def _cells(self, row_id: str) -> tuple[tuple[Piece, ...], ...]:
        facts = BatchFacts(self._batches[row_id], cost=Decimal("12.40"))
        return batch_cells(facts, self._columns, self._view)

    def change(self, ids: tuple[str, ...]) -> None:
        """Some batches went on; as after a poll."""
        for batch_id in ids:
            batch = self._batches[batch_id]
            counts = replace(batch.counts, completed=batch.counts.completed + 700)
            self._batches[batch_id] = replace(batch, counts=counts)
        self.table.update_rows(ids)
        self.table.emphasize(ids)

    def perform(self, event: str) -> None:
        """Do one thing by its name, and mark its end."""
        table = self.table
        events: Mapping[str, Callable[[], object]] = {
            "nothing": lambda: None,
            "poll-without-change": lambda: self.change(()),
            "refresh-asked": self.refresh_everything,
            "one-row": lambda: self.change(("batch_00000003",)),
            "hidden-row": lambda: self.change(("batch_00000900",)),
            "thirty-rows": lambda: self.change(table.visible_ids[:30]),
            "cursor": table.action_cursor_down,
            "page": lambda: table.action_page(2),
            "confirm": lambda: self.query_one(Dock).confirm("token", QUESTION),
            "decline": lambda: self.query_one(Dock).decline(),
            "message": lambda: self.query_one(Dock).show_message("Sent to the terminal's clipboard."),
            "focus": lambda: self.query_one("#files").focus(),
        }
        events[event]()
        self.mark_later(event)

    def refresh_everything(self) -> None:
        """What careless code does."""
        for widget in (self.table, self.query_one(Dock), self.query_one(Viewer)):
            widget.refresh()

    def action_next_event(self) -> None:
        """Perform the next event of the command line."""
        self.perform(EVENTS.pop(0))


EVENTS = sys.argv[2:]

if __name__ == "__main__":
    ByteApp(int(sys.argv[1])).run()
