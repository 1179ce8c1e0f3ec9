"""An app that sends the terminal what it doesn't show yet, and nothing before its first picture is whole."""

from __future__ import annotations

from rich.console import RenderableType
from textual.app import App
from textual.events import Resize
from textual.screen import Screen

from batch_tui.ui.terminal.driver import PatientDriver
from batch_tui.ui.terminal.shown import ShownScreen
from batch_tui.ui.terminal.signals import LEAVE


class ThriftyApp(App[int], inherit_bindings=False):
    """The part of the screen that knows what went over the line."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = ShownScreen()
        self._is_showing = False

    def show_pictures(self) -> None:
        """Everything is where it belongs: what was drawn before would have been sent for nothing."""
        self._is_showing = True
        self.screen.refresh(layout=True)

    def redraw(self) -> None:
        """Draw every cell again, for a user who sees that something else wrote on the terminal."""
        self.send_all()

    def send_all(self) -> None:
        """Send every cell, whatever the terminal shows: it dropped some, or another program had it."""
        self._shown.forget()
        self.screen.refresh(layout=True)

    def show_title(self, title: str) -> None:
        """Set the window's title."""
        if isinstance(self._driver, PatientDriver):
            self._driver.show_title(title)

    def toggle_mouse(self) -> bool:
        """Let go of the mouse, or take it; True when it is taken now."""
        return isinstance(self._driver, PatientDriver) and self._driver.toggle_mouse()

    def write_raw(self, sequence: str) -> None:
        """Send a sequence to the terminal, past the screen."""
        if self._driver is not None:
            self._driver.write(sequence)
            self._driver.flush()

    def let_go(self) -> bytes:
        """Write nothing more; what the terminal still has to be sent to be as it was found."""
        return self._driver.let_go() if isinstance(self._driver, PatientDriver) else LEAVE

    def on_resize(self, event: Resize) -> None:
        """What the terminal makes of its lines at another size is its own affair."""
        del event
        self._shown.forget()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Send what differs from what the terminal shows; Textual would send every piece it drew."""
        news = self._shown.differences(renderable) if self._is_showing else None
        super()._display(screen, news)  # pyright: ignore[reportUnknownMemberType]
