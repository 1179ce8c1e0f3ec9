"""Inspect: everything about what is under the cursor, one tab for each kind of thing to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import ContentSwitcher

from batch_tui.domain.batch import Batch
from batch_tui.ui.commands.bindings import asking
from batch_tui.ui.commands.registry import Naming, usual_keys
from batch_tui.ui.commands.selection import Place, Scope, Selection
from batch_tui.ui.panes.base import Pane
from batch_tui.ui.panes.facts import FactsView, Target
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.lines import LineSource
from batch_tui.ui.widgets.reading import Matches
from batch_tui.ui.widgets.tabs import Tab, TabStrip
from batch_tui.ui.widgets.viewer import Viewer

if TYPE_CHECKING:
    from batch_tui.domain.lines import Cause

OVERVIEW, INPUT, RESULTS, ERRORS, RAW, EVENTS = "overview", "input", "results", "errors", "raw", "events"
"""Tabs."""
_TITLES = {
    OVERVIEW: "Overview",
    INPUT: "Input",
    RESULTS: "Results",
    ERRORS: "Errors",
    RAW: "Raw",
    EVENTS: "Events",
}
_TEXTS = frozenset({INPUT, RAW})
"""Tabs that show text in a viewer; the others show facts."""


class InspectPane(Pane):
    """What is known about one batch or one file."""

    TITLE = "Inspect"
    KEY = "inspect"
    BINDINGS: ClassVar[list[BindingType]] = asking(Scope.INSPECT)

    @dataclass(eq=False)
    class TabWanted(Message):
        """A tab was opened: its content is wanted."""

        tab: str

    @dataclass(eq=False)
    class CauseOpened(Message):
        """The requests of one cause of failure are wanted as a list."""

        batch_id: str
        cause: Cause

    def __init__(self, *, is_ascii: bool = False, name_keys: Naming = usual_keys) -> None:
        super().__init__(is_ascii=is_ascii, name_keys=name_keys)
        self._batch: Batch | None = None
        self._subject = ""
        self._path: Path | None = None
        self._wanted_line: int | None = None
        self._facts: dict[str, tuple[Cell, ...]] = {}
        self._targets: dict[str, tuple[Target | None, ...]] = {}
        self.tabs = TabStrip([Tab(tab, title) for tab, title in _TITLES.items()])
        self.facts = FactsView(id="facts")
        self.viewer = Viewer(is_ascii=is_ascii, id="text")

    def compose_body(self) -> ComposeResult:
        """Tabs over facts or text."""
        yield self.tabs
        with ContentSwitcher(initial="facts"):
            yield self.facts
            yield self.viewer

    @property
    def focus_target(self) -> FactsView | Viewer:
        """The facts or the text, whichever is shown."""
        return self.viewer if self.tab in _TEXTS else self.facts

    @property
    def tab(self) -> str:
        """The open tab."""
        return self.tabs.open_tab

    @property
    def subject(self) -> str:
        """Id of what is shown: a batch's id, or a file's path."""
        return self._subject

    @property
    def path(self) -> Path | None:
        """The local file that is shown, or None."""
        return self._path

    @property
    def selection(self) -> Selection:
        """The batch that is shown, and the text under the cursor."""
        is_text = self.tab in _TEXTS
        return Selection(
            Scope.INSPECT,
            batch=self._batch,
            shown=(self._batch,) if self._batch is not None else (),
            place=self._place,
            cause=self._cause,
            text=self.viewer.cursor_text if is_text else self.facts.text,
            hits=len(self.focus_target.matches.lines),
            is_in_text=is_text,
            has_tabs=True,
        )

    def search(self, text: str) -> Matches:
        """Look for a text in the open tab; an empty one ends the search."""
        return self.focus_target.search(text)

    def end_search(self) -> bool:
        """Forget what was looked for; False when nothing was found anyway."""
        had_any = bool(self.focus_target.matches.lines)
        self.search("")
        return had_any

    def open_subject(
        self, subject: str, title: str, batch: Batch | None = None, *, path: Path | None = None
    ) -> None:
        """Show something else, a local file with its path; its tabs are empty until they are filled."""
        self._batch, self._path = batch, path
        if subject == self._subject:
            return
        self._subject = subject
        self._wanted_line = None
        self._facts.clear()
        self._targets.clear()
        self.title_bar.set_note(title)
        self.tabs.set_tabs([Tab(tab, word) for tab, word in _TITLES.items()])
        self._show(is_new=True)
        if self.tab != OVERVIEW:
            self.post_message(self.TabWanted(self.tab))

    def fill(
        self,
        tab: str,
        lines: Sequence[Cell],
        *,
        count: int | None = None,
        targets: Sequence[Target | None] = (),
    ) -> None:
        """The content of a tab of facts.

        Args:
            tab: Which one.
            lines: What it says.
            count: The number behind its title; None leaves it.
            targets: For each line, where enter leads to, or None.
        """
        is_first = tab not in self._facts
        self._facts[tab] = tuple(lines)
        self._targets[tab] = tuple(targets)
        if count is not None:
            self._set_count(tab, count)
        if tab == self.tab:
            self._show(is_new=is_first)

    def fill_text(self, tab: str, source: LineSource) -> None:
        """The content of a tab of text."""
        if tab == self.tab:
            self._switch(is_text=True)
            self.viewer.show(source, keep_place=True)
            if tab == INPUT and self._wanted_line is not None:
                self.viewer.go_to(self._wanted_line - 1)
                self._wanted_line = None

    def say(self, tab: str, sentence: str) -> None:
        """One sentence in place of a tab's content."""
        self._facts[tab] = ((Piece(self.name_keys(sentence), Tone.MUTED),),)
        if tab == self.tab:
            self._switch(is_text=False)
            self.facts.show(self._facts[tab])

    def open_tab(self, tab: str) -> None:
        """Open a tab."""
        self.tabs.open(tab)

    def look_at_line(self, line: int) -> None:
        """Show the text with the cursor on a line, counted from 1, as soon as it's there."""
        self._wanted_line = line
        if self.tab == INPUT:
            self.post_message(self.TabWanted(INPUT))
        else:
            self.open_tab(INPUT)

    def step_tab(self, count: int) -> None:
        """Another tab."""
        self.tabs.step(count)

    @property
    def _place(self) -> Place | None:
        """The line of the file under the cursor of its text, or that the verdict under the cursor is about."""
        line = self.viewer.cursor_line + 1 if self.tab == INPUT else self.facts.target
        if self._path is None or not isinstance(line, int) or self.tab in {RAW, EVENTS}:
            return None
        return Place(self._path, line)

    @property
    def _cause(self) -> Cause | None:
        """The cause of failure under the cursor."""
        target = None if self.tab in _TEXTS else self.facts.target
        return None if isinstance(target, int) else target

    @on(FactsView.Followed)
    def _follow(self, event: FactsView.Followed) -> None:
        event.stop()
        match event.target:
            case int(line):
                self.look_at_line(line)
            case cause:
                self.post_message(self.CauseOpened(self._subject, cause))

    @on(TabStrip.TabOpened)
    def _change_tab(self, event: TabStrip.TabOpened) -> None:
        event.stop()
        had_focus = self.has_focus_within
        self._show(is_new=True)
        if had_focus:
            self.take_focus()
        self.post_message(self.TabWanted(event.tab_id))

    def _show(self, *, is_new: bool) -> None:
        is_text = self.tab in _TEXTS
        self._switch(is_text=is_text)
        if not is_text:
            targets = self._targets.get(self.tab, ())
            self.facts.show(self._facts.get(self.tab, ()), is_new=is_new, targets=targets)

    def _switch(self, *, is_text: bool) -> None:
        self.query_one(ContentSwitcher).current = "text" if is_text else "facts"

    def _set_count(self, tab: str, count: int) -> None:
        self.tabs.set_tabs([Tab(t, word, count if t == tab else None) for t, word in _TITLES.items()])
