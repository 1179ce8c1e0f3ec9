"""The four panes together: what one says, another shows. The only place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer

from batch_tui.domain.batch import Batch
from batch_tui.domain.queueing import QueueEntry
from batch_tui.engine.monitoring.store import Changes
from batch_tui.ui import layout
from batch_tui.ui.commands.pending_submit import PendingSubmit
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.controllers.comparisons import Comparisons
from batch_tui.ui.controllers.file_looks import FileLooks
from batch_tui.ui.controllers.inspector import Inspector
from batch_tui.ui.controllers.known_facts import KnownFacts
from batch_tui.ui.controllers.remote_files import RemoteFiles
from batch_tui.ui.desk import Desk
from batch_tui.ui.panels import Panels
from batch_tui.ui.panes.batches import BatchesPane
from batch_tui.ui.panes.columns import CLOCK_TITLES, View, read_columns
from batch_tui.ui.panes.files import FilesPane
from batch_tui.ui.panes.inspect import InspectPane
from batch_tui.ui.panes.ordering import Order
from batch_tui.ui.panes.remote_files import MADE_TITLES
from batch_tui.ui.panes.results import ResultsPane
from batch_tui.ui.session import SessionState
from batch_tui.ui.widgets.viewer import MatchReached


class Deck(Container):
    """Files, Batches, Inspect and Results, and the messages between them.

    Args:
        desk: What actions work with.
        workspace: The directory Files shows.
        now: Unix seconds by the server's clock.
        session: Where the user was the last time.
        is_ascii: Whether only ASCII may be drawn.
    """

    def __init__(
        self,
        desk: Desk,
        workspace: Path,
        *,
        now: Callable[[], float],
        session: SessionState,
        is_ascii: bool = False,
    ) -> None:
        super().__init__(id="body")
        self._desk = desk
        self._session = session
        self._now = now
        self._is_ascii = is_ascii
        self.is_absolute = False
        """Clock times instead of ages."""
        self.rest = 0.1
        """Seconds the cursor stands still before Inspect follows: a held key sends only the list."""
        self._resting: Timer | None = None
        settings = desk.cockpit.settings
        columns = read_columns(settings.columns, settings.paths.config)
        self.facts = KnownFacts(desk, groups=lambda: self.batches.rows.groups, now=now)
        self.files = FilesPane(workspace, self._view, is_ascii=is_ascii, name_keys=desk.name_keys)
        desk.on_files = self.files.reload
        self.remote = RemoteFiles(desk, self.files, workspace, now=now)
        self.batches = BatchesPane(
            self.facts.of, self._view, columns=columns, is_ascii=is_ascii, name_keys=desk.name_keys
        )
        self.inspect = InspectPane(is_ascii=is_ascii, name_keys=desk.name_keys)
        self.results = ResultsPane(desk.cockpit.prices, is_ascii=is_ascii, name_keys=desk.name_keys)
        self.panels = Panels((self.files, self.batches, self.inspect, self.results))
        self.inspector = Inspector(
            desk, self.inspect, self.results, rows=self.batches.rows, facts_of=self.facts.of, now=now
        )
        self.comparisons = Comparisons(desk.cockpit.store, self.results, self.panels, batch_of=self.batch_of)
        self.looks = FileLooks(desk, self.files, self.inspect, self.inspector)

    def compose(self) -> ComposeResult:
        """The panes."""
        yield self.files
        yield self.batches
        yield self.inspect
        yield self.results

    @property
    def selection(self) -> Selection:
        """What the user points at."""
        groups = self.batches.rows.groups
        match self.panels.focused:
            case InspectPane() | ResultsPane() as pane:
                return replace(pane.selection, groups=groups) if groups else pane.selection
            case BatchesPane() as pane:
                selection = pane.selection
                other = None if selection.marked else self.comparisons.counterpart(selection.batch)
                return replace(selection, counterpart=other) if other is not None else selection
            case FilesPane() as pane:
                return pane.selection
            case _:
                return Selection()

    @property
    def session(self) -> SessionState:
        """Where the user is, for the next start."""
        order = self.batches.order
        return SessionState(
            pane=self.panels.current,
            lower=self.panels.arrangement.lower,
            tab=self.inspect.tab,
            cursor=self.batches.table.cursor_id or self._session.cursor,
            filter=self.batches.filter_text,
            sort="" if order == Order() else str(order),
            marks=tuple(sorted(self.batches.table.marks | set(self._session.marks))),
            is_zoomed=self.panels.arrangement.zoom is not None,
            shares=self.panels.shares.steps,
        )

    def restore(self, screen: Screen[object]) -> None:
        """Be where the user was; cursor and marks follow when their batches are listed."""
        session = self._session
        if session.lower in layout.PANES:
            self.panels.arrangement = layout.Arrangement(session.lower)
        if session.sort:
            self.batches.set_order(Order.parse(session.sort))
        self.panels.restore_shares(session.shares)
        self.inspect.open_tab(session.tab)
        self.panels.show(screen, session.pane if session.pane in layout.PANES else layout.BATCHES)
        self.panels.zoom(screen, is_on=session.is_zoomed)
        self._follow()

    def mark_alarmed(self, ids: frozenset[str]) -> None:
        """These batches break a rule of the guard, and no others."""
        news = self.facts.mark_alarmed(ids)
        self.batches.set_alarmed(ids)
        self.rows_changed(tuple(news))

    def batches_moved(self, changes: Changes) -> None:
        """Batches came or changed."""
        if self._session.cursor is not None and self.batches.table.move_to(self._session.cursor):
            self.batches.table.set_marks(self._session.marks)
            self._session = SessionState()
        self.rows_changed((*changes.added, *changes.updated))
        self.remote.batches_moved()

    def rows_changed(self, ids: Sequence[str]) -> None:
        """These batches say something else now."""
        self.facts.forget(ids)
        self.batches.redraw_rows(ids)
        shown = self.batch_of(self.inspect.subject)
        if shown is not None and shown.id in self.batches.rows.with_groups(ids):
            self.inspector.at_batch(shown)

    def batch_of(self, row_id: str | None) -> Batch | None:
        """The batch of a row; of a group's row, the group as if it were one."""
        return self._desk.cockpit.store.get(row_id or "") or self.batches.rows.get(row_id)

    def show_queue(self, entries: Sequence[QueueEntry]) -> None:
        """This waits in the queue."""
        self.batches.show_queue(entries)
        if self.inspect.subject in {*self.batches.rows.queued, *self.batches.rows.groups}:
            self._look(self.inspect.subject)

    def show_pending(self, submits: Sequence[PendingSubmit]) -> None:
        """These submits have no batch yet."""
        self.batches.show_pending(submits)
        for pending in submits:
            if pending.row_id == self.inspect.subject:
                self.inspector.at_pending(pending)

    def show_pane(self, pane: str) -> None:
        """Bring a pane on the screen; Results comes with what there is of the selected batch."""
        if pane == layout.RESULTS and self.panels.current != layout.RESULTS and not self.results.is_comparing:
            self.inspector.outcomes.ask(self.batch_of(self.batches.table.cursor_id))
        self.panels.show(self.screen, pane)
        self._follow()

    def toggle_times(self) -> None:
        """Ages, or clock times."""
        self.is_absolute = not self.is_absolute
        self.batches.table.set_titles(CLOCK_TITLES if self.is_absolute else {})
        self.batches.redraw_rows()
        self.files.table.set_titles(MADE_TITLES if self.is_absolute else {})
        self.files.table.update_rows()

    def step_tab(self, count: int) -> None:
        """Another tab of the pane that has tabs."""
        pane = self.panels.focused
        if isinstance(pane, FilesPane | InspectPane):
            pane.step_tab(count)

    def _view(self) -> View:
        return View(self._now(), is_ascii=self._is_ascii, is_absolute=self.is_absolute)

    def on_descendant_focus(self) -> None:
        """Remember in which pane the focus is."""
        before = self.panels.current
        self.panels.note_focus()
        if self.panels.current != before:
            self._follow()

    def _follow(self) -> None:
        """Inspect shows what the cursor of the current list stands on."""
        if self.panels.current == layout.FILES:
            self.looks.look(*self.files.current)
        elif self.panels.current == layout.BATCHES:
            self._look(self.batches.table.cursor_id or "")

    @on(BatchesPane.Highlighted)
    def _batch_highlighted(self, event: BatchesPane.Highlighted) -> None:
        batch_id = event.batch_id or ""
        if self._resting is not None:
            self._resting.stop()
        if self.rest and self.inspect.subject:
            self._resting = self.set_timer(self.rest, partial(self._look, batch_id))
        else:
            self._look(batch_id)

    def _look(self, batch_id: str) -> None:
        pending = self.batches.pending_under_cursor
        if pending is not None:
            self.inspector.at_pending(pending)
            return
        queued = self.batches.rows.queued.get(batch_id)
        if queued is not None:
            self.inspector.at_queued(batch_id, queued)
        self.inspector.at_batch(self.batch_of(batch_id))

    @on(BatchesPane.Opened)
    def _batch_opened(self, event: BatchesPane.Opened) -> None:
        batch = self.batch_of(event.batch_id)
        if batch is None:
            self.panels.show(self.screen, layout.INSPECT)
            return
        group = self.batches.rows.groups.get(batch.id)
        self.inspector.at_batch(batch)
        has_results = self.inspector.outcomes.why_not_yet(batch) is None and batch.is_terminal
        if group is not None and not has_results and self.batches.fold(is_open=True):
            return
        if has_results:
            self.comparisons.drop()
            self.inspector.outcomes.load(batch)
        self.panels.show(self.screen, layout.RESULTS if has_results else layout.INSPECT)

    @on(FilesPane.Highlighted)
    def _file_highlighted(self, event: FilesPane.Highlighted) -> None:
        if self.panels.current == layout.FILES:
            self.looks.look(event.path, event.remote)

    @on(FilesPane.Opened)
    def _file_opened(self, event: FilesPane.Opened) -> None:
        self.looks.look_inside(event.path, event.remote)
        self.panels.show(self.screen, layout.INSPECT)

    @on(FilesPane.Listed)
    def _files_listed(self, event: FilesPane.Listed) -> None:
        self.looks.checks.consider(event.entries)

    @on(FilesPane.ListingAsked)
    def _listing_asked(self, event: FilesPane.ListingAsked) -> None:
        self.remote.listing(event.purpose)

    @on(InspectPane.CauseOpened)
    def _cause_opened(self, event: InspectPane.CauseOpened) -> None:
        self.comparisons.drop()
        if self.inspector.outcomes.list_cause(event.batch_id, event.cause):
            self.panels.show(self.screen, layout.RESULTS)

    @on(MatchReached)
    def _told_match(self, event: MatchReached) -> None:
        self._desk.say(f"Match {event.place} of {event.found}.")

    @on(InspectPane.TabWanted)
    def _tab_wanted(self, event: InspectPane.TabWanted) -> None:
        self.inspector.tab_wanted(event.tab)
