"""A screen whose focus moves without sending every line again, and where the table of commands says."""

from __future__ import annotations

from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget


class QuietScreen(Screen[None], inherit_bindings=False):
    """Base of the screens.

    Stock Textual repaints the whole screen (12 kB at 120x36) whenever the focus moves, and its own tab goes
    from the last pane to the docked line, which hears no keys while it asks nothing.
    """

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """The focused widget, or None. The widgets themselves show who has it."""
