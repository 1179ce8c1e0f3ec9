"""Results: each request with its outcome, in input order; enter shows what was said, beside the raw answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import ConditionError
from batch_tui.engine.money.prices import PriceList
from batch_tui.ui.commands.bindings import asking
from batch_tui.ui.commands.registry import Naming, usual_keys
from batch_tui.ui.commands.selection import Scope, Selection
from batch_tui.ui.panes.answer_sides import AnswerSides
from batch_tui.ui.panes.base import Pane
from batch_tui.ui.panes.listing import ID_COLUMN, OUTCOME_COLUMNS
from batch_tui.ui.text.cells import Cell
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.table import VirtualTable
from batch_tui.ui.widgets.viewer import Viewer

if TYPE_CHECKING:
    from batch_tui.jsonl.results.compared import ComparedResults
    from batch_tui.jsonl.results.joined import JoinedResults
    from batch_tui.ui.panes.compared_listing import Pair
    from batch_tui.ui.panes.listing import Listing

_HOW = "⟦open⟧ on an ended batch (⟦batches⟧ Batches) fetches its results."


class _View(Struct):
    """What the pane shows, or showed before a comparison lay over it."""

    batch: Batch | None = None
    listing: Listing | None = None
    empty: str = _HOW
    """What stands in place of rows that aren't there yet."""
    columns: Sequence[Column] = (ID_COLUMN, *OUTCOME_COLUMNS)
    """What stands over them."""
    filter_text: str = ""
    is_problems_only: bool = False
    places: Sequence[int] = ()
    """The rows that are shown."""
    requests: frozenset[int] | None = None
    """Which requests of the batch's input they mean; None for all."""
    mistake: str = ""
    """What can't be understood of the filter; it hides nothing then."""
    cursor: str | None = None
    """The custom_id the cursor stood on."""
    title: str = ""
    """What stands behind the pane's title before there are rows."""

    @property
    def is_narrowed(self) -> bool:
        """True while something hides rows."""
        return bool(self.filter_text) or self.is_problems_only

    @property
    def note(self) -> str:
        """What stands behind the pane's title."""
        words = ["problems"] if self.is_problems_only else []
        words += [f"/{self.filter_text}"] if self.filter_text else []
        shown = [f"{formatting.grouped(len(self.places))} shown"] if words else []
        return self.title if self.listing is None else self.listing.note(" ".join([*words, *shown]))

    def narrow(self, text: str, *, is_problems_only: bool) -> None:
        """Hide rows; a condition that can't be understood hides none."""
        self.filter_text, self.is_problems_only, self.mistake = text, is_problems_only, ""
        listing, self.requests = self.listing, None
        if listing is None:
            return
        try:
            self.places = listing.select(text, is_problems_only=is_problems_only)
        except ConditionError as error:
            self.mistake, text = str(error), ""
            self.places = listing.select(text, is_problems_only=is_problems_only)
        self.requests = listing.requests(self.places, is_narrowed=bool(text) or is_problems_only)


class ResultsPane(Pane):
    """What came back of one batch, or what two differ in.

    A comparison lies over what came back of the batch: that stays, and is shown again when it ends.

    Args:
        prices: What tokens cost.
        is_ascii: Whether only ASCII may be drawn.
        name_keys: Names the user's keys.
    """

    TITLE = "Results"
    KEY = "results"
    BINDINGS: ClassVar[list[BindingType]] = asking(Scope.RESULTS)

    def __init__(self, prices: PriceList, *, is_ascii: bool = False, name_keys: Naming = usual_keys) -> None:
        super().__init__(is_ascii=is_ascii, name_keys=name_keys)
        self._prices = prices
        self._outcomes = view = _View(empty=name_keys(_HOW))
        self._comparison: _View | None = None
        self.joined: JoinedResults | None = None
        """What came back of the batch, or None."""
        self.is_partial = False
        """Only the first rows of what came back are there."""
        self.table = VirtualTable(view.columns, self._row, is_ascii=is_ascii, empty=view.empty, id="results-table")
        self.sides = AnswerSides(is_ascii=is_ascii)
        """The request under the cursor with its answer, or both its answers."""

    def compose_body(self) -> ComposeResult:
        """The list, or one request with its answer, or with both its answers."""
        with ContentSwitcher(initial="results-table"):
            yield self.table
            yield self.sides

    @property
    def subject(self) -> Batch | None:
        """The batch whose results these are, a comparison over them or not."""
        return self._outcomes.batch

    @property
    def is_comparing(self) -> bool:
        """True while a comparison lies over what came back of the batch."""
        return self._comparison is not None

    @property
    def filter_text(self) -> str:
        """The filter as it was typed."""
        return self._view.filter_text

    @property
    def is_answer_open(self) -> bool:
        """True while one request is shown beside its answer."""
        return self.is_mounted and self.query_one(ContentSwitcher).current == "answer"

    @property
    def reader(self) -> Viewer:
        """The side of an open answer that is read, and searched."""
        return self.sides.reader

    @property
    def focus_target(self) -> Widget:
        """The list, or the answer."""
        return self.reader if self.is_answer_open else self.table

    def on_descendant_focus(self) -> None:
        """The focus came to the list, or to a side of the answer."""
        super().on_descendant_focus()
        self.sides.note_focus()

    def step_side(self, count: int) -> bool:
        """To the next side of an open answer, or (-1) back; False when there is none that way."""
        is_other = self.is_answer_open and self.sides.step(count)
        if is_other:
            self.take_focus()
        return is_other

    def end_search(self) -> bool:
        """Forget what was looked for in the answer; False when nothing was found anyway."""
        return self.is_answer_open and self.sides.end_search()

    @property
    def selection(self) -> Selection:
        """The batch whose results these are, of two the later one, and the text under the cursor."""
        view, is_open = self._view, self.is_answer_open
        custom_id, answer = self._under_cursor
        return Selection(
            Scope.RESULTS,
            batch=view.batch,
            shown=(view.batch,) if view.batch is not None else (),
            text=self.reader.cursor_text if is_open else answer,
            custom_id=custom_id,
            rows=view.requests,
            hits=len(self.reader.matches.lines) if is_open else 0,
            is_in_text=is_open,
            is_partial=self.is_partial and not self.is_comparing,
        )

    def open_batch(self, batch: Batch | None, note: str = "") -> None:
        """Show another batch, whose results aren't there yet."""
        if batch is not None and self.subject is not None and batch.id == self.subject.id:
            self._outcomes.batch = batch
            return
        self._outcomes = _View(batch, empty=note or _HOW, title=batch.name if batch is not None else "")
        self.joined, self.is_partial = None, False
        if not self.is_comparing:
            self._put_up()

    def say(self, sentence: str) -> None:
        """One sentence in place of the batch's rows."""
        self._outcomes.empty = sentence
        if not self.is_comparing:
            self.table.set_empty(self.name_keys(sentence))

    def show(self, joined: JoinedResults, *, is_partial: bool = False) -> None:
        """Show the results of the batch, or their first rows, with the cursor on the request it stood on."""
        from batch_tui.ui.panes.outcome_listing import OutcomeListing  # noqa: PLC0415 - not at the start

        view = self._outcomes
        listing = OutcomeListing(joined, view.batch, self._prices, is_partial=is_partial, is_ascii=self.is_ascii)
        if not self.is_comparing:
            self._note_cursor()
        self.joined, self.is_partial, view.listing = joined, is_partial, listing
        if not self.is_comparing:
            self._put_up_rows()

    def begin_comparison(self, pair: Pair, sentence: str) -> None:
        """Lay a comparison over what is shown, with a sentence in place of its rows."""
        if not self.is_comparing:
            self._note_cursor()
        self._comparison = _View(pair.second, empty=sentence, columns=(ID_COLUMN,), title=pair.names)
        self._put_up()

    def say_comparison(self, sentence: str) -> None:
        """One sentence in place of the comparison's rows."""
        if self._comparison is not None:
            self._comparison.empty = sentence
            self.table.set_empty(self.name_keys(sentence))

    def show_comparison(self, compared: ComparedResults, pair: Pair) -> None:
        """Show what two batches differ in; nothing when the comparison was left before."""
        from batch_tui.ui.panes.compared_listing import ComparedListing  # noqa: PLC0415 - not at the start

        if self._comparison is not None:
            self._comparison.listing = ComparedListing(compared, pair, is_ascii=self.is_ascii)
            self._put_up_rows()

    def end_comparison(self) -> bool:
        """Show again what the comparison lay over; False without one."""
        if self._comparison is None:
            return False
        self._comparison = None
        self._put_up()
        return True

    def set_filter(self, text: str) -> int:
        """Show only what a condition selects; gives how many. All on nonsense, and raises ``ValueError``."""
        count = self._narrow(text, is_problems_only=self._view.is_problems_only)
        if self._view.mistake:
            raise ValueError(self._view.mistake)
        return count

    def toggle_problems(self) -> None:
        """Only what has no good answer, or everything again."""
        self._narrow(self.filter_text, is_problems_only=not self._view.is_problems_only)

    def clear_filter(self) -> bool:
        """Show everything; False when everything is shown."""
        was_narrowed = self._view.is_narrowed
        if was_narrowed:
            self._narrow("", is_problems_only=False)
        return was_narrowed

    def _narrow(self, text: str, *, is_problems_only: bool) -> int:
        """Select anew; gives how many rows there are."""
        view = self._view
        view.narrow(text, is_problems_only=is_problems_only)
        if view.listing is not None:
            self.table.set_empty(self.name_keys(view.listing.none_matches))
            self.table.set_rows([str(place) for place in view.places])
            self.table.update_rows()
        self.title_bar.set_note(self.name_keys(view.note))
        return len(view.places)

    def close_answer(self) -> bool:
        """Back to the list; False when it is shown."""
        if not self.is_answer_open:
            return False
        had_focus, self.query_one(ContentSwitcher).current = self.has_focus_within, "results-table"
        if had_focus:
            self.take_focus()
        return True

    @property
    def _view(self) -> _View:
        """What is on the screen."""
        return self._outcomes if self._comparison is None else self._comparison

    @property
    def _under_cursor(self) -> tuple[str, str]:
        """The custom_id of the row under the cursor, and what came back for it; empty without one."""
        listing, row_id = self._view.listing, self.table.cursor_id
        if listing is None or row_id is None:
            return "", ""
        return listing.custom_id(int(row_id)), listing.answer(int(row_id))

    def _note_cursor(self) -> None:
        """Remember on which request the cursor stands; the first of the first rows was chosen by nobody."""
        view, row_id = self._view, self.table.cursor_id
        if view.listing is not None and row_id is not None and (self.table.cursor_row or not self.is_partial):
            view.cursor = view.listing.custom_id(int(row_id))

    def _put_up(self) -> None:
        """Put another view on the screen."""
        view = self._view
        self.close_answer()
        self.table.clear_marks()
        self.table.set_rows(())
        self.table.set_columns(view.columns)
        self.table.set_empty(self.name_keys(view.empty))
        self.title_bar.set_note(self.name_keys(view.note))
        self._put_up_rows()

    def _put_up_rows(self) -> None:
        """The rows of the view, with the cursor on the request it stood on."""
        view, listing = self._view, self._view.listing
        if listing is None:
            return
        self.table.set_columns(listing.columns)
        self._narrow(view.filter_text, is_problems_only=view.is_problems_only)
        if view.cursor is not None:
            same = (place for place in view.places if listing.custom_id(place) == view.cursor)
            self.table.move_to(str(next(same, 0)))

    @on(VirtualTable.RowOpened)
    def _open_answer(self, event: VirtualTable.RowOpened) -> None:
        event.stop()
        listing = self._view.listing
        if listing is None:
            return
        self.sides.show(listing.texts(int(event.row_id)))
        self.query_one(ContentSwitcher).current = "answer"
        self.take_focus()

    @on(VirtualTable.CursorMoved)
    def _keep_moves(self, event: VirtualTable.CursorMoved) -> None:
        event.stop()

    def _row(self, row_id: str) -> tuple[Cell, ...]:
        listing = self._view.listing
        return () if listing is None else listing.cells(int(row_id))
