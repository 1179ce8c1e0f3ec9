"""Results: each request with its outcome, in input order; enter shows what was said, beside the raw answer."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import InputFileError
from batch_tui.engine.money.prices import PriceList
from batch_tui.ui.commands.bindings import asking
from batch_tui.ui.commands.selection import Scope, Selection
from batch_tui.ui.panes.base import Pane
from batch_tui.ui.text.cells import Cell
from batch_tui.ui.text.glyphs import glyphs
from batch_tui.ui.text.lines import Lines
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.table import VirtualTable
from batch_tui.ui.widgets.viewer import Viewer

if TYPE_CHECKING:
    from batch_tui.jsonl.results.joined import JoinedResults

_ID = Column("custom_id", "custom_id", 18, is_flexible=True, is_pinned=True, is_cut_inside=True)
_COLUMNS = (
    _ID,
    Column("outcome", "outcome", 9),
    Column("status", "status", 6, priority=80),
    Column("finish", "finish", 6, priority=90),
    Column("in", "in", 5, align="right", priority=60),
    Column("out", "out", 5, align="right", priority=60),
    Column("cost", "cost", 8, align="right", priority=50),
    Column("words", "answer", 18, is_flexible=True),
)
_LOOKED_AT = 2_000
"""Rows whose ids tell how wide their column is."""


class ResultsPane(Pane):
    """What came back of one batch.

    Args:
        prices: What tokens cost.
        is_ascii: Whether only ASCII may be drawn.
    """

    NUMBER = 4
    TITLE = "Results"
    KEY = "results"
    BINDINGS: ClassVar[list[BindingType]] = asking(Scope.RESULTS)
    DEFAULT_CSS = """
    ResultsPane #answer { display: none; }
    ResultsPane #answer Viewer { width: 1fr; }
    ResultsPane #response { border-left: vkey $panel-lighten-1; }
    """

    @dataclass
    class Wanted(Message):
        """The results of a batch are wanted: they are fetched when the user asks."""

        batch_id: str

    def __init__(self, prices: PriceList, *, is_ascii: bool = False) -> None:
        super().__init__(is_ascii=is_ascii)
        self._prices = prices
        self._separator = glyphs(is_ascii=is_ascii).separator
        self._batch: Batch | None = None
        self._joined: JoinedResults | None = None
        self._rows: Sequence[int] = ()
        self._is_problems_only = False
        self.is_partial = False
        """Only the first rows of what came back are shown."""
        self.filter_text = ""
        """The filter as it was typed."""
        self.table = VirtualTable(_COLUMNS, self._row, is_ascii=is_ascii, empty=_HOW, id="results-table")
        self.conversation = Viewer(is_ascii=is_ascii, id="conversation")
        self.response = Viewer(is_ascii=is_ascii, id="response")
        self.reader = self.conversation
        """The side of an open answer that is read, and searched."""

    def compose_body(self) -> ComposeResult:
        """The list, or one request with its answer."""
        with ContentSwitcher(initial="results-table"):
            yield self.table
            with Horizontal(id="answer"):
                yield self.conversation
                yield self.response

    @property
    def is_answer_open(self) -> bool:
        """True while one request is shown beside its answer."""
        return self.is_mounted and self.query_one(ContentSwitcher).current == "answer"

    @property
    def focus_target(self) -> Widget:
        """The list, or the answer."""
        return self.reader if self.is_answer_open else self.table

    def on_descendant_focus(self) -> None:
        """The focus came to the list, or to a side of the answer."""
        super().on_descendant_focus()
        if self.response.has_focus or self.conversation.has_focus:
            self.reader = self.response if self.response.has_focus else self.conversation

    def step_side(self, count: int) -> bool:
        """From the request to its raw answer, or (-1) back; False when there is no side that way."""
        other = self.response if count > 0 else self.conversation
        if not self.is_answer_open or other is self.reader:
            return False
        self.reader = other
        self.take_focus()
        return True

    def end_search(self) -> bool:
        """Forget what was looked for in the answer; False when nothing was found anyway."""
        had_any = self.is_answer_open and bool(self.reader.matches.lines)
        if had_any:
            self.reader.search("")
        return had_any

    @property
    def joined(self) -> JoinedResults | None:
        """What is shown, or None."""
        return self._joined

    @property
    def selection(self) -> Selection:
        """The batch whose results these are, and the text under the cursor."""
        is_open, row = self.is_answer_open, self.table.cursor_id
        shown = (self._batch,) if self._batch is not None else ()
        is_narrowed = bool(self.filter_text) or self._is_problems_only
        # Without the input, rows stand in the order of the answers: nobody could say which requests they are.
        has_input = self._joined is not None and self._joined.input_path is not None
        rows = frozenset(self._rows) if is_narrowed and has_input else None
        return Selection(
            Scope.RESULTS,
            batch=self._batch,
            shown=shown,
            text=self.reader.cursor_text if is_open else self._answer_text(row),
            custom_id=self._cursor_id or "",
            rows=rows,
            hits=len(self.reader.matches.lines) if is_open else 0,
            is_in_text=is_open,
            is_partial=self.is_partial,
        )

    def open_batch(self, batch: Batch | None, note: str = "") -> None:
        """Show another batch, whose results aren't there yet."""
        if batch is not None and self._batch is not None and batch.id == self._batch.id:
            self._batch = batch
            return
        self._batch, self._joined, self._rows, self.is_partial = batch, None, (), False
        self.filter_text, self._is_problems_only = "", False
        self.close_answer()
        self.title_bar.set_note(batch.name if batch is not None else "")
        self.table.clear_marks()
        self.table.set_rows(())
        self.table.set_empty(note or _HOW)

    def say(self, sentence: str) -> None:
        """One sentence in place of rows."""
        self.table.set_empty(sentence)

    def show(self, joined: JoinedResults, *, is_partial: bool = False) -> None:
        """Show the results of the batch, with the cursor on the request it stood on.

        Args:
            joined: The results.
            is_partial: They are only the first of what came back.
        """
        before = self._cursor_id
        self._joined, self.is_partial = joined, is_partial
        longest = max(
            (len(joined.columns.custom_id(row)) for row in range(min(len(joined), _LOOKED_AT))), default=0
        )
        self.table.set_columns((_fitting(longest), *_COLUMNS[1:]))
        self.refill()
        if before is not None:
            same = (row for row in self._rows if joined.columns.custom_id(row) == before)
            self.table.move_to(str(next(same, 0)))

    @property
    def _cursor_id(self) -> str | None:
        """The custom_id under the cursor."""
        if self._joined is None or self.table.cursor_id is None:
            return None
        return self._joined.columns.custom_id(int(self.table.cursor_id))

    def set_filter(self, text: str) -> int:
        """Show only what a condition selects; gives how many rows that are. Raises ``ValueError`` on nonsense."""
        self.filter_text = text
        self.refill()
        return len(self._rows)

    def toggle_problems(self) -> None:
        """Only what has no good answer, or everything again."""
        self._is_problems_only = not self._is_problems_only
        self.refill()

    def clear_filter(self) -> bool:
        """Show everything; False when everything is shown."""
        if not self.filter_text and not self._is_problems_only:
            return False
        self._is_problems_only = False
        self.set_filter("")
        return True

    def refill(self) -> None:
        """Select anew."""
        joined = self._joined
        if joined is None:
            return
        rows = joined.select(self.filter_text) if self.filter_text else array("Q", range(len(joined)))
        if self._is_problems_only:
            from batch_tui.domain.lines import Outcome  # noqa: PLC0415 - not at the start

            rows = array("Q", (row for row in rows if joined.reason(row).outcome is not Outcome.SUCCEEDED))
        self._rows = rows
        self.table.set_empty("No request matches: esc shows all." if len(joined) else "No request came back.")
        self.table.set_rows([str(row) for row in rows])
        self.table.update_rows()
        self._describe(joined)

    def close_answer(self) -> bool:
        """Back to the list; False when it is shown."""
        if not self.is_answer_open:
            return False
        self.query_one(ContentSwitcher).current = "results-table"
        self.take_focus()
        return True

    def _answer_text(self, row_id: str | None) -> str:
        """What came back for a row, as it came; empty for nothing."""
        if self._joined is None or row_id is None:
            return ""
        try:
            return _decoded(self._joined.result_line(int(row_id))) or ""
        except InputFileError:
            return ""

    def _describe(self, joined: JoinedResults) -> None:
        summary = joined.summary
        hidden = narrowing_text(self.filter_text, len(self._rows), is_problems_only=self._is_problems_only)
        name = self._batch.name if self._batch is not None else ""
        if self.is_partial:
            total = self._batch.counts.done if self._batch is not None else 0
            name = (
                f"{name} {self._separator} first {formatting.grouped(len(joined))} of {formatting.grouped(total)}"
            )
            self.title_bar.set_note(f"{name} {self._separator} D fetches all {hidden}".rstrip())
            return
        words = [name, f"{formatting.grouped(summary.succeeded)} ok"]
        rest = (("failed", summary.failed), ("not run", summary.not_run), ("missing", summary.missing))
        words += [f"{formatting.grouped(count)} {word}" for word, count in rest if count]
        words.append(hidden)
        self.title_bar.set_note(f" {self._separator} ".join(word for word in words if word))

    @on(VirtualTable.RowOpened)
    def _open_answer(self, event: VirtualTable.RowOpened) -> None:
        from batch_tui.ui.text.conversation import conversation, raw  # noqa: PLC0415 - not at the start

        event.stop()
        joined, index = self._joined, int(event.row_id)
        if joined is None:
            return
        try:
            request, response = joined.request_line(index), joined.result_line(index)
        except InputFileError as error:
            request, response = None, str(error).encode()
        question, answer = _decoded(request), _decoded(response)
        self.conversation.show(Lines(conversation(question, answer)))
        self.response.show(Lines(raw(answer)))
        if not self.conversation.is_wrapped:
            self.conversation.action_wrap()
        self.query_one(ContentSwitcher).current = "answer"
        self.reader = self.conversation
        self.take_focus()

    @on(VirtualTable.CursorMoved)
    def _keep_moves(self, event: VirtualTable.CursorMoved) -> None:
        event.stop()

    def _row(self, row_id: str) -> tuple[Cell, ...]:
        if self._joined is None:
            return ((),) * len(_COLUMNS)
        from batch_tui.ui.panes.result_row import result_row  # noqa: PLC0415 - not at the start

        return result_row(self._joined, int(row_id), self._prices, batch=self._batch, is_ascii=self.is_ascii)


_HOW = "enter on an ended batch (2 Batches) fetches its results."


def narrowing_text(filter_text: str, shown: int, *, is_problems_only: bool) -> str:
    """What hides rows, and how many are left; empty when all are shown."""
    words = ["problems"] if is_problems_only else []
    words += [f"/{filter_text}"] if filter_text else []
    return " ".join([*words, f"{formatting.grouped(shown)} shown"]) if words else ""


def _fitting(longest: int) -> Column:
    """The column of ids: as wide as the longest one where there is room, never wider."""
    least = max(len(_ID.title), min(longest, _ID.width))
    return replace(_ID, width=least, most=max(least, longest))


def _decoded(line: bytes | None) -> str | None:
    return None if line is None else line.decode(errors="replace")
