"""What a terminal sees that has no room for the screen."""

from __future__ import annotations

from textual.strip import Strip

from batch_tui.ui.terminal.facts import too_small
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.widgets.lines import LineWidget


class TooSmall(LineWidget):
    """One line."""

    DEFAULT_CSS = """
    TooSmall { width: 100%; height: 1fr; }
    """

    def draw(self, y: int, width: int) -> Strip:
        """The size that is wanted."""
        text = too_small(self.screen.size.width, self.screen.size.height) if y == 0 else ""
        return self.compose_line((Piece(text, Tone.WARNING),), width)
