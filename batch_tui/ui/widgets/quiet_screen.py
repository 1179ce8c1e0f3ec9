"""A screen whose focus moves without sending every line again, and where the table of commands says."""

from __future__ import annotations

from collections.abc import Callable

from textual.reactive import Reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from batch_tui.ui.widgets.picture_timer import PictureTimer
from batch_tui.ui.widgets.sparing_compositor import SparingCompositor


class QuietScreen(Screen[None], inherit_bindings=False):
    """Base of the screens.

    Stock Textual repaints the whole screen (12 kB at 120x36) whenever the focus moves, and its own tab goes
    from the last pane to the docked line, which hears no keys while it asks nothing.

    Args:
        is_busy: Whether messages are under way that may change the picture; None: nobody knows.
        classes: Its CSS classes.
    """

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """The focused widget, or None. The widgets themselves show who has it."""

    def __init__(self, *, is_busy: Callable[[], bool] | None = None, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._compositor = SparingCompositor()
        self._is_busy = is_busy or _no
        self._pictures: PictureTimer | None = None

    def hurry(self) -> None:
        """Somebody waits for the next picture."""
        self._timer_of_pictures.hurry()

    @property
    def _update_timer(self) -> Timer:
        """In place of Textual's."""
        return self._timer_of_pictures

    @property
    def _timer_of_pictures(self) -> PictureTimer:
        if self._pictures is None:
            self._pictures = PictureTimer(self, self._on_timer_update, is_busy=self._is_busy)
            self._pictures._start()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as Textual starts its own
            self._timers.add(self._pictures)
        return self._pictures


def _no() -> bool:
    return False
