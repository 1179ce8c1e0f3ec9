"""A strip of tabs on one line: ``Overview  Input  Results  Errors(12)  Raw  Events``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct
from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from batch_tui.domain.text import printable
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.widgets.lines import OneLine


class Tab(Struct, frozen=True):
    """One tab."""

    id: str
    title: str
    count: int | None = None
    """Shown behind the title when it is above 0."""

    @property
    def label(self) -> str:
        """Title and count."""
        return printable(f"{self.title}({self.count})" if self.count else self.title)


class TabStrip(OneLine):
    """Tabs on one line, the open one told apart. It never takes the focus: keys belong to the pane.

    Args:
        tabs: The tabs, left to right; the first is open.
    """

    DEFAULT_CSS = """
    TabStrip { height: 1; width: 1fr; }
    """

    @dataclass(eq=False)
    class TabOpened(Message):
        """Another tab was opened."""

        strip: TabStrip
        tab_id: str

        @property
        def control(self) -> TabStrip:
            """The strip of tabs."""
            return self.strip

    def __init__(self, tabs: Sequence[Tab], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._tabs = tuple(tabs)
        self._open = self._tabs[0].id if self._tabs else ""

    @property
    def open_tab(self) -> str:
        """Id of the open tab; empty without tabs."""
        return self._open

    def set_tabs(self, tabs: Sequence[Tab]) -> None:
        """Other tabs or counts; the open one stays open when it is still there."""
        self._tabs = tuple(tabs)
        if self._tabs and self._open not in {tab.id for tab in self._tabs}:
            self.open(self._tabs[0].id)
        self.changed()

    def open(self, tab_id: str) -> None:
        """Open a tab; one that isn't there changes nothing."""
        if tab_id != self._open and tab_id in {tab.id for tab in self._tabs}:
            self._open = tab_id
            self.changed()
            self.post_message(self.TabOpened(self, tab_id))

    def step(self, count: int) -> None:
        """Open the tab that many to the right, round the ends."""
        ids = [tab.id for tab in self._tabs]
        if ids:
            self.open(ids[(ids.index(self._open) + count) % len(ids)])

    def on_click(self, event: events.Click) -> None:
        """A click on a tab opens it."""
        x = 0
        for tab in self._tabs:
            x += cell_len(tab.label) + 2
            if event.x < x:
                self.open(tab.id)
                return

    def content(self, width: int) -> Strip:
        """The line of tabs."""
        pieces: list[Piece] = []
        for tab in self._tabs:
            pieces += (Piece(tab.label, Tone.KEY if tab.id == self._open else Tone.HEADER), Piece("  "))
        return self.compose_line(pieces, width)
