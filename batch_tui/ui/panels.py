"""The panes on the screen: which are shown, which has the focus. The only place that knows all four."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from batch_tui.ui import layout
from batch_tui.ui.layout import Arrangement, Shares
from batch_tui.ui.panes.base import Pane

_WHOLE = "1fr"


class Panels:
    """Puts an arrangement on the screen.

    Args:
        panes: All four, by number.
    """

    def __init__(self, panes: Sequence[Pane]) -> None:
        self._panes = {pane.KEY: pane for pane in panes}
        self.arrangement = Arrangement()
        self.shares = Shares()
        """What the user made larger or smaller."""
        self._is_shared = False
        """True once something was changed: then all shares are ours, not the style sheet's."""
        self.current = layout.BATCHES
        """The pane that has the focus, or had it before the docked line took it."""
        self._is_tiny = False
        self._is_lost = False
        """True from a size without panes until the focus was given back: where it strays meanwhile is chance."""

    @property
    def focused(self) -> Pane:
        """The current pane."""
        return self._panes[self.current]

    def is_visible(self, pane: str, width: int) -> bool:
        """True when a pane is on the screen."""
        return pane in self._arranged(width).visible(width)

    def note_focus(self) -> None:
        """The focus moved: remember in which pane it is."""
        if self._is_lost:
            return
        for key, pane in self._panes.items():
            if pane.has_focus_within:
                self.current = key

    def apply(self, screen: Screen[object], size: Size | None = None) -> None:
        """Set the classes that arrange the panes; the current one is always among them.

        Args:
            screen: Where they stand.
            size: What it is about to be; None for what it is.
        """
        width, height = size or screen.size
        wanted = self._arranged(width).classes(width)
        for name in layout.ALL_CLASSES:
            if screen.has_class(name) != (name in wanted):
                screen.set_class(name in wanted, name)
        self._share(width)
        was_tiny, self._is_tiny = self._is_tiny, layout.is_too_small(width, height)
        screen.set_class(self._is_tiny, "-tiny")
        if self._is_tiny:
            self._is_lost = True
        elif was_tiny:
            screen.call_after_refresh(self._regain, screen)

    def show(self, screen: Screen[object], pane: str) -> None:
        """Bring a pane on the screen and give it the focus."""
        self.arrangement = self.arrangement.showing(pane, screen.size.width)
        self.current = pane
        self.apply(screen)
        self._focus(screen)
        screen.call_after_refresh(self._focus, screen)  # a pane that comes into sight can't take it before

    def _focus(self, screen: Screen[object]) -> None:
        """Give the current pane the focus, now: keys may wait already. What is being asked or typed keeps it."""
        if screen.focused is None or any(pane.has_focus_within for pane in self._panes.values()):
            screen.set_focus(self.focused.focus_target, scroll_visible=False)

    def _regain(self, screen: Screen[object]) -> None:
        """Give the focus back after a size without panes, unless that came again."""
        if not self._is_tiny:
            self._is_lost = False
            self._focus(screen)

    def step(self, screen: Screen[object], count: int) -> None:
        """To the pane that many further."""
        width = screen.size.width
        self.show(screen, self._arranged(width).neighbour(self.current, count, width))

    def grow(self, screen: Screen[object], step: int) -> None:
        """Make the current pane one step larger, or (-1) smaller; a zoomed one goes back to its place first."""
        if not self.zoom(screen, is_on=False):
            self._is_shared = True
            self.shares = self.shares.grown(self.current, step, screen.size.width)
            self.apply(screen)

    def restore_shares(self, steps: Sequence[int]) -> None:
        """Divide the body as an earlier run left it; seen with the next arrangement."""
        self.shares = Shares.of(steps)
        self._is_shared = self.shares != Shares()

    def _share(self, width: int) -> None:
        """Divide the body as the user wants it; the style sheet's own shares hold until something was changed."""
        body = self.focused.parent
        if not self._is_shared or not isinstance(body, Widget):
            return
        arranged = self._arranged(width)
        is_one = arranged.zoom is not None or arranged.visible(width)[-1] == layout.FILES
        body.styles.grid_columns = _WHOLE if is_one else self.shares.columns(width)
        body.styles.grid_rows = _WHOLE if is_one else self.shares.rows(width)

    def zoom(self, screen: Screen[object], *, is_on: bool) -> bool:
        """Give the current pane the screen, or give it back; False when it is so already."""
        if (self.arrangement.zoom is not None) == is_on:
            return False
        self.arrangement = self.arrangement.zoomed(self.current if is_on else None)
        self.apply(screen)
        return True

    def _arranged(self, width: int) -> Arrangement:
        """What the user chose, with the current pane in sight: a narrower window doesn't take it away."""
        return self.arrangement.showing(self.current, width)
