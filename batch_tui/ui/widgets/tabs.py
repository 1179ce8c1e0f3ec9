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

_GAP = "  "
_BEFORE, _AFTER = "< ", ">"
"""Stand for the tabs that have no room."""


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
        """A click on a tab opens it; one on what stands for others, the next of those."""
        first, shown = self._in_sight(self.size.width)
        if first and event.x < len(_BEFORE):
            self.open(self._tabs[first - 1].id)
            return
        x = len(_BEFORE) if first else 0
        for tab in (*shown, *self._tabs[first + len(shown) :][:1]):
            x += cell_len(tab.label) + len(_GAP)
            if event.x < x:
                self.open(tab.id)
                return

    def content(self, width: int) -> Strip:
        """The line of tabs."""
        first, shown = self._in_sight(width)
        pieces = [Piece(_BEFORE, Tone.HEADER)] if first else []
        for tab in shown:
            gap = () if tab is self._tabs[-1] else (Piece(_GAP),)
            pieces += (Piece(tab.label, Tone.KEY if tab.id == self._open else Tone.HEADER), *gap)
        if first + len(shown) < len(self._tabs):
            pieces.append(Piece(_AFTER, Tone.HEADER))
        return self.compose_line(pieces, width)

    def _in_sight(self, width: int) -> tuple[int, tuple[Tab, ...]]:
        """The tabs there is room for, the open one among them: the place of the first, and all of them."""
        for first in range(len(self._tabs)):
            shown = self._from(first, width)
            if any(tab.id == self._open for tab in shown):
                return first, shown
        return 0, self._tabs

    def _from(self, first: int, width: int) -> tuple[Tab, ...]:
        """The tabs from one on that fit; at least one."""
        x = len(_BEFORE) if first else 0
        for place, tab in enumerate(self._tabs[first:], first):
            x += cell_len(tab.label)
            is_last = place == len(self._tabs) - 1
            if x + (0 if is_last else len(_GAP + _AFTER)) > width and place > first:
                return self._tabs[first:place]
            x += len(_GAP)
        return self._tabs[first:]
